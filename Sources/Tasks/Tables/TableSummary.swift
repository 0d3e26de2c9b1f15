/// What was understood of a table.
public struct TableSummary: Sendable {
  /// What became of a column that is not the target.
  public struct Column: Hashable, Sendable {
    /// The column's name.
    public let name: String
    /// What it is used for.
    public let role: Role
    /// The number of inputs that it becomes.
    public let width: Int
  }

  /// What a column is used for.
  public enum Role: String, Hashable, Sendable, CaseIterable {
    case numbers
    case truthValues = "truth values"
    case words
    case dates
    /// It says which rows go together when rows are divided.
    case group
    case leftOut = "left out"
    case ignored
    /// A run would not begin because of it; ``TableSummary/problems`` says why.
    case refused
  }

  /// How many rows there are of which part.
  public struct Rows: Hashable, Sendable {
    public var training = 0
    public var validation = 0
    public var test = 0
  }

  /// The file's path.
  public let file: String
  /// Whether a line names the columns.
  public let hasHeader: Bool
  /// The number of rows in the file.
  public let rowCount: Int
  /// How many of them have no target, and are left out.
  public let droppedCount: Int
  /// The target's name, and its place, from 1; `nil` where it is not known.
  public let target: (name: String, number: Int)?
  /// How many rows train, validate and test.
  public internal(set) var rows = Rows()
  /// The classes and how many rows have each; empty where numbers are predicted.
  public internal(set) var classes: [(name: String, count: Int)] = []
  /// The least, mean and greatest target where numbers are predicted.
  public internal(set) var range: (least: Double, mean: Double, greatest: Double)?
  /// What became of the other columns, in the file's order.
  public internal(set) var columns: [Column] = []
  /// What was left out, filled in or noticed, in a line each.
  public internal(set) var notes: [String]
  /// What a run would refuse, in a line each; nothing once one has begun.
  public internal(set) var problems: [String] = []

  init(_ whole: CSVTable, used: CSVTable, target: Int?) {
    file = whole.file
    hasHeader = whole.hasHeader
    rowCount = whole.rowCount
    droppedCount = whole.rowCount - used.rowCount
    self.target = target.map { (whole.columns[$0], $0 + 1) }
    notes = whole.notes
    if droppedCount > 0 { notes.append("\(counted(droppedCount, "row")) without target left out") }
  }

  /// Adds what the target is.
  mutating func describe(_ target: TableEncoding.Target, _ column: Int, _ table: CSVTable) {
    switch target {
    case .classes(let names, let areNumbers):
      var counts: [String: Int] = [:]
      for row in 0..<table.rowCount {
        if let name = table.className(row, column, areNumbers: areNumbers) {
          counts[name, default: 0] += 1
        }
      }
      classes = names.map { ($0, counts[$0] ?? 0) }
    case .number(let scale):
      let values = (0..<table.rowCount).compactMap { row -> Double? in
        if case .number(let value) = table.value(row: row, column: column) { value } else { nil }
      }
      range = (values.min() ?? 0, scale.mean, values.max() ?? 0)
    }
  }

  /// The columns of each role, those roles without any left out.
  public var columnsByRole: [(role: Role, columns: [Column])] {
    Role.allCases.compactMap { role in
      let columns = columns.filter { $0.role == role }
      return columns.isEmpty ? nil : (role, columns)
    }
  }

  /// The summary for a reader, the notes aside.
  public var lines: [String] {
    var lines = [
      "\(file): \(counted(rowCount, "row")), "
        + "\(counted(columns.count + (target == nil ? 0 : 1), "column")), "
        + (hasHeader ? "with a header" : "without a header")
    ]
    if let target, range != nil || !classes.isEmpty {
      let what = classes.isEmpty ? "regression" : "classification"
      lines.append("  \(what) of column \(target.number), '\(target.name)': " + targetText)
    }
    for (role, columns) in columnsByRole {
      let width = columns.reduce(0) { $0 + $1.width }
      let inputs = width > columns.count ? ", \(width) inputs" : ""
      lines.append(
        "  \(role.rawValue) (\(columns.count)\(inputs)): " + Self.list(columns.map(\.name)))
    }
    let parts = [("train", rows.training), ("validate", rows.validation), ("test", rows.test)]
      .filter { $0.1 > 0 }
    if !parts.isEmpty {
      lines.append(
        "  rows: " + parts.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
          + (droppedCount > 0 ? "; \(droppedCount) without target left out" : ""))
    }
    return lines
  }

  private var targetText: String {
    if let range {
      let figures = [range.least, range.mean, range.greatest].map { "\(Float($0))" }
      return "from \(figures[0]) to \(figures[2]), mean \(figures[1])"
    }
    let shown = classes.prefix(12).map { "\($0.name) (\($0.count))" }.joined(separator: ", ")
    return "\(counted(classes.count, "class", "classes")): \(shown)"
      + (classes.count > 12 ? ", …" : "")
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(20).joined(separator: ", ")
    return names.count > 20 ? "\(shown), … (\(names.count) in all)" : shown
  }
}

extension TableSummary.Column {
  init(name: String, _ kind: TableEncoding.Kind?) {
    let role: TableSummary.Role =
      switch kind {
      case .number: .numbers
      case .boolean: .truthValues
      case .category: .words
      case .date: .dates
      case nil: .leftOut
      }
    let width = kind.map { TableEncoding.Input(name: name, place: 0, kind: $0).width } ?? 0
    self.init(name: name, role: role, width: width)
  }
}
