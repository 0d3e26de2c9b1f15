import AdamQLR
import Testing

/// The estimates d of the directions that find their step size.
@Suite("Estimates of the step size")
struct StepSizeEstimateTests {
  /// d after 200 steps with all rows of the baselines' least squares, and ‖θ₀ − θ*‖∞.
  private func estimate(_ method: Method) throws -> (d: Double, distance: Double) {
    let problem = BaselineFigures.vectors.problem
    var parameters = problem.start
    var optimizer = try Optimizer(method, for: parameters)
    for step in 0..<200 {
      try optimizer.step(&parameters, on: problem.objective(cycles: false, step: step))
    }
    let distance = zip(problem.start, problem.solution).map { abs($0 - $1) }.max() ?? 0
    return (optimizer.state.direction.scalars[0], distance)
  }

  @Test("With a small learning rate d stays below the distance to the solution")
  func bound() throws {
    for rate in [0.125, 0.25] {
      for method in [Method.dAdaptation(learningRate: rate), .prodigy(learningRate: rate)] {
        let (d, distance) = try estimate(method)
        #expect(d > 1e-3 && d <= distance, "d \(d), distance \(distance), rate \(rate)")
      }
    }
  }

  @Test("The learning rate scales D-Adaptation's step")
  func rate() throws {
    let problem = BaselineFigures.vectors.problem
    func first(_ rate: Double) throws -> [Double] {
      var parameters = problem.start
      var optimizer = try Optimizer(
        .dAdaptation(learningRate: rate, DAdaptation(initialEstimate: 0.1)), for: parameters)
      try optimizer.step(&parameters, on: problem.objective(cycles: false, step: 0))
      return zip(parameters, problem.start).map { $0 - $1 }
    }
    let (whole, eighth) = (try first(1), try first(0.125))
    #expect(areClose(eighth, whole.map { $0 / 8 }, 1e-12))
  }
}
