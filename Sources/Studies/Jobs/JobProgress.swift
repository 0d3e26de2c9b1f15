/// How far jobs have come.
public struct JobProgress: Sendable {
  /// The number of runs, those that were over before among them.
  public private(set) var total: Int
  /// The number of those that are over.
  public private(set) var done: Int
  /// The number of those that failed.
  public private(set) var failed = 0
  /// The number of those under way.
  public private(set) var active = 0
  /// The work that is left in seconds of one process; `nil` as long as there is nothing to tell it
  /// from.
  public private(set) var remainingWork: Double?

  /// Of each job, what runs alike share, the most alike first: its optimizer in its cell, its cell,
  /// its task.
  private var kinds: [[String]]
  private var isOver: [Bool]
  /// Sums of times and their numbers.
  private var times: [String: (sum: Double, count: Int)] = [:]

  /// - Parameters:
  ///   - kinds: Of each job that is to be made, what runs alike share, the most alike first.
  ///   - done: The number of runs that were over before.
  init(_ kinds: [[String]], done: Int) {
    // All are alike in being runs.
    self.kinds = kinds.map { $0 + [""] }
    self.done = done
    total = kinds.count + done
    isOver = kinds.map { _ in false }
  }

  /// Learns how long a run like those of some kinds took.
  mutating func noteTime(_ seconds: Double, _ kinds: [String]) {
    for kind in kinds + [""] {
      let before = times[kind] ?? (0, 0)
      times[kind] = (before.sum + seconds, before.count + 1)
    }
  }

  /// Learns of another job, which has the next number.
  mutating func add(_ kinds: [String]) {
    self.kinds.append(kinds + [""])
    isOver.append(false)
    total += 1
  }

  mutating func noteEnd(_ job: Int, seconds: Double) {
    done += 1
    isOver[job] = true
    noteTime(seconds, kinds[job].dropLast())
  }

  mutating func noteFailure(_ job: Int) {
    failed += 1
    isOver[job] = true
  }

  /// Notes the jobs under way, with the part that is behind and the time that it took.
  mutating func note(active jobs: [(job: Int, share: Double, seconds: Double)]) {
    active = jobs.count
    var known = times
    for (job, share, seconds) in jobs where share > 0.05 {
      for kind in kinds[job] where known[kind] == nil { known[kind] = (seconds / share, 1) }
    }
    guard known[""] != nil else { return }
    func expected(_ job: Int) -> Double {
      let time = kinds[job].lazy.compactMap { known[$0] }.first
      return time.map { $0.sum / Double($0.count) } ?? 0
    }
    let shares = Dictionary(uniqueKeysWithValues: jobs.map { ($0.job, $0.share) })
    remainingWork = kinds.indices.reduce(0) { sum, job in
      isOver[job] ? sum : sum + expected(job) * (1 - (shares[job] ?? 0))
    }
  }
}
