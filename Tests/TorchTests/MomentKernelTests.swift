import Testing
import AdamQLRTorch

/// Adam's direction, and the moments that it looks ahead to, as separate kernels.
@Suite("Moment kernels")
struct MomentKernelTests {
  private static let devices = [Device.cpu, .simulated]

  /// No multiple of a vector register; and enough for several threads.
  private static let counts = [37, (1 << 19) + (1 << 18) + 21]

  private static func scalars(weight: Double, advances: Bool = true) -> Kernels.AdamScalars {
    Kernels.AdamScalars(
      beta1: advances ? 0.9 : 1, firstGain: advances ? 0.7 : 0, beta2: advances ? 0.99 : 1,
      secondGain: advances ? 1.3 : 0, epsilon: 1e-6, epsilonRoot: weight * 1e-3,
      firstCorrection: 3, secondCorrection: 20, gradientWeight: weight)
  }

  /// A gradient and its moments before a step.
  private struct Moments {
    let gradient, first, second: Tensor

    init(_ count: Int, _ type: DataType, _ device: Device) {
      var generator = SeededGenerator(seed: 5)
      let normals = (0..<3).map { _ in
        Tensor.normals([count], type, on: device, using: &generator)
      }
      (gradient, first, second) = (normals[0], normals[1], normals[2] * normals[2])
    }

    func like() -> Tensor { Tensor(uninitialized: gradient.shape, like: gradient) }
  }

  private func expectEqual(
    _ a: Kernels.DirectionProducts, _ b: Kernels.DirectionProducts,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(a.numbers == b.numbers, sourceLocation: location)
  }

  @Test(
    "The direction is of the moments to the last bit that they advance to",
    arguments: [DataType.float32, .float64], devices)
  func ahead(_ type: DataType, _ device: Device) {
    for (count, weight) in Self.counts.flatMap({ [($0, 0), ($0, 0.3)] }) {
      let (x, scalars) = (Moments(count, type, device), Self.scalars(weight: weight))
      let before = [x.gradient, x.first, x.second].map(\.doubles)
      let (direction, scaled, others) = (x.like(), x.like(), x.like())
      let products = Kernels.formAdamDirection(
        scalars, gradient: x.gradient, first: x.first, second: x.second, direction: direction)
      let scaledProducts = Kernels.formScaledGradient(
        scalars, gradient: x.gradient, second: x.second, direction: scaled)
      #expect([x.gradient, x.first, x.second].map(\.doubles) == before)

      // Of moments that are there already, a step that leaves them as they are makes the same.
      let second = 1 * x.second
      Kernels.advanceMoments(scalars, gradient: x.gradient, first: nil, second: second)
      Kernels.advanceMoments(scalars, gradient: x.gradient, first: x.first, second: x.second)
      #expect(second.doubles == x.second.doubles)
      #expect(x.gradient.doubles == before[0])
      let still = Self.scalars(weight: weight, advances: false)
      expectEqual(
        Kernels.formAdamDirection(
          still, gradient: x.gradient, first: x.first, second: x.second, direction: others),
        products)
      #expect(others.doubles == direction.doubles)
      expectEqual(
        Kernels.formScaledGradient(
          still, gradient: x.gradient, second: x.second, direction: others), scaledProducts)
      #expect(others.doubles == scaled.doubles)
    }
  }

  @Test(
    "They are what the formulas say", arguments: [DataType.float32, .float64], devices)
  func formulas(_ type: DataType, _ device: Device) {
    let tolerance = 8 * (type == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne)
    func expectNear(_ a: [Double], _ b: [Double], _ location: SourceLocation = #_sourceLocation) {
      let deviation = zip(a, b).map { abs($0 - $1) / (1 + abs($1)) }.max() ?? .infinity
      #expect(a.count == b.count && deviation < tolerance, sourceLocation: location)
    }
    for weight in [0, 0.3] {
      let (x, scalars) = (Moments(37, type, device), Self.scalars(weight: weight))
      let (g, m, v) = (x.gradient.doubles, x.first.doubles, x.second.doubles)
      let nextM = zip(m, g).map { 0.9 * $0 + 0.7 * $1 }
      let nextV = zip(v, g).map { 0.99 * $0 + 1.3 * $1 * $1 }
      let denominator = nextV.map { (20 * $0 + weight * 1e-3).squareRoot() + 1e-6 }
      let direction = x.like()
      func check(_ products: Kernels.DirectionProducts, _ numerator: [Double]) {
        let expected = zip(numerator, denominator).map(/)
        expectNear(direction.doubles, expected)
        let (gd, dd, gg) = products.numbers
        for (product, (a, b)) in [(gd, (g, expected)), (dd, (expected, expected)), (gg, (g, g))] {
          let terms = zip(a, b).map(*)
          let scale = terms.reduce(0) { $0 + abs($1) }
          #expect(abs(product - terms.reduce(0, +)) <= tolerance * scale)
        }
      }
      check(
        Kernels.formAdamDirection(
          scalars, gradient: x.gradient, first: x.first, second: x.second, direction: direction),
        zip(nextM, g).map { 3 * $0 + weight * $1 })
      check(
        Kernels.formScaledGradient(
          scalars, gradient: x.gradient, second: x.second, direction: direction),
        g.map { weight * $0 })
      Kernels.advanceMoments(scalars, gradient: x.gradient, first: x.first, second: x.second)
      expectNear(x.first.doubles, nextM)
      expectNear(x.second.doubles, nextV)
    }
  }
}
