import Files
import Requirements
import AdamQLRTorch

/// An order of a table's rows.
public struct Permutation: Hashable, Sendable {
  /// The place each row comes from: row `i` of the result is row `indices[i]` of the source.
  public let indices: [Int]

  /// Makes the order of those places, or `nil` where they are not each of `0..<count` once.
  public init?(_ indices: [Int]) {
    var isTaken = [Bool](repeating: false, count: indices.count)
    for index in indices {
      guard isTaken.indices.contains(index), !isTaken[index] else { return nil }
      isTaken[index] = true
    }
    self.indices = indices
  }

  /// Draws an order of `0..<count`.
  ///
  /// - Precondition: The count is not negative.
  public init(shuffling count: Int, with generator: inout SeededGenerator) {
    indices = generator.permutation(of: count)
  }

  /// Reads an order from a text file: each of `0..<count` once, separated by white space; `12.0`
  /// and `1.2e1` are as good as `12`.
  ///
  /// - Parameters:
  ///   - path: The file's path.
  ///   - count: How many rows there are to order.
  /// - Throws: ``DataError`` where the file cannot be read, an entry is no whole number, is out of
  ///   range or comes twice, or entries are too few or too many.
  public init(file path: String, count: Int) throws(DataError) {
    let values = try NumberTable(file: path).values
    let expected = "each of 0 to \(count - 1) once"
    guard values.count == count else {
      throw .malformed(file: path, found: "\(values.count) entries", expected: "\(count)")
    }
    var isTaken = [Bool](repeating: false, count: count)
    var indices: [Int] = []
    indices.reserveCapacity(count)
    for (i, value) in values.enumerated() {
      guard let index = Int(exactly: value) else {
        throw .malformed(
          file: path, place: .entry(i), found: "\(value)", expected: "a whole number")
      }
      guard isTaken.indices.contains(index) else {
        throw .malformed(file: path, place: .entry(i), found: "\(index)", expected: expected)
      }
      guard !isTaken[index] else {
        throw .malformed(
          file: path, place: .entry(i), found: "\(index) again", expected: expected)
      }
      isTaken[index] = true
      indices.append(index)
    }
    self.indices = indices
  }

  /// The table with its rows in this order.
  ///
  /// - Precondition: It has as many rows as the order.
  public func applied(to table: NumberTable) -> NumberTable {
    require(
      table.rows == indices.count, "\(table.rows) rows, but an order of \(indices.count)")
    var values: [Double] = []
    values.reserveCapacity(table.values.count)
    for index in indices {
      values += table.values[(index * table.columns)..<((index + 1) * table.columns)]
    }
    return NumberTable(columns: table.columns, values: values)
  }
}
