import Files
import Foundation
import Training

/// The results of a study: a CSV file, a row a run, that rows are added to as runs end. The run of a row
/// that was cut off is made again.
public struct StudyResults: Sendable {
  /// The path of the file.
  public let path: String
  /// The results; of two of one run, the later.
  public private(set) var rows: [StudyResult.Key: StudyResult] = [:]

  /// Whether rows have the curves of their runs.
  private let hasCurves: Bool

  /// Reads the results, if there are any yet.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - hasCurves: Whether rows that are written have the curves of their runs. Default: as in the
  ///     file.
  /// - Throws: `FileError` with the line where one is damaged.
  public init(_ path: String, hasCurves: Bool? = nil) throws(FileError) {
    self.path = path
    let file = try RowFile.read(path)
    let heads = Self.heads.map { $0.joined(separator: ",") }
    self.hasCurves = hasCurves ?? (file.map { $0.head == heads[0] } ?? false)
    guard let file else { return }
    guard let version = heads.firstIndex(where: { $0 == file.head }) else {
      throw FileError(
        path, "the first line is not that of a study's results, which is \(heads[1])")
    }
    for row in file.rows {
      guard let result = StudyResult(row: row.text, columnCount: Self.heads[version].count) else {
        throw FileError(row.place, "the row is damaged; without it the run is made again")
      }
      rows[result.key] = result
    }
  }

  /// Adds a result to the file.
  ///
  /// - Throws: `FileError`.
  public mutating func add(_ result: StudyResult) throws(FileError) {
    rows[result.key] = result
    try addLine(result.row(withCurve: hasCurves), to: path)
  }

  /// Writes all results anew: those of runs in the order of the runs, and any others behind them.
  ///
  /// - Throws: `FileError`.
  public func write(inOrderOf keys: [StudyResult.Key]) throws(FileError) {
    let places = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
    func place(_ key: StudyResult.Key) -> (Int, String) { (places[key] ?? .max, "\(key)") }
    let sorted = rows.values.sorted { place($0.key) < place($1.key) }
    let columns = hasCurves ? Self.columnsWithCurves : Self.columns
    try RowFile.write(
      path, head: columns.joined(separator: ","), rows: sorted.map { $0.row(withCurve: hasCurves) })
  }

  static let columns = [
    "task", "batch-size", "optimizer", "seed", "settings", "diverged", "non-finite-steps",
    "examples", "steps", "training-loss", "validation-loss", "test-loss", "best-training-loss",
    "best-validation-loss", "best-test-loss", "validation-accuracy", "test-accuracy", "seconds",
    "wall-seconds", "test-loss-at-lowest", "lowest-step", "descent",
  ]

  static let columnsWithCurves =
    columns + ["training-accuracy"] + RunCurve.Quantity.allCases.map { "curve-\($0.rawValue)" }

  /// The first lines that files may have: today's, and that of 0.1.0, whose rows have nothing in the
  /// columns that have come since.
  private static let heads = [
    columnsWithCurves, columns, Array(columns.dropLast()), Array(columns.dropLast(3)),
  ]
}

extension StudyResult {
  /// The result as a row of a CSV file.
  func row(withCurve hasCurve: Bool) -> String {
    let accuracy = outcome.trainingAccuracy.map { String(format: "%.9g", $0) } ?? ""
    let along = [accuracy] + (outcome.runCurve ?? RunCurve()).cells
    return (figures + (hasCurve ? along : [])).joined(separator: ",")
  }

  private var figures: [String] {
    // More digits than single precision has are of no use, and make the file larger by a fifth.
    func text(_ value: Double?) -> String { value.map { String(format: "%.9g", $0) } ?? "" }
    let time = { (seconds: Double) in String(format: "%.3f", seconds) }
    return [
      key.task, key.batchSize.text, key.optimizer, String(key.seed), settings,
      String(outcome.hasDiverged), String(outcome.nonFiniteSteps), String(outcome.examples),
      String(outcome.steps), text(outcome.trainingLoss), text(outcome.validationLoss),
      text(outcome.testLoss), text(outcome.bestTrainingLoss), text(outcome.bestValidationLoss),
      text(outcome.bestTestLoss), text(outcome.validationAccuracy), text(outcome.testAccuracy),
      time(outcome.seconds), time(outcome.wallSeconds), text(outcome.testLossAtLowest),
      outcome.lowestStep.map(String.init) ?? "", outcome.descent?.description ?? "",
    ]
  }

  /// Reads a row; `nil` where it is none.
  ///
  /// - Parameter columnCount: The number of columns in its file.
  init?(row: Substring, columnCount: Int) {
    var cells = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let isWhole = cells.count == columnCount
    cells += Array(repeating: "", count: max(StudyResults.columns.count - cells.count, 0))
    guard isWhole, let size = Study.BatchSize(cells[1]),
      let seed = Int(cells[3]), let hasDiverged = Bool(cells[5]),
      let nonFiniteSteps = Int(cells[6]), let examples = Int(cells[7]), let steps = Int(cells[8]),
      let trainingLoss = Double(cells[9]), let seconds = Double(cells[17]),
      let wallSeconds = Double(cells[18]),
      (Array(cells[10...16]) + cells[19...20]).allSatisfy({ $0.isEmpty || Double($0) != nil }),
      cells[21].isEmpty || Descent(cells[21]) != nil
    else { return nil }
    var outcome = RunOutcome(
      examples: examples, steps: steps, trainingLoss: trainingLoss, seconds: seconds,
      wallSeconds: wallSeconds)
    outcome.hasDiverged = hasDiverged
    outcome.nonFiniteSteps = nonFiniteSteps
    outcome.validationLoss = Double(cells[10])
    outcome.testLoss = Double(cells[11])
    outcome.bestTrainingLoss = Double(cells[12])
    outcome.bestValidationLoss = Double(cells[13])
    outcome.bestTestLoss = Double(cells[14])
    outcome.validationAccuracy = Double(cells[15])
    outcome.testAccuracy = Double(cells[16])
    outcome.testLossAtLowest = Double(cells[19])
    outcome.lowestStep = Int(cells[20])
    outcome.descent = Descent(cells[21])
    if cells.count > StudyResults.columns.count {
      let along = Array(cells[StudyResults.columns.count...])
      guard let curve = RunCurve(cells: Array(along.dropFirst())),
        along[0].isEmpty || Double(along[0]) != nil
      else { return nil }
      outcome.trainingAccuracy = Double(along[0])
      outcome.runCurve = curve
    }
    self.init(
      Key(task: cells[0], batchSize: size, optimizer: cells[2], seed: seed), settings: cells[4],
      outcome)
  }
}
