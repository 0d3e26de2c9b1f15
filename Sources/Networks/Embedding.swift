import Torch

/// A table of vectors, looked up by number: of numbers [..], an int64 tensor, it makes [.., size].
public struct Embedding: Layer {
  /// The table [count, size].
  public let weight: Parameter

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - count: The number of vectors.
  ///   - size: The size of each.
  ///   - initializer: How they start. Default: normal with standard deviation 0.02.
  public init(_ count: Int, _ size: Int, initializer: Initializer = .normal()) {
    precondition(count > 0 && size > 0, "an embedding of \(count) vectors of size \(size) is empty")
    weight = Parameter(shape: [count, size], role: .embedding, initializer: initializer)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    precondition(
      input.value.type == .int64,
      "an embedding is looked up by int64 numbers, but was given \(input.value.type)")
    return input.applying(EmbeddingOperation(), and: input.record.variable(weight))
  }

  /// The scalar products of vectors [.., size] with each of the table's, [.., count]: an output layer
  /// that shares its weights with the embedding (Press and Wolf 2017).
  public func scores(of input: Variable) -> Variable {
    precondition(
      input.shape.last == weight.shape[1],
      "vectors of shape \(input.shape) and a table of shape \(weight.shape) have no products")
    return input.applying(TransposedProduct(), and: input.record.variable(weight))
  }
}

/// Inputs: the numbers and the table.
private struct EmbeddingOperation: Operation {
  func value(_ inputs: [Tensor]) -> Tensor { inputs[1].rows(at: inputs[0]) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (indices, table) = (inputs[0], inputs[1])
    return LinearizedOperation(
      value(inputs), pushforward: { $0[1]?.rows(at: indices) },
      pullback: { cotangent, cotangents in
        cotangents.write(1) { part, accumulates in
          if !accumulates { part.overwrite(with: .zeros(table.shape, table.type)) }
          part.addRows(cotangent, at: indices)
        }
      })
  }
}

/// x·Wᵀ. Inputs: x and W.
private struct TransposedProduct: Operation {
  func value(_ inputs: [Tensor]) -> Tensor {
    let (x, weight) = (inputs[0], inputs[1])
    let out = Tensor(uninitialized: x.shape.dropLast() + [weight.size(0)], x.type)
    Kernels.multiply(x, weight, into: out, transposesB: true)
    return out
  }

  func plainValue(_ inputs: [Tensor]) -> Tensor { inputs[0].matmul(inputs[1].transposed()) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (x, weight) = (inputs[0], inputs[1])
    return LinearizedOperation(
      value(inputs),
      pushforward: { tangents in
        let t = tangents[1].map { value([x, $0]) }
        guard let tangent = tangents[0] else { return t }
        guard let t else { return value([tangent, weight]) }
        Kernels.multiply(tangent, weight, into: t, transposesB: true, accumulates: true)
        return t
      },
      pullback: { cotangent, cotangents in
        let cotangent = cotangent.contiguous()
        cotangents.write(1) {
          Kernels.multiply(cotangent, x, into: $0, transposesA: true, accumulates: $1)
        }
        cotangents.write(0) { Kernels.multiply(cotangent, weight, into: $0, accumulates: $1) }
      })
  }
}
