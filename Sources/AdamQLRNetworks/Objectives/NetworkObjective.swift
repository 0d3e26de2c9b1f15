import AdamQLR
import Requirements
import AdamQLRTorch

/// A model's loss on one batch as a function of its parameters.
///
///     let model = Model(Sequential(Dense(8, 50, activation: .relu), Dense(50, 1)))
///     var generator = SeededGenerator(seed: 0)
///     var parameters = model.initialParameters(using: &generator)
///     var optimizer = try Optimizer(
///       .adamQLR(batchesPerEpoch: 1), for: parameters, layout: model.layout)
///     let objective = NetworkObjective(model, SquaredError(), inputs: x, targets: y)
///     for _ in 0..<100 { try optimizer.step(&parameters, on: objective) }
public struct NetworkObjective: BatchObjective {
  private let model: Model
  private let lossFunction: any Loss
  private let inputs: Tensor
  private let targets: Tensor
  private let seed: UInt64
  private let place: ExampleRange
  // What the layers take sums over; nothing of a part of a rank's share.
  let share: BatchShare?
  private let observations = Observations()

  /// Makes an objective.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - loss: The loss of its outputs.
  ///   - inputs: What the model is given.
  ///   - targets: What the loss compares with.
  ///   - seed: The seed of what is random in the model, the masks of dropout for instance, which are
  ///     the same wherever the objective is evaluated; another one for each step. Default 0.
  ///   - share: Which part of a batch that is divided among ranks inputs and targets are; to be
  ///     wrapped in a ``DataParallelObjective``, for it is the loss on that part alone. Default: they
  ///     are the batch.
  public init(
    _ model: Model, _ loss: any Loss, inputs: Tensor, targets: Tensor, seed: UInt64 = 0,
    share: BatchShare? = nil
  ) {
    let count = inputs.rank == 0 ? 1 : inputs.size(0)
    let place = share?.examples ?? ExampleRange(0..<count)
    require(
      place.count == count,
      "a share of \(place.count) examples, but the inputs are \(count)")
    self.init(
      model, loss, inputs: inputs, targets: targets, seed: seed, place: place, share: share)
  }

  private init(
    _ model: Model, _ loss: any Loss, inputs: Tensor, targets: Tensor, seed: UInt64,
    place: ExampleRange, share: BatchShare?
  ) {
    self.model = model
    lossFunction = loss
    self.inputs = inputs
    self.targets = targets
    self.seed = seed
    self.place = place
    self.share = share
  }

  /// The number of examples in the batch.
  var exampleCount: Int { place.count }

  /// The loss on some of the examples alone, also as far as layers take sums over the batch.
  func part(_ examples: Range<Int>) -> NetworkObjective {
    require(
      targets.rank > 0 && targets.size(0) == exampleCount,
      "inputs of shape \(inputs.shape) and targets of shape \(targets.shape) cannot be divided into "
        + "the same examples")
    let first = place.range.lowerBound
    return NetworkObjective(
      model, lossFunction, inputs: inputs.contiguous().rows(examples),
      targets: targets.contiguous().rows(examples), seed: seed,
      place: ExampleRange(
        (first + examples.lowerBound)..<(first + examples.upperBound), of: place.batchCount),
      share: nil)
  }

  private var mode: Record.Mode {
    .training(seed: seed, firstExample: place.range.lowerBound, share: share)
  }

  var layout: ParameterLayout { model.layout }

  /// The matrix of dᵢᵀHdⱼ, H the Hessian matrix of the loss at `point`.
  func hessianProducts(of directions: [FlatVector], at point: FlatVector) -> [[Double]] {
    HessianProducts(
      model, lossFunction, at: point, inputs, targets, mode
    ).products(of: directions)
  }

  public func linearize(at parameters: FlatVector) -> Linearized {
    Linearized(objective: self, point: parameters)
  }

  /// The loss at these parameters as a training step sees it, without derivatives.
  public func evaluate(at parameters: FlatVector) -> Evaluation {
    let output = model.record(.value, mode, parameters, inputs).output
    return lossFunction.evaluate(output, targets: targets)
  }

  func loss(at parameters: FlatVector) -> Double { evaluate(at: parameters).loss }

  /// Moves the model's running statistics towards those of this batch, at the point where the
  /// objective was last linearized; to be called after a step that was taken.
  public func updateStatistics(_ statistics: inout FlatVector) {
    model.update(&statistics, with: observations.values)
  }

  /// What the last linearization observed.
  private final class Observations {
    var values: [(place: Int, value: Tensor)] = []
  }

  /// A model's loss on one batch at one point.
  public final class Linearized: Linearization {
    private let objective: NetworkObjective
    private let point: FlatVector
    let record: Record
    let linearizedLoss: LinearizedLoss
    var layout: ParameterLayout { objective.model.layout }
    /// The number of examples in the batch.
    var exampleCount: Int { linearizedLoss.cotangent.size(0) }
    /// Which of the examples of the whole batch they are.
    var place: ExampleRange { objective.place }
    // Holding the directions keeps their memory from changing, so that identity tells whether the
    // tangents still belong to them.
    private var directions: [FlatVector] = []
    private var tangents: [Tensor] = []
    // Fisher products of these directions that a device computes already.
    private var prepared: [[DeferredNumber]]?
    private lazy var hessian = HessianProducts(
      objective.model, objective.lossFunction, at: point, objective.inputs, objective.targets,
      objective.mode)

    init(objective: NetworkObjective, point: FlatVector) {
      self.objective = objective
      self.point = point
      let (record, output) = objective.model.record(
        .derivatives, objective.mode, point, objective.inputs)
      self.record = record
      objective.observations.values = record.observations
      linearizedLoss = objective.lossFunction.linearized(output, targets: objective.targets)
    }

    /// The places of the parameters that do not move.
    var frozenRanges: [Range<Int>] {
      let model = objective.model
      return model.frozen.compactMap { model.layout[$0]?.range }
    }

    /// The loss.
    public var loss: Double { linearizedLoss.value }

    public func formGradient(_ gradient: inout FlatVector) {
      let views = gradient.overwrittenViews(objective.model.shapes)
      record.pullback(linearizedLoss.cotangent, into: objective.model.moving(views))
    }

    /// Adds the gradient times a factor to `gradient`, or overwrites that with it.
    func addGradient(scaledBy factor: Double, to gradient: inout FlatVector, overwrites: Bool) {
      let shapes = objective.model.shapes
      record.pullback(
        factor * linearizedLoss.cotangent,
        into: objective.model.moving(
          overwrites ? gradient.overwrittenViews(shapes) : gradient.mutatedViews(shapes)),
        accumulates: !overwrites)
    }

    /// J·d of the model's outputs for each direction d.
    public func jacobianVectorProducts(_ directions: [FlatVector]) -> [Tensor] {
      if !directions.areIdentical(to: self.directions) {
        self.directions = directions
        tangents = directions.enumerated().map {
          record.pushforward($1.views(objective.model.shapes), number: $0)
        }
      }
      return tangents
    }

    public func slopes(along directions: [FlatVector]) -> [Double] {
      jacobianVectorProducts(directions).map { Kernels.deferredDot(linearizedLoss.cotangent, $0) }
        .map(\.value)
    }

    public func prepareCurvatureProducts(of directions: [FlatVector], _ curvature: Curvature) {
      guard curvature == .fisher, point.device != .cpu else { return }
      prepared = fisherProducts(jacobianVectorProducts(directions))
    }

    public func curvatureProducts(
      of directions: [FlatVector], _ curvature: Curvature
    ) -> [[Double]] {
      guard curvature == .fisher else { return hessian.products(of: directions) }
      let isPrepared = directions.areIdentical(to: self.directions)
      let products =
        (isPrepared ? prepared : nil) ?? fisherProducts(jacobianVectorProducts(directions))
      prepared = nil
      return directions.indices.map { i in
        directions.indices.map { j in products[max(i, j)][min(i, j)].value }
      }
    }

    /// C·d, the product of the curvature with a direction: of the Fisher matrix JᵀF_zJd, J the
    /// derivative of the outputs and F_z the loss's matrix by them, with one more forward pass; of the
    /// Hessian matrix by autograd.
    public func curvatureVectorProduct(
      _ direction: FlatVector, _ curvature: Curvature = .fisher
    ) -> FlatVector {
      var product = direction.zeros()
      switch curvature {
      case .hessian:
        if let image = hessian.image(of: direction) {
          product = FlatVector(takingOver: image)
        }
      case .fisher:
        let tangent = jacobianVectorProducts([direction])[0]
        let outputs = objective.model.record(.value, objective.mode, point, objective.inputs).output
        let cotangent = OutputHessian(objective.lossFunction, outputs, objective.targets)
          .product(with: tangent)
        record.pullback(cotangent, into: product.overwrittenViews(objective.model.shapes))
      }
      return product
    }

    public func loss(at point: FlatVector, displacement: Displacement<FlatVector>?) -> Double {
      let known = displacement.flatMap {
        $0.directions.areIdentical(to: directions) ? $0.coefficients : nil
      }
      let output = record.output(
        at: point.views(objective.model.shapes), displacement: known)
      return objective.lossFunction.evaluate(output, targets: objective.targets).loss
    }

    /// The lower half of the symmetric matrix of Fisher products.
    private func fisherProducts(_ tangents: [Tensor]) -> [[DeferredNumber]] {
      tangents.indices.map { i in
        (0...i).map { linearizedLoss.fisherProduct(tangents[i], tangents[$0]) }
      }
    }
  }
}

extension [FlatVector] {
  /// Whether both are the same pieces of memory.
  func areIdentical(to others: [FlatVector]) -> Bool {
    count == others.count && zip(self, others).allSatisfy { $0.isIdentical(to: $1) }
  }
}
