import Requirements
import AdamQLRTorch

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
    require(count > 0 && size > 0, "an embedding of \(count) vectors of size \(size) is empty")
    weight = Parameter(shape: [count, size], role: .embedding, initializer: initializer)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    require(
      input.value.type == .int64,
      "an embedding is looked up by int64 numbers, but was given \(input.value.type)")
    return input.applying(EmbeddingOperation(), and: input.record.variable(weight))
  }

  /// Vectors [N, positions, size] with the table's first added, the i-th at position i.
  ///
  /// - Precondition: The table has a vector for each position.
  public func placed(in input: Variable) -> Variable {
    require(
      input.shape.count == 3 && input.shape[1] <= weight.shape[0]
        && input.shape[2] == weight.shape[1],
      "a table of shape \(weight.shape) cannot be added to vectors of shape \(input.shape)")
    return input.applying(PlacementOperation(), and: input.record.variable(weight))
  }

  /// The scalar products of vectors [.., size] with each of the table's, [.., count]: an output layer
  /// that shares its weights with the embedding (Press and Wolf 2017).
  public func scores(of input: Variable) -> Variable {
    require(
      input.shape.last == weight.shape[1],
      "vectors of shape \(input.shape) and a table of shape \(weight.shape) have no products")
    return input.applying(TransposedProduct(), and: input.record.variable(weight))
  }
}

/// Inputs: the numbers and the table.
private struct EmbeddingOperation: Operation {
  /// An example adds the cotangents at its places to the vectors that are looked up there.
  private func use(of table: Tensor, at indices: Tensor) -> ParameterUse {
    let (count, size) = (table.size(0), table.size(1))
    var use = ParameterUse(input: 1, rowCount: indices.rank == 0 ? 0 : indices.size(0)) {
      cotangent, examples, sums in
      // The examples' tables are one after the other.
      let starts = Tensor.countingUp(examples.count, by: count, on: sums.device)
        .reshaped([examples.count, 1])
      let places = examples.rows(of: indices).reshaped([examples.count, -1]) + starts
      sums.reshaped([-1, size]).addRows(
        examples.rows(of: cotangent).reshaped([-1, size]), at: places)
    }
    // Few of the vectors are looked up by an example.
    use.makeSquares = { cotangent, examples in
      cotangent.reshaped([-1, size])
        .squaredRowSums(at: indices.reshaped([examples, -1]), count: count)
    }
    return use
  }

  func value(_ inputs: [Tensor]) -> Tensor { inputs[1].rows(at: inputs[0]) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (indices, table) = (inputs[0], inputs[1])
    var result = LinearizedOperation(
      value(inputs), pushforward: { $0[1]?.rows(at: indices) },
      pullback: { cotangent, cotangents in
        cotangents.noteFactor(cotangent.contiguous())
        cotangents.write(1) { part, accumulates in
          if !accumulates { part.overwrite(with: .zeros(table.shape, like: table)) }
          part.addRows(cotangent, at: indices)
        }
      })
    result.uses = [use(of: table, at: indices)]
    return result
  }
}

/// Vectors with the first of a table's added at each position. Inputs: the vectors [N, positions, size]
/// and the table.
private struct PlacementOperation: Operation {
  func value(_ inputs: [Tensor]) -> Tensor {
    inputs[0] + inputs[1].narrowed(0, from: 0, count: inputs[0].size(1))
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (x, table) = (inputs[0], inputs[1])
    let positions = 0..<x.size(1)
    var result = LinearizedOperation(
      value(inputs),
      pushforward: { tangents in
        guard let rows = tangents[1]?.rows(positions) else { return tangents[0] }
        return tangents[0].map { $0 + rows } ?? rows.expanded(to: x.shape).contiguous()
      },
      pullback: { cotangent, cotangents in
        cotangents.noteFactor(cotangent.contiguous())
        cotangents.add(cotangent, to: 0)
        cotangents.write(1) { part, accumulates in
          if !accumulates { part.overwrite(with: .zeros(table.shape, like: table)) }
          part.rows(positions).accumulate(cotangent.sum(over: [0]))
        }
      })
    result.uses = [
      ParameterUse(input: 1, rowCount: x.size(0)) { cotangent, examples, sums in
        let own = examples.rows(of: cotangent).sum(over: [1])
        let rows = sums.narrowed(1, from: 0, count: positions.count)
        rows.assign(rows + own)
      }
    ]
    return result
  }
}

/// x·Wᵀ. Inputs: x and W.
private struct TransposedProduct: Operation {
  func value(_ inputs: [Tensor]) -> Tensor {
    let (x, weight) = (inputs[0], inputs[1])
    let out = Tensor(uninitialized: x.shape.dropLast() + [weight.size(0)], like: x)
    Kernels.multiply(x, weight, into: out, transposesB: true)
    return out
  }

  func plainValue(_ inputs: [Tensor]) -> Tensor { inputs[0].matmul(inputs[1].transposed()) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (x, weight) = (inputs[0], inputs[1])
    var result = LinearizedOperation(
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
        cotangents.noteFactor(cotangent)
        cotangents.write(1) {
          Kernels.multiply(cotangent, x, into: $0, transposesA: true, accumulates: $1)
        }
        cotangents.write(0) { Kernels.multiply(cotangent, weight, into: $0, accumulates: $1) }
      })
    result.uses = [
      ParameterUse(input: 1, rowCount: x.size(0)) { cotangent, examples, sums in
        sums.addProduct(
          examples.matrices(of: cotangent).transposed(), examples.matrices(of: x))
      }
    ]
    return result
  }
}
