import AdamQLR
import Foundation

/// AdamQLR and SGDQLR written out for ``WavyFit`` from the formulas alone: what the tests compare
/// whole runs with.
struct PlainMethod {
  var usesAdam = true
  var curvature = Curvature.fisher
  var damping = 1e-3
  var decrease = 0.5
  var increase = 2.0
  var floor = 1e-8

  var p = WavyFit.start
  private var t = 0
  private var (m, v) = ([0.0, 0, 0], [0.0, 0, 0])

  init(usesAdam: Bool = true, curvature: Curvature = .fisher) {
    self.usesAdam = usesAdam
    self.curvature = curvature
  }

  /// The figures of a step.
  struct Figures {
    var loss, slope, curvature, rate, predicted, change, ratio, damping: Double
  }

  mutating func step(_ fit: WavyFit) -> Figures {
    t += 1
    let (loss, g) = (fit.loss(p), fit.gradient(p))
    var d = g
    if usesAdam {
      for i in 0..<3 {
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i]
        let (mHat, vHat) = (m[i] / (1 - pow(0.9, Double(t))), v[i] / (1 - pow(0.999, Double(t))))
        d[i] = mHat / (vHat.squareRoot() + 1e-8)
      }
    }
    let c = form(fit.matrix(curvature, p), d, damping: damping)
    let alpha = inner(g, d) / abs(c)
    let u = d.map { -alpha * $0 }
    let predicted = inner(g, u) + 0.5 * alpha * alpha * c
    p = (0..<3).map { p[$0] + u[$0] }
    let change = fit.loss(p) - loss
    let ratio = change / predicted
    if abs(predicted) >= 8 * Double.ulpOfOne * loss {
      if ratio > 0.75, predicted < 0 {
        damping = max(damping * decrease, floor)
      } else if ratio < 0.25 || predicted > 0 {
        damping = max(damping * increase, floor)
      }
    }
    return Figures(
      loss: loss, slope: inner(g, d), curvature: c, rate: alpha, predicted: predicted,
      change: change, ratio: ratio, damping: damping)
  }
}
