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

  /// ⟨self, other⟩, accumulated in double precision.
  func dot(_ other: Self) -> Double

  /// self ← a·x + b·y in one pass.
  ///
  /// - Returns: Whether every element of the result is finite.
  @discardableResult
  mutating func formLinearCombination(_ a: Double, _ x: Self, _ b: Double, _ y: Self) -> Bool

  /// self ← a·self.
  mutating func scale(by a: Double)

  /// self ← self + a·x on the elements of `ranges` only; `nil` means all elements.
  ///
  /// - Returns: Whether every element changed is finite.
  @discardableResult
  mutating func add(_ x: Self, scaledBy a: Double, in ranges: [Range<Int>]?) -> Bool

  /// self ← x ⊙ y, element by element.
  mutating func formProduct(_ x: Self, _ y: Self)

  /// self ← x ⊘ (y + offset), element by element.
  mutating func formQuotient(_ x: Self, _ y: Self, plus offset: Double)

  /// self ← √(x + offset), element by element.
  mutating func formSquareRoot(of x: Self, plus offset: Double)

  /// Limits every element to `range`.
  mutating func clamp(to range: ClosedRange<Double>)

  /// self ← Adam's direction, with the moments advanced by `gradient`; see ``AdamCoefficients``.
  ///
  /// A default implementation composes the other operations; a conforming type that can do it in one
  /// pass over memory should.
  ///
  /// - Parameters:
  ///   - coefficients: What the formula needs at this step.
  ///   - gradient: The gradient g.
  ///   - first: The first moment before this step.
  ///   - second: The second moment before this step.
  ///   - nextFirst: Receives the first moment after this step.
  ///   - nextSecond: Receives the second moment after this step.
  /// - Returns: The scalar products of the gradient and the direction; gᵀg is infinite where a
  ///   square of the gradient is too large for the second moment.
  mutating func formAdamDirection(
    _ coefficients: AdamCoefficients, gradient: Self, first: Self, second: Self,
    nextFirst: inout Self, nextSecond: inout Self
  ) -> DirectionProducts
}

extension ParameterVector {
  /// self ← x.
  public mutating func assign(_ x: Self) {
    formLinearCombination(1, x, 0, x)
  }

  /// The Euclidean norm ‖self‖₂.
  public var norm: Double { dot(self).squareRoot() }

  /// The scalar products of this gradient with `direction`, in a pass of their own.
  public func products(withDirection direction: Self) -> DirectionProducts {
    DirectionProducts(
      gradientDotDirection: dot(direction), directionDotDirection: direction.dot(direction),
      gradientDotGradient: dot(self))
  }

  public mutating func formAdamDirection(
    _ coefficients: AdamCoefficients, gradient: Self, first: Self, second: Self,
    nextFirst: inout Self, nextSecond: inout Self
  ) -> DirectionProducts {
    let k = coefficients
    nextFirst.formLinearCombination(k.beta1, first, 1 - k.beta1, gradient)
    formProduct(gradient, gradient)
    var isFinite = nextSecond.formLinearCombination(k.beta2, second, 1 - k.beta2, self)
    isFinite = formLinearCombination(k.secondCorrection, nextSecond, 0, nextSecond) && isFinite
    formSquareRoot(of: self, plus: k.epsilonRoot)
    formQuotient(nextFirst, self, plus: k.epsilon)
    scale(by: k.firstCorrection)
    var products = gradient.products(withDirection: self)
    if !isFinite { products.gradientDotGradient = .infinity }
    return products
  }
}
