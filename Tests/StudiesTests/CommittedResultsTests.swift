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
    for row in results.rows.values {
      guard let task = study.tasks.first(where: { $0.name == row.key.task }),
        let optimizer = study.optimizers.first(where: { $0.label == row.key.optimizer })
      else { continue }
      let settings = try study.settings(
        task, optimizer, batchSize: 16, seed: 0, dataDirectory: nil)
      #expect(
        row.settings == StudyPlan.fingerprint(of: settings, row.key.batchSize, data: task.data),
        "\(row.key)")
    }
  }
}
