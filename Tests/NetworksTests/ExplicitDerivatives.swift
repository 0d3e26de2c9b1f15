import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch

#if canImport(Glibc)
  import Glibc
#endif

/// A small problem whose derivatives are few enough to be written out as matrices.
struct SmallProblem {
  let model: Model
  let loss: any Loss
  let inputs: Tensor
  let targets: Tensor
  let parameters: FlatVector

  /// - Parameters:
  ///   - tokens: The number of tokens that the inputs are drawn from; numbers without.
  ///   - positions: The number of positions in a sequence, each of which has outputs.
  init(
    _ layer: some Layer, _ loss: any Loss, inputShape: [Int], outputs: Int, tokens: Int? = nil,
    positions: Int? = nil, seed: UInt64 = 1, _ type: DataType = .float64
  ) {
    var generator = SeededGenerator(seed: seed)
    model = Model(layer)
    self.loss = loss
    let leading = [inputShape[0]] + (positions.map { [$0] } ?? [])
    let examples = leading.reduce(1, *)
    let inputCount = inputShape.reduce(1, *)
    inputs =
      if let tokens {
        Tensor(
          (0..<inputCount).map { _ in Int64(generator.integer(below: tokens)) }, shape: inputShape)
      } else {
        Tensor((0..<inputCount).map { _ in generator.normal() }, shape: inputShape).to(type)
      }
    if loss is SoftmaxCrossEntropy {
      targets = Tensor(
        (0..<examples).map { _ in Int64.random(in: 0..<Int64(outputs), using: &generator) },
        shape: leading)
    } else {
      targets = Tensor(
        (0..<(examples * outputs)).map { _ in generator.normal() }, shape: leading + [outputs]
      ).to(type)
    }
    // Not the initial parameters, whose zero biases would hide mistakes.
    parameters = FlatVector(
      (0..<model.layout.count).map { _ in 0.5 * generator.normal() }, type)
  }

  /// The outputs in a training step.
  var outputs: Tensor { model.plainOutput(inputs, at: parameters.tensor) }

  var objective: NetworkObjective {
    NetworkObjective(model, loss, inputs: inputs, targets: targets)
  }

  func direction(_ seed: UInt64) -> FlatVector {
    var generator = SeededGenerator(seed: 1000 + seed)
    return FlatVector((0..<parameters.count).map { _ in generator.normal() }, parameters.type)
  }

  /// ∂outputs/∂parameters, [outputs, parameters], by autograd a row at a time.
  var jacobian: [[Double]] {
    let point = parameters.tensor.tracked()
    let output = model.plainOutput(inputs, at: point).reshaped([-1])
    return (0..<output.count).map { row in
      output.narrowed(0, from: row, count: 1).sum().gradients(by: [point])[0]?.doubles
        ?? Array(repeating: 0, count: parameters.count)
    }
  }

  /// The gradient of the loss by autograd.
  var autogradGradient: [Double] {
    let point = parameters.tensor.tracked()
    let value = loss.plainValue(model.plainOutput(inputs, at: point), targets: targets)
    return value.gradients(by: [point])[0]?.doubles ?? []
  }

  /// The Fisher matrix of the loss by the outputs, from its definition.
  var outputFisher: [[Double]] {
    let outputs = self.outputs
    let k = outputs.shape.last ?? 1
    let n = outputs.count / k
    let z = outputs.doubles
    var matrix = Array(repeating: Array(repeating: 0.0, count: n * k), count: n * k)
    for example in 0..<n {
      let row = (0..<k).map { exp(z[example * k + $0]) }
      let total = row.reduce(0, +)
      for i in 0..<k {
        for j in 0..<k {
          let (p, q) = (row[i] / total, row[j] / total)
          matrix[example * k + i][example * k + j] =
            loss is SoftmaxCrossEntropy
            ? ((i == j ? p : 0) - p * q) / Double(n) : (i == j ? 1 / Double(n * k) : 0)
        }
      }
    }
    return matrix
  }

  func gradient(at point: FlatVector) -> [Double] {
    var gradient = point.zeros()
    objective.linearize(at: point).formGradient(&gradient)
    return gradient.doubles
  }
}

func times(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
  matrix.map { zip($0, vector).map(*).reduce(0, +) }
}

func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).map(*).reduce(0, +) }

/// The largest difference over the largest magnitude.
func deviation(_ x: [Double], _ y: [Double]) -> Double {
  guard x.count == y.count else { return .infinity }
  let scale = (x + y).map(abs).max() ?? 0
  let difference = zip(x, y).map { abs($0 - $1) }.max() ?? 0
  return scale == 0 ? difference : difference / scale
}

func deviation(_ x: Double, _ y: Double) -> Double { deviation([x], [y]) }
