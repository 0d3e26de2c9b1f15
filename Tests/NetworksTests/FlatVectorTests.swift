import AdamQLR
import Foundation
import AdamQLRNetworks
import Testing
import AdamQLRTorch

@Suite("Flat vectors")
struct FlatVectorTests {
  /// 37 elements: no multiple of a vector register.
  private func numbers(_ seed: UInt64, _ count: Int = 37) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.normal() }
  }

  @Test("Every operation agrees with that of arrays")
  func operations() {
    let (x, y) = (numbers(1), numbers(2).map(abs))
    func check(
      _ operation: (inout FlatVector, FlatVector, FlatVector) -> Void,
      _ reference: (inout [Double], [Double], [Double]) -> Void, _ name: String
    ) {
      var (ours, theirs) = (FlatVector(numbers(3)), numbers(3))
      operation(&ours, FlatVector(x), FlatVector(y))
      reference(&theirs, x, y)
      #expect(deviation(ours.doubles, theirs) < 1e-15, "\(name)")
    }
    check(
      { v, x, y in v.formLinearCombination(2, x, -3, y) },
      { v, x, y in v.formLinearCombination(2, x, -3, y) }, "a·x + b·y")
    check({ v, x, y in v.formProduct(x, y) }, { v, x, y in v.formProduct(x, y) }, "x ⊙ y")
    check(
      { v, x, y in v.formQuotient(x, y, plus: 0.5) },
      { v, x, y in v.formQuotient(x, y, plus: 0.5) }, "x ⊘ y")
    check(
      { v, _, y in v.formSquareRoot(of: y, plus: 0.1) },
      { v, _, y in v.formSquareRoot(of: y, plus: 0.1) }, "√x")
    check({ v, _, _ in v.scale(by: -4) }, { v, _, _ in v.scale(by: -4) }, "a·x")
    check({ v, _, _ in v.clamp(to: -0.2...0.3) }, { v, _, _ in v.clamp(to: -0.2...0.3) }, "clamp")
    check(
      { v, x, _ in v.add(x, scaledBy: 3, in: nil) }, { v, x, _ in v.add(x, scaledBy: 3, in: nil) },
      "+= a·x")
    check(
      { v, x, _ in v.add(x, scaledBy: 3, in: [2..<9, 20..<37]) },
      { v, x, _ in v.add(x, scaledBy: 3, in: [2..<9, 20..<37]) }, "+= a·x in ranges")
    check({ v, x, _ in v.formSign(of: x) }, { v, x, _ in v.formSign(of: x) }, "sign")
    #expect(deviation(FlatVector(x).dot(FlatVector(y)), x.dot(y)) < 1e-15)
    let products = FlatVector(x).products(withDirection: FlatVector(y))
    #expect(deviation(products.gradientDotDirection, x.dot(y)) < 1e-14)
    #expect(deviation(products.directionDotDirection, y.dot(y)) < 1e-14)
    #expect(deviation(products.gradientDotGradient, x.dot(x)) < 1e-14)
  }

  @Test("Every so many-th element, in memory of its own", arguments: [1, 2, 5, 36, 37, 38, 100])
  func slices(_ stride: Int) {
    let x = numbers(4)
    let vector = FlatVector(x)
    var part = vector.elements(every: stride)
    #expect(part.doubles == x.elements(every: stride))
    #expect(part.doubles == x.indices.filter { $0 % stride == 0 }.map { x[$0] })
    part.scale(by: 2)
    #expect(vector.doubles == x && part.doubles[0] == 2 * x[0])
  }

  @Test(
    "Adam's direction in one pass is that of the separate operations", arguments: [false, true],
    [0, 0.3])
  func adam(_ hasMoment: Bool, _ gradientWeight: Double) {
    var coefficients = AdamCoefficients(
      beta1: 0.9, beta2: 0.99, epsilon: 1e-6, epsilonRoot: 1e-7, step: 3)
    coefficients.gradientWeight = gradientWeight
    coefficients.firstGain = 0.7
    coefficients.secondGain = 1.3
    func run<V: ParameterVector>(_ make: ([Double]) -> V) -> (V, V, V, DirectionProducts) {
      let g = make(numbers(1))
      var (m, v) = (make(numbers(2)), make(numbers(3).map(abs)))
      var direction = g.zeros()
      let products =
        hasMoment
        ? direction.formAdamDirection(coefficients, gradient: g, first: m, second: v)
        : direction.formScaledGradient(coefficients, gradient: g, second: v)
      if hasMoment {
        V.advanceMoments(coefficients, gradient: g, first: &m, second: &v)
      } else {
        V.advanceSecondMoment(coefficients, gradient: g, second: &v)
      }
      return (direction, m, v, products)
    }
    let ours = run { FlatVector($0) }
    let theirs = run { $0 }
    #expect(deviation(ours.0.doubles, theirs.0) < 1e-15)
    #expect(deviation(ours.1.doubles, theirs.1) < 1e-15)
    #expect(deviation(ours.2.doubles, theirs.2) < 1e-15)
    #expect(deviation(ours.3.gradientDotDirection, theirs.3.gradientDotDirection) < 1e-14)
    #expect(deviation(ours.3.directionDotDirection, theirs.3.directionDotDirection) < 1e-14)
    #expect(deviation(ours.3.gradientDotGradient, theirs.3.gradientDotGradient) < 1e-14)
  }

  @Test(
    "Vectors long enough for several threads are treated as short ones", arguments: [false, true])
  func longVectors(_ hasMoment: Bool) {
    let count = (1 << 19) + (1 << 18) + 21
    let (x, y) = (numbers(1, count), numbers(2, count))
    let (long, other) = (FlatVector(x), FlatVector(y))
    #expect(deviation(long.dot(other), x.dot(y)) < 1e-10)
    var sum = long.zeros()
    let isFinite = sum.formLinearCombination(2, long, -1, other)
    #expect(isFinite)
    #expect(sum.doubles == zip(x, y).map { 2 * $0 - $1 })
    for place in [0, count / 2, count - 1] {
      var elements = x
      elements[place] = .infinity
      let broken = FlatVector(elements)
      let isFinite = sum.formLinearCombination(1, broken, 1, other)
      #expect(!isFinite)
      #expect(sum.doubles[place] == .infinity)
    }
    let coefficients = AdamCoefficients(
      beta1: 0.9, beta2: 0.99, epsilon: 1e-6, epsilonRoot: 1e-7, step: 3)
    func run<V: ParameterVector>(_ g: V, _ m: V) -> (V, V, DirectionProducts) {
      var (direction, second) = (g.zeros(), g.zeros())
      let products =
        hasMoment
        ? direction.formAdamDirection(coefficients, gradient: g, first: m, second: second)
        : direction.formScaledGradient(coefficients, gradient: g, second: second)
      V.advanceSecondMoment(coefficients, gradient: g, second: &second)
      return (direction, second, products)
    }
    let (ours, theirs) = (run(long, other), run(x, y))
    #expect(deviation(ours.0.doubles, theirs.0) < 1e-15)
    #expect(deviation(ours.1.doubles, theirs.1) < 1e-15)
    #expect(deviation(ours.2.gradientDotDirection, theirs.2.gradientDotDirection) < 1e-12)
    #expect(deviation(ours.2.directionDotDirection, theirs.2.directionDotDirection) < 1e-12)
    #expect(deviation(ours.2.gradientDotGradient, theirs.2.gradientDotGradient) < 1e-12)
  }

  @Test("A square that overflows Adam's second moment is told", arguments: [1e20, -1e20])
  func overflow(_ element: Double) {
    let coefficients = AdamCoefficients(
      beta1: 0.9, beta2: 0.999, epsilon: 1e-8, epsilonRoot: 0, step: 1)
    for (type, isFine) in [(DataType.float32, false), (.float64, true)] {
      let gradient = FlatVector([1, element, 2], type)
      var direction = gradient.zeros()
      let products = direction.formAdamDirection(
        coefficients, gradient: gradient, first: gradient.zeros(), second: gradient.zeros())
      #expect(products.areFinite == isFine)
    }
  }

  @Test("Copies are independent")
  func copies() {
    let original = FlatVector(numbers(1))
    var copy = original
    copy.scale(by: 2)
    #expect(original.doubles == numbers(1))
    #expect(copy.doubles == numbers(1).map { 2 * $0 })
    var overwritten = original
    overwritten.formProduct(original, original)
    #expect(original.doubles == numbers(1))
    overwritten.formLinearCombination(1, overwritten, 1, overwritten)
    #expect(overwritten.doubles == numbers(1).map { 2 * ($0 * $0) })
  }

  @Test("Finiteness is told", arguments: [0, 15, 16, 36], [Double.nan, .infinity, -.infinity])
  func finiteness(_ place: Int, _ value: Double) {
    for type in [DataType.float32, .float64] {
      var elements = numbers(1)
      var target = FlatVector(elements, type)
      let fine = FlatVector(elements, type)
      elements[place] = value
      let broken = FlatVector(elements, type)
      let isFinite = [
        target.formLinearCombination(1, fine, 2, fine),
        target.formLinearCombination(1, fine, 2, broken),
        target.formLinearCombination(1, broken, 0, fine),
        target.formLinearCombination(1, fine, 0, broken),
      ]
      #expect(isFinite == [true, false, false, true])
    }
    var overflow = FlatVector([3e38, 1], .float32)
    let isFinite = overflow.formLinearCombination(2, overflow, 0, overflow)
    #expect(!isFinite)
  }

  @Test("An encoded vector comes back to the last bit", arguments: [DataType.float32, .float64])
  func coding(_ type: DataType) throws {
    let vector = FlatVector(numbers(4), type)
    let decoded = try JSONDecoder().decode(
      FlatVector.self, from: JSONEncoder().encode(vector))
    #expect(decoded.type == type)
    #expect(decoded.doubles == vector.doubles)
    let wrong = Data(#"{"type": "int64", "elements": [1]}"#.utf8)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(FlatVector.self, from: wrong) }
  }

  @Test("An optimizer on the engine's vectors does what it does on arrays")
  func agreement() throws {
    // ½Σ cᵢ(xᵢ − 1)²
    let scales = (0..<37).map { 1 + Double($0) }
    func loss(_ x: [Double]) -> Double {
      zip(scales, x).reduce(0) { sum, pair in sum + 0.5 * pair.0 * (pair.1 - 1) * (pair.1 - 1) }
    }
    func gradient(_ x: [Double]) -> [Double] { zip(scales, x).map { c, x in c * (x - 1) } }
    func product(_ d: [Double]) -> [Double] { zip(scales, d).map { c, d in c * d } }
    let onArrays = ClosureObjective<[Double]>(
      loss: loss, gradient: gradient, curvatureVectorProduct: { product($1) })
    let onVectors = ClosureObjective<FlatVector>(
      loss: { loss($0.doubles) }, gradient: { FlatVector(gradient($0.doubles)) },
      curvatureVectorProduct: { FlatVector(product($1.doubles)) })
    for method in [
      Method.paperAdamQLR(), .sgdQLR(), .adamW(), .sgd(learningRate: 0.01, momentum: 0.9),
    ] {
      var (x, y) = (numbers(1), FlatVector(numbers(1)))
      var (a, b) = (try Optimizer(method, for: x), try Optimizer(method, for: y))
      for _ in 0..<20 {
        let (first, second) = (try a.step(&x, on: onArrays), try b.step(&y, on: onVectors))
        #expect(deviation(first.loss, second.loss) < 1e-9)
      }
      #expect(deviation(x, y.doubles) < 1e-9)
    }
  }
}
