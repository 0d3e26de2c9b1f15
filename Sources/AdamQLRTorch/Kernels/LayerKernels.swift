import CTorch

/// Kernels of normalization layers and convolutions, over matrices whose columns are the channels.
extension Kernels {
  /// out ← xᵀ as matrices, added to what is there where `accumulates`.
  public static func transpose(_ x: Tensor, into out: Tensor, accumulates: Bool = false) {
    check("transposition", x, out)
    guard out.count == x.count else {
      fatalError("transposition of \(x.shape) into \(out.shape)")
    }
    guard x.device.isCPU else {
      let result = x.reshaped([x.rowCount, x.columnCount]).transposed().reshaped(out.shape)
      return out.assign(accumulates ? out + result : result)
    }
    ct_transpose(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), x.data, accumulates, out.data)
  }

  /// The mean of each column of x, and its mean squared deviation from it.
  public static func columnMoments(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    check("column moments", x)
    let mean = Tensor(uninitialized: [x.columnCount], like: x)
    let variance = Tensor(uninitialized: [x.columnCount], like: x)
    guard x.rowCount > 0 else {
      fatalError("moments of a batch of shape \(x.shape): there are no rows")
    }
    guard x.device.isCPU else {
      onDevice { ct_device_column_moments(x.handle, mean.handle, variance.handle) }
      return (mean, variance)
    }
    trap(
      on: ct_column_moments(
        x.isDouble, Int64(x.rowCount), Int64(x.columnCount), x.data, mean.data, variance.data))
    return (mean, variance)
  }

  /// Σ u and Σ u·(x − mean) over each column; u counts as 0 where `mask` is not positive.
  public static func columnProducts(
    _ u: Tensor, where mask: Tensor?, _ x: Tensor, mean: Tensor
  ) -> (sums: Tensor, products: Tensor) {
    checkColumns("column products", x, [u, mask], [mean])
    let sums = Tensor(uninitialized: [x.columnCount], like: x)
    let products = Tensor(uninitialized: [x.columnCount], like: x)
    guard x.device.isCPU else {
      onDevice {
        ct_device_column_products(
          u.handle, mask?.handle, x.handle, mean.handle, sums.handle, products.handle)
      }
      return (sums, products)
    }
    trap(
      on: ct_column_products(
        x.isDouble, Int64(x.rowCount), Int64(x.columnCount), u.data, mask?.data, x.data, mean.data,
        sums.data, products.data))
    return (sums, products)
  }

  /// scale·x + offset (+ addend), columnwise; negative elements set to 0 where `rectifies`.
  public static func scaleColumns(
    _ x: Tensor, by scale: Tensor, plus offset: Tensor, _ addend: Tensor?, rectifies: Bool
  ) -> Tensor {
    checkColumns("columnwise scale", x, [addend], [scale, offset])
    let out = Tensor(uninitialized: x.shape, like: x)
    guard x.device.isCPU else {
      onDevice {
        ct_device_scale_columns(
          scale.handle, x.handle, offset.handle, addend?.handle, rectifies, out.handle)
      }
      return out
    }
    ct_scale_columns(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), scale.data, x.data, offset.data,
      addend?.data, rectifies, out.data)
    return out
  }

  /// a·u + p·x + q (+ addend), columnwise, and 0 where `mask` is not positive.
  public static func combineColumns(
    _ a: Tensor, _ u: Tensor, _ p: Tensor, _ x: Tensor, plus q: Tensor, _ addend: Tensor?,
    where mask: Tensor?
  ) -> Tensor {
    checkColumns("columnwise combination", x, [u, addend, mask], [a, p, q])
    let out = Tensor(uninitialized: x.shape, like: x)
    guard x.device.isCPU else {
      onDevice {
        ct_device_combine_columns(
          a.handle, u.handle, p.handle, x.handle, q.handle, addend?.handle, mask?.handle,
          out.handle)
      }
      return out
    }
    ct_combine_columns(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), a.data, u.data, p.data, x.data, q.data,
      addend?.data, mask?.data, out.data)
    return out
  }

  /// masked ← u where `mask` is positive, else 0, and out ← a·masked + p·x + q, columnwise.
  public static func combineMaskedColumns(
    _ a: Tensor, _ u: Tensor, where mask: Tensor?, _ p: Tensor, _ x: Tensor, plus q: Tensor,
    masked: Tensor?, into out: Tensor?
  ) {
    checkColumns("columnwise combination", x, [u, mask, masked, out], [a, p, q])
    guard x.device.isCPU else {
      return onDevice {
        ct_device_combine_masked_columns(
          a.handle, u.handle, mask?.handle, p.handle, x.handle, q.handle, masked?.handle,
          out?.handle)
      }
    }
    ct_combine_masked_columns(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), a.data, u.data, mask?.data, p.data,
      x.data, q.data, masked?.data, out?.data)
  }

  /// The tangent of scale·(x − mean)·inverseDeviation + offset, with the mean and deviation of each
  /// row. Tangents left out are 0.
  public static func layerNormalizationTangent(
    of x: Tensor, mean: Tensor, inverseDeviation: Tensor, scale: Tensor, tangent: Tensor?,
    scaleTangent: Tensor?, offsetTangent: Tensor?
  ) -> Tensor {
    checkColumns("layer normalization", x, [tangent], [scale, scaleTangent, offsetTangent])
    check("layer normalization", x, mean, inverseDeviation)
    guard mean.count == x.rowCount, inverseDeviation.count == x.rowCount else {
      fatalError("layer normalization of \(x.shape): the moments are \(mean.shape)")
    }
    let out = Tensor(uninitialized: x.shape, like: x)
    guard x.device.isCPU else {
      onDevice {
        ct_device_layer_norm_tangent(
          x.handle, mean.handle, inverseDeviation.handle, scale.handle, tangent?.handle,
          scaleTangent?.handle, offsetTangent?.handle, out.handle)
      }
      return out
    }
    ct_layer_norm_tangent(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), x.data, mean.data,
      inverseDeviation.data, scale.data, tangent?.data, scaleTangent?.data, offsetTangent?.data,
      out.data)
    return out
  }

  private static func checkColumns(
    _ operation: StaticString, _ x: Tensor, _ matrices: [Tensor?], _ rows: [Tensor?]
  ) {
    check(operation, x, matrices + rows)
    guard matrices.allSatisfy({ $0.map { $0.count == x.count } ?? true }),
      rows.allSatisfy({ $0.map { $0.count == x.columnCount } ?? true })
    else {
      fatalError(
        "\(operation) of \(x.shape): the operands' shapes are "
          + (matrices + rows).compactMap { $0.map { "\($0.shape)" } }.joined(separator: ", "))
    }
  }
}

/// Kernels of one step of an LSTM, over rows [N, hidden], and gates [N, 4·hidden] packed input,
/// candidate, forget, output.
extension Kernels {
  /// Replaces the gates' arguments by their values, and computes the state c, tanh c and the output.
  ///
  /// - Parameters:
  ///   - gates: The gates' arguments, which their values replace.
  ///   - forgetOffset: Is added to the forget gate's argument.
  ///   - previous: The state before; `nil` where it is 0.
  ///   - state: Gets c.
  ///   - bounded: Gets tanh c.
  ///   - output: Gets the output.
  public static func lstmCell(
    gates: Tensor, forgetOffset: Double, previous: Tensor?, state: Tensor, bounded: Tensor,
    output: Tensor
  ) {
    checkCell(gates, [previous, state, bounded, output])
    guard gates.device.isCPU else {
      return onDevice {
        ct_device_lstm_cell(
          forgetOffset, previous?.handle, gates.handle, state.handle, bounded.handle, output.handle)
      }
    }
    ct_lstm_cell(
      gates.isDouble, Int64(state.rowCount), Int64(state.columnCount), forgetOffset,
      previous?.data, gates.data, state.data, bounded.data, output.data)
  }

  /// The tangent of ``lstmCell(gates:forgetOffset:previous:state:bounded:output:)``: that of the
  /// previous state, in `stateTangent`, is replaced by that of the state.
  public static func lstmCellTangent(
    gates: Tensor, previous: Tensor?, bounded: Tensor, argumentTangent: Tensor,
    stateTangent: Tensor, outputTangent: Tensor
  ) {
    checkCell(gates, [previous, bounded, stateTangent, outputTangent])
    checkCell(argumentTangent, [bounded])
    guard gates.device.isCPU else {
      return onDevice {
        ct_device_lstm_cell_tangent(
          gates.handle, previous?.handle, bounded.handle, argumentTangent.handle,
          stateTangent.handle, outputTangent.handle)
      }
    }
    ct_lstm_cell_tangent(
      gates.isDouble, Int64(bounded.rowCount), Int64(bounded.columnCount), gates.data,
      previous?.data, bounded.data, argumentTangent.data, stateTangent.data, outputTangent.data)
  }

  /// The pullback of ``lstmCell(gates:forgetOffset:previous:state:bounded:output:)``: the cotangent of
  /// the state but for what comes through the output, in `stateCotangent`, is replaced by that of
  /// the previous state.
  public static func lstmCellPullback(
    gates: Tensor, previous: Tensor?, bounded: Tensor, outputCotangent: Tensor,
    stateCotangent: Tensor, argumentCotangent: Tensor
  ) {
    checkCell(gates, [previous, bounded, outputCotangent, stateCotangent])
    checkCell(argumentCotangent, [bounded])
    guard gates.device.isCPU else {
      return onDevice {
        ct_device_lstm_cell_pullback(
          gates.handle, previous?.handle, bounded.handle, outputCotangent.handle,
          stateCotangent.handle, argumentCotangent.handle)
      }
    }
    ct_lstm_cell_pullback(
      gates.isDouble, Int64(bounded.rowCount), Int64(bounded.columnCount), gates.data,
      previous?.data, bounded.data, outputCotangent.data, stateCotangent.data,
      argumentCotangent.data)
  }

  private static func checkCell(_ gates: Tensor, _ others: [Tensor?]) {
    check("LSTM", gates, others)
    guard others.allSatisfy({ $0.map { 4 * $0.count == gates.count } ?? true }) else {
      fatalError("LSTM: gates \(gates.shape) do not fit a state of a quarter of them")
    }
  }
}
