import AdamQLR
import Requirements
import AdamQLRTorch

/// A layer as a whole: its parameters' places in one flat vector, and its evaluation at such
/// vectors.
public struct Model: Sendable {
  /// The names, shapes, roles and places of the parameters.
  public let layout: ParameterLayout
  /// The names, shapes and places of the running statistics, which are no parameters.
  public let statisticsLayout: ParameterLayout
  /// How the products of layers are computed in training steps, where the numbers are of type
  /// float32; using the model afterwards, and Hessian products, keep single precision. Default: in
  /// single precision.
  public var products = ProductPrecision.float
  /// The names of parameters that do not move: their part of every gradient is 0, and takes no time.
  /// Running statistics move all the same. Default: none.
  ///
  /// - Precondition: There are parameters of these names.
  public var frozen: Set<String> = [] {
    didSet {
      for name in frozen where layout[name] == nil {
        fatalError("a model without parameter '\(name)' cannot keep it as it is")
      }
    }
  }
  let shapes: ParameterShapes
  private let statisticsShapes: ParameterShapes
  private let layer: any Layer
  private let parameters: [Parameter]
  private let statistics: [RunningStatistic]
  private let places: [ObjectIdentifier: Int]

  /// Makes a model of a layer.
  ///
  /// - Precondition: No two parameters and no two running statistics have the same name.
  public init(_ layer: some Layer) {
    var layout = ParameterLayout()
    var parameters: [Parameter] = []
    var places: [ObjectIdentifier: Int] = [:]
    for (name, parameter) in layer.namedParameters
    where places[ObjectIdentifier(parameter)] == nil {
      places[ObjectIdentifier(parameter)] = parameters.count
      parameters.append(parameter)
      layout.append(name: name, shape: parameter.shape, role: parameter.role)
    }
    var statisticsLayout = ParameterLayout()
    var statistics: [RunningStatistic] = []
    for (name, statistic) in layer.namedStatistics
    where places[ObjectIdentifier(statistic)] == nil {
      require(layout[name] == nil, "a parameter and a statistic are named '\(name)'")
      places[ObjectIdentifier(statistic)] = statistics.count
      statistics.append(statistic)
      statisticsLayout.append(name: name, shape: statistic.shape, role: .other)
    }
    self.layer = layer
    self.layout = layout
    self.statisticsLayout = statisticsLayout
    self.parameters = parameters
    self.statistics = statistics
    self.places = places
    shapes = ParameterShapes(layout)
    statisticsShapes = ParameterShapes(statisticsLayout)
  }

  /// The parameters as their initializers make them, drawn in the order of the layout.
  ///
  /// - Precondition: Each initializer makes as many elements as its parameter has.
  public func initialParameters(
    using generator: inout SeededGenerator, _ type: DataType = .float32
  ) -> FlatVector {
    let joined = Tensor(uninitialized: [layout.count], type)
    // One after the other: the numbers of all at once, in double precision, would be larger than
    // what a step needs.
    for (entry, parameter) in zip(layout.entries, parameters) {
      let elements = parameter.initializer.elements(parameter.shape, &generator)
      let count = parameter.shape.reduce(1, *)
      require(
        elements.count == count,
        "the initializer of '\(entry.name)' made \(elements.count) elements instead of \(count)")
      joined.slice(from: entry.offset, shape: [count])
        .overwrite(with: type == .float64 ? Tensor(elements) : Tensor(elements.map(Float.init)))
    }
    return FlatVector(takingOver: joined)
  }

  /// The running statistics before the first step; an empty vector where there are none.
  public func initialStatistics(_ type: DataType = .float32) -> FlatVector {
    FlatVector(
      statistics.flatMap { statistic in
        Array(repeating: statistic.initialValue, count: statistic.shape.reduce(1, *))
      }, type)
  }

  /// The output for these inputs, of the model as it is used: with running statistics instead of
  /// the batch's, and without dropout.
  ///
  /// - Parameters:
  ///   - inputs: What the model is given.
  ///   - parameters: All parameters.
  ///   - statistics: The running statistics; may be left out where the model has none.
  public func callAsFunction(
    _ inputs: Tensor, at parameters: FlatVector, statistics: FlatVector? = nil
  ) -> Tensor {
    let count = statistics?.count ?? 0
    require(
      count == statisticsLayout.count,
      "a model with \(statisticsLayout.count) running statistics was given \(count)")
    let values = statistics?.views(statisticsShapes) ?? []
    return record(.value, .evaluation(values), parameters, inputs).output
  }

  /// The views of a gradient; `nil`, and all 0, of what does not move.
  func moving(_ views: [Tensor]) -> [Tensor?] {
    if frozen.isEmpty { return views }
    return zip(layout.entries, views).map { entry, view in
      guard frozen.contains(entry.name) else { return view }
      view.fill(0)
      return nil
    }
  }

  /// The parameters as tensors that share memory with `parameters`, by name.
  public func tensors(of parameters: FlatVector) -> [(name: String, tensor: Tensor)] {
    check(parameters)
    return zip(layout.entries, parameters.views(shapes)).map { ($0.name, $1) }
  }

  /// The running statistics as tensors that share memory with `statistics`, by name.
  public func tensors(ofStatistics statistics: FlatVector) -> [(name: String, tensor: Tensor)] {
    zip(statisticsLayout.entries, statistics.views(statisticsShapes)).map { ($0.name, $1) }
  }

  /// All parameters, from tensors by name; the other way round, ``tensors(of:)``.
  ///
  /// - Throws: ``ParameterMismatch`` where one is missing, is not of this model, or has another
  ///   shape or type.
  public func parameters(
    joining tensors: [String: Tensor], _ type: DataType
  ) throws(ParameterMismatch) -> FlatVector {
    try Self.join(tensors, layout, type, "parameter")
  }

  /// All running statistics, from tensors by name; the other way round,
  /// ``tensors(ofStatistics:)``.
  ///
  /// - Throws: As ``parameters(joining:_:)``.
  public func statistics(
    joining tensors: [String: Tensor], _ type: DataType
  ) throws(ParameterMismatch) -> FlatVector {
    try Self.join(tensors, statisticsLayout, type, "statistic")
  }

  private static func join(
    _ tensors: [String: Tensor], _ layout: ParameterLayout, _ type: DataType, _ kind: String
  ) throws(ParameterMismatch) -> FlatVector {
    if let name = tensors.keys.sorted().first(where: { layout[$0] == nil }) {
      throw ParameterMismatch(
        "there is no \(kind) '\(name)' in a model with "
          + layout.entries.map(\.name).joined(separator: ", "))
    }
    let joined = Tensor(uninitialized: [layout.count], type)
    for entry in layout.entries {
      guard let tensor = tensors[entry.name] else {
        throw ParameterMismatch("the \(kind) '\(entry.name)' is missing")
      }
      guard tensor.type == type, tensor.shape == entry.shape else {
        throw ParameterMismatch(
          "the \(kind) '\(entry.name)' is \(tensor.type)\(tensor.shape), but must be "
            + "\(type)\(entry.shape)")
      }
      joined.slice(from: entry.offset, shape: entry.shape).overwrite(with: tensor)
    }
    return FlatVector(takingOver: joined)
  }

  /// Moves running statistics towards what a forward pass observed.
  func update(
    _ statistics: inout FlatVector, with observations: [(place: Int, value: Tensor)]
  ) {
    guard !observations.isEmpty else { return }
    let views = statistics.mutatedViews(statisticsShapes)
    for (place, value) in observations {
      let (decay, view) = (self.statistics[place].decay, views[place])
      Kernels.formLinearCombination(decay, view, 1 - decay, value, into: view)
    }
  }

  /// The running statistics as they are at some parameters: the mean of what the forward passes of
  /// training steps observe there, each batch with the same weight, instead of an average over steps
  /// that were made at other parameters. So `torch.optim.swa_utils.update_bn` makes those of an average
  /// of parameters.
  ///
  /// - Parameters:
  ///   - parameters: The parameters.
  ///   - batches: The batches' inputs, of which one is in use at a time. What is random in the model
  ///     follows from a batch's place among them.
  /// - Returns: The statistics; the initial ones where there are no batches.
  public func statistics(
    at parameters: FlatVector, over batches: some Sequence<Tensor>
  ) -> FlatVector {
    var means = initialStatistics(parameters.type).to(parameters.device)
    var counts = Array(repeating: 0, count: statistics.count)
    for (number, inputs) in batches.enumerated() {
      let pass = record(.derivatives, .training(seed: UInt64(number)), parameters, inputs).record
      let views = means.mutatedViews(statisticsShapes)
      for (place, value) in pass.observations {
        counts[place] += 1
        let share = 1 / Double(counts[place])
        Kernels.formLinearCombination(1 - share, views[place], share, value, into: views[place])
      }
    }
    return means
  }

  /// A forward pass, and its output.
  func record(
    _ purpose: Record.Purpose, _ mode: Record.Mode, _ parameters: FlatVector, _ inputs: Tensor
  ) -> (record: Record, output: Tensor) {
    check(parameters)
    var products = products
    if case .evaluation = mode { products = .float }
    let record = Record(
      purpose, mode, places: places, parameters: parameters.views(shapes), precision: products)
    return (record, record.run(layer, on: inputs))
  }

  /// The output for these inputs in a training step, by operations that libtorch's autograd
  /// follows.
  ///
  /// - Parameters:
  ///   - inputs: What the model is given.
  ///   - parameters: All parameters in one dimension, laid out like ``layout``; tracked, if
  ///     derivatives by them are wanted.
  ///   - seed: The seed of what is random in the step.
  ///   - firstExample: The number of the first of these inputs in the step's batch. Default 0.
  public func plainOutput(
    _ inputs: Tensor, at parameters: Tensor, seed: UInt64 = 0, firstExample: Int = 0
  ) -> Tensor {
    plainOutput(
      inputs, at: parameters, Record.Mode.training(seed: seed, firstExample: firstExample))
  }

  func plainOutput(_ inputs: Tensor, at parameters: Tensor, _ mode: Record.Mode) -> Tensor {
    Record(
      .autograd, mode, places: places, parameters: shapes.trackedViews(of: parameters),
      precision: .float
    ).run(layer, on: inputs)
  }

  private func check(_ parameters: FlatVector) {
    require(
      parameters.count == layout.count,
      "a model with \(layout.count) parameters was given \(parameters.count)")
  }
}

/// Why tensors are not the parameters of a model, in one line.
public struct ParameterMismatch: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason.
  public let description: String

  init(_ description: String) { self.description = description }
}
