/// An experiment of the paper (Clarke and Hernández-Lobato, ICML 2024, arXiv 2310.14963), or one that
/// its readers asked for.
///
/// Each is a file in YAML, as ``Tuning`` reads it.
public enum PaperExperiment: String, CaseIterable, Sendable {
  case rosenbrock
  case performance
  case fixedRuntimeTraining = "fixed-runtime-training"
  case fixedRuntimeValidation = "fixed-runtime-validation"
  case sensitivity
  case ablationDamping = "ablation-damping"
  case ablationCurvature = "ablation-curvature"
  case extensions
  case equalBatch = "equal-batch"

  /// How much of an experiment is run.
  public enum Scale: String, CaseIterable, Sendable {
    /// The paper's protocol.
    case full
    /// Fewer samples and repetitions, on tasks that a laptop can do in hours.
    case laptop
    /// Seconds: whether it works.
    case smoke
  }

  /// What it asks, in a line.
  public var summary: String {
    switch self {
    case .rosenbrock: "trajectories of tuned optimizers on Rosenbrock's function"
    case .performance: "all optimizers, tuned and untuned, after fixed numbers of epochs"
    case .fixedRuntimeTraining: "the same at equal time, tuned by the training loss"
    case .fixedRuntimeValidation: "the same at equal time, tuned by the validation loss"
    case .sensitivity: "one setting varied around the tuned ones"
    case .ablationDamping: "AdamQLR with and without damping"
    case .ablationCurvature: "AdamQLR with the Fisher matrix and with the Hessian"
    case .extensions: "not the paper's: its heuristics one by one"
    case .equalBatch: "not the paper's: all methods with the same size of batches"
    }
  }

  /// Its file.
  public var yaml: String {
    let bytes =
      switch self {
      case .rosenbrock: PackageResources.rosenbrock_yaml
      case .performance: PackageResources.performance_yaml
      case .fixedRuntimeTraining: PackageResources.fixed_runtime_training_yaml
      case .fixedRuntimeValidation: PackageResources.fixed_runtime_validation_yaml
      case .sensitivity: PackageResources.sensitivity_yaml
      case .ablationDamping: PackageResources.ablation_damping_yaml
      case .ablationCurvature: PackageResources.ablation_curvature_yaml
      case .extensions: PackageResources.extensions_yaml
      case .equalBatch: PackageResources.equal_batch_yaml
      }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The text of the file of that name, which others may extend; `nil` where there is none.
  public static func yaml(ofFile name: String) -> String? {
    guard name.hasSuffix(".yaml") else { return nil }
    return PaperExperiment(rawValue: String(name.dropLast(5)))?.yaml
  }

  /// The experiment at a scale.
  ///
  /// - Parameter keepsTasks: Whether tasks that the scale leaves out are there, too.
  /// - Throws: `SettingsError`.
  public func tuning(_ scale: Scale, keepingTasks keepsTasks: Bool = false) throws -> Tuning {
    try Tuning(
      yaml: yaml, path: rawValue + ".yaml", scale: scale.rawValue, keepsTasks: keepsTasks,
      base: Self.yaml(ofFile:))
  }
}
