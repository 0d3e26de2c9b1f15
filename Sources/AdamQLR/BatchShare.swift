/// How much of the data one batch shows, which decides how far its own figures can be relied upon.
public struct BatchShare: Hashable, Sendable {
  /// n, the number of batches in an epoch; `nil`: many, or a stream without end.
  public var batchesPerEpoch: Int?

  /// - Precondition: n is positive.
  public init(batchesPerEpoch: Int?) {
    precondition(
      batchesPerEpoch ?? 1 > 0,
      "\(batchesPerEpoch ?? 0) batches in an epoch, but there must be at least one")
    self.batchesPerEpoch = batchesPerEpoch
  }

  /// 1 − 1/n: the share of the data that a batch does not show, and the factor that is left of the
  /// variance of its mean, drawn without replacement. 0 where a batch has all examples.
  public var unseenShare: Double { batchesPerEpoch.map { 1 - 1 / Double($0) } ?? 1 }

  /// The decay by the step of a memory that lasts so many epochs: 1 − 1/(epochs·n), with n = 1000
  /// where there is no end to the data.
  public func memory(epochs: Double) -> Double {
    1 - 1 / max(steps(epochs: epochs), 1)
  }

  /// The steps of so many epochs, 1000 each where there is no end to the data.
  private func steps(epochs: Double) -> Double { epochs * Double(batchesPerEpoch ?? 1000) }

  /// The direction with its relative ε times the unseen share.
  public func applied(to direction: Adam) -> Adam {
    var direction = direction
    direction.relativeEpsilon *= unseenShare
    return direction
  }

  /// The learning rate with the weight of the previous direction times the unseen share q, with a
  /// memory of order 2 + (p − 2)·q, since the fewer examples a batch has, the more its curvature
  /// varies, with a memory of so many epochs unless it has one of its own, and with its memory's
  /// relief, in epochs until then, in steps, of which an epoch without end has 1000.
  public func applied(to model: QuadraticModel, memoryEpochs: Double?) -> QuadraticModel {
    var model = model
    model.memory = model.memory ?? memoryEpochs.map(memory)
    model.memoryOrder = model.memoryOrder.map { 2 + ($0 - 2) * unseenShare }
    model.previousDirectionWeight *= unseenShare
    model.memoryRelief = model.memoryRelief.map(steps)
    return model
  }
}
