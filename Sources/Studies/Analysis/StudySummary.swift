import Foundation

/// Every optimizer and tuned group of a study against its reference, over many cells: geometric means
/// of ratios, and in how many cells they are small.
///
/// In a cell an optimizer's figure is the median over its seeds, and a group's is that of the member
/// whose median of it is the least: of the test loss at the lowest validation loss, that of the member
/// with the least of the latter; of steps and seconds, that of the member with the least final loss.
/// Only cells count in which both have runs.
public struct StudySummary: Sendable {
  /// What is compared.
  public enum Figure: String, Hashable, CaseIterable, Sendable {
    /// The loss that runs are judged by, at their end.
    case final
    /// The lowest validation loss along a run; the final loss where there is no validation part.
    case lowest
    /// The test loss at the lowest validation loss.
    case testAtLowest = "test-at-lowest"
    /// The steps to the reference's final loss, as a share of all steps of its run; infinite where
    /// they do not suffice.
    case steps
    /// The seconds to the reference's final loss, as a share of those of its run; likewise.
    case seconds
    /// The lowest validation loss up to the time that the reference's run takes, as a multiple of the
    /// reference's lowest.
    case atEqualSeconds = "at-equal-seconds"

    /// Those that claims can be about.
    static let ofLosses: [Figure] = [.final, .lowest, .testAtLowest]
  }

  /// A task with a batch size.
  public struct Cell: Sendable {
    /// The task's name.
    public var task: String
    /// The part of the study that the task is in; `nil`: none.
    public var part: String?
    /// The batch size.
    public var batchSize: Study.BatchSize
    /// The figures by optimizer or group. Steps and seconds are absent where there is no record of
    /// them.
    var figures: [String: [Figure: Double]]

    /// Its name.
    public var name: String { "\(task) \(batchSize.text)" }

    /// How many times the figure of another an optimizer's is: infinite where its own is so, 0 where
    /// only the other's is, and `nil` where there is nothing to compare. Steps and seconds are shares
    /// of the reference's as they stand.
    public func ratio(_ label: String, to other: String, _ figure: Figure) -> Double? {
      guard let value = figures[label]?[figure] else { return nil }
      if figure == .steps || figure == .seconds { return value }
      guard let base = figures[other]?[figure == .atEqualSeconds ? .lowest : figure] else {
        return nil
      }
      if value.isInfinite { return .infinity }
      return base.isInfinite ? 0 : base == 0 && value == 0 ? 1 : value / base
    }
  }

  /// The study.
  public let study: Study
  /// The cells that have results.
  public let cells: [Cell]

  /// The parts of the study that have results, in the order of its tasks.
  public var parts: [String] { Self.distinct(cells.compactMap(\.part)) }
  /// The tasks that have results, in order.
  public var tasks: [String] { Self.distinct(cells.map(\.task)) }

  private static func distinct(_ names: [String]) -> [String] {
    names.enumerated().filter { !names[..<$0.offset].contains($0.element) }.map(\.element)
  }

  /// Summarizes results of the study's present settings.
  public init(_ study: Study, _ results: [StudyResult]) {
    self.study = study
    cells = study.tasks.flatMap { task in
      let ofTask = results.filter { $0.key.task == task.name }
      return task.batchSizes.compactMap { size in
        let ofCell = ofTask.filter { $0.key.batchSize == size }
        return ofCell.isEmpty ? nil : Cell(task, size, ofCell, study)
      }
    }
  }

  /// The ratios of an optimizer's figures to another's.
  ///
  /// - Parameters:
  ///   - label: The optimizer or group.
  ///   - other: The other. Default: the reference.
  ///   - figure: What is compared.
  ///   - part: The part of the study; `nil`: all of it.
  ///   - task: The task; `nil`: all of them.
  public func ratios(
    _ label: String, to other: String? = nil, _ figure: Figure, part: String? = nil,
    task: String? = nil
  ) -> [(cell: Cell, ratio: Double)] {
    cells.compactMap { cell in
      guard part == nil || cell.part == part, task == nil || cell.task == task else { return nil }
      return cell.ratio(label, to: other ?? study.reference, figure).map { (cell, $0) }
    }
  }
}

extension StudySummary.Cell {
  fileprivate init(
    _ task: Study.Task, _ size: Study.BatchSize, _ results: [StudyResult], _ study: Study
  ) {
    (self.task, part, batchSize) = (task.name, task.part, size)
    let runs = Dictionary(grouping: results, by: \.key.optimizer).mapValues { $0.map(\.outcome) }
    var figures = runs.mapValues(Self.losses)
    // Of equals the first, so that the choice does not hang on chance.
    func best(_ group: Study.Group, _ figure: StudySummary.Figure) -> String? {
      var best: (label: String, value: Double)?
      for label in group.members {
        guard let value = figures[label]?[figure] else { continue }
        if best.map({ value < $0.value }) ?? true { best = (label, value) }
      }
      return best?.label
    }
    let members = study.groups.map {
      (group: $0, final: best($0, .final), lowest: best($0, .lowest))
    }
    var stands = Dictionary(uniqueKeysWithValues: runs.keys.map { ($0, $0) })
    for (group, final, lowest) in members {
      guard let final, let lowest else { continue }
      var own = figures[lowest]?.filter { $0.key == .lowest || $0.key == .testAtLowest } ?? [:]
      own[.final] = figures[final]?[.final]
      figures[group.label] = own
      stands[group.label] = final
    }
    if let reference = stands[study.reference].flatMap({ runs[$0] }),
      let bound = figures[study.reference]?[.final], bound.isFinite
    {
      let steps = Self.median(reference.map { Double($0.steps) })
      let seconds = Self.median(reference.map(\.seconds))
      for (label, member) in stands {
        guard let outcomes = runs[member], outcomes.allSatisfy({ $0.descent != nil }) else {
          continue
        }
        let reached = outcomes.map { $0.descent?.first(atMost: bound) }
        figures[label]?[.steps] =
          Self.lowMedian(reached.map { $0.map(Double.init) ?? .infinity })
          / steps
        figures[label]?[.seconds] =
          Self.lowMedian(
            zip(outcomes, reached).map { outcome, step in
              step.map { outcome.seconds * Double($0) / Double(max(outcome.steps, 1)) } ?? .infinity
            }) / seconds
      }
      // Of a group, whichever member has come furthest by then.
      for label in runs.keys {
        guard let outcomes = runs[label], outcomes.allSatisfy({ $0.descent != nil }) else {
          continue
        }
        figures[label]?[.atEqualSeconds] = Self.median(
          outcomes.map { outcome in
            let share = seconds / max(outcome.seconds, .leastNormalMagnitude)
            return outcome.descent?.lowest(upTo: share * Double(outcome.steps)) ?? .infinity
          })
      }
      for group in study.groups {
        let least = group.members.compactMap { figures[$0]?[.atEqualSeconds] }.min()
        figures[group.label]?[.atEqualSeconds] = least
      }
    }
    self.figures = figures
  }

  /// The medians of the losses of one optimizer's runs.
  private static func losses(_ outcomes: [RunOutcome]) -> [StudySummary.Figure: Double] {
    var losses: [StudySummary.Figure: Double] = [.final: median(outcomes.map(\.judgedLoss))]
    // What a run that diverged had before counts.
    losses[.lowest] = median(
      outcomes.map { outcome in
        guard outcome.validationLoss != nil else { return outcome.judgedLoss }
        return outcome.bestValidationLoss ?? .infinity
      })
    let tests = outcomes.compactMap(\.testLossAtLowest).filter { !$0.isNaN }
    if tests.count == outcomes.count { losses[.testAtLowest] = median(tests) }
    return losses
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let (a, b) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
    return a == b ? a : a / 2 + b / 2
  }

  /// The lower of the two in the middle: of an even number of runs, half may not reach the loss that
  /// is the mean of two of them.
  private static func lowMedian(_ values: [Double]) -> Double {
    values.sorted()[(values.count - 1) / 2]
  }
}
