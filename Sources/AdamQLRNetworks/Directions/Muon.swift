import AdamQLR
import AdamQLRTorch

/// Muon's direction: momentum, orthogonalized (Jordan et al. 2024, "Muon: An optimizer for hidden
/// layers in neural networks").
///
/// For a matrix with gradient G, [inputs, outputs]:
///
///     B ← μB + G
///     U = G + μB, or B without Nesterov's variant
///     X = U/(‖U‖ + 1e-7), then five times X ← 3.4445X − 4.775(XXᵀ)X + 2.0315(XXᵀ)²X
///     d = √max(1, outputs/inputs)·X
///
/// The Newton–Schulz iteration moves all singular values of U to near 1, between about 0.7 and 1.2
/// but for those that are tiny beside the largest.
///
/// Biases, embeddings and normalizations, and the last weight matrix, whose outputs are the model's,
/// have Adam's direction times ``adamRatio``: both share one learning rate α, which is Muon's, and
/// Adam's is α·``adamRatio``. Each decays by its own, as in the author's implementation: with the
/// ``weightDecay`` w, wθ is added to d, and ``adamRatio``·wθ where d is Adam's. The method's own weight
/// decay acts on all with the same rate.
///
/// The author's later implementation and PyTorch's average gradients, B ← μB + (1 − μ)G, which scales U
/// and makes a difference only beside the 1e-7; PyTorch's takes the greater of that and ‖U‖. Both
/// iterate in half precision.
///
/// The parameters have to be a ``FlatVector`` whose layout the optimizer is given; kernels are matrices
/// of their last dimension by all others. The state's vectors are B and Adam's first moment in one,
/// laid out like the parameters, and the second moment of Adam's parameters alone, in order.
public struct Muon: MatrixDirection, Hashable, Codable {
  static let name = "Muon"

  /// μ, the decay of the momentum. Default 0.95.
  public var momentum: Double
  /// Whether the momentum is Nesterov's. Default yes.
  public var isNesterov: Bool
  /// The number of Newton–Schulz iterations. Default 5.
  public var iterations: Int
  /// Whether the last weight matrix is orthogonalized too. Default no.
  public var includesOutput: Bool
  /// Adam's learning rate over Muon's. Default 0.015, the reference implementation's 3e-4/0.02.
  public var adamRatio: Double
  /// w, the decoupled weight decay of both. Default 0.
  public var weightDecay: Double
  /// Adam's settings. Default β₁ 0.9, β₂ 0.95, ε 1e-10, those of the reference implementation.
  public var adam: Adam

  /// Makes the direction.
  public init(
    momentum: Double = 0.95, isNesterov: Bool = true, iterations: Int = 5,
    includesOutput: Bool = false, adamRatio: Double = 0.015, weightDecay: Double = 0,
    adam: Adam = Adam(beta1: 0.9, beta2: 0.95, epsilon: 1e-10)
  ) {
    self.momentum = momentum
    self.isNesterov = isNesterov
    self.iterations = iterations
    self.includesOutput = includesOutput
    self.adamRatio = adamRatio
    self.weightDecay = weightDecay
    self.adam = adam
  }

  public static let settings: [Setting<Muon>] =
    [
      Setting("momentum", \.momentum, .decay, "Decay of the momentum."),
      Setting("nesterov", \.isNesterov, .either, "Nesterov's momentum."),
      Setting("iterations", \.iterations, .positive, "Newton–Schulz iterations."),
      Setting(
        "includes-output", \.includesOutput, .either,
        "Whether the last weight matrix is orthogonalized too."),
      Setting(
        "adam-ratio", \.adamRatio, .nonnegative,
        "Learning rate of what is not orthogonalized over α."),
      Setting(
        "weight-decay", \.weightDecay, .nonnegative,
        "Weight decay, multiplied by each one's learning rate."),
      Setting("adam-beta1", \.adam.beta1, .decay, "Adam's first decay there."),
      Setting("adam-beta2", \.adam.beta2, .decay, "Adam's second decay there."),
      Setting("adam-epsilon", \.adam.epsilon, .nonnegative, "Adam's ε there."),
    ]

  func vectorCounts(_ layout: ParameterLayout) -> [Int] {
    let others = parts(layout).filter { $0.place != nil }
    return [layout.count, others.reduce(0) { $0 + $1.entry.count }]
  }

  /// The parameters; of those that are not orthogonalized, the place of Adam's second moment.
  private func parts(
    _ layout: ParameterLayout
  ) -> [(entry: ParameterLayout.Entry, place: Int?)] {
    let weights = layout.entries.filter { $0.role == .weight && $0.isMatrix }
    let matrices = Set((includesOutput ? weights[...] : weights.dropLast()).map(\.offset))
    var next = 0
    return layout.entries.map { entry in
      if matrices.contains(entry.offset) { return (entry, nil) }
      defer { next += entry.count }
      return (entry, next)
    }
  }

  func advance(
    _ input: DirectionInput<FlatVector>, from state: DirectionState<FlatVector>,
    to next: inout DirectionState<FlatVector>, into direction: Tensor
  ) {
    let (buffer, second) = (state.vectors[0].tensor, state.vectors[1].tensor)
    let scalars = scalars(next.step)
    for (entry, place) in parts(input.layout) {
      let (g, d) = (entry.matrix(in: input.gradient.tensor), entry.matrix(in: direction))
      let (b, parameters) = (entry.matrix(in: buffer), entry.matrix(in: input.parameters.tensor))
      if let place {
        _ = Kernels.formAdamDirection(
          scalars, gradient: g, first: b, second: second.slice(from: place, shape: g.shape),
          direction: d)
        decay(d, by: adamRatio * weightDecay, parameters)
      } else {
        // B as it will be.
        Kernels.formLinearCombination(momentum, b, 1, g, into: d)
        if isNesterov { Kernels.formLinearCombination(1, g, momentum, d, into: d) }
        let (rows, columns) = (Double(g.size(0)), Double(g.size(1)))
        orthogonalize(d, scale: max(1, columns / rows).squareRoot())
        decay(d, by: weightDecay, parameters)
      }
    }
  }

  func commit(
    _ input: DirectionInput<FlatVector>, from next: inout DirectionState<FlatVector>,
    to state: inout DirectionState<FlatVector>
  ) {
    let (buffer, second) = (state.vectors[0].mutated(), state.vectors[1].mutated())
    let scalars = scalars(next.step)
    for (entry, place) in parts(input.layout) {
      let (g, b) = (entry.matrix(in: input.gradient.tensor), entry.matrix(in: buffer))
      if let place {
        Kernels.advanceMoments(
          scalars, gradient: g, first: b, second: second.slice(from: place, shape: g.shape))
      } else {
        Kernels.formLinearCombination(momentum, b, 1, g, into: b)
      }
    }
  }

  /// Adam's, at a step counted from 1.
  private func scalars(_ step: Int) -> Kernels.AdamScalars {
    var coefficients = AdamCoefficients(
      beta1: adam.beta1, beta2: adam.beta2, epsilon: adam.epsilon, epsilonRoot: adam.epsilonRoot,
      step: step)
    coefficients.firstCorrection *= adamRatio
    return Kernels.AdamScalars(coefficients)
  }

  /// d ← d + wθ.
  private func decay(_ direction: Tensor, by weight: Double, _ parameters: Tensor) {
    if weight == 0 { return }
    Kernels.formLinearCombination(1, direction, weight, parameters, into: direction)
  }

  /// X ← scale times the orthogonal matrix next to it, approximately.
  private func orthogonalize(_ x: Tensor, scale: Double) {
    let (a, b, c) = (3.4445, -4.775, 2.0315)
    let norm = Kernels.dot(x, x).squareRoot()
    Kernels.formLinearCombination(1 / (norm + 1e-7), x, 0, x, into: x)
    // The smaller of XXᵀ and XᵀX serves: (XXᵀ)X = X(XᵀX).
    let isWide = x.size(0) <= x.size(1)
    let size = min(x.size(0), x.size(1))
    let gram = Tensor(uninitialized: [size, size], like: x)
    let square = Tensor(uninitialized: [size, size], like: x)
    let image = Tensor(uninitialized: x.shape, like: x)
    for iteration in 1...iterations {
      Kernels.multiply(x, x, into: gram, transposesA: !isWide, transposesB: isWide)
      Kernels.multiply(gram, gram, into: square)
      Kernels.formLinearCombination(b, gram, c, square, into: gram)
      if isWide {
        Kernels.multiply(gram, x, into: image)
      } else {
        Kernels.multiply(x, gram, into: image)
      }
      let factor = iteration == iterations ? scale : 1
      Kernels.formLinearCombination(factor * a, x, factor, image, into: x)
    }
  }
}

extension Method {
  /// Muon with a fixed learning rate (Jordan et al. 2024).
  ///
  /// - Parameters:
  ///   - learningRate: α of the orthogonalized matrices. Default 0.02.
  ///   - direction: Muon's settings, ``Muon/weightDecay`` among them.
  public static func muon(learningRate: Double = 0.02, _ direction: Muon = Muon()) -> Method {
    var method = Method(direction: direction, learningRate: FixedRate(learningRate))
    // None, but where someone sets a rate for all parameters it is AdamW's.
    method.weightDecay.isScaledByLearningRate = true
    return method
  }
}
