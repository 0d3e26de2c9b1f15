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
  /// The most words of a column that become inputs, the most frequent ones. Default 100.
  public var maxCategories = 100
  /// Columns of dates or times, which become numbers: year, day of the year, weekday, seconds of the
  /// day, as far as they vary. Dates of other columns are not used.
  public var dates: [String] = []
  /// Whether the day or the month comes first in dates whose year is last. Default: as they show.
  public var dateOrder = DateOrder.auto
  /// Columns that are not used.
  public var ignored: [String] = []
  /// What becomes of missing cells. Default: they are an error.
  public var missing = MissingCells.refuse
  /// What becomes of rows whose target is missing. Default: they are an error.
  public var missingTarget = MissingTarget.refuse
  /// How files are read.
  public var format = TableFormat()
  /// How rows are divided into those that train, validate and test. Default: at random.
  public var split = TableSplit.random
  /// The column that a division by groups or time goes by: its name, or its number from 1.
  public var splitColumn: String?
  /// The share of rows that test; without effect where ``testPath`` is given. Default 0.1.
  public var testFraction = 0.1
  /// The share of the other rows that validate. Default 0.15.
  public var validationFraction = 0.15
  /// A file of rows that test. Default: some of the file's own.
  public var testPath: String?
  /// How much an example of a class counts in the loss. Default: all the same.
  public var classWeights = ClassWeights.equal

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

  /// How much an example counts.
  public enum ClassWeights: String, Codable, CaseIterable, Sendable {
    /// All the same.
    case equal
    /// By N/(K·n) where n of N examples that train are of its class, and there are K: each class as
    /// much as any other.
    case balanced
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
  /// What was understood of it.
  public let summary: TableSummary

  /// What was left out, filled in or noticed, in a line each.
  public var notes: [String] { summary.notes }
}

extension TableSource {
  /// Reads the table, divides its rows, and encodes all by those that train.
  ///
  /// Of n rows, round(n·``testFraction``) test, and the rest are divided as ``Split`` says. The
  /// order depends on the table alone, not on a run's seed: repetitions with other seeds compare on the
  /// same division.
  ///
  /// - Throws: ``DataError`` where a file cannot be read or is malformed, columns or cells are not
  ///   what they should be, or rows are too few.
  public func load<Scalar: BinaryFloatingPoint & Sendable>(
    as type: Scalar.Type = Scalar.self
  ) throws(DataError) -> TableData<Scalar> {
    let whole = try CSVTable(file: path, format: format)
    let targetPlace = try whole.column(target)
    let table = missingTarget == .drop ? whole.droppingMissing(targetPlace) : whole
    if missingTarget == .refuse { try whole.requireAll(targetPlace) }
    var summary = TableSummary(whole, used: table, target: targetPlace)
    let rows = try divide(table)
    let encoding = try TableEncoding(fitting: table, training: rows.training, self, &summary)
    summary.describe(encoding.target, targetPlace, table)
    return try encode(table, rows, encoding, summary)
  }

  /// Reads the table, divides its rows, and encodes all as a run did that learned from it.
  ///
  /// - Parameter encoding: How the run encoded it.
  /// - Throws: ``DataError`` as ``load(as:)``, and where the table is no longer what it was.
  public func load<Scalar: BinaryFloatingPoint & Sendable>(
    encodedBy encoding: TableEncoding, as type: Scalar.Type = Scalar.self
  ) throws(DataError) -> TableData<Scalar> {
    let whole = try encoding.readTable(path)
    if let digest = encoding.digest, digest != whole.digest {
      throw .malformed(
        file: path, found: "a table that has changed since the run began",
        expected: "what the run has learned from; --table judges by another table")
    }
    let table = try encoding.withTarget(whole)
    let summary = TableSummary(whole, used: table, target: encoding.targetPlace)
    return try encode(table, try divide(table), encoding, summary)
  }

  private func encode<Scalar: BinaryFloatingPoint & Sendable>(
    _ table: CSVTable, _ rows: TableDivision, _ encoding: TableEncoding, _ summary: TableSummary
  ) throws(DataError) -> TableData<Scalar> {
    func examples(_ rows: [Int]) throws(DataError) -> Examples<Scalar>? {
      rows.isEmpty ? nil : try encoding.examples(table, rows: rows)
    }
    var summary = summary
    summary.rows = rows.counts(test: testPath == nil)
    var test = try examples(rows.test)
    if let testPath {
      let table = try encoding.withTarget(try encoding.readTable(testPath))
      let inputs: TableEncoding.Inputs<Scalar> = try encoding.encode(table)
      test = Examples(
        count: inputs.count, inputs: inputs.values, targets: try encoding.encodeTargets(table))
      summary.rows.test = inputs.count
      summary.notes += inputs.unseenNotes(in: testPath)
    }
    return TableData(
      training: try encoding.examples(table, rows: rows.training),
      validation: try examples(rows.validation), test: test, encoding: encoding, summary: summary)
  }
}

extension TableEncoding.Inputs {
  /// How many cells of which columns no row has that trains, in a line each.
  public func unseenNotes(in file: String) -> [String] {
    unseen.sorted { $0.key < $1.key }.map { name, number in
      "\(file), column '\(printable(name))': \(number) of \(count) cells are words that no row has "
        + "that trains"
    }
  }
}

extension CSVTable {
  /// Checks that a column has no missing cell.
  fileprivate func requireAll(_ target: Int) throws(DataError) {
    for row in 0..<rowCount {
      if case .missing = value(row: row, column: target) { throw missingTarget(row, target) }
    }
  }
}
