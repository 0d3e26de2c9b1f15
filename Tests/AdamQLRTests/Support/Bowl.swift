import AdamQLR

/// f(θ) = ½θᵀHθ − bᵀθ, whose quadratic model is the function itself.
struct Bowl {
  static let matrix = [[4.0, 1, 0], [1, 3, -0.5], [0, -0.5, 0.2]]
  static let slope = [1.0, -2, 0.5]

  static func gradient(_ x: [Double]) -> [Double] {
    zip(product(matrix, x), slope).map { $0 - $1 }
  }

  static func loss(_ x: [Double]) -> Double { 0.5 * inner(x, product(matrix, x)) - inner(slope, x) }

  static var objective: ClosureObjective<[Double]> {
    ClosureObjective(
      loss: loss, gradient: gradient, curvatureVectorProduct: { _, d in product(matrix, d) })
  }

  /// The loss at the minimum.
  static let least = -0.5 * inner(slope, solution)
  static var solution: [Double] {
    // Cramer's rule.
    let m = matrix
    func determinant(_ m: [[Double]]) -> Double {
      let minors = [(1, 2), (0, 2), (0, 1)].map { m[1][$0] * m[2][$1] - m[1][$1] * m[2][$0] }
      return inner(m[0], [minors[0], -minors[1], minors[2]])
    }
    return (0..<3).map { column in
      determinant((0..<3).map { i in (0..<3).map { $0 == column ? slope[i] : m[i][$0] } })
        / determinant(m)
    }
  }
}

/// The largest difference over the largest magnitude.
func deviation(_ x: [Double], _ y: [Double]) -> Double {
  guard x.count == y.count else { return .infinity }
  let scale = (x + y).map(abs).max() ?? 0
  let difference = zip(x, y).map { abs($0 - $1) }.max() ?? 0
  return scale == 0 ? difference : difference / scale
}

/// Likewise of two numbers.
func deviation(_ x: Double, _ y: Double) -> Double { deviation([x], [y]) }
