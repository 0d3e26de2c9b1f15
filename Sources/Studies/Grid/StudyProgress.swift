/// How far a study has come.
public struct StudyProgress: Sendable {
  /// The number of runs.
  public let total: Int
  /// The number of those that have results.
  public private(set) var done: Int
  /// The number of those that failed.
  public private(set) var failed = 0

  /// Runs alike: those of one optimizer in one cell, of one cell, of one task.
  private enum Kind: Hashable {
    case optimizer(String, Study.BatchSize, String)
    case cell(String, Study.BatchSize)
    case task(String)
    case any
  }

  /// Sums of times and their numbers.
  private var times: [Kind: (sum: Double, count: Int)] = [:]
  /// The runs that are left, by kind of the finest.
  private var left: [Kind: (key: StudyResult.Key, count: Int)] = [:]

  init(_ total: Int, _ waiting: [StudyPlan.Run], _ results: [StudyResult]) {
    self.total = total
    done = total - waiting.count
    for run in waiting { left[Self.kinds(run.key)[0], default: (run.key, 0)].count += 1 }
    for result in results { noteTime(result.key, result.outcome) }
  }

  /// The work that is left in seconds of one process; `nil` as long as there is nothing to tell it
  /// from.
  public var remainingWork: Double? {
    guard times[.any] != nil else { return nil }
    return left.values.reduce(0) { sum, entry in
      let known = Self.kinds(entry.key).lazy.compactMap { times[$0] }.first
      return sum + (known.map { $0.sum / Double($0.count) } ?? 0) * Double(entry.count)
    }
  }

  mutating func note(_ run: StudyPlan.Run, _ outcome: StudyOutcome) {
    done += 1
    left[Self.kinds(run.key)[0]]?.count -= 1
    noteTime(run.key, outcome)
  }

  mutating func noteFailure(_ run: StudyPlan.Run) {
    failed += 1
    left[Self.kinds(run.key)[0]]?.count -= 1
  }

  private mutating func noteTime(_ key: StudyResult.Key, _ outcome: StudyOutcome) {
    for kind in Self.kinds(key) {
      let before = times[kind] ?? (0, 0)
      times[kind] = (before.sum + outcome.wallSeconds, before.count + 1)
    }
  }

  private static func kinds(_ key: StudyResult.Key) -> [Kind] {
    [
      .optimizer(key.task, key.batchSize, key.optimizer), .cell(key.task, key.batchSize),
      .task(key.task), .any,
    ]
  }
}
