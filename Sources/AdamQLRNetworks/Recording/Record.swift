import AdamQLRTorch

/// A forward pass of a model at one point, which answers for its derivatives there.
///
/// Each operation is kept with its rules over what it saved; the gradient, Jacobian–vector products
/// and values at other points all come from this one record.
public final class Record {
  /// What a record is for.
  enum Purpose {
    /// The output alone.
    case value
    /// Derivatives by the operations' rules.
    case derivatives
    /// Derivatives by autograd, which follows the operations' plain values.
    case autograd
  }

  /// What a forward pass is part of.
  enum Mode {
    /// A training step: batch normalization uses the batch's statistics and dropout drops, by masks
    /// that follow from the seed and an example's number in the batch, of which the pass may see a
    /// part only: that from one example on, or a rank's share.
    case training(seed: UInt64, firstExample: Int = 0, share: BatchShare? = nil)
    /// The use of what was learned, with the running statistics.
    case evaluation([Tensor])
  }

  private struct Node {
    var value: Tensor
    var parameter: Int?
    var dependsOnParameters: Bool
    /// Whether it depends on the record's input, so that its rows belong to examples.
    var dependsOnInput = false
  }

  private struct Step {
    var operation: any Operation
    var inputs: [Int]
    var output: Int
    var linearized: LinearizedOperation?
  }

  private let purpose: Purpose
  private let mode: Mode
  private let precision: ProductPrecision
  private let places: [ObjectIdentifier: Int]
  private let parameters: [Tensor]
  private var generatorCount = 0
  /// What the pass saw of the running statistics' subjects, with their places.
  private(set) var observations: [(place: Int, value: Tensor)] = []
  private var parameterNodes: [Int?]
  private var nodes: [Node] = []
  private var steps: [Step] = []
  private var output = 0
  private lazy var lastInputs = makeLastInputs()

  /// - Parameters:
  ///   - places: The index of each parameter in `parameters`, and of each running statistic among
  ///     those.
  ///   - parameters: The values.
  ///   - precision: How the layers' products are computed.
  init(
    _ purpose: Purpose, _ mode: Mode, places: [ObjectIdentifier: Int], parameters: [Tensor],
    precision: ProductPrecision
  ) {
    self.purpose = purpose
    self.mode = mode
    self.precision = precision
    self.places = places
    self.parameters = parameters
    parameterNodes = Array(repeating: nil, count: parameters.count)
    nodes.reserveCapacity(16)
  }

  /// Runs the model on an input, and returns its output.
  func run(_ layer: any Layer, on input: Tensor) -> Tensor {
    let input = add(
      Node(value: input, parameter: nil, dependsOnParameters: false, dependsOnInput: true))
    let result = precision.computing { layer(input) }
    output = result.index
    return result.value
  }

  /// A variable that does not depend on parameters.
  public func constant(_ value: Tensor) -> Variable {
    add(Node(value: value, parameter: nil, dependsOnParameters: false))
  }

  /// A parameter of the model as a variable.
  ///
  /// - Precondition: The model whose forward pass this is has the parameter.
  public func variable(_ parameter: Parameter) -> Variable {
    guard let place = places[ObjectIdentifier(parameter)] else {
      fatalError(
        "a parameter of shape \(parameter.shape) is used that namedParameters of the model does "
          + "not list")
    }
    if let index = parameterNodes[place] {
      return Variable(record: self, index: index, value: parameters[place])
    }
    let variable = add(
      Node(value: parameters[place], parameter: place, dependsOnParameters: true))
    if purpose == .derivatives { parameterNodes[place] = variable.index }
    return variable
  }

  /// Whether the pass is part of a training step.
  public var isTraining: Bool {
    if case .training = mode { true } else { false }
  }

  /// The value of a running statistic; `nil` in a training step, which uses the batch's.
  ///
  /// - Precondition: The model whose forward pass this is has the statistic.
  public func value(of statistic: RunningStatistic) -> Tensor? {
    guard case .evaluation(let values) = mode else { return nil }
    return values[place(of: statistic)]
  }

  private func place(of statistic: RunningStatistic) -> Int {
    guard let place = places[ObjectIdentifier(statistic)] else {
      fatalError(
        "a statistic of shape \(statistic.shape) is used that namedStatistics of the model does "
          + "not list")
    }
    return place
  }

  /// The number in its batch of the first example that the pass sees: not 0 only where a batch is
  /// evaluated in parts.
  public var firstExample: Int {
    if case .training(_, let first, _) = mode { first } else { 0 }
  }

  /// What this rank has of the batch, over all of whose shares a layer must take its sums; `nil` where
  /// the pass sees all that belongs together.
  public var share: BatchShare? {
    if case .training(_, _, let share) = mode { share } else { nil }
  }

  /// A generator for what is random in a layer; `nil` outside of training steps, where nothing
  /// should be.
  ///
  /// Each call within a pass returns another one, and all passes of a training step the same ones.
  public func makeGenerator() -> SeededGenerator? {
    guard case .training(let seed, _, _) = mode else { return nil }
    generatorCount += 1
    return SeededGenerator(seed: seed, stream: "layer-\(generatorCount)")
  }

  /// The variable that an operation makes of others.
  public func apply(_ operation: some Operation, to inputs: [Variable]) -> Variable {
    let values = inputs.map(\.value)
    // Only derivatives have questions later; without them, nothing is kept.
    switch purpose {
    case .value:
      return Variable(record: self, index: -1, value: operation.value(values))
    case .autograd:
      return Variable(record: self, index: -1, value: operation.plainValue(values))
    case .derivatives:
      break
    }
    let indices = inputs.map(\.index)
    let depends = indices.contains { nodes[$0].dependsOnParameters }
    let linearized = depends ? operation.linearized(values) : nil
    for (statistic, value) in linearized?.observations ?? [] {
      observations.append((place(of: statistic), value))
    }
    let variable = add(
      Node(
        value: linearized?.value ?? operation.value(values), parameter: nil,
        dependsOnParameters: depends,
        dependsOnInput: indices.contains { nodes[$0].dependsOnInput }))
    steps.append(
      Step(
        operation: operation, inputs: indices, output: variable.index, linearized: linearized))
    return variable
  }

  func value(at index: Int) -> Tensor { nodes[index].value }

  func parameter(at index: Int) -> Int? { nodes[index].parameter }

  func dependsOnParameters(_ index: Int) -> Bool { nodes[index].dependsOnParameters }

  private func add(_ node: Node) -> Variable {
    guard purpose == .derivatives else {
      return Variable(record: self, index: -1, value: node.value)
    }
    nodes.append(node)
    return Variable(record: self, index: nodes.count - 1, value: node.value)
  }
}

extension Record {
  /// Jᵀ·cotangent, written into `gradient`, which has a tensor for each parameter.
  ///
  /// - Parameters:
  ///   - gradient: `nil` for parameters whose part is of no use.
  ///   - accumulates: Whether to add to what is there instead of overwriting it.
  ///   - noteFactor: Is handed the cotangent that each operation's ``FactoredProduct`` and
  ///     ``ParameterUse``s refer to, with the operation's number; `nil` where those are of no use.
  func pullback(
    _ cotangent: Tensor, into gradient: [Tensor?], accumulates: Bool = false,
    noteFactor: ((Int, Tensor) -> Void)? = nil
  ) {
    let cotangents = Cotangents(
      record: self, gradient: gradient, accumulates: accumulates, nodeCount: nodes.count,
      notesFactors: noteFactor != nil)
    cotangents.start(cotangent, at: output)
    for (number, step) in steps.enumerated().reversed() {
      guard let linearized = step.linearized, let cotangent = cotangents.take(step.output) else {
        continue
      }
      cotangents.inputs = step.inputs
      precision.computing { linearized.pullback(cotangent, cotangents) }
      guard let noteFactor else { continue }
      if let factor = cotangents.takeNoted() {
        noteFactor(number, factor)
      } else if linearized.product != nil || !linearized.uses.isEmpty {
        fatalError(
          "\(type(of: step.operation)) declares how parameters enter it, but its pullback notes no "
            + "cotangent of that")
      }
    }
    cotangents.finish()
  }

  /// The number of parameters.
  var parameterCount: Int { parameters.count }

  func value(ofParameter place: Int) -> Tensor { parameters[place] }

  /// The operations that contain a ``FactoredProduct`` whose rows belong to examples, by number,
  /// with the places of its parameters.
  var products: [(number: Int, product: FactoredProduct, weight: Int, bias: Int?)] {
    steps.enumerated().compactMap { number, step in
      guard let product = step.linearized?.product, isOfExamples(step),
        let weight = nodes[step.inputs[product.weight]].parameter
      else { return nil }
      let bias = product.bias.flatMap { nodes[step.inputs[$0]].parameter }
      return product.bias != nil && bias == nil ? nil : (number, product, weight, bias)
    }
  }

  /// What operations declare of their parameters besides products, with their numbers and the places
  /// of the parameters.
  var uses: [(number: Int, use: ParameterUse, parameter: Int)] {
    steps.enumerated().flatMap { number, step in
      guard let uses = step.linearized?.uses, !uses.isEmpty, isOfExamples(step) else {
        return [(number: Int, use: ParameterUse, parameter: Int)]()
      }
      return uses.compactMap { use in
        nodes[step.inputs[use.input]].parameter.map { (number, use, $0) }
      }
    }
  }

  private func isOfExamples(_ step: Step) -> Bool { nodes[step.output].dependsOnInput }

  /// How often each parameter is an input of an operation.
  var useCounts: [Int] {
    var counts = Array(repeating: 0, count: parameters.count)
    for step in steps {
      for input in step.inputs {
        if let place = nodes[input].parameter { counts[place] += 1 }
      }
    }
    return counts
  }

  /// J·tangent, where the tangent has a tensor for each parameter; zero where the output does not
  /// depend on parameters.
  ///
  /// - Parameter number: The number of the direction, from 0, among those of one question.
  func pushforward(_ tangent: [Tensor], number direction: Int) -> Tensor {
    var tangents: [Tensor?] = Array(repeating: nil, count: nodes.count)
    for (place, node) in parameterNodes.enumerated() {
      if let node { tangents[node] = tangent[place] }
    }
    for (number, step) in steps.enumerated() {
      guard let linearized = step.linearized else { continue }
      tangents[step.output] = precision.computing {
        linearized.pushforward(
          Tangents(direction: direction, tangents: tangents, inputs: step.inputs))
      }
      for input in lastInputs[number] { tangents[input] = nil }
    }
    let value = nodes[output].value
    return tangents[output] ?? .zeros(value.shape, like: value)
  }

  /// The output at other parameters, by the same operations in the same order.
  ///
  /// - Parameter displacement: The coefficients of the last pushforwards' directions whose
  ///   combination leads from here to `parameters`, if it does.
  func output(at parameters: [Tensor], displacement: [Double]?) -> Tensor {
    var values: [Tensor?] = Array(repeating: nil, count: nodes.count)
    for (place, node) in parameterNodes.enumerated() {
      if let node { values[node] = parameters[place] }
    }
    for (number, step) in steps.enumerated() where nodes[step.output].dependsOnParameters {
      // A displacement is known of parameters only. An operation's other inputs may move even where
      // their tangents are zero: a sign does, for one.
      let isKnown = step.inputs.allSatisfy {
        nodes[$0].parameter != nil || !nodes[$0].dependsOnParameters
      }
      if let displacement, isKnown, let value = step.linearized?.displaced?(displacement) {
        values[step.output] = value
      } else {
        let inputs = step.inputs.map { values[$0] ?? nodes[$0].value }
        values[step.output] = precision.computing { step.operation.value(inputs) }
      }
      for input in lastInputs[number] { values[input] = nil }
    }
    return values[output] ?? nodes[output].value
  }

  /// For each step, those of its inputs that no later step has: what is computed for them along the
  /// way can be released.
  private func makeLastInputs() -> [[Int]] {
    var isUsed = Array(repeating: false, count: nodes.count)
    isUsed[output] = true
    var result: [[Int]] = []
    for step in steps.reversed() {
      var last: [Int] = []
      for input in step.inputs where !isUsed[input] {
        isUsed[input] = true
        last.append(input)
      }
      result.append(last)
    }
    return result.reversed()
  }
}
