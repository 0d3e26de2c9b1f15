import AdamQLR
import AdamQLRTorch

extension Settings {
  /// Prepares the engine for a run: its threads, and its device.
  ///
  /// - Throws: ``SettingsError`` where the device cannot be used, or the products cannot be computed
  ///   as asked for.
  public func prepareEngine() throws(SettingsError) {
    Runtime.threadCount = threads ?? Self.usualThreads
    if let text = productsProblem { throw SettingsError(text) }
    try prepareDevice()
  }

  /// Those of a process that was told nothing; a process may make one run after the other.
  static let usualThreads = Runtime.threadCount

  /// Makes the device ready for use.
  ///
  /// - Throws: ``SettingsError`` where it cannot be used.
  func prepareDevice() throws(SettingsError) {
    do {
      try device.prepare()
    } catch {
      throw SettingsError("\(error)")
    }
  }

  /// What is wrong with the precision of products, given the device and the precision of vectors.
  var productsProblem: String? {
    switch products {
    case .float: nil
    case .tf32 where !device.isCUDA:
      "matmul: 'tf32' needs a GPU (--device cuda), but the device is '\(device)'"
    case .tf32 where precision == .double, .bf16 where precision == .double:
      "matmul: '\(products.rawValue)' rounds products of single precision, but precision is 'double'"
    case .tf32, .bf16: nil
    }
  }
}

extension Device: SettingConvertible {
  public init?(_ value: SettingValue) {
    guard let name = String(value) else { return nil }
    self.init(name)
  }
  public var settingValue: SettingValue { .text(description) }
}
