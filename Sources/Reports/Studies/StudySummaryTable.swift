import Foundation
import Studies

/// A study's summary as rows of text: an optimizer, or a part of the grid, a row.
public struct StudySummaryTable {
  private let summary: StudySummary

  /// The rows of a summary.
  public init(_ summary: StudySummary) { self.summary = summary }

  /// What the columns behind the first are.
  public static let headings = [
    "cells", "final", "≤ 1.05", "≤ 1.25", "lowest", "≤ 1.05", "≤ 1.25", "test at lowest",
    "reached", "steps", "seconds", "at equal seconds",
  ]

  /// What the figures mean.
  public var note: String {
    "Geometric means over cells, a task with a batch size, of medians over seeds as multiples of those of "
      + "\(summary.study.reference), with 95 % bootstrap intervals over cells, and the share of cells "
      + "within 1.05 and 1.25 of it: by the *final* loss; by the *lowest* validation loss along a run; by "
      + "the test loss at the lowest. *Reached*: in how many cells the median run comes to the final loss "
      + "of \(summary.study.reference), and after which share of its steps and seconds (geometric means "
      + "over these). *At equal seconds*: the lowest validation loss until the time that the runs of "
      + "\(summary.study.reference) take, beside its lowest. A ratio counts as "
      + "\(Int(RatioSample.limit)) at most; how many were above stands behind."
  }

  /// The figures of an optimizer or group, in the order of ``headings``; `nil` where it has none.
  ///
  /// - Parameters:
  ///   - label: The optimizer or group.
  ///   - part: The part of the study; `nil`: all of it.
  ///   - task: The task; `nil`: all of them.
  public func row(_ label: String, part: String? = nil, task: String? = nil) -> [String]? {
    func sample(_ figure: StudySummary.Figure) -> RatioSample {
      RatioSample(summary.ratios(label, figure, part: part, task: task).map(\.ratio))
    }
    let (final, lowest, steps) = (sample(.final), sample(.lowest), sample(.steps))
    guard final.count > 0 else { return nil }
    let isReached = steps.ratios.map(\.isFinite)
    func reached(_ figure: StudySummary.Figure) -> String {
      let ratios = sample(figure).ratios.filter(\.isFinite)
      return RatioSample(ratios).geometricMean.map { "×\(StudyPlots.text($0))" } ?? "–"
    }
    return [
      "\(final.count)", text(final), share(final, 1.05), share(final, 1.25), text(lowest),
      share(lowest, 1.05), share(lowest, 1.25), text(sample(.testAtLowest)),
      isReached.isEmpty
        ? "–" : percent(Double(isReached.count { $0 }) / Double(isReached.count)),
      reached(.steps), reached(.seconds), text(sample(.atEqualSeconds)),
    ]
  }

  private func text(_ sample: RatioSample) -> String {
    guard let mean = sample.geometricMean, let interval = sample.interval() else { return "–" }
    let bounds = [interval.lowerBound, interval.upperBound].map(StudyPlots.text)
    return "×\(StudyPlots.text(mean)) [\(bounds.joined(separator: ", "))]"
      + (sample.limitedCount > 0 ? " (\(sample.limitedCount))" : "")
  }

  private func share(_ sample: RatioSample, _ factor: Double) -> String {
    sample.share(within: factor).map(percent) ?? "–"
  }

  private func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
}
