/// A flat vector of parameters, and of everything laid out like them: gradients, moments, directions.
///
/// The optimizers are written against this protocol alone, so they run on `[Double]` and `[Float]`
/// as well as on an engine's vectors. All vectors that meet in one call have the same `count`; mixing
/// counts is a programming error and traps.
///
/// Operations named `form…` overwrite the receiver. Passing the receiver as an argument too is
/// correct, but costs a copy.
public protocol ParameterVector: Codable, Sendable {
  /// The number of elements.
  var count: Int { get }

  /// The distance from 1 to the next representable element: 2⁻⁵² for double precision, 2⁻²³ for
  /// single precision.
  var ulpOfOne: Double { get }

  /// A new vector of zeros with the layout of this one.
  func zeros() -> Self

  /// A new vector of the first element and every `stride`-th after it.
  ///
  /// For estimates from a part of the parameters. The default is the vector itself, for types that
  /// cannot do it.
  ///
  /// - Parameter stride: A number from 1.
  func elements(every stride: Int) -> Self

  /// ⟨self, other⟩, accumulated in double precision.
  func dot(_ other: Self) -> Double

  /// Begins to compute ⟨self, other⟩ where a device does that beside other work; the answer waits for it.
  ///
  /// By default it is computed at once.
  func startDot(_ other: Self) -> () -> Double

  /// Begins to find out whether every element is finite, where the operations that say so do not know
  /// at once, because a device is still computing; the answer waits for it.
  ///
  /// The default is `nil`: the operations know.
  func startFinitenessCheck() -> (() -> Bool)?

  /// self ← a·x + b·y in one pass.
  ///
  /// - Returns: Whether every element of the result is finite; true where ``startFinitenessCheck()``
  ///   has to find out.
  @discardableResult
  mutating func formLinearCombination(_ a: Double, _ x: Self, _ b: Double, _ y: Self) -> Bool

  /// self ← a·x + b·self in place.
  ///
  /// A default implementation makes a copy.
  ///
  /// - Returns: As ``formLinearCombination(_:_:_:_:)``.
  @discardableResult
  mutating func formLinearCombination(_ a: Double, _ x: Self, selfTimes b: Double) -> Bool

  /// self ← a·self + b·y in place.
  ///
  /// A default implementation makes a copy.
  ///
  /// - Returns: As ``formLinearCombination(_:_:_:_:)``.
  @discardableResult
  mutating func formLinearCombination(selfTimes a: Double, _ b: Double, _ y: Self) -> Bool

  /// self ← a·self.
  mutating func scale(by a: Double)

  /// self ← self + a·x on the elements of `ranges` only; `nil` means all elements.
  ///
  /// - Returns: Whether every element changed is finite; true where ``startFinitenessCheck()`` has to
  ///   find out.
  @discardableResult
  mutating func add(_ x: Self, scaledBy a: Double, in ranges: [Range<Int>]?) -> Bool

  /// self ← x ⊙ y, element by element.
  mutating func formProduct(_ x: Self, _ y: Self)

  /// self ← x ⊘ (y + offset), element by element.
  mutating func formQuotient(_ x: Self, _ y: Self, plus offset: Double)

  /// self ← √(x + offset), element by element.
  mutating func formSquareRoot(of x: Self, plus offset: Double)

  /// self ← −1, 0 or 1, element by element as x is negative, 0 or positive; NaN stays.
  ///
  /// A default implementation takes three passes over memory, and makes elements below 2⁻¹²⁰ in
  /// magnitude proportional instead of ±1.
  mutating func formSign(of x: Self)

  /// self ← its signs, as ``formSign(of:)``, in place.
  ///
  /// A default implementation makes a copy.
  mutating func formSign()

  /// Limits every element to `range`.
  mutating func clamp(to range: ClosedRange<Double>)

  /// The scalar products of this gradient with `direction`.
  ///
  /// A default implementation takes a pass over memory for each.
  func products(withDirection direction: Self) -> DirectionProducts

  /// self ← Adam's direction of the moments as the gradient would advance them, which stay as they
  /// are; see ``AdamCoefficients``.
  ///
  /// A default implementation composes the other operations; a conforming type that can do it in one
  /// pass over memory should.
  ///
  /// - Returns: The scalar products of the gradient and the direction; gᵀg is infinite where a
  ///   square of the gradient is too large for the second moment.
  mutating func formAdamDirection(
    _ coefficients: AdamCoefficients, gradient: Self, first: Self, second: Self
  ) -> DirectionProducts

  /// self ← c₀g/(√(c₂v + ε_root) + ε), with v as the gradient would advance it, which stays as it is.
  ///
  /// A default implementation composes the other operations.
  ///
  /// - Returns: As ``formAdamDirection(_:gradient:first:second:)`` does.
  mutating func formScaledGradient(
    _ coefficients: AdamCoefficients, gradient: Self, second: Self
  ) -> DirectionProducts

  /// Advances the moments by a gradient: m ← β₁m + a₁g and v ← β₂v + a₂g².
  ///
  /// A default implementation composes the other operations.
  static func advanceMoments(
    _ coefficients: AdamCoefficients, gradient: Self, first: inout Self, second: inout Self)

  /// Advances the second moment by a gradient: v ← β₂v + a₂g².
  ///
  /// A default implementation composes the other operations.
  static func advanceSecondMoment(
    _ coefficients: AdamCoefficients, gradient: Self, second: inout Self)
}

extension ParameterVector {
  /// self ← x.
  public mutating func assign(_ x: Self) {
    formLinearCombination(1, x, 0, x)
  }

  @discardableResult
  public mutating func formLinearCombination(
    _ a: Double, _ x: Self, selfTimes b: Double
  ) -> Bool {
    let old = self
    return formLinearCombination(a, x, b, old)
  }

  @discardableResult
  public mutating func formLinearCombination(
    selfTimes a: Double, _ b: Double, _ y: Self
  ) -> Bool {
    let old = self
    return formLinearCombination(a, old, b, y)
  }

  public func elements(every stride: Int) -> Self { self }

  public func startDot(_ other: Self) -> () -> Double {
    let value = dot(other)
    return { value }
  }

  public func startFinitenessCheck() -> (() -> Bool)? { nil }

  /// The Euclidean norm ‖self‖₂.
  public var norm: Double { dot(self).squareRoot() }

  /// ‖self‖₁, with a vector like it to write on.
  func sumOfMagnitudes(scratch: inout Self) -> Double {
    scratch.formSign(of: self)
    return dot(scratch)
  }

  public mutating func formSign(of x: Self) {
    let bound = 0x1p-120
    assign(x)
    clamp(to: -bound...bound)
    scale(by: 1 / bound)
  }

  public mutating func formSign() {
    let old = self
    formSign(of: old)
  }

  public func products(withDirection direction: Self) -> DirectionProducts {
    DirectionProducts(
      gradientDotDirection: dot(direction), directionDotDirection: direction.dot(direction),
      gradientDotGradient: dot(self))
  }

  public static func advanceMoments(
    _ coefficients: AdamCoefficients, gradient: Self, first: inout Self, second: inout Self
  ) {
    first.formLinearCombination(
      selfTimes: coefficients.beta1, coefficients.firstGain, gradient)
    advanceSecondMoment(coefficients, gradient: gradient, second: &second)
  }

  public static func advanceSecondMoment(
    _ coefficients: AdamCoefficients, gradient: Self, second: inout Self
  ) {
    var square = gradient.zeros()
    square.formProduct(gradient, gradient)
    second.formLinearCombination(selfTimes: coefficients.beta2, coefficients.secondGain, square)
  }

  public mutating func formAdamDirection(
    _ coefficients: AdamCoefficients, gradient: Self, first: Self, second: Self
  ) -> DirectionProducts {
    let k = coefficients
    var numerator = zeros()
    numerator.formLinearCombination(k.beta1, first, k.firstGain, gradient)
    numerator.formLinearCombination(selfTimes: k.firstCorrection, k.gradientWeight, gradient)
    return formQuotient(numerator, k, gradient: gradient, second: second)
  }

  public mutating func formScaledGradient(
    _ coefficients: AdamCoefficients, gradient: Self, second: Self
  ) -> DirectionProducts {
    var numerator = zeros()
    numerator.formLinearCombination(coefficients.gradientWeight, gradient, 0, gradient)
    return formQuotient(numerator, coefficients, gradient: gradient, second: second)
  }

  /// self ← numerator/(√(c₂v + ε_root) + ε), with v as the gradient would advance it.
  private mutating func formQuotient(
    _ numerator: Self, _ k: AdamCoefficients, gradient: Self, second: Self
  ) -> DirectionProducts {
    formProduct(gradient, gradient)
    var isFinite = formLinearCombination(k.beta2, second, selfTimes: k.secondGain)
    isFinite = formLinearCombination(selfTimes: k.secondCorrection, 0, second) && isFinite
    formSquareRoot(of: self, plus: k.epsilonRoot)
    formQuotient(numerator, self, plus: k.epsilon)
    var products = gradient.products(withDirection: self)
    if !isFinite { products.gradientDotGradient = .infinity }
    return products
  }
}
