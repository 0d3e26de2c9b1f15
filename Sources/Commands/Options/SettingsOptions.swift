import AdamQLRNetworks
import ArgumentParser
import Tasks
import AdamQLRTorch
import Training

/// The options that settings come from, shared by the commands that run something.
struct SettingsOptions: ParsableArguments {
  @OptionGroup var problem: ProblemOptions

  @Option(
    help: ArgumentHelp(
      "The preset to start from: \(Preset.all.map(\.name).joined(separator: ", ")).",
      discussion: "Default: adamqlr, untuned.", valueName: "optimizer"))
  var optimizer: String?

  @Option(help: ArgumentHelp("What everything random follows from. Default: 0.", valueName: "n"))
  var seed: Int?

  /// Whether any of the options is given.
  var isAnyGiven: Bool { problem.isAnyGiven || optimizer != nil || seed != nil }

  /// Defaults, then files in order, then flags.
  func sources() throws -> SettingsSources {
    var sources = SettingsSources()
    try problem.addFiles(to: &sources)
    try problem.addFlags(to: &sources)
    try sources.add("optimizer", optimizer, from: "--optimizer")
    try sources.add("seed", seed, from: "--seed")
    return sources
  }
}

/// The options for all settings but the optimizer and the seed.
struct ProblemOptions: ParsableArguments {
  @Option(
    name: .customLong("task"),
    help: ArgumentHelp(
      "What is learned: \(LearningTask.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion: "Default: digits.", valueName: "task"))
  var task: String?

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "Which model learns it: \(ModelKind.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion: "Default: the task's. 'adamqlr models' has their settings.", valueName: "model"))
  var model: String?

  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: ArgumentHelp("A YAML file of settings; later ones go over earlier.", valueName: "file"))
  var files: [String] = []

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One setting, such as direction.beta2=0.99.", discussion: "See 'adamqlr optimizers'.",
      valueName: "key=value"))
  var assignments: [String] = []

  @Option(help: ArgumentHelp("Examples in a batch. Default: 3200; of texts, 32.", valueName: "n"))
  var batchSize: Int?

  @Option(
    help: ArgumentHelp(
      "Evaluate a batch in n parts, one after the other.",
      discussion: "The steps are the same, in less memory and more time. Default: 1.",
      valueName: "n"))
  var microBatches: Int?

  @OptionGroup var data: DataDirectoryOption

  @Option(help: ArgumentHelp("float or double. Default: float.", valueName: "precision"))
  var precision: String?

  @Option(help: ArgumentHelp("The most threads to use. Default: all cores.", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "Where to compute: cpu, cuda, or cuda:1 and so on. Default: cpu.", valueName: "device"))
  var device: String?

  @Option(
    help: ArgumentHelp(
      "How layers multiply numbers of single precision: float, tf32 (on GPUs) or bf16.",
      discussion: "Curvature, losses and updates stay as they are. Default: float.",
      valueName: "how"))
  var matmul: String?

  /// Whether any of the options is given.
  var isAnyGiven: Bool {
    !files.isEmpty || !assignments.isEmpty
      || [task, model, data.dataDir, precision, device, matmul].contains { $0 != nil }
      || [batchSize, microBatches, threads].contains { $0 != nil }
  }

  func addFiles(to sources: inout SettingsSources) throws {
    for file in files { try sources.add(file: file) }
  }

  func addFlags(to sources: inout SettingsSources) throws {
    for assignment in assignments { try sources.add(assignment, from: "--set") }
    try sources.add("task", task, from: "--task")
    try sources.add("model", model, from: "--model")
    try sources.add("batch-size", batchSize, from: "--batch-size")
    try sources.add("micro-batches", microBatches, from: "--micro-batches")
    try sources.add("data-dir", data.dataDir, from: "--data-dir")
    try sources.add("precision", precision, from: "--precision")
    try sources.add("threads", threads, from: "--threads")
    try sources.add("device", device, from: "--device")
    try sources.add("matmul", matmul, from: "--matmul")
  }
}

/// The options for the length of a run.
struct LengthOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Length in epochs. Default: the task's.", valueName: "n"))
  var epochs: Int?

  @Option(help: ArgumentHelp("Length in steps, instead of epochs.", valueName: "n"))
  var steps: Int?

  @Option(help: ArgumentHelp("Length in seconds of steps, instead of epochs.", valueName: "s"))
  var seconds: Double?

  /// Whether any of the options is given.
  var isAnyGiven: Bool { epochs != nil || steps != nil || seconds != nil }

  func validate() throws {
    if epochs != nil, steps != nil { throw ValidationError("give --epochs or --steps, not both") }
  }

  func add(to sources: inout SettingsSources) throws {
    if isAnyGiven {
      for name in ["epochs", "steps", "seconds"] { try sources.add(name, .null, from: "default") }
    }
    try sources.add("epochs", epochs, from: "--epochs")
    try sources.add("steps", steps, from: "--steps")
    if let seconds { try sources.add("seconds", .number(seconds), from: "--seconds") }
  }
}

extension SettingsSources {
  /// Adds a flag's value, if it was given.
  mutating func add(_ name: String, _ value: Int?, from flag: String) throws {
    if let value { try add(name, .integer(value), from: flag) }
  }

  /// Adds a flag's value, if it was given.
  mutating func add(_ name: String, _ value: String?, from flag: String) throws {
    if let value { try add(name, .text(value), from: flag) }
  }
}

extension ArgumentHelp {
  /// That of an option for where to compute with what a run has learned.
  static let runDevice = ArgumentHelp(
    "Where to compute: cpu, cuda, or cuda:1 and so on. Default: where the run did.",
    valueName: "device")
}

extension ArgumentHelp {
  /// That of an option for which weights of a run are used.
  static let runWeights = ArgumentHelp(
    "best: with the lowest validation loss; last: after the last step.",
    discussion: "Default: as the run's setting 'weights' has it, which is best where there are "
      + "validation examples.", valueName: "which")
}

extension Weights.Choice: ExpressibleByArgument {}

extension Device {
  /// The device that an option names.
  init(option: String) throws {
    guard let device = Device(option) else {
      throw ValidationError("there is no device '\(option)'; there are cpu, cuda and cuda:N")
    }
    self = device
  }
}
