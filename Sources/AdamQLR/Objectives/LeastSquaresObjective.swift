import Requirements

/// Nonlinear least squares made of closures: f(θ) = 1/(2n) Σ rᵢ(θ)² over n residuals.
///
/// The Fisher matrix is JᵀJ/n, J the residuals' Jacobian, so a Jacobian–vector product is all the
/// curvature that a step needs.
///
///     // A line through three points.
///     let (x, y) = ([0.0, 1, 2], [1.0, 3, 5])
///     let line = LeastSquaresObjective<[Double]>(
///       residuals: { p in zip(x, y).map { p[0] + p[1] * $0 - $1 } },
///       jacobianVectorProduct: { _, d in x.map { d[0] + d[1] * $0 } },
///       vectorJacobianProduct: { _, r in [r.reduce(0, +), zip(x, r).map(*).reduce(0, +)] })
public struct LeastSquaresObjective<Vector: ParameterVector>: Objective {
  let residuals: (Vector) -> [Double]
  let jacobianVectorProduct: (Vector, Vector) -> [Double]
  let vectorJacobianProduct: (Vector, [Double]) -> Vector
  let hessianVectorProduct: ((Vector, Vector) -> Vector)?

  /// Makes an objective.
  ///
  /// - Parameters:
  ///   - residuals: θ ↦ r(θ), n numbers.
  ///   - jacobianVectorProduct: (θ, d) ↦ J(θ)·d, n numbers; any other count traps.
  ///   - vectorJacobianProduct: (θ, u) ↦ J(θ)ᵀ·u, a vector like θ.
  ///   - hessianVectorProduct: (θ, d) ↦ ∇²f(θ)·d. Without it, asking for the Hessian throws
  ///     ``OptimizerError/curvatureUnavailable(_:)``.
  public init(
    residuals: @escaping (Vector) -> [Double],
    jacobianVectorProduct: @escaping (Vector, Vector) -> [Double],
    vectorJacobianProduct: @escaping (Vector, [Double]) -> Vector,
    hessianVectorProduct: ((Vector, Vector) -> Vector)? = nil
  ) {
    self.residuals = residuals
    self.jacobianVectorProduct = jacobianVectorProduct
    self.vectorJacobianProduct = vectorJacobianProduct
    self.hessianVectorProduct = hessianVectorProduct
  }

  public func linearize(at parameters: Vector) -> Linearized {
    Linearized(objective: self, point: parameters)
  }

  /// The residuals at one point.
  public final class Linearized: Linearization {
    private let objective: LeastSquaresObjective
    private let point: Vector
    private let residuals: [Double]

    init(objective: LeastSquaresObjective, point: Vector) {
      self.objective = objective
      self.point = point
      residuals = objective.residuals(point)
    }

    /// f(θ).
    public var loss: Double { halfMeanSquare(residuals) }

    public func formGradient(_ gradient: inout Vector) {
      let n = Double(residuals.count)
      gradient = objective.vectorJacobianProduct(point, residuals.map { $0 / n })
    }

    public func curvatureProducts(
      of directions: [Vector], _ curvature: Curvature
    ) throws -> [[Double]] {
      switch curvature {
      case .fisher:
        let n = Double(residuals.count)
        let images = directions.map { objective.jacobianVectorProduct(point, $0) }
        for image in images {
          require(
            image.count == residuals.count,
            "a Jacobian–vector product has \(image.count) elements for \(residuals.count) residuals"
          )
        }
        return images.map { a in images.map { b in a.dot(b) / n } }
      case .hessian:
        guard let product = objective.hessianVectorProduct else {
          throw OptimizerError.curvatureUnavailable(.hessian)
        }
        let products = directions.map { product(point, $0) }
        return directions.map { d in products.map { d.dot($0) } }
      }
    }

    public func loss(at point: Vector, displacement: Displacement<Vector>?) -> Double {
      halfMeanSquare(objective.residuals(point))
    }

    private func halfMeanSquare(_ residuals: [Double]) -> Double {
      residuals.dot(residuals) / (2 * Double(residuals.count))
    }
  }
}
