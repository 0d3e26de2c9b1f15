import AdamQLRTorch

/// Orthogonal bases in which a symmetric matrix is diagonal, or nearly so, by columns. Of the matrix,
/// which is finite, only the upper triangle counts.
package enum Eigenbasis {
  /// The eigenvectors, by rising eigenvalue.
  ///
  /// In single precision LAPACK's divide and conquer fails on some singular matrices, with rows of
  /// zeros for instance, as of inputs that are 0 in all examples: it says so, or returns NaN. What is
  /// far below the precision of the eigenvalues is then added to the diagonal, and if that does not
  /// help, the same matrix is decomposed in double precision.
  ///
  /// - Parameters:
  ///   - matrix: [n, n].
  ///   - decompose: The decomposition of one matrix, so that tests can have it fail.
  /// - Throws: `TorchError` where none of the attempts comes to a basis.
  package static func vectors(
    of matrix: Tensor,
    _ decompose: (Tensor) throws -> Tensor = { try $0.eigendecomposition().vectors }
  ) throws -> Tensor {
    func attempt(_ matrix: Tensor) throws -> Tensor {
      let vectors = try decompose(matrix)
      guard Kernels.dot(vectors, vectors).isFinite else {
        throw TorchError("the eigenvectors of \(matrix.type)\(matrix.shape) are not finite")
      }
      return vectors
    }
    do {
      return try attempt(matrix)
    } catch let error as TorchError where !error.isOutOfMemory {
      let shifted = shifted(matrix)
      do {
        return try attempt(shifted)
      } catch let error as TorchError where !error.isOutOfMemory {
        return try attempt(shifted.to(.float64)).to(matrix.type)
      }
    }
  }

  /// The matrix with an ulp of the mean eigenvalue on its diagonal.
  private static func shifted(_ matrix: Tensor) -> Tensor {
    let n = matrix.size(0)
    let ulp = matrix.type == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
    let shift = max(ulp * Kernels.trace(matrix) / Double(n), Double(Float.leastNormalMagnitude))
    return matrix + diagonal(n, shift, like: matrix).reshaped([n, n])
  }

  /// A multiple of the identity, row-major in one dimension, of the type and on the device of a tensor.
  static func diagonal(_ size: Int, _ value: Double, like other: Tensor) -> Tensor {
    let elements = (0..<(size * size)).map { $0 % (size + 1) == 0 ? value : 0 }
    return Tensor(elements).to(other.type).to(other.device)
  }

  /// One step of orthogonal iteration from a basis that is nearly one: the Q of MQ = QR, its columns
  /// sorted by falling qᵀMq before.
  ///
  /// - Returns: The new basis, and which of the old one's columns each of its columns comes from.
  package static func iterated(
    _ matrix: Tensor, from basis: Tensor
  ) throws -> (vectors: Tensor, order: Tensor) {
    let image = Tensor(uninitialized: basis.shape, like: basis)
    Kernels.multiply(matrix.symmetrized().contiguous(), basis, into: image)
    let values = (basis * image).sum(over: [0]).doubles
    // Equal ones stay in order, so that a run repeats.
    let sorted = values.indices.sorted { (values[$1], $0) < (values[$0], $1) }
    let order = Tensor(sorted.map(Int64.init)).to(matrix.device)
    let columns = image.transposed().selectingRows(order).transposed()
    return (try columns.orthogonalFactor(), order)
  }
}
