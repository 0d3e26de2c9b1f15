import AdamQLR
import Foundation

/// Residuals rᵢ(θ) = sin uᵢ + ½uᵢ − yᵢ, uᵢ = aᵢᵀθ, of three parameters, and everything that a step
/// can ask of f(θ) = 1/(2n) Σ rᵢ² over n of them, by explicit loops in double precision.
struct WavyFit: Sendable {
  static let a = [
    [1.0, 0.5, -0.25], [-0.5, 2, 0.75], [0.25, -1, 1.5], [2, 0.25, 0.5], [-1, -0.75, 1.25],
    [0.5, 1.5, -1],
  ]
  static let y = [0.25, -0.86, 2, 1.66, 0.97, -1.24]
  static let start = [1, -0.25, 0.25]

  /// The residuals that belong to the batch.
  var rows = Array(0..<6)

  private func u(_ i: Int, _ p: [Double]) -> Double {
    Self.a[i][0] * p[0] + Self.a[i][1] * p[1] + Self.a[i][2] * p[2]
  }

  func residuals(_ p: [Double]) -> [Double] {
    rows.map { sin(u($0, p)) + 0.5 * u($0, p) - Self.y[$0] }
  }

  /// J, a row for each residual.
  func jacobian(_ p: [Double]) -> [[Double]] {
    rows.map { i in Self.a[i].map { (cos(u(i, p)) + 0.5) * $0 } }
  }

  func loss(_ p: [Double]) -> Double {
    residuals(p).reduce(0) { $0 + $1 * $1 } / (2 * Double(rows.count))
  }

  func gradient(_ p: [Double]) -> [Double] {
    let (r, jacobian) = (residuals(p), jacobian(p))
    return (0..<3).map { j in
      r.indices.reduce(0) { $0 + r[$1] * jacobian[$1][j] } / Double(rows.count)
    }
  }

  /// C: JᵀJ/n, and for the Hessian Σ rᵢ∇²rᵢ/n besides.
  func matrix(_ curvature: Curvature, _ p: [Double]) -> [[Double]] {
    let (r, jacobian) = (residuals(p), jacobian(p))
    return (0..<3).map { j in
      (0..<3).map { k in
        var sum = 0.0
        for (row, i) in rows.enumerated() {
          sum += jacobian[row][j] * jacobian[row][k]
          if curvature == .hessian {
            sum -= r[row] * sin(u(i, p)) * Self.a[i][j] * Self.a[i][k]
          }
        }
        return sum / Double(rows.count)
      }
    }
  }

  func objective<Element: ParameterScalar>(
    _: Element.Type = Double.self
  ) -> LeastSquaresObjective<[Element]> {
    LeastSquaresObjective(
      residuals: { residuals(doubles($0)) },
      jacobianVectorProduct: { product(jacobian(doubles($0)), doubles($1)) },
      vectorJacobianProduct: { p, r in
        let jacobian = jacobian(doubles(p))
        return elements((0..<3).map { j in r.indices.reduce(0) { $0 + r[$1] * jacobian[$1][j] } })
      },
      hessianVectorProduct: { elements(product(matrix(.hessian, doubles($0)), doubles($1))) })
  }
}

func doubles<Element: ParameterScalar>(_ x: [Element]) -> [Double] { x.map { Double($0) } }

func elements<Element: ParameterScalar>(_ x: [Double]) -> [Element] { x.map { Element($0) } }

/// M·x.
func product(_ matrix: [[Double]], _ x: [Double]) -> [Double] {
  matrix.map { row in row.indices.reduce(0) { $0 + row[$1] * x[$1] } }
}

/// xᵀy by a plain loop.
func inner(_ x: [Double], _ y: [Double]) -> Double {
  x.indices.reduce(0) { $0 + x[$1] * y[$1] }
}

/// dᵀ(C + λI)d.
func form(_ matrix: [[Double]], _ d: [Double], damping: Double) -> Double {
  inner(d, product(matrix, d)) + damping * inner(d, d)
}

/// Whether two numbers agree, relative to the second.
func isClose(_ x: Double?, _ y: Double, _ tolerance: Double = 1e-11) -> Bool {
  guard let x else { return false }
  return abs(x - y) <= tolerance * abs(y)
}

/// Whether two vectors agree, relative to the second's largest element.
func areClose<Element: ParameterScalar>(
  _ x: [Element], _ y: [Double], _ tolerance: Double = 1e-11
) -> Bool {
  let scale = y.map(abs).max() ?? 0
  return x.count == y.count
    && zip(doubles(x), y).allSatisfy { abs($0 - $1) <= tolerance * scale }
}

/// The rounding to allow after a few steps.
func tolerance<Element: ParameterScalar>(_: Element.Type) -> Double {
  Element.self == Float.self ? 5e-5 : 1e-10
}
