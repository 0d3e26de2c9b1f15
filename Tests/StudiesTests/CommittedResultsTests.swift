import Foundation
import Studies
import Testing
import Training

/// The results in the repository are those of the settings that their study's file has now; otherwise
/// a setting that was added, or a default that changed, would have all runs made again.
@Suite("Results in the repository")
struct CommittedResultsTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Documentation/Studies")

  @Test(
    "Every row has the settings of its study",
    arguments: ["development", "development/leave-one-out"])
  func fingerprints(_ name: String) throws {
    let directory = Self.folder.appendingPathComponent(name)
    let study = try Study(file: directory.appendingPathComponent("study.yaml").path)
    let results = try StudyResults(directory.appendingPathComponent("results.csv").path)
    #expect(!results.rows.isEmpty)
    // All seeds have the same.
    var expected: [StudyResult.Key: String] = [:]
    for row in results.rows.values {
      guard let task = study.tasks.first(where: { $0.name == row.key.task }),
        let optimizer = study.optimizers.first(where: { $0.label == row.key.optimizer })
      else { continue }
      var key = row.key
      key.seed = 0
      if expected[key] == nil {
        let settings = try study.settings(
          task, optimizer, batchSize: 16, seed: 0, dataDirectory: nil)
        expected[key] = StudyPlan.fingerprint(of: settings, key.batchSize, data: task.data)
      }
      #expect(row.settings == expected[key], "\(row.key)")
    }
  }

  @Test(
    "Every search of the paper's has the settings of its experiment", arguments: committedSearches)
  func searches(_ search: CommittedSearch) throws {
    let experiment = try #require(PaperExperiment(rawValue: search.experiment))
    let tuning = try experiment.tuning(.full, keepingTasks: true)
    var task = try #require(tuning.tasks.first { $0.name == search.task })
    // The first ones tell of all.
    task.sampleCount = 3
    let plan = try TuningPlan(tuning, task, dataDirectory: nil, threads: 1)
    let folder = Self.folder.appendingPathComponent("paper/\(search.experiment)/\(search.task)")
    let history = try SearchHistory(folder.appendingPathComponent("trials.csv").path)
    let first = history.reports.filter { $0.trial < 3 }
    #expect(!first.isEmpty && plan.reports(history) == first)
    #expect(Set(first.map(\.optimizer)) == Set(plan.trials.keys))
    // As are the repetitions of what is not searched.
    let results = try StudyResults(folder.appendingPathComponent("results.csv").path)
    for run in try plan.repetitions([]).runs {
      guard let row = results.rows[run.key] else { continue }
      #expect(row.settings == run.fingerprint, "\(run.key)")
    }
  }

  struct CommittedSearch: Sendable, CustomTestStringConvertible {
    var experiment: String
    var task: String
    var testDescription: String { "\(experiment), \(task)" }
  }

  private static let committedSearches: [CommittedSearch] = {
    let paper = folder.appendingPathComponent("paper").path
    func names(_ path: String) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }
    return names(paper).flatMap { experiment in
      names("\(paper)/\(experiment)").filter {
        FileManager.default.fileExists(atPath: "\(paper)/\(experiment)/\($0)/trials.csv")
      }.map { CommittedSearch(experiment: experiment, task: $0) }
    }
  }()
}
