/// An experiment of the paper (Clarke and Hernández-Lobato, ICML 2024) and of those that follow it.
public enum PaperExperiment: String, CaseIterable, Sendable {
  case performance

  /// The text of an experiment's file, by the file's name.
  public static func yaml(_ name: String) -> String? {
    switch name {
    case "performance.yaml": String(decoding: PackageResources.performance_yaml, as: UTF8.self)
    default: nil
    }
  }
}
