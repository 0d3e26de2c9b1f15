import Files
import AdamQLRTorch

/// A table of one's own to learn from: where it is, and what is known of it.
public struct TableSource: Hashable, Sendable {
  /// The file's path.
  public var path: String
  /// The column to predict: its name, or its number from 1.
  public var target: String
  /// Whether numbers or classes are predicted. Default: what the target's cells are.
  public var kind = Kind.auto
  /// Columns that are words, whatever they look like.
  public var categorical: [String] = []
  /// Columns that are not used.
  public var ignored: [String] = []
  /// What becomes of missing cells. Default: they are an error.
  public var missing = MissingCells.refuse
  /// How files are read.
  public var format = TableFormat()
  /// The share of rows that test; without effect where ``testPath`` is given. Default 0.1.
  public var testFraction = 0.1
  /// The share of the other rows that validate. Default 0.15.
  public var validationFraction = 0.15
  /// A file of rows that test. Default: some of the file's own.
  public var testPath: String?

  /// Makes a source with the defaults for everything else.
  public init(path: String, target: String) {
    self.path = path
    self.target = target
  }

  /// What is predicted.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// Numbers where all of the target's cells are numbers, else classes.
    case auto
    /// Numbers.
    case regression
    /// Classes.
    case classification
  }
}

/// A table's examples, ready to train on.
public struct TableData<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The examples that train.
  public let training: Examples<Scalar>
  /// The examples that settings are chosen by; `nil` where their share is 0.
  public let validation: Examples<Scalar>?
  /// The examples that the result is judged by; `nil` where their share is 0.
  public let test: Examples<Scalar>?
  /// How the table was encoded.
  public let encoding: TableEncoding
  /// What was left out, filled in or noticed, in a line each.
  public let notes: [String]
}

extension TableSource {
  /// Reads the table, shuffles its rows, divides them, and encodes all by those that train.
  ///
  /// Of n rows, round(n·``testFraction``) test, and the rest are divided as ``Split`` says. The
  /// order depends on n alone, not on a run's seed: repetitions with other seeds compare on the same
  /// division.
  ///
  /// - Throws: ``DataError`` where a file cannot be read or is malformed, columns or cells are not
  ///   what they should be, or rows are too few.
  public func load<Scalar: BinaryFloatingPoint & Sendable>(
    as type: Scalar.Type = Scalar.self
  ) throws(DataError) -> TableData<Scalar> {
    let table = try CSVTable(file: path, format: format)
    let rows = try divide(table)
    var notes: [String] = []
    let encoding = try TableEncoding(fitting: table, training: rows.training, self, notes: &notes)
    func examples(_ rows: [Int]) throws(DataError) -> Examples<Scalar>? {
      rows.isEmpty ? nil : try encoding.examples(table, rows: rows)
    }
    var test = try examples(rows.test)
    if let testPath {
      let table = try encoding.readTable(testPath)
      let inputs: TableEncoding.Inputs<Scalar> = try encoding.encode(table)
      test = Examples(
        count: inputs.count, inputs: inputs.values, targets: try encoding.encodeTargets(table))
      for (name, count) in inputs.unseen.sorted(by: { $0.key < $1.key }) {
        notes.append(
          "\(testPath), column '\(printable(name))': \(count) of \(inputs.count) cells are words "
            + "that no row has that trains")
      }
    }
    return TableData(
      training: try encoding.examples(table, rows: rows.training),
      validation: try examples(rows.validation), test: test, encoding: encoding, notes: notes)
  }

  /// The rows of each part, in a shuffled order.
  private func divide(
    _ table: CSVTable
  ) throws(DataError) -> (training: [Int], validation: [Int], test: [Int]) {
    let count = table.rowCount
    let testShare = testPath == nil ? testFraction : 0
    let testCount = Int((Double(count) * testShare).rounded())
    let split = Split(count: count - testCount, validationFraction: validationFraction)
    guard
      split.training.count > 1, testShare == 0 || testCount > 0,
      validationFraction == 0 || !split.validation.isEmpty
    else {
      throw .malformed(
        file: table.file, found: count == 1 ? "1 row" : "\(count) rows",
        expected: "enough that at least 2 train, and a share of \(testShare) test "
          + "(data.test) and of \(validationFraction) validate (data.validation)")
    }
    var generator = SeededGenerator(seed: 0, stream: "table/rows")
    let order = generator.permutation(of: count)
    let known = count - testCount
    return (
      Array(order[split.training]), Array(order[split.validation]), Array(order[known...])
    )
  }
}
