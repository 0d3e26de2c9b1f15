import AdamQLR
import Foundation
import Testing

/// Figures of other packages' optimizers: what `Tests/Baselines/make_figures.py` writes.
struct BaselineFigures: Decodable {
  /// f(θ) = 1/(2n) |Aθ − b|² over the n rows of a batch.
  struct Problem: Decodable {
    var matrix: [[Double]]
    var targets: [Double]
    var start: [Double]
    /// How many batches of consecutive rows make a cycle.
    var batches: Int
    /// The condition number of AᵀA.
    var condition: Double

    /// The loss on all rows, or on the batch of a step counted from 0.
    func objective(cycles: Bool, step: Int) -> LeastSquaresObjective<[Double]> {
      let size = targets.count / batches
      let first = cycles ? step % batches * size : 0
      let rows = cycles ? first..<(first + size) : targets.indices
      let (matrix, targets) = (Array(matrix[rows]), Array(targets[rows]))
      return LeastSquaresObjective(
        residuals: { zip(product(matrix, $0), targets).map { $0 - $1 } },
        jacobianVectorProduct: { product(matrix, $1) },
        vectorJacobianProduct: { point, r in
          point.indices.map { j in r.indices.reduce(0) { $0 + r[$1] * matrix[$1][j] } }
        })
    }

    /// θ*, of all rows, by elimination in AᵀAθ = Aᵀb.
    var solution: [Double] {
      var system = start.indices.map { j in
        start.indices.map { k in matrix.reduce(0) { $0 + $1[j] * $1[k] } }
          + [zip(matrix, targets).reduce(0) { $0 + $1.0[j] * $1.1 }]
      }
      for j in start.indices {
        for i in start.indices where i != j {
          let factor = system[i][j] / system[j][j]
          for k in 0...start.count { system[i][k] -= factor * system[j][k] }
        }
      }
      return start.indices.map { system[$0][start.count] / system[$0][$0] }
    }
  }

  /// An optimizer's run.
  struct Case: Decodable {
    var name: String
    var cycles: Bool
    /// θ after each of the steps, the last of which may be left out.
    var parameters: [[Double]]
    /// How far off a run from a start one ulp away is, relative to θ's largest element.
    var spread: [Double]
    /// d of optimizers that find their step size.
    var estimates: [Double]?
    /// What Schedule-Free has learned.
    var averages: [[Double]]?
  }

  /// Steps with given gradients.
  struct Prescribed: Decodable {
    var name: String
    var start: [Double]
    var gradients: [[Double]]
    var parameters: [[Double]]
  }

  /// The versions of the packages.
  var packages: [String: String]
  /// The steps, counted from 1, after which θ is given.
  var steps: [Int]
  var problem: Problem
  var cases: [Case]
  var prescribed: [Prescribed]

  /// The figures in the tests' resources.
  static let vectors: BaselineFigures = {
    let file = Bundle.module.bundleURL.appendingPathComponent("Baselines/vectors.json")
    do {
      return try JSONDecoder().decode(BaselineFigures.self, from: Data(contentsOf: file))
    } catch {
      fatalError("\(file.path): \(error)")
    }
  }()
}
