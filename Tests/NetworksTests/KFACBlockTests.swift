import AdamQLR
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// A parameter in an operation without rules, and without a product.
struct ElementwiseScale: Layer {
  let scale: Parameter

  init(_ count: Int) {
    scale = Parameter(shape: [count], role: .other, initializer: .ones)
  }

  func callAsFunction(_ x: Variable) -> Variable {
    x.applying(Product(), and: x.record.variable(scale))
  }

  private struct Product: AdamQLRNetworks.Operation {
    func value(_ inputs: [Tensor]) -> Tensor { inputs[0] * inputs[1] }
  }
}

/// Two layers with one bias, and a weight listed before its layer's bias is.
struct SharedBias: Layer {
  let first = Dense(4, 4, activation: .tanh)
  let second = Dense(4, 4, hasBias: false)
  let output = Dense(4, 3)

  func callAsFunction(_ x: Variable) -> Variable {
    output(second(first(first(x))))
  }
}

/// A dense layer whose bias does not follow its weight in memory.
struct ApartInMemory: Layer {
  let dense = Dense(4, 5, activation: .tanh)
  let output = Dense(5, 3)

  func callAsFunction(_ x: Variable) -> Variable { output(dense(x)) }

  var namedParameters: [(name: String, parameter: Parameter)] {
    (dense.namedParameters + output.namedParameters).sorted { $0.name < $1.name }.enumerated()
      .map { ("\($0.offset)", $0.element.parameter) }
  }
}

extension SmallProblem {
  /// The state after one step from the parameters, and the direction that the step took.
  func afterOneStep(
    _ kfac: KFAC, damping: Double = 0.3, l2: Double = 0
  ) throws -> (state: DirectionState<FlatVector>, direction: [Double]) {
    var method = Method(
      direction: kfac, learningRate: FixedRate(1), damping: ConstantDamping(damping))
    method.weightDecay.l2 = l2
    var optimizer = try Optimizer(method, for: parameters)
    var point = parameters
    try optimizer.step(&point, on: objective)
    return (optimizer.state.direction, zip(parameters.doubles, point.doubles).map { $0 - $1 })
  }

  /// Ĉ, undamped, from its quadratic form.
  func approximation(_ kfac: KFAC, _ state: DirectionState<FlatVector>) throws -> [[Double]] {
    let linearization = objective.linearize(at: parameters)
    let n = parameters.count
    func form(_ ones: Int...) throws -> Double {
      var u = Array(repeating: 0.0, count: n)
      for place in ones { u[place] += 1 }
      return try #require(
        try kfac.curvature(
          along: FlatVector(u, parameters.type), from: state, to: state, at: linearization))
    }
    let diagonal = try (0..<n).map { try form($0) }
    return try (0..<n).map { i in
      try (0..<n).map { j in
        i == j ? diagonal[i] : (try form(i, j) - diagonal[i] - diagonal[j]) / 2
      }
    }
  }

  /// JᵀFJ, the Fisher matrix by the parameters.
  var fisher: [[Double]] {
    let (jacobian, output) = (jacobian, outputFisher)
    let n = parameters.count
    let columns = (0..<n).map { column in jacobian.map { $0[column] } }
    let images = columns.map { times(output, $0) }
    return columns.map { a in images.map { dot(a, $0) } }
  }
}

/// The largest difference of two matrices over the largest magnitude.
func deviation(_ a: [[Double]], _ b: [[Double]]) -> Double {
  deviation(a.flatMap { $0 }, b.flatMap { $0 })
}

@Suite("K-FAC's blocks")
struct KFACBlockTests {
  static let losses: [any Loss] = [SquaredError(), SoftmaxCrossEntropy()]

  /// A matrix without what lies outside the blocks that end at these places.
  private func blocks(_ matrix: [[Double]], _ ends: [Int]) -> [[Double]] {
    func block(_ i: Int) -> Int { ends.firstIndex { i < $0 } ?? ends.count }
    return matrix.indices.map { i in
      matrix.indices.map { j in block(i) == block(j) ? matrix[i][j] : 0 }
    }
  }

  @Test(
    "Of one example the blocks are those of the Fisher matrix", arguments: [0, 1],
    [Activation.relu, .tanh])
  func oneExample(_ loss: Int, _ activation: Activation) throws {
    let layers = Sequential(
      Dense(2, 4, activation: activation), Dense(4, 3, activation: activation, hasBias: false),
      Dense(3, 3))
    let problem = SmallProblem(layers, Self.losses[loss], inputShape: [1, 2], outputs: 3)
    let kfac = KFAC(estimation: .exact)
    let state = try problem.afterOneStep(kfac).state
    let expected = blocks(problem.fisher, [12, 24, 36])
    #expect(deviation(try problem.approximation(kfac, state), expected) < 1e-13)
  }

  @Test("A linear network's block is its Fisher matrix under squared error", arguments: [1, 2, 5])
  func linear(_ outputs: Int) throws {
    let problem = SmallProblem(
      Dense(4, outputs), SquaredError(), inputShape: [7, 4], outputs: outputs)
    let kfac = KFAC(estimation: .exact)
    let state = try problem.afterOneStep(kfac).state
    #expect(deviation(try problem.approximation(kfac, state), problem.fisher) < 1e-13)
  }

  @Test("The factors are the averages that define them", arguments: [0, 1])
  func factors(_ loss: Int) throws {
    let problem = SmallProblem(
      Sequential(Dense(4, 5, activation: .tanh), Dense(5, 3)), Self.losses[loss],
      inputShape: [6, 4], outputs: 3)
    let parameters = problem.parameters.doubles
    let w = (0..<5).map { row in (0..<3).map { parameters[25 + 3 * row + $0] } }
    let x = problem.inputs.doubles
    var (a0, a1): ([[[Double]]], [[[Double]]]) = ([], [])
    var (exact, empirical): ([[[[Double]]]], [[[[Double]]]]) = ([[], []], [[], []])
    for n in 0..<6 {
      let input = Array(x[(4 * n)..<(4 * n + 4)]) + [1]
      let z = (0..<5).map { j in (0..<5).map { input[$0] * parameters[5 * $0 + j] }.reduce(0, +) }
      let hidden = Tensor(z).tanh().doubles
      let output = problem.model(problem.inputs, at: problem.parameters).rows(n..<(n + 1)).doubles
      // One example's derivative by the outputs, and its Fisher matrix.
      var derivative = output
      var outputFisher = kronecker([[1 / 3.0]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
      let target = problem.targets.doubles
      if loss == 0 {
        for k in 0..<3 { derivative[k] = (output[k] - target[3 * n + k]) / 3 }
      } else {
        let p = softmax(output)
        derivative = p
        derivative[Int(target[n])] -= 1
        outputFisher = outer(p, p).map { row in row.map { -$0 } }
        for k in 0..<3 { outputFisher[k][k] += p[k] }
      }
      // ∂outputs/∂z of the first layer, [5, 3].
      let back = (0..<5).map { i in w[i].map { $0 * (1 - hidden[i] * hidden[i]) } }
      let backDerivative = back.map { dot($0, derivative) }
      a0.append(outer(input, input))
      a1.append(outer(hidden + [1], hidden + [1]))
      exact[0].append(back.map { row in back.map { dot(row, times(outputFisher, $0)) } })
      exact[1].append(outputFisher)
      empirical[0].append(outer(backDerivative, backDerivative))
      empirical[1].append(outer(derivative, derivative))
    }
    for (estimation, g) in [(KFAC.Estimation.exact, exact), (.empirical, empirical)] {
      let state = try problem.afterOneStep(KFAC(estimation: estimation)).state
      #expect(state.scalars[0] == 1)
      for (index, expected) in [(0, a0), (1, g[0]), (4, a1), (5, g[1])] {
        #expect(deviation(upperTriangle(state.vectors[index]), mean(expected)) < 1e-13)
      }
    }
  }

  @Test("Used at several positions, a layer's block counts them", arguments: [0, 1])
  func positions(_ loss: Int) throws {
    let problem = Problem.sequence.make(Self.losses[loss])
    let kfac = KFAC(estimation: .exact)
    let state = try problem.afterOneStep(kfac).state
    let (a, g) = (upperTriangle(state.vectors[0]), upperTriangle(state.vectors[1]))
    let x = problem.inputs.doubles
    let rows = (0..<24).map { [x[2 * $0], x[2 * $0 + 1], 1] }
    #expect(deviation(a, mean(rows.map { outer($0, $0) })) < 1e-13)
    // Jᵀ·(N·F)·J by the layer's outputs, its 3×3 blocks averaged over 6 examples of 4 positions.
    let columns = problem.firstLayerJacobian
    let output = problem.outputFisher
    let blocks = (0..<24).map { row in
      (0..<3).map { i in
        (0..<3).map { 6 * dot(columns[3 * row + i], times(output, columns[3 * row + $0])) }
      }
    }
    #expect(deviation(g, mean(blocks)) < 1e-12)
    // L·(A ⊗ G): parameter (i, j) is number 3i + j of the first nine.
    let expected = kronecker(a, g).map { row in row.map { 4 * $0 } }
    let ours = try problem.approximation(kfac, state).prefix(9).map { Array($0.prefix(9)) }
    #expect(deviation(ours, expected) < 1e-12)
  }

  @Test("What is no single product has the Fisher matrix's diagonal", arguments: [0, 1])
  func diagonal(_ loss: Int) throws {
    let tied = SmallProblem(
      TiedLayers(), Self.losses[loss], inputShape: [5, 4], outputs: 3)
    let scaled = SmallProblem(
      Sequential(Dense(4, 3, hasBias: false), ElementwiseScale(3)), Self.losses[loss],
      inputShape: [5, 4], outputs: 3)
    let shared = SmallProblem(
      SharedBias(), Self.losses[loss], inputShape: [5, 4], outputs: 3)
    // Nothing but a parameter enters the first operation.
    let first = SmallProblem(
      Sequential(ElementwiseScale(4), Dense(4, 3)), Self.losses[loss], inputShape: [5, 4],
      outputs: 3)
    for (problem, range) in [
      (tied, 0..<20), (scaled, 12..<15), (shared, 0..<20), (first, 0..<4),
    ] {
      let kfac = KFAC(estimation: .exact)
      let state = try problem.afterOneStep(kfac).state
      let ours = try problem.approximation(kfac, state)
      let fisher = problem.fisher
      let expected = range.map { i in range.map { $0 == i ? fisher[i][i] : 0 } }
      #expect(deviation(range.map { i in range.map { ours[i][$0] } }, expected) < 1e-12)
    }
  }

  @Test("Sampled targets give the exact factors on average", arguments: [0, 1])
  func sampled(_ loss: Int) throws {
    let problem = SmallProblem(
      Sequential(Dense(3, 2, activation: .tanh), Dense(2, 3)), Self.losses[loss],
      inputShape: [20, 3], outputs: 3)
    let exact = try problem.afterOneStep(KFAC(estimation: .exact)).state
    var sums: [Int: [Double]] = [:]
    let count = 1000
    for seed in 0..<count {
      let state = try problem.afterOneStep(KFAC(seed: UInt64(seed))).state
      for index in [1, 5] {
        let elements = state.vectors[index].doubles
        sums[index] = zip(sums[index] ?? elements.map { _ in 0 }, elements).map(+)
      }
      #expect(state.vectors[0].doubles == exact.vectors[0].doubles)
    }
    for index in [1, 5] {
      let mean = sums[index, default: []].map { $0 / Double(count) }
      // 20 000 samples; squares of normal ones scatter by about √2.
      #expect(deviation(mean, exact.vectors[index].doubles) < 0.05)
    }
  }

  @Test("Averages fade by γ, and stand still between their steps")
  func averages() throws {
    let problem = Problem.tanh.make(SoftmaxCrossEntropy())
    var method = Method(
      direction: KFAC(estimation: .exact, decay: 0.8, factorInterval: 2),
      learningRate: FixedRate(0),
      damping: ConstantDamping(1))
    var optimizer = try Optimizer(method, for: problem.parameters)
    var point = problem.parameters
    var factors: [[Double]] = []
    var weights: [Double] = []
    for _ in 0..<5 {
      try optimizer.step(&point, on: problem.objective)
      factors.append(optimizer.state.direction.vectors[1].doubles)
      weights.append(optimizer.state.direction.scalars[0])
    }
    #expect(deviation(weights, [1, 1, 1.8, 1.8, 2.44]) < 1e-15)
    #expect(factors[0] == factors[1])
    #expect(factors[2] == factors[3])
    #expect(deviation(factors[2], factors[0].map { 1.8 * $0 }) < 1e-13)
    #expect(deviation(factors[4], factors[0].map { 2.44 * $0 }) < 1e-13)

    // A step that is taken back leaves no trace in the averages.
    method.damping = LossFollowingDamping(DampingBounds(initial: 1))
    method.acceptance = OnlyDecreases(restoring: .everything)
    method.learningRate = NegativeRate()
    optimizer = try Optimizer(method, for: problem.parameters)
    let report = try optimizer.step(&point, on: problem.objective)
    #expect(report.events.contains(.rejected))
    #expect(optimizer.state.direction.vectors.isEmpty)
    #expect(optimizer.state.direction.step == 0)
  }
}

/// Steps uphill, which a fixed rate cannot be told to.
private struct NegativeRate: LearningRate {
  func rate(_ model: inout QuadraticModel) -> Double { -1 }
}

func outer(_ a: [Double], _ b: [Double]) -> [[Double]] { a.map { x in b.map { x * $0 } } }

/// a ⊗ b: entry (i, j) of a times entry (k, l) of b in row i·|b| + k, column j·|b| + l.
func kronecker(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
  a.flatMap { rowA in b.map { rowB in rowA.flatMap { x in rowB.map { x * $0 } } } }
}

func softmax(_ z: [Double]) -> [Double] {
  let exponentials = Tensor(z).exp().doubles
  return exponentials.map { $0 / exponentials.reduce(0, +) }
}

/// The average of matrices.
func mean(_ matrices: [[[Double]]]) -> [[Double]] {
  let share = 1 / Double(matrices.count)
  let zero = matrices[0].map { row in row.map { _ in 0.0 } }
  return matrices.reduce(zero) { sum, matrix in
    zip(sum, matrix).map { a, b in zip(a, b).map { $0 + share * $1 } }
  }
}

/// The symmetric matrix of which a vector has the upper triangle, by rows.
func upperTriangle(_ vector: FlatVector) -> [[Double]] {
  let n = Int(Double(vector.count).squareRoot())
  let elements = vector.doubles
  return (0..<n).map { i in (0..<n).map { elements[min(i, $0) * n + max(i, $0)] } }
}

extension SmallProblem {
  /// ∂outputs/∂z for the pre-activations z of the first layer at each position, by its definition:
  /// with a bias for each position instead of one.
  var firstLayerJacobian: [[Double]] {
    let n = inputs.size(0) * inputs.size(1)
    let point = parameters.tensor
    let w = point.slice(from: 0, shape: [2, 3])
    let z = (inputs.reshaped([n, 2]).matmul(w) + point.slice(from: 6, shape: [3])).tracked()
    let hidden = z.relu().reshaped([inputs.size(0), -1])
    let output =
      (hidden.matmul(point.slice(from: 9, shape: [12, 3])) + point.slice(from: 45, shape: [3]))
      .reshaped([-1])
    let rows = (0..<output.count).map {
      output.narrowed(0, from: $0, count: 1).sum().gradients(by: [z])[0]?.doubles ?? []
    }
    return (0..<z.count).map { column in rows.map { $0[column] } }
  }
}
