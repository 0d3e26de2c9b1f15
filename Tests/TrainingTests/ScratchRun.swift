import Foundation
import Training

/// A small run in a directory of its own, which is removed with the value.
final class ScratchRun {
  let directory: RunDirectory
  let summary: TrainingSummary

  init(_ assignments: String...) throws {
    var sources = SettingsSources()
    for assignment in assignments { try sources.add(assignment, from: "test") }
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("run-\(UUID().uuidString)").path
    let run = try TrainingRun(try sources.resolve(), in: path)
    summary = try run.run { _ in .goOn }
    directory = run.directory
  }

  deinit { try? FileManager.default.removeItem(atPath: directory.path) }

  /// A run of a few steps over two parameters, with a checkpoint after each step.
  static func rosenbrock() throws -> ScratchRun {
    try ScratchRun(
      "task=rosenbrock", "steps=3", "checkpoint-every=1", "precision=double", "threads=1",
      "learning-rate.curvature=hessian", "damping.kind=levenberg-marquardt", "damping.initial=1")
  }
}
