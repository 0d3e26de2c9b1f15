import AdamQLR

/// The least a conforming type has to do: everything but the fused direction of Adam.
struct MinimalVector: ParameterVector {
  var e: [Double]

  var count: Int { e.count }
  var ulpOfOne: Double { .ulpOfOne }
  func zeros() -> MinimalVector { MinimalVector(e: e.zeros()) }
  func dot(_ other: MinimalVector) -> Double { inner(e, other.e) }
  mutating func formLinearCombination(
    _ a: Double, _ x: MinimalVector, _ b: Double, _ y: MinimalVector
  ) -> Bool {
    e = e.indices.map { a * x.e[$0] + (b == 0 ? 0 : b * y.e[$0]) }
    return e.allSatisfy(\.isFinite)
  }
  mutating func scale(by a: Double) { e = e.map { a * $0 } }
  mutating func add(_ x: MinimalVector, scaledBy a: Double, in ranges: [Range<Int>]?) -> Bool {
    for i in (ranges ?? [e.indices]).joined() { e[i] += a * x.e[i] }
    return e.allSatisfy(\.isFinite)
  }
  mutating func formProduct(_ x: MinimalVector, _ y: MinimalVector) {
    e = zip(x.e, y.e).map { $0 * $1 }
  }
  mutating func formQuotient(_ x: MinimalVector, _ y: MinimalVector, plus offset: Double) {
    e = zip(x.e, y.e).map { $0 / ($1 + offset) }
  }
  mutating func formSquareRoot(of x: MinimalVector, plus offset: Double) {
    e = x.e.map { ($0 + offset).squareRoot() }
  }
  mutating func clamp(to range: ClosedRange<Double>) {
    e = e.map { min(max($0, range.lowerBound), range.upperBound) }
  }
}
