import Requirements

/// The numbers that arrays of parameters are made of: `Float` and `Double`.
public protocol ParameterScalar: BinaryFloatingPoint, Codable, Sendable {}

extension Float: ParameterScalar {}
extension Double: ParameterScalar {}

/// Arrays of floating-point numbers are parameter vectors, for problems without an engine.
///
/// The loops are compiled for both scalars here (`@_specialize`), since the generic code that calls
/// them usually lives in another module.
extension Array: ParameterVector where Element: ParameterScalar {
  public var ulpOfOne: Double { Double(Element.ulpOfOne) }

  public func zeros() -> [Element] { [Element](repeating: 0, count: count) }

  public func elements(every stride: Int) -> [Element] {
    Swift.stride(from: 0, to: count, by: stride).map { self[$0] }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public func dot(_ other: [Element]) -> Double {
    require(count == other.count, "dot: \(count) elements against \(other.count)")
    var sum = 0.0
    for i in indices { sum += Double(self[i]) * Double(other[i]) }
    return sum
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  @discardableResult
  public mutating func formLinearCombination(
    _ a: Double, _ x: [Element], _ b: Double, _ y: [Element]
  ) -> Bool {
    let (a, b) = (Element(a), Element(b))
    // A zero coefficient means "without this term", even where the term is not finite.
    if b == 0 {
      return form(x) { a * $0 }
    }
    return form(x, y) { a * $0 + b * $1 }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  @discardableResult
  public mutating func formLinearCombination(
    _ a: Double, _ x: [Element], selfTimes b: Double
  ) -> Bool {
    let (a, b) = (Element(a), Element(b))
    if b == 0 { return form(x) { a * $0 } }
    return transform(x) { a * $1 + b * $0 }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  @discardableResult
  public mutating func formLinearCombination(
    selfTimes a: Double, _ b: Double, _ y: [Element]
  ) -> Bool {
    let (a, b) = (Element(a), Element(b))
    return b == 0 ? transform(y) { own, _ in a * own } : transform(y) { a * $0 + b * $1 }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func scale(by a: Double) {
    let a = Element(a)
    for i in indices { self[i] *= a }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  @discardableResult
  public mutating func add(
    _ x: [Element], scaledBy a: Double, in ranges: [Range<Int>]?
  ) -> Bool {
    require(count == x.count, "add: \(count) elements against \(x.count)")
    let a = Element(a)
    var isFinite = true
    for range in ranges ?? [0..<count] {
      for i in range {
        self[i] += a * x[i]
        isFinite = isFinite && self[i].isFinite
      }
    }
    return isFinite
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func formProduct(_ x: [Element], _ y: [Element]) {
    form(x, y) { $0 * $1 }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func formQuotient(_ x: [Element], _ y: [Element], plus offset: Double) {
    let offset = Element(offset)
    form(x, y) { $0 / ($1 + offset) }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func formSquareRoot(of x: [Element], plus offset: Double) {
    let offset = Element(offset)
    form(x) { ($0 + offset).squareRoot() }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func formSign(of x: [Element]) {
    form(x) { $0.signOrSelf }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func formSign() {
    for i in indices { self[i] = self[i].signOrSelf }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func clamp(to range: ClosedRange<Double>) {
    let (low, high) = (Element(range.lowerBound), Element(range.upperBound))
    for i in indices {
      // Comparisons in this order keep NaN as it is.
      if self[i] < low { self[i] = low } else if self[i] > high { self[i] = high }
    }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func formAdamDirection(
    _ coefficients: AdamCoefficients, gradient: [Element], first: [Element], second: [Element]
  ) -> DirectionProducts {
    require(count == first.count, "Adam's direction: \(count) elements against \(first.count)")
    let (beta1, gain1) = (Element(coefficients.beta1), Element(coefficients.firstGain))
    let (c0, c1) = (Element(coefficients.gradientWeight), Element(coefficients.firstCorrection))
    return formQuotient(coefficients, gradient, second) { i, g in
      let m = beta1 * first[i] + gain1 * g
      return c0 == 0 ? c1 * m : c1 * m + c0 * g
    }
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public mutating func formScaledGradient(
    _ coefficients: AdamCoefficients, gradient: [Element], second: [Element]
  ) -> DirectionProducts {
    let c0 = Element(coefficients.gradientWeight)
    return formQuotient(coefficients, gradient, second) { _, g in c0 * g }
  }

  /// self ← numerator/(√(c₂v + ε_root) + ε), with v as the gradient would advance it.
  @inline(__always)
  private mutating func formQuotient(
    _ k: AdamCoefficients, _ gradient: [Element], _ second: [Element],
    _ numerator: (Int, Element) -> Element
  ) -> DirectionProducts {
    let (beta2, gain2, c2) = (
      Element(k.beta2), Element(k.secondGain), Element(k.secondCorrection)
    )
    let (epsilon, epsilonRoot) = (Element(k.epsilon), Element(k.epsilonRoot))
    require(
      count == gradient.count && count == second.count,
      "direction: \(count) elements against \(gradient.count), \(second.count)")
    var (gd, dd, gg) = (0.0, 0.0, 0.0)
    for i in indices {
      let g = gradient[i]
      let v = beta2 * second[i] + gain2 * (g * g)
      let d = numerator(i, g) / ((c2 * v + epsilonRoot).squareRoot() + epsilon)
      self[i] = d
      gd += Double(g) * Double(d)
      dd += Double(d) * Double(d)
      gg += Double(g) * Double(g)
    }
    return DirectionProducts(
      gradientDotDirection: gd, directionDotDirection: dd,
      adamGradientDotGradient: gg, greatestMoment: Double(Element.greatestFiniteMagnitude))
  }

  @_specialize(where Element == Float)
  @_specialize(where Element == Double)
  public static func advanceSecondMoment(
    _ coefficients: AdamCoefficients, gradient: [Element], second: inout [Element]
  ) {
    let (beta2, gain2) = (Element(coefficients.beta2), Element(coefficients.secondGain))
    require(
      second.count == gradient.count, "\(second.count) elements against \(gradient.count)")
    for i in second.indices {
      second[i] = beta2 * second[i] + gain2 * (gradient[i] * gradient[i])
    }
  }

  /// Replaces every element by what `value` makes of it and that of x.
  @inline(__always)
  private mutating func transform(
    _ x: [Element], _ value: (Element, Element) -> Element
  ) -> Bool {
    require(count == x.count, "\(count) elements against \(x.count)")
    var isFinite = true
    for i in indices {
      self[i] = value(self[i], x[i])
      isFinite = isFinite && self[i].isFinite
    }
    return isFinite
  }

  @inline(__always) @discardableResult
  private mutating func form(_ x: [Element], _ value: (Element) -> Element) -> Bool {
    require(count == x.count, "\(count) elements against \(x.count)")
    var isFinite = true
    for i in indices {
      self[i] = value(x[i])
      isFinite = isFinite && self[i].isFinite
    }
    return isFinite
  }

  @inline(__always) @discardableResult
  private mutating func form(
    _ x: [Element], _ y: [Element], _ value: (Element, Element) -> Element
  ) -> Bool {
    require(
      count == x.count && count == y.count, "\(count) elements against \(x.count), \(y.count)")
    var isFinite = true
    for i in indices {
      self[i] = value(x[i], y[i])
      isFinite = isFinite && self[i].isFinite
    }
    return isFinite
  }
}

extension ParameterScalar {
  /// −1 or 1, or itself where it is 0 or NaN.
  fileprivate var signOrSelf: Self { self > 0 ? 1 : self < 0 ? -1 : self }
}
