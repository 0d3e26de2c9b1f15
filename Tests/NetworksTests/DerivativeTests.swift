import AdamQLR
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// The problems on which all derivatives are checked.
enum Problem: String, CaseIterable, CustomTestStringConvertible {
  case linear, relu, tanh, sigmoid, gelu, geluTanh, noBias, deep, flattened, sequence, tied
  case customWithoutRules, customWithRules
  case convolution, convolutionWithoutBias, stridedConvolution, dilatedConvolution
  case groupedConvolution, stackedConvolutions, batchNorm, batchNormOfImages, rectifiedBatchNorm
  case residualBlock, maxPooling, averagePooling, sum, dropout
  case layerNorm, causalAttention, attention, embedding, lstm, onePosition, languageModel, gpt2

  var testDescription: String { rawValue }

  func make(_ loss: any Loss, _ type: DataType = .float64) -> SmallProblem {
    func small(_ layer: some Layer, inputs: [Int] = [6, 4]) -> SmallProblem {
      SmallProblem(layer, loss, inputShape: inputs, outputs: 3, type)
    }
    func two(_ activation: Activation) -> SmallProblem {
      small(Sequential(Dense(4, 5, activation: activation), Dense(5, 3)))
    }
    func image(_ layer: some Layer, _ channels: Int = 3) -> SmallProblem {
      small(
        Sequential(
          layer, Activation.tanh, Custom(Square()), GlobalAveragePooling(), Dense(channels, 3)),
        inputs: [4, 5, 4, 2])
    }
    func sequence(_ layer: some Layer, size: Int) -> SmallProblem {
      SmallProblem(
        Sequential(layer, Dense(size, 3)), loss, inputShape: [3, 5, 4], outputs: 3, positions: 5,
        type)
    }
    func tokens(_ layer: some Layer, positions: Int = 5) -> SmallProblem {
      SmallProblem(
        layer, loss, inputShape: [3, positions], outputs: 7, tokens: 7, positions: positions, type)
    }
    return switch self {
    case .linear: small(Dense(4, 3))
    case .relu: two(.relu)
    case .tanh: two(.tanh)
    case .sigmoid: two(.sigmoid)
    case .gelu: two(.gelu)
    case .geluTanh: two(.geluTanh)
    case .noBias:
      small(
        Sequential(Dense(4, 5, activation: .relu, hasBias: false), Dense(5, 3, hasBias: false)))
    case .deep:
      small(Sequential.multilayerPerceptron([4, 6, 5, 4, 3], activation: .relu))
    case .flattened:
      small(Sequential(Flatten(), Dense(8, 5, activation: .relu), Dense(5, 3)), inputs: [6, 2, 4])
    case .sequence:
      small(
        Sequential(Dense(2, 3, activation: .relu), Flatten(), Dense(12, 3)), inputs: [6, 4, 2])
    case .tied: small(TiedLayers())
    case .convolution: image(Convolution(2, 3, kernel: 3, activation: .tanh))
    case .convolutionWithoutBias: image(Convolution(2, 3, kernel: 2, hasBias: false))
    case .stridedConvolution:
      image(Convolution(2, 3, kernel: 3, stride: 2, padding: .symmetric(1), activation: .relu))
    case .dilatedConvolution:
      image(Convolution(2, 3, kernel: 2, padding: .none, dilation: 2, activation: .gelu))
    case .groupedConvolution:
      image(
        Sequential(
          Convolution(2, 4, kernel: 1, stride: 2, activation: .relu),
          Convolution(4, 6, kernel: 3, groups: 2)), 6)
    case .stackedConvolutions:
      image(
        Sequential(
          Convolution(2, 3, kernel: 3, stride: 2, activation: .tanh),
          Convolution(3, 4, kernel: 2, padding: .none)), 4)
    case .batchNorm:
      small(Sequential(Dense(4, 5), BatchNormalization(5, activation: .tanh), Dense(5, 3)))
    case .batchNormOfImages: image(BatchNormalization(2), 2)
    case .rectifiedBatchNorm:
      image(
        Sequential(
          Convolution(2, 3, kernel: 3, hasBias: false), BatchNormalization(3, activation: .relu),
          Convolution(3, 3, kernel: 1), BatchNormalization(3, activation: .relu)))
    case .residualBlock: image(ResidualBlock(activation: .relu))
    case .maxPooling:
      image(
        Sequential(
          Convolution(2, 3, kernel: 3, activation: .tanh), MaxPooling(3, stride: 2, padding: 1)))
    case .averagePooling:
      image(
        Sequential(
          Convolution(2, 3, kernel: 3, activation: .tanh),
          AveragePooling(2, stride: 1, padding: 1)))
    case .sum: small(Sums(), inputs: [6, 2, 4])
    case .dropout:
      small(
        Sequential(
          Dense(4, 8, activation: .tanh), Dropout(0.4), Dense(8, 6), Dropout(0.4), Dense(6, 3)))
    case .layerNorm:
      sequence(
        Sequential(LayerNormalization(4), Dense(4, 5, activation: .tanh), LayerNormalization(5)),
        size: 5)
    case .causalAttention: sequence(SelfAttention(4, heads: 2), size: 4)
    case .attention: sequence(SelfAttention(4, heads: 1, isCausal: false), size: 4)
    case .embedding: tokens(TiedTokens())
    case .lstm: sequence(Sequential(LSTM(4, 3), LSTM(3, 2)), size: 2)
    case .onePosition:
      tokens(LSTMLanguageModel(vocabulary: 7, embedding: 3, units: 4, layers: 1), positions: 1)
    case .languageModel:
      tokens(LSTMLanguageModel(vocabulary: 7, embedding: 3, units: 4, layers: 2, dropout: 0.2))
    case .gpt2:
      tokens(
        GPT2(vocabulary: 7, context: 6, layers: 2, heads: 2, embedding: 4, dropout: 0.2))
    case .customWithoutRules: small(Sequential(Dense(4, 5), Custom(Softplus()), Dense(5, 3)))
    case .customWithRules: small(Sequential(Dense(4, 5), Custom(RuledSoftplus()), Dense(5, 3)))
    }
  }
}

/// One dense layer used twice, and its weight once more.
struct TiedLayers: Layer {
  let shared = Dense(4, 4, activation: .relu)
  let output = Dense(4, 3)

  func callAsFunction(_ x: Variable) -> Variable { output(shared(shared(x))) }
}

/// The end of a residual block, where the addend and the input of the norm have a common origin.
struct ResidualBlock: Layer {
  let first = Convolution(2, 3, kernel: 3, activation: .tanh)
  let second = Convolution(3, 3, kernel: 3, hasBias: false)
  let norm: BatchNormalization

  init(activation: Activation) { norm = BatchNormalization(3, activation: activation) }

  func callAsFunction(_ x: Variable) -> Variable {
    let h = first(x)
    return norm(second(h), adding: h)
  }
}

/// A table whose vectors are looked up, and compared with what becomes of them.
struct TiedTokens: Layer {
  let tokens = Embedding(7, 4)
  let hidden = Dense(4, 4, activation: .tanh)

  func callAsFunction(_ x: Variable) -> Variable { tokens.scores(of: hidden(tokens(x))) }
}

/// Sums of equal and of different shapes.
struct Sums: Layer {
  let rows = Dense(4, 4, activation: .tanh)
  let place = Parameter(shape: [2, 4], role: .embedding, initializer: .normal())
  let output = Dense(8, 3)

  func callAsFunction(_ x: Variable) -> Variable {
    let y = rows(x + x.record.variable(place))
    return output(Flatten()(y + y + x))
  }
}

/// Distinguishes signs and magnitudes before a mean.
struct Square: Operation {
  func value(_ inputs: [Tensor]) -> Tensor { inputs[0] * inputs[0] + inputs[0] }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let slope = 2 * inputs[0] + 1
    return LinearizedOperation(
      value(inputs), pushforward: { $0[0].map { slope * $0 } },
      pullback: { $1.add(slope * $0, to: 0) })
  }
}

struct Softplus: Operation {
  func value(_ inputs: [Tensor]) -> Tensor { (inputs[0].exp() + 1).log() }
}

/// 1 where an element is positive, else 0: flat wherever it has a derivative.
struct Threshold: Operation {
  func value(_ inputs: [Tensor]) -> Tensor { inputs[0].positiveMask() }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    LinearizedOperation(value(inputs), pushforward: { _ in nil }, pullback: { _, _ in })
  }
}

struct RuledSoftplus: Operation {
  func value(_ inputs: [Tensor]) -> Tensor { (inputs[0].exp() + 1).log() }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let slope = inputs[0].sigmoid()
    return LinearizedOperation(
      value(inputs), pushforward: { $0[0].map { slope * $0 } },
      pullback: { $1.add(slope * $0, to: 0) })
  }
}

struct Custom<Function: Operation>: Layer {
  let function: Function
  init(_ function: Function) { self.function = function }
  func callAsFunction(_ x: Variable) -> Variable { x.applying(function) }
}

@Suite("Derivatives of recorded networks")
struct DerivativeTests {
  static let losses: [any Loss] = [SquaredError(), SoftmaxCrossEntropy()]

  @Test("The gradient is autograd's", arguments: Problem.allCases, [0, 1])
  func gradient(_ problem: Problem, _ loss: Int) {
    let problem = problem.make(Self.losses[loss])
    let ours = problem.gradient(at: problem.parameters)
    #expect(deviation(ours, problem.autogradGradient) < 1e-13)
  }

  @Test("The gradient is the slope of the loss", arguments: Problem.allCases, [0, 1])
  func slope(_ problem: Problem, _ loss: Int) {
    let problem = problem.make(Self.losses[loss])
    let (point, d) = (problem.parameters, problem.direction(0))
    let (ahead, behind) = (moved(point, 1e-6, d), moved(point, -1e-6, d))
    let difference =
      (problem.objective.evaluate(at: ahead).loss - problem.objective.evaluate(at: behind).loss)
      / 2e-6
    #expect(deviation(difference, dot(problem.gradient(at: point), d.doubles)) < 1e-7)
    let slope = problem.objective.linearize(at: point).slopes(along: [d])[0]
    #expect(deviation(slope, dot(problem.gradient(at: point), d.doubles)) < 1e-13)
  }

  @Test("J·d is the product with the explicit Jacobian", arguments: Problem.allCases)
  func jacobian(_ problem: Problem) {
    let problem = problem.make(SquaredError())
    let directions = (0..<3).map { problem.direction($0) }
    let jacobian = problem.jacobian
    let products = problem.objective.linearize(at: problem.parameters)
      .jacobianVectorProducts(directions)
    for (d, product) in zip(directions, products) {
      #expect(deviation(product.doubles, times(jacobian, d.doubles)) < 1e-13)
    }
  }

  @Test("dᵢᵀFdⱼ is that of the explicit Fisher matrix", arguments: Problem.allCases, [0, 1])
  func fisher(_ problem: Problem, _ loss: Int) {
    let problem = problem.make(Self.losses[loss])
    let directions = (0..<3).map { problem.direction($0) }
    let images = directions.map { times(problem.jacobian, $0.doubles) }
    let fisher = problem.outputFisher
    let expected = images.map { a in images.map { dot(a, times(fisher, $0)) } }
    let ours = problem.objective.linearize(at: problem.parameters)
      .curvatureProducts(of: directions, .fisher)
    #expect(deviation(ours.flatMap { $0 }, expected.flatMap { $0 }) < 1e-13)
  }

  @Test("dᵢᵀHdⱼ is that of differences of gradients", arguments: Problem.allCases, [0, 1])
  func hessian(_ problem: Problem, _ loss: Int) {
    let problem = problem.make(Self.losses[loss])
    let directions = (0..<2).map { problem.direction($0) }
    let images = directions.map { d in
      zip(
        problem.gradient(at: moved(problem.parameters, 1e-6, d)),
        problem.gradient(at: moved(problem.parameters, -1e-6, d))
      ).map { ($0 - $1) / 2e-6 }
    }
    let expected = directions.flatMap { d in images.map { dot(d.doubles, $0) } }
    let ours = problem.objective.linearize(at: problem.parameters)
      .curvatureProducts(of: directions, .hessian)
    #expect(deviation(ours.flatMap { $0 }, expected) < 2e-6)
    #expect(ours[0][1] == ours[1][0] || deviation(ours[0][1], ours[1][0]) < 1e-12)
  }

  @Test("Pushforward and pullback are adjoint: ⟨Jd, u⟩ = ⟨d, Jᵀu⟩", arguments: Problem.allCases)
  func adjointness(_ problem: Problem) {
    // With squared error and targets z − u·elements the cotangent is u.
    let base = problem.make(SquaredError())
    let z = base.outputs
    var generator = SeededGenerator(seed: 9)
    let u = (0..<z.count).map { _ in generator.normal() }
    let targets = Tensor(
      zip(z.doubles, u).map { $0 - $1 * Double(z.count) }, shape: z.shape)
    let linearization = NetworkObjective(
      base.model, SquaredError(), inputs: base.inputs, targets: targets
    ).linearize(at: base.parameters)
    let d = base.direction(3)
    var pulled = base.parameters.zeros()
    linearization.formGradient(&pulled)
    let pushed = linearization.jacobianVectorProducts([d])[0].doubles
    #expect(deviation(dot(pushed, u), pulled.dot(d)) < 1e-10)
  }

  @Test("A displaced evaluation is the evaluation there", arguments: Problem.allCases, [0, 1])
  func displacement(_ problem: Problem, _ loss: Int) throws {
    let problem = problem.make(Self.losses[loss])
    let (a, b) = (problem.direction(0), problem.direction(1))
    let point = moved(moved(problem.parameters, -0.1, a), 0.3, b)
    let linearization = problem.objective.linearize(at: problem.parameters)
    _ = linearization.curvatureProducts(of: [a, b], .fisher)
    let expected = problem.objective.evaluate(at: point).loss
    let displacement = Displacement(along: [a, b], by: [-0.1, 0.3])
    #expect(deviation(linearization.loss(at: point, displacement: displacement), expected) < 1e-13)
    #expect(deviation(linearization.loss(at: point, displacement: nil), expected) < 1e-13)
    // Other directions asked about since must not be mistaken for those of the displacement.
    _ = linearization.jacobianVectorProducts([b, a])
    #expect(deviation(linearization.loss(at: point, displacement: displacement), expected) < 1e-13)
    _ = linearization.curvatureProducts(of: [b], .hessian)
    let along = moved(problem.parameters, 0.3, b)
    #expect(
      deviation(
        linearization.loss(at: along, displacement: Displacement(along: [b], by: [0.3])),
        problem.objective.evaluate(at: along).loss)
        < 1e-13)
  }

  @Test("A displaced evaluation knows that what has no derivative may move all the same")
  func displacedSteps() throws {
    let problem = SmallProblem(
      Sequential(Dense(4, 5), Custom(Threshold()), Dense(5, 3)), SquaredError(),
      inputShape: [6, 4], outputs: 3)
    let d = problem.direction(0)
    let linearization = problem.objective.linearize(at: problem.parameters)
    _ = linearization.curvatureProducts(of: [d], .fisher)
    let point = moved(problem.parameters, 0.5, d)
    #expect(
      deviation(
        linearization.loss(at: point, displacement: Displacement(along: [d], by: [0.5])),
        problem.objective.evaluate(at: point).loss) < 1e-13)
  }

  @Test("Single precision agrees with double", arguments: Problem.allCases, [0, 1])
  func precision(_ problem: Problem, _ loss: Int) {
    let double = problem.make(Self.losses[loss])
    let single = problem.make(Self.losses[loss], .float32)
    #expect(
      deviation(
        single.gradient(at: single.parameters), double.gradient(at: double.parameters)) < 1e-5)
    let (d, e) = (double.direction(0), single.direction(0))
    let ours = single.objective.linearize(at: single.parameters)
    let theirs = double.objective.linearize(at: double.parameters)
    #expect(deviation(ours.loss, theirs.loss) < 1e-6)
    #expect(
      deviation(
        ours.curvatureProducts(of: [e], .fisher)[0][0],
        theirs.curvatureProducts(of: [d], .fisher)[0][0]) < 1e-5)
    #expect(
      deviation(
        ours.curvatureProducts(of: [e], .hessian)[0][0],
        theirs.curvatureProducts(of: [d], .hessian)[0][0]) < 1e-4)
  }

  @Test("The same questions have the same answers to the last bit", arguments: Problem.allCases)
  func determinism(_ problem: Problem) {
    let runs = (0..<2).map { _ in
      let problem = problem.make(SoftmaxCrossEntropy(), .float32)
      let linearization = problem.objective.linearize(at: problem.parameters)
      return problem.gradient(at: problem.parameters)
        + linearization.curvatureProducts(of: [problem.direction(0)], .fisher)[0]
    }
    #expect(runs[0] == runs[1])
  }

  @Test("Parameters that the output does not depend on have zero derivatives")
  func unused() {
    struct Idle: Layer {
      let used = Dense(4, 3)
      let idle = Dense(2, 2)
      func callAsFunction(_ x: Variable) -> Variable { used(x) }
    }
    let problem = SmallProblem(Idle(), SquaredError(), inputShape: [5, 4], outputs: 3)
    var gradient = problem.direction(0)
    problem.objective.linearize(at: problem.parameters).formGradient(&gradient)
    #expect(gradient.doubles[15...].allSatisfy { $0 == 0 })
    #expect(deviation(gradient.doubles, problem.autogradGradient) < 1e-13)
  }

  private func moved(_ point: FlatVector, _ scale: Double, _ d: FlatVector) -> FlatVector {
    var result = point
    result.formLinearCombination(1, point, scale, d)
    return result
  }
}
