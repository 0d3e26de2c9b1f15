import Foundation

/// Directories of runs whose figures are given, removed with the value.
final class FixedRuns {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "runs-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, and makes its folder.
  func write(_ text: String, to file: String) throws {
    let url = URL(fileURLWithPath: "\(path)/\(file)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Adds a run on uci-energy.
  ///
  /// - Parameters:
  ///   - losses: Training and test loss; `nil`: the run is not at its end.
  ///   - more: Further members of the summary, each behind a comma.
  func add(
    _ folder: String, settings: String, state: String = "finished",
    losses: (Double, Double)? = nil, steps: Int = 1000, more: String = ""
  ) throws {
    try write("task: uci-energy\nepochs: 200\n\(settings)\n", to: "\(folder)/settings.yaml")
    let summary = losses.map { training, test in
      """
      , "summary": {"training": {"loss": \(training)}, "validation": {"loss": 0.25},
        "test": {"loss": \(test)}, "steps": \(steps), "seconds": 0.5, "isComplete": true,
        "events": {}\(more)}
      """
    }
    try write(
      """
      {"state": "\(state)", "version": "1", "libtorch": "2", "threads": 1,
       "started": "2026-01-01T00:00:00Z", "seed": 0, "parameters": 501, "examples": 588,
       "stepsPerEpoch": 1\(summary ?? "")}
      """, to: "\(folder)/run.json")
    // A log in which nothing has been written yet.
    try write("", to: "\(folder)/events.out.tfevents.adamqlr")
  }
}
