import AdamQLR
import AdamQLRTorch

/// Shampoo's direction (Gupta, Koren and Singer 2018, Algorithm 1).
///
/// For each matrix with gradient G, from L = R = εI:
///
///     L ← L + GGᵀ
///     R ← R + GᵀG
///     d = L^(−¼) G R^(−¼)
///
/// A side with more than ``largestSide`` rows or columns has the diagonal of L or R alone (§5 there).
/// Vectors have AdaGrad's direction, d = g/√(ε + Σg²). A parameter of more than two dimensions is a
/// matrix of its last dimension by all others, rather than having a factor for each. Momentum is the
/// method's.
///
/// The roots come from eigendecompositions, which cost far more than all else and are therefore made
/// anew only now and then (§5 there): at every one of the first k steps, when the sums still grow
/// fast, and at steps k + 1, 2k + 1, …, with k the ``rootInterval``.
///
/// The parameters have to be a ``FlatVector`` whose layout the optimizer is given. The state's vectors
/// are, parameter by parameter, L − εI and R − εI, L^(−¼) and R^(−¼), all row-major; where a side is
/// diagonal, its diagonal and the fourth root of it with ε; of a vector Σg².
public struct Shampoo: MatrixDirection, Hashable, Codable {
  static let name = "Shampoo"

  /// ε, what L and R start from. Default 1e-4.
  public var epsilon: Double
  /// k, the steps from one computation of the roots to the next. Default 20.
  public var rootInterval: Int
  /// The most rows or columns of a side with a full matrix. Default 1200.
  public var largestSide: Int

  /// Makes the direction.
  public init(epsilon: Double = 1e-4, rootInterval: Int = 20, largestSide: Int = 1200) {
    self.epsilon = epsilon
    self.rootInterval = rootInterval
    self.largestSide = largestSide
  }

  public static let settings: [Setting<Shampoo>] = [
    Setting("epsilon", \.epsilon, .positive, "What the diagonals start from."),
    Setting(
      "root-interval", \.rootInterval, .positive,
      "Steps from one computation of the roots to the next."),
    Setting(
      "largest-side", \.largestSide, .nonnegative,
      "Most rows or columns of a side with more than a diagonal."),
  ]

  func vectorCounts(_ layout: ParameterLayout) -> [Int] {
    layout.entries.flatMap { entry in
      guard entry.isMatrix else { return [entry.count] }
      let counts = entry.matrixShape.map { isFull($0) ? $0 * $0 : $0 }
      return counts + counts
    }
  }

  private func isFull(_ size: Int) -> Bool { size <= largestSide }

  func advance(
    _ input: DirectionInput<FlatVector>, from state: DirectionState<FlatVector>,
    to next: inout DirectionState<FlatVector>, into direction: Tensor
  ) throws {
    next.vectors = []
    var place = 0
    for entry in input.layout.entries {
      guard entry.isMatrix else {
        _ = Kernels.formScaledGradient(
          vectorScalars, gradient: entry.elements(in: input.gradient.tensor),
          second: state.vectors[place].tensor, direction: entry.elements(in: direction))
        place += 1
        continue
      }
      let g = entry.matrix(in: input.gradient.tensor)
      var image = g
      for (side, size) in entry.matrixShape.enumerated() {
        var root = state.vectors[place + 2 + side]
        if isDue(next.step) {
          var sum = state.vectors[place + side]
          accumulate(g, side, to: &sum)
          root = FlatVector(takingOver: try formRoot(of: sum.tensor, size))
          next.vectors.append(root)
        }
        image = multiply(image, side, byRoot: root.tensor, size)
      }
      entry.matrix(in: direction).overwrite(with: image)
      place += 4
    }
  }

  func commit(
    _ input: DirectionInput<FlatVector>, from next: inout DirectionState<FlatVector>,
    to state: inout DirectionState<FlatVector>
  ) {
    var place = 0
    var roots = next.vectors.makeIterator()
    for entry in input.layout.entries {
      guard entry.isMatrix else {
        Kernels.advanceMoments(
          vectorScalars, gradient: entry.elements(in: input.gradient.tensor), first: nil,
          second: state.vectors[place].mutated())
        place += 1
        continue
      }
      for side in 0..<2 {
        accumulate(entry.matrix(in: input.gradient.tensor), side, to: &state.vectors[place + side])
        if let root = roots.next() { state.vectors[place + 2 + side] = root }
      }
      place += 4
    }
    next.vectors = []
  }

  /// Whether the roots are made anew.
  private func isDue(_ step: Int) -> Bool {
    step <= rootInterval || (step - 1).isMultiple(of: rootInterval)
  }

  /// AdaGrad's direction.
  private var vectorScalars: Kernels.AdamScalars {
    Kernels.AdamScalars(
      beta1: 0, firstGain: 0, beta2: 1, secondGain: 1, epsilon: 0, epsilonRoot: epsilon,
      firstCorrection: 0, secondCorrection: 1, gradientWeight: 1)
  }

  /// Adds GGᵀ (side 0) or GᵀG (side 1), or its diagonal.
  private func accumulate(_ g: Tensor, _ side: Int, to sum: inout FlatVector) {
    let size = g.size(side)
    let destination = sum.mutated()
    if isFull(size) {
      Kernels.multiply(
        g, g, into: destination.slice(from: 0, shape: [size, size]), transposesA: side == 1,
        transposesB: side == 0, accumulates: true)
    } else {
      destination.overwrite(with: destination + (g * g).sum(over: [1 - side]))
    }
  }

  /// L^(−¼) in one dimension, or the fourth root of a diagonal.
  private func formRoot(of sum: Tensor, _ size: Int) throws -> Tensor {
    guard isFull(size) else { return fourthRoot(sum) }
    let matrix = sum.slice(from: 0, shape: [size, size])
    // The direction is then not finite either, and the step is taken back.
    guard Kernels.trace(matrix).isFinite else { return .nan * sum }
    let (values, vectors) = try matrix.eigendecomposition()
    // Negative values are rounding's.
    let scaled = vectors / fourthRoot(values.relu())
    return scaled.matmul(vectors.transposed()).contiguous().reshaped([size * size])
  }

  private func fourthRoot(_ x: Tensor) -> Tensor { (x + epsilon).squareRoot().squareRoot() }

  /// L^(−¼)X (side 0) or XR^(−¼) (side 1).
  private func multiply(_ x: Tensor, _ side: Int, byRoot root: Tensor, _ size: Int) -> Tensor {
    guard isFull(size) else { return x / root.reshaped(side == 0 ? [size, 1] : [1, size]) }
    let matrix = root.slice(from: 0, shape: [size, size])
    let image = Tensor(uninitialized: x.shape, like: x)
    if side == 0 {
      Kernels.multiply(matrix, x, into: image)
    } else {
      Kernels.multiply(x, matrix, into: image)
    }
    return image
  }
}

extension Method {
  /// Shampoo with a fixed learning rate, for which the paper searches.
  ///
  /// The default 0.05 is from ten problems with perceptrons, an LSTM and transformers. Perceptrons
  /// bear 0.5 and are then faster, but at 0.1 a transformer may have a higher loss after 120 steps than
  /// at a tenth of that. The 0.1 of some implementations is for L^(−½)GR^(−½).
  public static func shampoo(
    learningRate: Double = 0.05, _ direction: Shampoo = Shampoo()
  ) -> Method {
    Method(direction: direction, learningRate: FixedRate(learningRate))
  }
}
