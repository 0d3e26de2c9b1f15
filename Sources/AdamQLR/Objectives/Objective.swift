/// A function of parameters that can be minimized: a loss on one batch.
///
/// Nothing is asked of it but to be *linearized* at a point; the answer, a ``Linearization``, holds
/// what was computed there and answers every question of a step from it.
///
/// ``ClosureObjective`` and ``LeastSquaresObjective`` make one from closures.
public protocol Objective<Vector> {
  /// The type of the parameters.
  associatedtype Vector
  /// What an evaluation at one point leaves behind.
  associatedtype Linearized: Linearization where Linearized.Vector == Vector

  /// Evaluates the loss at `parameters` and keeps what its derivatives need.
  func linearize(at parameters: Vector) throws -> Linearized
}

/// An objective evaluated at a point θ: its loss, and its derivatives there on request.
public protocol Linearization<Vector>: AnyObject {
  /// The type of the parameters.
  associatedtype Vector: ParameterVector

  /// f(θ), accumulated in double precision.
  var loss: Double { get throws }

  /// Writes ∇f(θ) into `gradient`.
  func formGradient(_ gradient: inout Vector) throws

  /// The symmetric matrix of the products dᵢᵀCdⱼ of the curvature C at θ; no damping is included.
  func curvatureProducts(of directions: [Vector], _ curvature: Curvature) throws -> [[Double]]

  /// Says that ``curvatureProducts(of:_:)`` will be asked for these directions next, so that a device
  /// can compute them together with what else is outstanding.
  ///
  /// The default does nothing.
  func prepareCurvatureProducts(of directions: [Vector], _ curvature: Curvature) throws

  /// The slopes ∇f(θ)ᵀdᵢ.
  ///
  /// The default forms the gradient; implement it where slopes can be had for less.
  func slopes(along directions: [Vector]) throws -> [Double]

  /// f at another point, on the same batch, accumulated in double precision.
  ///
  /// - Parameters:
  ///   - point: The parameters to evaluate at.
  ///   - displacement: How `point` lies to θ, where that is known: what was computed of the directions
  ///     before can then save work. It may be ignored.
  func loss(at point: Vector, displacement: Displacement<Vector>?) throws -> Double
}

/// A point by its way from θ: θ + Σ cᵢdᵢ.
public struct Displacement<Vector> {
  /// dᵢ.
  public let directions: [Vector]
  /// cᵢ.
  public let coefficients: [Double]

  /// The way along directions by as many coefficients.
  public init(along directions: [Vector], by coefficients: [Double]) {
    self.directions = directions
    self.coefficients = coefficients
  }
}

extension Linearization {
  /// f at another point, on the same batch.
  public func loss(at point: Vector) throws -> Double { try loss(at: point, displacement: nil) }

  public func prepareCurvatureProducts(of directions: [Vector], _ curvature: Curvature) {}

  public func slopes(along directions: [Vector]) throws -> [Double] {
    guard var gradient = directions.first?.zeros() else { return [] }
    try formGradient(&gradient)
    return directions.map { gradient.dot($0) }
  }
}

/// The matrix C of the quadratic model of the loss (Clarke and Hernández-Lobato 2024, §3).
public enum Curvature: String, Codable, Sendable, CaseIterable {
  /// The Fisher matrix, which for the losses here is the generalized Gauss–Newton matrix of the
  /// loss as it is averaged. Positive semidefinite.
  case fisher
  /// The Hessian matrix, which may be indefinite.
  case hessian
}
