import AdamQLR
import AdamQLRTorch

/// A model's loss on one batch whose examples are divided among ranks, each of which evaluates its own.
///
///     let share = BatchShare(ExampleRange(0..<16, of: 64), in: group)
///     let own = NetworkObjective(model, loss, inputs: x, targets: y, share: share)
///     try optimizer.step(&parameters, on: DataParallelObjective(own))
///
/// Loss, gradient, slopes, curvature and K-FAC's factors are means over all examples of the batch, and
/// the same to the bit in each rank; so is every step. Up to rounding it is that of one process with the
/// whole batch: batch normalization uses the whole batch's statistics, and what is random follows from
/// an example's number in it.
///
/// A step of AdamQLR exchanges numbers three times: the gradient along with the loss, slopes along with
/// curvature, and the second loss. Batch normalization adds two or three small exchanges a layer, K-FAC
/// one of its factors.
public struct DataParallelObjective: BatchObjective {
  private let local: any BatchObjective
  private let isDivided: Bool
  private let share: BatchShare

  /// Wraps the loss on this rank's share.
  ///
  /// - Parameters:
  ///   - local: The loss on this rank's share of the batch.
  ///   - parts: In how many parts the share is taken, for less memory (``MicroBatchedObjective``); batch
  ///     normalization then uses the statistics of each part alone. Default 1.
  /// - Precondition: `local` was made with a share.
  public init(_ local: NetworkObjective, parts: Int = 1) {
    guard let share = local.share else {
      fatalError("the loss on a share of a batch was made without the share")
    }
    self.share = share
    isDivided = parts > 1
    self.local = isDivided ? MicroBatchedObjective(local, parts: parts) : local
  }

  public func linearize(at parameters: FlatVector) throws -> Linearized {
    Linearized(try local.linearize(at: parameters), share)
  }

  /// The loss at these parameters as a training step sees it, without derivatives.
  public func loss(at parameters: FlatVector) -> Double {
    share.group.sum([], [share.weight * local.loss(at: parameters)])[0]
  }

  /// Moves the model's running statistics towards those of the batch, at the point where the objective
  /// was last linearized; to be called after a step that was taken.
  public func updateStatistics(_ statistics: inout FlatVector) {
    local.updateStatistics(&statistics)
    guard isDivided, statistics.count > 0 else { return }
    // Each rank saw other parts.
    statistics.scale(by: share.weight)
    share.group.sum([statistics.mutated()])
  }

  /// A model's loss on one batch at one point, each rank's share of it computed there.
  public final class Linearized: Linearization {
    private let own: any NetworkLinearization
    private let share: BatchShare
    private var knownLoss: Double?
    private var along: (directions: [FlatVector], slopes: [Double], fisher: [[Double]])?

    init(_ own: any NetworkLinearization, _ share: BatchShare) {
      self.own = own
      self.share = share
    }

    /// The loss.
    public var loss: Double {
      get throws {
        if let knownLoss { return knownLoss }
        let loss = try share.group.sum([], [share.weight * own.loss])[0]
        knownLoss = loss
        return loss
      }
    }

    public func formGradient(_ gradient: inout FlatVector) throws {
      own.formGradient(&gradient, scaledBy: share.weight)
      let ownLoss = try share.weight * own.loss
      knownLoss = share.group.sum([gradient.mutated()], [ownLoss])[0]
    }

    public func slopes(along directions: [FlatVector]) throws -> [Double] {
      try products(along: directions).slopes
    }

    public func prepareCurvatureProducts(
      of directions: [FlatVector], _ curvature: Curvature
    ) throws {
      try own.prepareCurvatureProducts(of: directions, curvature)
    }

    public func curvatureProducts(
      of directions: [FlatVector], _ curvature: Curvature
    ) throws -> [[Double]] {
      if curvature == .fisher { return try products(along: directions).fisher }
      let local = try own.curvatureProducts(of: directions, curvature)
      return sums(local, []).matrix
    }

    public func loss(at point: FlatVector, displacement: Displacement<FlatVector>?) throws -> Double
    {
      let local = try own.loss(at: point, displacement: displacement)
      return share.group.sum([], [share.weight * local])[0]
    }

    /// The slopes and the Fisher products along some directions, from one exchange.
    private func products(
      along directions: [FlatVector]
    ) throws -> (slopes: [Double], fisher: [[Double]]) {
      if let along, along.directions.areIdentical(to: directions) {
        return (along.slopes, along.fisher)
      }
      let fisher = try own.curvatureProducts(of: directions, .fisher)
      let slopes = try own.slopes(along: directions)
      let (matrix, numbers) = sums(fisher, slopes)
      along = (directions, numbers, matrix)
      return (numbers, matrix)
    }

    private func sums(
      _ matrix: [[Double]], _ numbers: [Double]
    ) -> (matrix: [[Double]], numbers: [Double]) {
      let count = matrix.count
      let weight = share.weight
      let sums = share.group.sum([], (matrix.joined() + numbers).map { weight * $0 })
      let rows = (0..<count).map { Array(sums[($0 * count)..<(($0 + 1) * count)]) }
      return (rows, Array(sums[(count * count)...]))
    }
  }
}

extension DataParallelObjective.Linearized: NetworkLinearization {
  var exampleCount: Int { own.exampleCount }

  var isDivided: Bool { own.isDivided }

  var group: ProcessGroup? { share.group }

  var part: NetworkObjective.Linearized { own.part }

  func forEachPart(_ body: (NetworkObjective.Linearized, _ share: Double) throws -> Void) rethrows {
    try own.forEachPart { try body($0, share.weight * $1) }
  }

  func formGradient(_ gradient: inout FlatVector, scaledBy factor: Double) {
    own.formGradient(&gradient, scaledBy: factor * share.weight)
    share.group.sum([gradient.mutated()])
  }
}
