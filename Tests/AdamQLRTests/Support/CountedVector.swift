import AdamQLR
import Synchronization

/// A vector in memory that is counted: how many there are, and how many were ever made.
struct CountedVector: ParameterVector {
  /// What is counted, of the vectors that come from one.
  final class Census: Sendable {
    private let counts = Mutex((live: 0, made: 0))

    var live: Int { counts.withLock { $0.live } }
    var made: Int { counts.withLock { $0.made } }

    fileprivate func note(_ change: Int) {
      counts.withLock { counts in
        counts.live += change
        if change > 0 { counts.made += 1 }
      }
    }
  }

  /// The memory. Written to only where there is one reference to it.
  private final class Storage: @unchecked Sendable {
    var elements: [Double]
    let census: Census

    init(_ elements: [Double], _ census: Census) {
      (self.elements, self.census) = (elements, census)
      census.note(1)
    }
    deinit { census.note(-1) }
  }

  private var storage: Storage

  init(_ elements: [Double], _ census: Census) { storage = Storage(elements, census) }

  init(from decoder: any Decoder) throws {
    self.init(try [Double](from: decoder), Census())
  }

  func encode(to encoder: any Encoder) throws { try elements.encode(to: encoder) }

  var elements: [Double] { storage.elements }

  /// Lets `body` write on memory that nobody else sees.
  mutating func write<Result>(_ body: (inout [Double]) -> Result) -> Result {
    if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.elements, storage.census) }
    return body(&storage.elements)
  }

  var count: Int { elements.count }
  var ulpOfOne: Double { .ulpOfOne }
  func zeros() -> CountedVector { CountedVector(elements.zeros(), storage.census) }
  func dot(_ other: CountedVector) -> Double { elements.dot(other.elements) }
  mutating func formLinearCombination(
    _ a: Double, _ x: CountedVector, _ b: Double, _ y: CountedVector
  ) -> Bool {
    write { $0.formLinearCombination(a, x.elements, b, y.elements) }
  }
  mutating func formLinearCombination(
    _ a: Double, _ x: CountedVector, selfTimes b: Double
  ) -> Bool {
    write { $0.formLinearCombination(a, x.elements, selfTimes: b) }
  }
  mutating func formLinearCombination(
    selfTimes a: Double, _ b: Double, _ y: CountedVector
  ) -> Bool {
    write { $0.formLinearCombination(selfTimes: a, b, y.elements) }
  }
  mutating func scale(by a: Double) { write { $0.scale(by: a) } }
  mutating func add(_ x: CountedVector, scaledBy a: Double, in ranges: [Range<Int>]?) -> Bool {
    write { $0.add(x.elements, scaledBy: a, in: ranges) }
  }
  mutating func formProduct(_ x: CountedVector, _ y: CountedVector) {
    write { $0.formProduct(x.elements, y.elements) }
  }
  mutating func formQuotient(_ x: CountedVector, _ y: CountedVector, plus offset: Double) {
    write { $0.formQuotient(x.elements, y.elements, plus: offset) }
  }
  mutating func formSquareRoot(of x: CountedVector, plus offset: Double) {
    write { $0.formSquareRoot(of: x.elements, plus: offset) }
  }
  mutating func formSign(of x: CountedVector) { write { $0.formSign(of: x.elements) } }
  mutating func formSign() { write { $0.formSign() } }
  mutating func clamp(to range: ClosedRange<Double>) { write { $0.clamp(to: range) } }
  mutating func formAdamDirection(
    _ coefficients: AdamCoefficients, gradient: CountedVector, first: CountedVector,
    second: CountedVector
  ) -> DirectionProducts {
    write {
      $0.formAdamDirection(
        coefficients, gradient: gradient.elements, first: first.elements, second: second.elements)
    }
  }
  mutating func formScaledGradient(
    _ coefficients: AdamCoefficients, gradient: CountedVector, second: CountedVector
  ) -> DirectionProducts {
    write {
      $0.formScaledGradient(coefficients, gradient: gradient.elements, second: second.elements)
    }
  }
  static func advanceSecondMoment(
    _ coefficients: AdamCoefficients, gradient: CountedVector, second: inout CountedVector
  ) {
    second.write {
      [Double].advanceSecondMoment(coefficients, gradient: gradient.elements, second: &$0)
    }
  }
}

/// ``WavyFit`` on counted vectors, without any of its own.
struct CountedFit: Objective {
  /// What is not finite.
  enum Breakage { case gradient, loss }

  var fit = WavyFit()
  var breakage: Breakage?

  final class Linearized: Linearization {
    let (fit, point, breakage): (WavyFit, CountedVector, Breakage?)
    init(_ fit: WavyFit, _ point: CountedVector, _ breakage: Breakage?) {
      (self.fit, self.point, self.breakage) = (fit, point, breakage)
    }

    var loss: Double { breakage == .loss ? .nan : fit.loss(point.elements) }
    func formGradient(_ gradient: inout CountedVector) {
      var new = fit.gradient(point.elements)
      if breakage == .gradient { new[0] = .nan }
      gradient.write { [new] in $0 = new }
    }
    func curvatureProducts(
      of directions: [CountedVector], _ curvature: Curvature
    ) -> [[Double]] {
      let matrix = fit.matrix(curvature, point.elements)
      return directions.map { d in
        directions.map { inner(d.elements, product(matrix, $0.elements)) }
      }
    }
    func slopes(along directions: [CountedVector]) -> [Double] {
      let gradient = fit.gradient(point.elements)
      return directions.map { inner(gradient, $0.elements) }
    }
    func loss(at point: CountedVector, displacement: Displacement<CountedVector>?) -> Double {
      fit.loss(point.elements)
    }
  }

  func linearize(at parameters: CountedVector) -> Linearized {
    Linearized(fit, parameters, breakage)
  }
}
