import Foundation

/// What a study says of an optimizer, to be checked on its results.
///
/// A cell is a task with a batch size; its losses are medians over seeds of the judged loss: that on
/// the validation examples at the end of a run, or on the test examples where a task has no others,
/// unless ``figure`` says another.
public struct Claim: Hashable, Sendable {
  /// What is said.
  public enum Statement: Hashable, Sendable {
    /// No run diverges or meets a number that is not finite.
    case neverDiverges
    /// The loss is below another's.
    case below(String)
    /// The loss is at most so many times another's.
    case within(Double, of: String)
    /// The geometric mean over cells of the loss as a multiple of another's is at most so much.
    case mean(Double, of: String)
    /// The test loss in one cell is below a number.
    case testLossBelow(Double, task: String, batchSize: Study.BatchSize)
  }

  /// The optimizer or group that it is about.
  public var subject: String
  /// What is said.
  public var statement: Statement
  /// The least share of cells in which it has to hold.
  public var share: Double
  /// The loss that is compared. Default: that at the end.
  public var figure = StudySummary.Figure.final
  /// The parts of the study whose cells it is about; `nil`: all.
  public var parts: [String]?

  /// A claim.
  public init(_ subject: String, _ statement: Statement, share: Double = 1) {
    self.subject = subject
    self.statement = statement
    self.share = share
  }

  /// The optimizer or group that it compares with.
  var other: String? {
    switch statement {
    case .below(let label), .within(_, of: let label), .mean(_, of: let label): label
    case .neverDiverges, .testLossBelow: nil
    }
  }

  /// The claim in words.
  public var text: String {
    switch statement {
    case .neverDiverges:
      return "\(subject) never diverges, and meets no number that is not finite"
    case .below(let label):
      return "\(subject) below \(label) in \(Self.percent(share)) of cells\(scope)"
    case .within(let factor, of: let label):
      return "\(subject) at most \(String(format: "%.4g", factor)) × \(label) in "
        + "\(share == 1 ? "all" : Self.percent(share) + " of") cells\(scope)"
    case .mean(let bound, of: let label):
      return "\(subject): geometric mean over cells at most \(String(format: "%.4g", bound)) × "
        + label + scope
    case .testLossBelow(let bound, let task, let batchSize):
      return "\(subject): test loss below \(String(format: "%.4g", bound)) on \(task), batch size "
        + batchSize.text
    }
  }

  /// What is compared and where, if not the final loss everywhere.
  private var scope: String {
    let figure = self.figure == .final ? "" : ", by \(self.figure.rawValue)"
    return figure + (parts.map { ", of " + $0.joined(separator: " and ") } ?? "")
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.4g %%", 100 * share)
  }
}
