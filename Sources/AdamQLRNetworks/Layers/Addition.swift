import Requirements
import AdamQLRTorch

extension Variable {
  /// The sum, element by element; where the second has fewer dimensions, it is added to each of the
  /// first's leading indices.
  ///
  /// - Precondition: The second's shape is the end of the first's.
  public static func + (a: Variable, b: Variable) -> Variable {
    require(
      a.shape.suffix(b.shape.count) == b.shape[...],
      "variables of shapes \(a.shape) and \(b.shape) cannot be added")
    return a.applying(Addition(), and: b)
  }
}

private struct Addition: Operation {
  func value(_ inputs: [Tensor]) -> Tensor { inputs[0] + inputs[1] }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (shape, smaller) = (inputs[0].shape, inputs[1].shape)
    // What is added to each example may be a parameter.
    let isRepeated = smaller.count < shape.count
    var result = LinearizedOperation(
      value(inputs),
      pushforward: { tangents in
        guard let b = tangents[1] else { return tangents[0] }
        return tangents[0].map { $0 + b } ?? b.expanded(to: shape).contiguous()
      },
      pullback: { cotangent, cotangents in
        if isRepeated { cotangents.noteFactor(cotangent.contiguous()) }
        cotangents.add(cotangent, to: 0)
        guard cotangents.isNeeded(1) else { return }
        cotangents.add(
          shape == smaller
            ? cotangent : cotangent.sum(over: Array(0..<(shape.count - smaller.count))), to: 1)
      })
    if isRepeated {
      result.uses = [
        ParameterUse(input: 1, rowCount: shape[0]) { cotangent, examples, sums in
          let parts = examples.rows(of: cotangent.reshaped([-1] + smaller))
          sums.accumulate(parts.sum(over: [1]))
        }
      ]
    }
    return result
  }
}
