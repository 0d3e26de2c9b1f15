extension Operator {
  static let unique = Operator("aten::_unique2")
  static let remainder = Operator("aten::remainder", overload: "Scalar")
  static let addBatchedProduct = Operator("aten::baddbmm_")
}

/// Sums over the rows of each example of a batch.
extension Tensor {
  /// self ← self + a·b for each of a batch of matrices [N, m, n], which may be part of another
  /// tensor's.
  public func addProduct(_ a: Tensor, _ b: Tensor) {
    _ = Operator.addBatchedProduct.all(.tensor(self), .tensor(a), .tensor(b))
  }

  /// Of rows [N·positions, size], which `indices`, of type int64 [N, positions], assign to the rows
  /// of a table: the sum over the N examples of the squares of what each adds to the table,
  /// [count, size].
  ///
  /// - Parameters:
  ///   - indices: The places of the rows, of type int64.
  ///   - count: The number of the table's rows.
  public func squaredRowSums(at indices: Tensor, count: Int) -> Tensor {
    let examples = indices.size(0)
    let starts = Tensor.countingUp(examples, by: count, on: device).reshaped([examples, 1])
    // What an example adds to one row of the table is a row of its own here.
    let results = Operator.unique.all(
      .tensor((indices + starts).reshaped([-1])), .bool(true), .bool(true))
    let (keys, places) = (results[0], results[1])
    let sums = Tensor.zeros([keys.count, size(1)], like: self)
    sums.addRows(self, at: places)
    Kernels.formProduct(sums, sums, into: sums)
    let squares = Tensor.zeros([count, size(1)], like: self)
    squares.addRows(sums, at: Operator.remainder(keys, options: .int(count)))
    return squares
  }
}
