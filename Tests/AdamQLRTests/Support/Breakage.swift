import AdamQLR
import Testing

/// What can break in a step.
enum Breakage: String, CaseIterable, CustomTestStringConvertible {
  case loss, gradient, infiniteGradient, curvature, newLoss, infiniteNewLoss

  var event: StepEvents {
    switch self {
    case .loss, .newLoss, .infiniteNewLoss: .nonFiniteLoss
    case .gradient, .infiniteGradient: .nonFiniteGradient
    case .curvature: .nonFiniteCurvature
    }
  }

  var testDescription: String { rawValue }

  /// ``WavyFit`` at `point`, broken.
  func objective<Element: ParameterScalar>(at point: [Element]) -> ClosureObjective<[Element]> {
    let fit = WavyFit()
    return ClosureObjective(
      loss: { p in
        if self == .loss { return .nan }
        if p != point, self == .newLoss { return .nan }
        if p != point, self == .infiniteNewLoss { return .infinity }
        return fit.loss(doubles(p))
      },
      gradient: { p in
        var g: [Element] = elements(fit.gradient(doubles(p)))
        if self == .gradient { g[1] = .nan }
        if self == .infiniteGradient { g[2] = -.infinity }
        return g
      },
      curvatureVectorProduct: { p, d in
        self == .curvature
          ? d.map { _ in .nan } : elements(product(fit.matrix(.fisher, doubles(p)), doubles(d)))
      })
  }
}
