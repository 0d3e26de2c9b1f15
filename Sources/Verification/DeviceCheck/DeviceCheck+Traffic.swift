import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch

/// What steps wait for, and what they move.
extension DeviceCheck {
  /// What passes between a device and the processor in one step.
  public struct Traffic: Hashable, Sendable {
    /// Of what network and method.
    public let name: String
    /// How often the step waits for numbers.
    public let fetches: Int
    /// How many tensors it copies; there is no need for any.
    public let copies: Int
  }

  /// Counts the traffic of steps of several kinds.
  ///
  /// Nothing else may use devices meanwhile in this process.
  ///
  /// - Throws: What a step throws.
  public func traffic() throws -> [Traffic] {
    let perceptron = Sequential(Dense(6, 12, activation: .relu), Dropout(0.1), Dense(12, 4))
    var o = Operands(device, .float32)
    let (inputs, labels) = (o.normals(24, 6), o.integers(below: 4, 24))
    let tokens = o.integers(below: 11, 3, 6)
    let transformer = GPT2(
      vocabulary: 11, context: 6, layers: 2, heads: 2, embedding: 8, dropout: 0.1)
    return [
      try traffic("AdamQLR", .adamQLR(batchesPerEpoch: nil), perceptron, inputs, labels),
      try traffic("Adam", .adam(), perceptron, inputs, labels),
      try traffic("K-FAC", .kfac(), perceptron, inputs, labels),
      try traffic("AdamQLR on GPT-2", .adamQLR(batchesPerEpoch: nil), transformer, tokens, tokens),
      try traffic(
        "AdamQLR on an LSTM", .adamQLR(batchesPerEpoch: nil),
        LSTMLanguageModel(vocabulary: 11, embedding: 5, units: 6, layers: 2), tokens, tokens),
      try traffic(
        "AdamQLR on a convolutional network", .adamQLR(batchesPerEpoch: nil),
        Sequential(
          Convolution(2, 6, kernel: 3), BatchNormalization(6, activation: .relu),
          GlobalAveragePooling(), Dense(6, 4)), o.normals(24, 8, 8, 2), labels),
    ]
  }

  private func traffic(
    _ name: String, _ method: Method, _ layer: some Layer, _ inputs: Tensor, _ targets: Tensor
  ) throws -> Traffic {
    let model = Model(layer)
    var generator = SeededGenerator(seed: 2)
    var parameters = model.initialParameters(using: &generator).to(device)
    var optimizer = try Optimizer(method, for: parameters, layout: model.layout)
    var statistics = model.initialStatistics().to(device)
    var (fetches, copies) = (0, 0)
    for step in 0..<2 {
      let before = (Runtime.fetchCount, Runtime.copyCount)
      let objective = NetworkObjective(
        model, SoftmaxCrossEntropy(), inputs: inputs, targets: targets, seed: UInt64(step))
      if try optimizer.step(&parameters, on: objective).isTaken {
        objective.updateStatistics(&statistics)
      }
      (fetches, copies) = (Runtime.fetchCount - before.0, Runtime.copyCount - before.1)
    }
    return Traffic(name: name, fetches: fetches, copies: copies)
  }
}
