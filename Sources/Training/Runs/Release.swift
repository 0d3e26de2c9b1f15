import AdamQLRTorch

/// What program this is.
public enum Release {
  /// The version of this package.
  public static let version = "0.2.0"

  /// The version with that of the engine.
  public static var description: String { "\(version), libtorch \(Runtime.version)" }
}
