import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch

extension SmallProblem {
  /// The loss on some examples.
  func objective(_ inputs: Tensor, _ targets: Tensor, seed: UInt64) -> NetworkObjective {
    NetworkObjective(model, loss, inputs: inputs, targets: targets, seed: seed)
  }

  /// A run of six steps over changing batches.
  ///
  /// - Parameters:
  ///   - method: How steps are made.
  ///   - count: The number of examples in a batch.
  ///   - objective: The loss on a batch, given inputs, targets and seed.
  ///   - after: Is handed each step's objective.
  func run<O: Objective<FlatVector>>(
    _ method: Method, batchSize count: Int, _ objective: (Tensor, Tensor, UInt64) -> O,
    after: (O) -> Void = { _ in }
  ) throws -> (point: FlatVector, reports: [StepReport]) {
    var point = parameters
    var optimizer = try Optimizer(method, for: point, layout: model.layout)
    var reports: [StepReport] = []
    for step in 0..<6 {
      func batch(_ shift: Int) -> O {
        let rows = Tensor((0..<count).map { Int64((step + shift + $0) % inputs.size(0)) })
        return objective(inputs.selectingRows(rows), targets.selectingRows(rows), UInt64(step))
      }
      let own = batch(0)
      reports.append(try optimizer.step(&point, on: own, independent: batch(2)))
      after(own)
    }
    return (point, reports)
  }
}
