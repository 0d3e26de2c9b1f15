import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch
import Foundation

extension Settings {
  /// The settings for one of several ranks: the same in all but for the device.
  ///
  /// - Throws: `DistributedError` where another rank has others.
  func shared(in group: ProcessGroup) throws -> Settings {
    let yaml = Array(try withoutPlace.yaml.utf8)
    try group.requireAgreement(on: yaml.withUnsafeBytes { CRC32C.of($0) }.value, "settings")
    var settings = self
    // Sums depend on the number of threads to the last bit, so that it must be the same.
    let own =
      threads
      ?? Processors(of: group)
      .threadCount(usual: Settings.usualThreads, ProcessInfo.processInfo.environment)
    settings.threads = Int(group.gather([Double(own)]).map { $0[0] }.min() ?? 1)
    // The first is what is meant by no number, and each rank takes one of its own.
    if device == .cuda() {
      settings.device = .cuda(Self.deviceNumber(ofLocalRank: group.localRank, of: Device.cudaCount))
    }
    return settings
  }

  /// Which of the GPUs that a process sees is its own, where the ranks of a machine see the same ones;
  /// the only one, where each is given its own.
  package static func deviceNumber(ofLocalRank rank: Int, of count: Int) -> Int {
    count > 0 ? rank % count : rank
  }

  /// The names of the settings that say where data lie, besides ``dataDirectory``.
  package static let placeNames: Set = [
    "data.path", "data.test-path", "images.path", "text.path", "text.test-path", "text.tokenizer",
  ]

  /// The settings without what may differ from machine to machine: where data lie.
  private var withoutPlace: Settings {
    func name(_ path: String) -> String { (path as NSString).lastPathComponent }
    var settings = self
    settings.dataDirectory = nil
    settings.threads = nil
    settings.table.path = name(table.path)
    settings.table.testPath = table.testPath.map(name)
    settings.images.path = name(images.path)
    settings.text.path = name(text.path)
    settings.text.testPath = text.testPath.map(name)
    settings.text.tokenizer = text.tokenizer.map(name)
    settings.initialWeights = initialWeights.map(name)
    return settings
  }

  /// Makes sure that each rank has something to do in every step, and can do it.
  ///
  /// - Throws: ``SettingsError`` where that is not so.
  func requireWork(
    for group: ProcessGroup, in plan: BatchPlan, _ model: Model
  ) throws(SettingsError) {
    let smallest = plan.range(ofBatch: plan.batchCount - 1).count
    guard smallest / microBatches >= group.size else {
      throw SettingsError(
        "the smallest batch has \(smallest) examples"
          + (microBatches > 1 ? " in \(microBatches) micro-batches" : "")
          + ", too few for \(group.size) ranks: batch-size is that of all ranks together")
    }
    if method.model.curvature.matrix == .hessian, model.statisticsLayout.count > 0,
      microBatches == 1
    {
      throw SettingsError(
        "the Hessian matrix (learning-rate.curvature) of a model with batch normalization cannot be "
          + "divided among ranks; micro-batches or the Fisher matrix can")
    }
  }
}
