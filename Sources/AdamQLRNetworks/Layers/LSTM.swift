import Requirements
import AdamQLRTorch

/// A long short-term memory (Hochreiter and Schmidhuber 1997; with a forget gate, Gers et al. 2000)
/// over sequences [N, positions, inputs], from a zero state. Its output has the units' outputs at each
/// position, [N, positions, units].
///
/// At each position x·W + b + h·R are the arguments of the gates: input i, candidate g, forget f and
/// output o, packed in this order; 1 is added to the forget gate's, so that units remember at first
/// (Jozefowicz et al. 2015). The state is c ← σ(f)·c + σ(i)·tanh g, the output h ← σ(o)·tanh c.
public struct LSTM: Layer {
  /// W and b.
  public let input: Dense
  /// R, [units, 4·units].
  public let recurrent: Parameter

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - inputs: The size of the input's last dimension.
  ///   - units: The number of units.
  ///   - initializer: How the weights start. Default: LeCun's.
  public init(_ inputs: Int, _ units: Int, initializer: Initializer = .leCun()) {
    input = Dense(inputs, 4 * units, initializer: initializer)
    recurrent = Parameter(shape: [units, 4 * units], role: .weight, initializer: initializer)
  }

  public func callAsFunction(_ x: Variable) -> Variable {
    require(
      x.shape.count == 3 && x.shape[1] > 0,
      "an LSTM was given an input of shape \(x.shape); expected [N, positions, inputs]")
    return input(x).applying(RecurrenceOperation(), and: x.record.variable(recurrent))
  }
}

/// The recurrence of an LSTM. Inputs: x·W + b of all positions, and R.
struct RecurrenceOperation: Operation {
  /// What is added to the forget gate's argument.
  static let forgetOffset = 1.0

  func value(_ inputs: [Tensor]) -> Tensor {
    Sweep(inputs[0], inputs[1]).output
  }

  func plainValue(_ inputs: [Tensor]) -> Tensor {
    let (z, recurrent) = (inputs[0], inputs[1])
    let units = recurrent.size(0)
    var state: (h: Tensor, c: Tensor)?
    var outputs: [Tensor] = []
    for position in 0..<z.size(1) {
      let own = z.narrowed(1, from: position, count: 1).reshaped([z.size(0), 4 * units])
      let gates = state.map { own + $0.h.matmul(recurrent) } ?? own
      func gate(_ index: Int) -> Tensor { gates.narrowed(1, from: index * units, count: units) }
      let new = gate(0).sigmoid() * gate(1).tanh()
      let c = state.map { (gate(2) + Self.forgetOffset).sigmoid() * $0.c + new } ?? new
      let h = gate(3).sigmoid() * c.tanh()
      state = (h, c)
      outputs.append(h.reshaped([z.size(0), 1, units]))
    }
    return Tensor.joining(outputs, over: 1)
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (z, recurrent) = (inputs[0], inputs[1])
    let sweep = Sweep(z, recurrent)
    var result = LinearizedOperation(
      sweep.output, pushforward: { sweep.pushforward($0[0], $0[1]) },
      pullback: { cotangent, cotangents in
        let gates = sweep.pullback(cotangent)
        cotangents.write(1) { part, accumulates in
          guard let (before, after) = sweep.successions(gates) else {
            if !accumulates { part.overwrite(with: .zeros(part.shape, like: part)) }
            return
          }
          Kernels.multiply(before, after, into: part, transposesA: true, accumulates: accumulates)
        }
        guard cotangents.isNeeded(0) || cotangents.notesFactors else { return }
        let arguments = gates.batchFirst
        cotangents.noteFactor(arguments)
        cotangents.add(arguments, to: 0)
      })
    result.product = FactoredProduct(weight: 1, bias: nil, rowCount: z.size(0) * z.size(1)) {
      sweep.earlierOutputs
    }
    return result
  }

  /// A run over all positions. Positions come first in its tensors, so that those of one are
  /// together.
  private struct Sweep {
    private let recurrent: Tensor
    private let gates, states, bounded, outputs: Tensor

    init(_ z: Tensor, _ recurrent: Tensor) {
      self.recurrent = recurrent
      gates = z.positionsFirst
      let shape = [z.size(1), z.size(0), recurrent.size(0)]
      states = Tensor(uninitialized: shape, like: z)
      bounded = Tensor(uninitialized: shape, like: z)
      outputs = Tensor(uninitialized: shape, like: z)
      for t in 0..<gates.size(0) {
        let gate = gates.entry(t)
        if t > 0 {
          Kernels.multiply(outputs.entry(t - 1), recurrent, into: gate, accumulates: true)
        }
        Kernels.lstmCell(
          gates: gate, forgetOffset: RecurrenceOperation.forgetOffset,
          previous: t > 0 ? states.entry(t - 1) : nil, state: states.entry(t),
          bounded: bounded.entry(t), output: outputs.entry(t))
      }
    }

    var output: Tensor { outputs.batchFirst }

    /// The outputs before each position but the first, and the rows of a tensor that belong to the
    /// positions after; `nil` where there is one position only.
    func successions(_ rows: Tensor) -> (before: Tensor, after: Tensor)? {
      let count = gates.size(0)
      return count > 1 ? (outputs.rows(0..<(count - 1)), rows.rows(1..<count)) : nil
    }

    /// The outputs before each position, 0 before the first: [N, positions, units].
    var earlierOutputs: Tensor {
      let shifted = Tensor.zeros(outputs.shape, like: outputs)
      if let (before, after) = successions(shifted) { after.overwrite(with: before) }
      return shifted.batchFirst
    }

    func pushforward(_ tangent: Tensor?, _ recurrentTangent: Tensor?) -> Tensor? {
      guard tangent != nil || recurrentTangent != nil else { return nil }
      let arguments = tangent?.positionsFirst ?? .zeros(gates.shape, like: gates)
      if let recurrentTangent, let (before, after) = successions(arguments) {
        Kernels.multiply(before, recurrentTangent, into: after, accumulates: true)
      }
      let results = Tensor(uninitialized: outputs.shape, like: outputs)
      let state = Tensor.zeros(outputs.entry(0).shape, like: outputs)
      for t in 0..<gates.size(0) {
        if t > 0 {
          Kernels.multiply(
            results.entry(t - 1), recurrent, into: arguments.entry(t), accumulates: true)
        }
        Kernels.lstmCellTangent(
          gates: gates.entry(t), previous: t > 0 ? states.entry(t - 1) : nil,
          bounded: bounded.entry(t), argumentTangent: arguments.entry(t), stateTangent: state,
          outputTangent: results.entry(t))
      }
      return results.batchFirst
    }

    /// The cotangents of the gates' arguments.
    func pullback(_ cotangent: Tensor) -> Tensor {
      let received = cotangent.positionsFirst
      let arguments = Tensor(uninitialized: gates.shape, like: gates)
      let state = Tensor.zeros(outputs.entry(0).shape, like: outputs)
      for t in (0..<gates.size(0)).reversed() {
        if t + 1 < gates.size(0) {
          Kernels.multiply(
            arguments.entry(t + 1), recurrent, into: received.entry(t), transposesB: true,
            accumulates: true)
        }
        Kernels.lstmCellPullback(
          gates: gates.entry(t), previous: t > 0 ? states.entry(t - 1) : nil,
          bounded: bounded.entry(t), outputCotangent: received.entry(t), stateCotangent: state,
          argumentCotangent: arguments.entry(t))
      }
      return arguments
    }
  }
}

extension Tensor {
  /// [N, positions, size] as [positions, N, size], always copied.
  fileprivate var positionsFirst: Tensor {
    let copy = Tensor(uninitialized: [size(1), size(0), size(2)], like: self)
    copy.overwrite(with: transposed(0, 1))
    return copy
  }

  /// The other way round.
  fileprivate var batchFirst: Tensor { transposed(0, 1).contiguous() }

  /// One entry of the first dimension, sharing memory.
  fileprivate func entry(_ index: Int) -> Tensor {
    let shape = Array(shape.dropFirst())
    return slice(from: index * shape.reduce(1, *), shape: shape)
  }
}
