import Files
import Foundation

/// What a trial of a search reported: at a rung, at its end, or that it failed.
public struct TrialReport: Hashable, Sendable {
  /// The label of the optimizer that is tuned.
  public var optimizer: String
  /// The trial's number, from 0.
  public var trial: Int
  /// What tells apart settings: see ``StudyPlan/fingerprint(of:_:_:)``.
  public var settings: String
  /// The rung, from 0; `nil` at the end of the run.
  public var rung: Int?
  /// The number of steps made.
  public var steps: Int
  /// Their time in seconds.
  public var seconds: Double
  /// The loss on all training examples; infinite where the run diverged, as the others.
  public var trainingLoss: Double
  /// The loss on the validation examples.
  public var validationLoss: Double?
  /// The loss on the test examples.
  public var testLoss: Double?

  /// What a run's outcome says.
  package init(
    _ optimizer: String, trial: Int, settings: String, rung: Int?, _ outcome: RunOutcome
  ) {
    self.optimizer = optimizer
    self.trial = trial
    self.settings = settings
    self.rung = rung
    steps = outcome.steps
    seconds = outcome.seconds
    trainingLoss = outcome.counted(outcome.trainingLoss)
    validationLoss = outcome.validationLoss.map(outcome.counted)
    testLoss = outcome.testLoss.map(outcome.counted)
  }

  /// Whether nothing came of it, as where memory did not suffice.
  public var hasFailed = false

  /// The report of a trial that could not be made.
  package init(failed optimizer: String, trial: Int, settings: String) {
    self.optimizer = optimizer
    self.trial = trial
    self.settings = settings
    (steps, seconds, trainingLoss) = (0, 0, .infinity)
    hasFailed = true
  }

  /// The loss that a search is by.
  public func loss(_ metric: Tuning.Metric) -> Double {
    switch metric {
    case .trainingLoss: trainingLoss
    case .validationLoss: validationLoss ?? trainingLoss
    }
  }
}

/// What all trials of a search reported, in the order in which it came: a CSV file that rows are added
/// to.
public struct SearchHistory: Sendable {
  /// The path of the file.
  public let path: String
  /// The reports, in order.
  public private(set) var reports: [TrialReport] = []

  static let head =
    "optimizer,trial,settings,rung,steps,seconds,training-loss,validation-loss,test-loss"

  /// Reads the history, if there is one yet. A row that was cut off is left out.
  ///
  /// - Throws: `FileError` with the line where one is damaged.
  public init(_ path: String) throws(FileError) {
    self.path = path
    guard let file = try RowFile.read(path) else { return }
    guard file.head == Self.head else {
      throw FileError(path, "the first line is not that of a search's history: \(Self.head)")
    }
    for row in file.rows {
      guard let report = TrialReport(row: row.text) else {
        throw FileError(row.place, "the row is damaged; without it the trial is made again")
      }
      reports.append(report)
    }
  }

  /// Adds a report to the file.
  ///
  /// - Throws: `FileError`.
  package mutating func add(_ report: TrialReport) throws(FileError) {
    reports.append(report)
    try addLine(report.row, to: path)
  }

  /// Writes the file anew with the reports that are wanted, in the order in which they came or, where
  /// that decides nothing, by trial.
  ///
  /// - Throws: `FileError`.
  package mutating func write(
    byTrial isByTrial: Bool, optimizers: [String], where isWanted: (TrialReport) -> Bool
  ) throws(FileError) {
    reports = reports.filter(isWanted)
    if isByTrial {
      let places = Dictionary(uniqueKeysWithValues: optimizers.enumerated().map { ($1, $0) })
      reports = reports.enumerated().sorted { a, b in
        let (first, second) = (a.element, b.element)
        return (places[first.optimizer] ?? .max, first.trial, a.offset)
          < (places[second.optimizer] ?? .max, second.trial, b.offset)
      }.map(\.element)
    }
    try RowFile.write(path, head: Self.head, rows: reports.map(\.row))
  }
}

extension TrialReport {
  var row: String {
    func text(_ value: Double?) -> String { value.map { String(format: "%.9g", $0) } ?? "" }
    return [
      optimizer, String(trial), settings,
      hasFailed ? "failed" : rung.map(String.init) ?? "end", String(steps),
      String(format: "%.3f", seconds), text(trainingLoss), text(validationLoss), text(testLoss),
    ].joined(separator: ",")
  }

  init?(row: Substring) {
    let cells = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard cells.count == 9, let trial = Int(cells[1]), trial >= 0,
      ["end", "failed"].contains(cells[3]) || Int(cells[3]) != nil, let steps = Int(cells[4]),
      let seconds = Double(cells[5]), let trainingLoss = Double(cells[6]),
      cells[7...].allSatisfy({ $0.isEmpty || Double($0) != nil })
    else { return nil }
    optimizer = cells[0]
    self.trial = trial
    settings = cells[2]
    rung = Int(cells[3])
    hasFailed = cells[3] == "failed"
    self.steps = steps
    self.seconds = seconds
    self.trainingLoss = trainingLoss
    validationLoss = Double(cells[7])
    testLoss = Double(cells[8])
  }
}
