import AdamQLR
import Foundation
import Tasks
import Training

/// A process that makes runs of a study, one after the other: it reads an ``Order`` a line, and writes
/// an ``Answer`` a line.
///
/// Runs may take a tenth of a second, which starting a process for each would double.
public enum StudyWorker {
  /// A run to make.
  struct Order: Codable {
    /// The path of its settings.
    var settings: String
    /// Its directory, which is there if it was begun before.
    var directory: String
  }

  /// What became of a run.
  struct Answer: Codable {
    /// The figures of one that is over.
    var outcome: StudyOutcome?
    /// Why there are none; absent also where the run was stopped.
    var complaint: String?
  }

  /// Makes the runs that standard input names, until that ends or `goesOn` says no.
  ///
  /// - Parameter goesOn: Is asked after every step.
  public static func serve(_ goesOn: () -> Bool) throws {
    while goesOn(), let line = readLine() {
      let order = try JSONDecoder().decode(Order.self, from: Data(line.utf8))
      let answer: Answer
      do {
        answer = Answer(outcome: try make(order, goesOn), complaint: nil)
      } catch {
        answer = Answer(outcome: nil, complaint: "\(error)")
      }
      var data = try coder.encode(answer)
      data.append(UInt8(ascii: "\n"))
      try FileHandle.standardOutput.write(contentsOf: data)
    }
  }

  /// Makes one run, or what is left of it; `nil`: it was stopped.
  private static func make(_ order: Order, _ goesOn: () -> Bool) throws -> StudyOutcome? {
    let clock = ContinuousClock()
    let start = clock.now
    let settings = try Settings(file: order.settings)
    let existing = try? RunDirectory(existing: order.directory)
    let run =
      try existing.map { try TrainingRun(resuming: $0, settings) }
      ?? TrainingRun(settings, in: order.directory)
    let summary = try run.run { _ in goesOn() ? .goOn : .stop }
    guard summary.isComplete || summary.divergence != nil else { return nil }
    var outcome = StudyOutcome(
      examples: run.trainer.problem.training.count, steps: summary.steps,
      trainingLoss: summary.training.loss, seconds: summary.seconds,
      wallSeconds: (clock.now - start).seconds)
    outcome.hasDiverged = summary.divergence != nil
    outcome.nonFiniteSteps = StepEvents.nonFinite.names.reduce(0) {
      $0 + (summary.events[$1] ?? 0)
    }
    outcome.validationLoss = summary.validation?.loss
    outcome.testLoss = summary.test?.loss
    outcome.validationAccuracy = summary.validation?.accuracy
    outcome.testAccuracy = summary.test?.accuracy
    outcome.note(run.trainer.curve)
    return outcome
  }

  /// JSON in which numbers that are not finite are words.
  static var coder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  /// Reads it back.
  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}
