import Foundation
import Tasks
import Testing

@Suite("Metrics of predictions")
struct MetricsTests {
  /// Figures of scikit-learn 1.9: `root_mean_squared_error`, `mean_absolute_error`, `r2_score`.
  @Test("Of numbers they are those of their formulas")
  func regression() throws {
    let metrics = RegressionMetrics(
      predictions: [2.5, 0, 2, 8, 1.25], targets: [3, -0.5, 2, 7, 1])
    #expect(abs(metrics.rmse - (1.5625 / 5).squareRoot()) < 1e-15)
    #expect(abs(metrics.mae - 2.25 / 5) < 1e-15)
    let rSquared = try #require(metrics.rSquared)
    #expect(abs(rSquared - (1 - 1.5625 / 32)) < 1e-14)
    #expect(RegressionMetrics(predictions: [1, 2], targets: [0.1, 0.1]).rSquared == nil)
    #expect(RegressionMetrics(predictions: [0.1], targets: [0.1]).rmse == 0)
  }

  @Test("Of classes they count what was taken for what")
  func classification() throws {
    let matrix = ConfusionMatrix(
      classes: ["a", "b", "c", "d"], predictions: [0, 0, 1, 1, 2, 0, 1],
      targets: [0, 0, 0, 1, 1, 2, 1])
    #expect(matrix.counts == [[2, 1, 0, 0], [0, 2, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    #expect(matrix.count == 7 && matrix.support(0) == 3)
    #expect(matrix.precision(0) == 2.0 / 3 && matrix.recall(0) == 2.0 / 3)
    #expect(matrix.precision(2) == 0 && matrix.recall(2) == 0 && matrix.f1(2) == 0)
    // Of a class that is neither there nor predicted nothing is known.
    #expect(matrix.precision(3) == nil && matrix.recall(3) == nil && matrix.f1(3) == nil)
    let f1 = try #require(matrix.f1(1))
    #expect(abs(f1 - 2.0 / 3) < 1e-15)
    let balanced = try #require(matrix.balancedAccuracy)
    #expect(abs(balanced - 4.0 / 9) < 1e-15)
    let twice = matrix.adding(matrix)
    #expect(twice.count == 14 && twice.recall(0) == matrix.recall(0))
  }
}
