import AdamQLR

/// A network's loss at a point, for directions that look at more than its derivatives.
protocol NetworkLinearization: AnyObject {
  /// The number of examples in the batch.
  var exampleCount: Int { get }

  /// Whether the batch is evaluated in parts.
  var isDivided: Bool { get }

  /// The recorded pass of the batch, or of any part of it: all have the same operations.
  var part: NetworkObjective.Linearized { get }

  /// Calls `body` with each part of the batch, in the order of the examples, and with its share of
  /// them. A part must not be kept: its memory may be needed for the next.
  func forEachPart(_ body: (NetworkObjective.Linearized, _ share: Double) throws -> Void) rethrows
}

extension NetworkObjective.Linearized: NetworkLinearization {
  var isDivided: Bool { false }

  var part: NetworkObjective.Linearized { self }

  func forEachPart(_ body: (NetworkObjective.Linearized, _ share: Double) throws -> Void) rethrows {
    try body(self, 1)
  }
}
