/// An objective made of closures: a loss, its gradient, and a curvature–vector product, in the place
/// of which differences of the gradient will do.
///
///     let bowl = ClosureObjective<[Double]>(
///       loss: { x in 0.5 * (x[0] * x[0] + 10 * x[1] * x[1]) },
///       gradient: { x in [x[0], 10 * x[1]] },
///       curvatureVectorProduct: { _, d in [d[0], 10 * d[1]] })
public struct ClosureObjective<Vector: ParameterVector>: Objective {
  let loss: (Vector) -> Double
  let gradient: (Vector) -> Vector
  let curvatureVectorProduct: (Vector, Vector) -> Vector

  /// Makes an objective.
  ///
  /// - Parameters:
  ///   - loss: θ ↦ f(θ).
  ///   - gradient: θ ↦ ∇f(θ).
  ///   - curvatureVectorProduct: (θ, d) ↦ C(θ)·d, used whichever ``Curvature`` is asked for. Without
  ///     it C is the Hessian matrix, at the price of two gradients a product:
  ///     (∇f(θ + εd) − ∇f(θ − εd))/2ε, ε = ulp^⅓·(1 + ‖θ‖)/‖d‖.
  public init(
    loss: @escaping (Vector) -> Double, gradient: @escaping (Vector) -> Vector,
    curvatureVectorProduct: ((Vector, Vector) -> Vector)? = nil
  ) {
    self.loss = loss
    self.gradient = gradient
    self.curvatureVectorProduct =
      curvatureVectorProduct ?? { point, direction in
        centralDifference(of: gradient, at: point, along: direction)
      }
  }

  public func linearize(at parameters: Vector) -> Linearized {
    Linearized(objective: self, point: parameters)
  }

  /// The closures at one point.
  public final class Linearized: Linearization {
    private let objective: ClosureObjective
    private let point: Vector

    /// f(θ), computed once.
    public let loss: Double

    init(objective: ClosureObjective, point: Vector) {
      self.objective = objective
      self.point = point
      loss = objective.loss(point)
    }

    public func formGradient(_ gradient: inout Vector) {
      gradient = objective.gradient(point)
    }

    public func curvatureProducts(
      of directions: [Vector], _ curvature: Curvature
    ) -> [[Double]] {
      let products = directions.map { objective.curvatureVectorProduct(point, $0) }
      return directions.map { d in products.map { d.dot($0) } }
    }

    public func loss(at point: Vector, displacement: Displacement<Vector>?) -> Double {
      objective.loss(point)
    }
  }
}

/// The derivative of a gradient along a direction.
private func centralDifference<Vector: ParameterVector>(
  of gradient: (Vector) -> Vector, at point: Vector, along direction: Vector
) -> Vector {
  let norm = direction.norm
  guard norm > 0, norm.isFinite else { return direction }
  let step = exponential(1 / 3, ofBase: point.ulpOfOne) * (1 + point.norm) / norm
  var (shifted, difference) = (point.zeros(), point.zeros())
  shifted.formLinearCombination(1, point, step, direction)
  let ahead = gradient(shifted)
  shifted.formLinearCombination(1, point, -step, direction)
  difference.formLinearCombination(0.5 / step, ahead, -0.5 / step, gradient(shifted))
  return difference
}
