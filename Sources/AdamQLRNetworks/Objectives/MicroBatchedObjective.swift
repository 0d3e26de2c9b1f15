import AdamQLR
import Requirements
import AdamQLRTorch

/// A model's loss on one batch, evaluated for one part of the batch after the other.
///
///     let batch = NetworkObjective(model, SquaredError(), inputs: x, targets: y)
///     try optimizer.step(&parameters, on: MicroBatchedObjective(batch, parts: 4))
///
/// Loss, gradient, slopes, curvature and K-FAC's factors are means over examples, and are added up
/// from the parts' with each part's share of the examples as its weight. So a step is that of the
/// whole batch up to rounding, dropout and K-FAC's samples included. Batch normalization is an
/// exception: it uses the statistics of each part.
///
/// The record of one part exists at a time, so that the memory for it falls with the number of
/// parts; a vector like the parameters comes on top. What a question needs of the other parts is
/// computed anew, which costs forward passes. With k parts, one along with the gradient comes for
/// nothing, as it does with the whole batch; the curvature takes (k − 1)/k of one, those of the
/// Hessian a whole one, K-FAC's factors a whole one, and nothing is saved in the evaluation of the
/// second loss. AdamQLR's step thus takes about 7 forward passes' time instead of 6.
public struct MicroBatchedObjective: BatchObjective {
  private let batch: NetworkObjective
  private let parts: [NetworkObjective]
  private let shares: [Double]

  /// Divides a batch.
  ///
  /// - Parameters:
  ///   - batch: The loss on the whole batch.
  ///   - count: The number of parts, whose sizes differ by at most one; fewer where there are not so
  ///     many examples.
  /// - Precondition: The number is positive, and inputs and targets have the examples along their
  ///   first dimension.
  public init(_ batch: NetworkObjective, parts count: Int) {
    require(count > 0, "a batch cannot be divided into \(count) parts")
    self.batch = batch
    let ranges = ExampleRange(0..<batch.exampleCount).divided(into: count)
    parts = ranges.map { batch.part($0.range) }
    shares = ranges.map { Double($0.count) / Double($0.batchCount) }
  }

  public func linearize(at parameters: FlatVector) -> Linearized {
    Linearized(objective: self, point: parameters)
  }

  func loss(at parameters: FlatVector) -> Double {
    zip(parts, shares).reduce(0) { $0 + $1.1 * $1.0.evaluate(at: parameters).loss }
  }

  /// Moves the model's running statistics towards those of the parts, one after the other, at the
  /// point where the objective was last linearized; to be called after a step that was taken.
  public func updateStatistics(_ statistics: inout FlatVector) {
    for part in parts { part.updateStatistics(&statistics) }
  }

  /// A model's loss on one batch at one point, computed part by part.
  public final class Linearized: Linearization {
    private let objective: MicroBatchedObjective
    private let point: FlatVector
    // The one part whose record exists.
    private var current: (number: Int, linearization: NetworkObjective.Linearized)?
    private var knownLoss: Double?
    // Made with the loss, until it is asked for.
    private var gradient: FlatVector?
    private var along: (directions: [FlatVector], slopes: [Double], fisher: [[Double]])?

    init(objective: MicroBatchedObjective, point: FlatVector) {
      self.objective = objective
      self.point = point
    }

    /// The loss.
    public var loss: Double {
      if let knownLoss { return knownLoss }
      // What is asked for next is the gradient, from the same records.
      let (loss, gradient) = makeGradient()
      self.gradient = gradient
      knownLoss = loss
      return loss
    }

    public func formGradient(_ gradient: inout FlatVector) {
      var own = self.gradient.take() ?? makeGradient().gradient
      swap(&gradient, &own)
    }

    func formGradient(_ gradient: inout FlatVector, scaledBy factor: Double) {
      var (loss, own) = makeGradient(scaledBy: factor)
      swap(&gradient, &own)
      if knownLoss == nil { knownLoss = loss }
    }

    public func slopes(along directions: [FlatVector]) -> [Double] {
      products(along: directions).slopes
    }

    public func curvatureProducts(
      of directions: [FlatVector], _ curvature: Curvature
    ) -> [[Double]] {
      switch curvature {
      case .fisher:
        return products(along: directions).fisher
      case .hessian:
        current = nil
        var sum = directions.map { _ in directions.map { _ in 0.0 } }
        for (part, share) in zip(objective.parts, objective.shares) {
          sum.add(part.hessianProducts(of: directions, at: point), scaledBy: share)
        }
        return sum
      }
    }

    public func loss(at point: FlatVector, displacement: Displacement<FlatVector>?) -> Double {
      current = nil
      return objective.loss(at: point)
    }

    private func makeGradient(
      scaledBy factor: Double = 1
    ) -> (loss: Double, gradient: FlatVector) {
      var loss = 0.0
      var gradient = FlatVector(
        takingOver: Tensor(uninitialized: [point.count], like: point.tensor))
      var isFirst = true
      forEachPart { part, share in
        loss += share * part.loss
        part.addGradient(scaledBy: factor * share, to: &gradient, overwrites: isFirst)
        isFirst = false
      }
      return (loss, gradient)
    }

    /// The slopes and the Fisher products along some directions, with the loss, from one pass.
    private func products(
      along directions: [FlatVector]
    ) -> (slopes: [Double], fisher: [[Double]]) {
      if let along, along.directions.areIdentical(to: directions) {
        return (along.slopes, along.fisher)
      }
      var loss = 0.0
      var slopes = directions.map { _ in 0.0 }
      var fisher = directions.map { _ in directions.map { _ in 0.0 } }
      // Backwards, beginning with the part whose record is there.
      for number in objective.parts.indices.reversed() {
        let (part, share) = (part(number), objective.shares[number])
        loss += share * part.loss
        fisher.add(part.curvatureProducts(of: directions, .fisher), scaledBy: share)
        for (index, slope) in part.slopes(along: directions).enumerated() {
          slopes[index] += share * slope
        }
      }
      if knownLoss == nil { knownLoss = loss }
      along = (directions, slopes, fisher)
      return (slopes, fisher)
    }

    private func part(_ number: Int) -> NetworkObjective.Linearized {
      if let current, current.number == number { return current.linearization }
      // The record before goes first.
      current = nil
      let linearization = objective.parts[number].linearize(at: point)
      current = (number, linearization)
      return linearization
    }
  }
}

extension MicroBatchedObjective.Linearized: NetworkLinearization {

  var exampleCount: Int { objective.batch.exampleCount }

  var isDivided: Bool { true }

  var part: NetworkObjective.Linearized { current?.linearization ?? part(0) }

  func forEachPart(_ body: (NetworkObjective.Linearized, _ share: Double) throws -> Void) rethrows {
    for (number, share) in objective.shares.enumerated() { try body(part(number), share) }
  }
}

extension [[Double]] {
  fileprivate mutating func add(_ other: [[Double]], scaledBy factor: Double) {
    for i in indices {
      for j in self[i].indices { self[i][j] += factor * other[i][j] }
    }
  }
}
