import AdamQLR
import AdamQLRTorch

/// A network's loss at a point, for directions that look at more than its derivatives.
protocol NetworkLinearization: Linearization where Vector == FlatVector {
  /// The number of examples in the batch.
  var exampleCount: Int { get }

  /// Whether the batch is evaluated in parts.
  var isDivided: Bool { get }

  /// The ranks whose parts make the batch; `nil`: this one has all.
  var group: ProcessGroup? { get }

  /// The recorded pass of the batch, or of any part of it: all have the same operations.
  var part: NetworkObjective.Linearized { get }

  /// Calls `body` with each part of the batch that this rank has, in the order of the examples, and
  /// with its share of them. A part must not be kept: its memory may be needed for the next.
  func forEachPart(_ body: (NetworkObjective.Linearized, _ share: Double) throws -> Void) rethrows

  /// Writes the gradient times a factor into `gradient`.
  func formGradient(_ gradient: inout FlatVector, scaledBy factor: Double)
}

extension NetworkLinearization {
  var group: ProcessGroup? { nil }
}

extension NetworkObjective.Linearized: NetworkLinearization {
  var isDivided: Bool { false }

  var part: NetworkObjective.Linearized { self }

  func forEachPart(_ body: (NetworkObjective.Linearized, _ share: Double) throws -> Void) rethrows {
    try body(self, 1)
  }

  func formGradient(_ gradient: inout FlatVector, scaledBy factor: Double) {
    addGradient(scaledBy: factor, to: &gradient, overwrites: true)
  }
}
