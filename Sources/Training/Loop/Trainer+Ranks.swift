import AdamQLRNetworks
import AdamQLRTorch

extension Trainer {
  /// The number of examples of a step's batch that this rank has, at most.
  public var examplesPerRank: Int {
    let size = fit.batches.size(ofStep: 0)
    return group.map { ExampleRange(0..<size).divided(into: $0.size)[$0.rank].count } ?? size
  }

  /// The next thing that happens; `nil` at the end of the run, and where `goesOn` says no: of several
  /// ranks one that says so stops all, after the same step.
  mutating func next(while goesOn: (Trainer) -> Bool) throws -> TrainingEvent? {
    if !goesOn(self) {
      guard let group else { return nil }
      group.stop()
    }
    return group?.isStopping ?? false ? nil : try next()
  }

  /// What came of the run so far, with how good predictions are.
  mutating func finalSummary() -> TrainingSummary {
    prepareWeights()
    var summary = summary()
    summary.metrics = finalMetrics()
    return summary
  }

  /// Makes sure that all ranks have the same data.
  func requireSameData(in group: ProcessGroup) throws {
    var check = CRC32C()
    for examples in [problem.training, problem.validation, problem.test] {
      withUnsafeBytes(of: examples?.count ?? 0) { check.add($0) }
      try examples?.sample { piece in
        try Safetensors(["inputs": piece.inputs, "targets": piece.targets]).write { check.add($0) }
      }
    }
    try group.requireAgreement(on: check.value, "data")
  }

  /// Makes sure that all ranks have the same parameters, to the last bit.
  func requireSameWeights(_ description: String) throws {
    try group?.requireAgreement(
      on: Safetensors(["parameters": parameters.tensor]).check, "weights \(description)")
  }
}

extension Safetensors {
  /// The check of the file's bytes.
  fileprivate var check: UInt32 {
    get throws {
      var check = CRC32C()
      try write { check.add($0) }
      return check.value
    }
  }
}
