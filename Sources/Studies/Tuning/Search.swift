import Requirements

/// The state of a search by ``SuccessiveHalving``: which trials have come how far, and which of them go
/// on. What has been reported, in order, determines it.
package struct Search: Sendable {
  /// What is to be done with a trial.
  package enum State: Hashable, Sendable {
    /// It is to be made up to a rung.
    case goesOn(toRung: Int)
    /// Whether it goes on is not known before others have come as far.
    case waits
    /// It is over: at its end, stopped at a rung, or impossible.
    case isOver
  }

  private let halving: SuccessiveHalving
  /// What each trial is doing.
  package private(set) var states: [State]
  /// Each trial's losses at the rungs that it has come to.
  private var losses: [[Double]]

  /// A search before anything has happened.
  package init(_ halving: SuccessiveHalving, count: Int) {
    self.halving = halving
    states = Array(repeating: .goesOn(toRung: 0), count: count)
    losses = Array(repeating: [], count: count)
    arrivals = []
  }

  /// Of each rung, the losses in the order of arrival.
  private var arrivals: [[Double]]

  /// Notes that a trial has come to the next rung.
  ///
  /// - Returns: The trials whose state has changed by it, this one aside.
  package mutating func note(_ trial: Int, loss: Double) -> [Int] {
    let rung = losses[trial].count
    losses[trial].append(loss)
    while arrivals.count <= rung { arrivals.append([]) }
    let before = arrivals[rung]
    arrivals[rung].append(loss)
    guard halving.isOrdered else {
      states[trial] = halving.goesOn(loss, before) ? .goesOn(toRung: rung + 1) : .isOver
      return []
    }
    states[trial] = .waits
    return settle().filter { $0 != trial }
  }

  /// Notes that nothing more comes of a trial.
  ///
  /// - Returns: The trials whose state has changed by it, this one aside.
  package mutating func noteEnd(_ trial: Int) -> [Int] {
    states[trial] = .isOver
    return halving.isOrdered ? settle() : []
  }

  /// Decides of all that wait for nothing any more.
  private mutating func settle() -> [Int] {
    var changed: [Int] = []
    // Upwards: a decision can only let later trials be decided.
    for trial in states.indices where states[trial] == .waits {
      let rung = losses[trial].count - 1
      let isKnown = (0..<trial).allSatisfy { states[$0] == .isOver || losses[$0].count > rung }
      guard isKnown else { continue }
      let others = (0..<trial).compactMap { losses[$0].count > rung ? losses[$0][rung] : nil }
      let goesOn = halving.goesOn(losses[trial][rung], others)
      states[trial] = goesOn ? .goesOn(toRung: rung + 1) : .isOver
      changed.append(trial)
    }
    return changed
  }
}
