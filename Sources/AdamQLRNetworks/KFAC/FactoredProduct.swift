import AdamQLRTorch

/// A product z = a·W, or z = a·W + b, that an operation contains, with W and b parameters used
/// nowhere else in the operation.
///
/// It is what ``KFAC`` needs to treat W and b as a Kronecker-factored block. The operation's pullback
/// must hand the cotangent of z to ``Cotangents/noteFactor(_:)``. The rows of a and z belong to one
/// example after the other, with the same number of rows for each.
///
/// The columns of W, b and z may fall into equal parts, each of which is a product of its own, and a
/// block of its own.
public struct FactoredProduct {
  /// The number of the input that is W. Its last dimension has the columns of z, all others together
  /// those of a.
  public let weight: Int
  /// The number of the input that is b, [columns of z], if there is one.
  public let bias: Int?
  /// The number of rows of a, which is that of z.
  public let rowCount: Int
  /// The number of parts.
  public let parts: Int
  /// Whether the parts have the same a.
  public let sharesFactor: Bool
  /// How many rows of a should be made at a time, so that they stay small; whole examples.
  let pieceRows: Int
  /// Makes some rows of a for a part.
  private let makeRows: (_ part: Int, _ rows: Range<Int>) -> Tensor

  /// Declares a product.
  ///
  /// - Parameters:
  ///   - weight: The number of the input that is W.
  ///   - bias: The number of the input that is b, if there is one.
  ///   - rowCount: The number of rows of a.
  ///   - parts: The number of parts, which divides the columns of W. Default 1.
  ///   - factor: Makes a, which all parts have.
  public init(
    weight: Int, bias: Int?, rowCount: Int, parts: Int = 1, factor: @escaping () -> Tensor
  ) {
    self.init(
      weight: weight, bias: bias, rowCount: rowCount, parts: parts, sharesFactor: true,
      pieceRows: max(rowCount, 1)
    ) { _, rows in
      let a = factor()
      return rows.count == rowCount ? a : a.reshaped([rowCount, -1]).rows(rows)
    }
  }

  /// Declares a product whose a is made in pieces.
  ///
  /// - Parameters:
  ///   - sharesFactor: Whether the parts have the same a.
  ///   - pieceRows: How many rows should be made at a time: whole examples, or any number where all
  ///     rows are one example's.
  ///   - makeRows: Makes some rows of a for a part.
  init(
    weight: Int, bias: Int?, rowCount: Int, parts: Int, sharesFactor: Bool, pieceRows: Int,
    makeRows: @escaping (_ part: Int, _ rows: Range<Int>) -> Tensor
  ) {
    self.weight = weight
    self.bias = bias
    self.rowCount = rowCount
    self.parts = parts
    self.sharesFactor = sharesFactor
    self.pieceRows = pieceRows
    self.makeRows = makeRows
  }

  /// The same without a, which must not be asked for.
  var withoutFactor: FactoredProduct {
    FactoredProduct(
      weight: weight, bias: bias, rowCount: rowCount, parts: parts, sharesFactor: sharesFactor,
      pieceRows: pieceRows
    ) { _, _ in fatalError("the factor of a product was given up") }
  }

  /// Hands all rows of a for a part to `body`, piece by piece.
  func forEachPiece(of part: Int, _ body: (Tensor) -> Void) {
    for start in stride(from: 0, to: rowCount, by: pieceRows) {
      body(makeRows(part, start..<min(start + pieceRows, rowCount)))
    }
  }
}

extension FactoredProduct {
  /// How W enters: Σ aᵀb over an example's rows is its derivative.
  var weightUse: ParameterUse {
    ParameterUse(input: weight, rowCount: rowCount) { cotangent, examples, sums in
      let b = examples.rows(of: cotangent.reshaped([rowCount, -1]))
      let width = b.size(2) / parts
      let sums = sums.reshaped([examples.count, -1, b.size(2)])
      let perExample = rowCount / examples.batchCount
      let rows = (examples.range.lowerBound * perExample)..<(examples.range.upperBound * perExample)
      for part in 0..<parts {
        let a = makeRows(part, rows).reshaped([examples.count, perExample, -1])
        sums.narrowed(2, from: part * width, count: width)
          .addProduct(a.transposed(), b.narrowed(2, from: part * width, count: width))
      }
    }
  }

  /// How b enters, if there is one.
  var biasUse: ParameterUse? {
    bias.map { bias in
      ParameterUse(input: bias, rowCount: rowCount) { cotangent, examples, sums in
        sums.accumulate(examples.rows(of: cotangent.reshaped([rowCount, -1])).sum(over: [1]))
      }
    }
  }
}
