import Synchronization
import AdamQLRTorch

/// Where encoded vectors put their elements, so that only their names are in the encoder's output.
///
/// A ``FlatVector`` that is encoded with a store in `userInfo` under
/// `CodingUserInfoKey.tensorStore` is named after its place in what is encoded, and found again when
/// it is decoded with a store that has that name:
///
///     let (store, encoder) = (TensorStore(), JSONEncoder())
///     encoder.userInfo[.tensorStore] = store
///     let text = try encoder.encode(optimizer.state)
///     let file = Safetensors(store.tensors)
public final class TensorStore: Sendable {
  private let contents: Mutex<[String: Tensor]>

  /// A store of these tensors; without any, one to encode into.
  public init(_ tensors: [String: Tensor] = [:]) {
    contents = Mutex(tensors)
  }

  /// The vectors' elements by name.
  public var tensors: [String: Tensor] { contents.withLock { $0 } }

  /// Adds a tensor and returns its name.
  func add(_ tensor: Tensor, at path: [any CodingKey]) -> String {
    let name = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    contents.withLock { $0[name] = tensor }
    return name
  }

  /// Removes a tensor, so that it has one owner.
  func take(_ name: String) -> Tensor? {
    contents.withLock { $0.removeValue(forKey: name) }
  }
}

extension CodingUserInfoKey {
  /// The key of a ``TensorStore``.
  public static let tensorStore: CodingUserInfoKey = {
    guard let key = CodingUserInfoKey(rawValue: "AdamQLR.tensorStore") else {
      fatalError("a name makes a key")
    }
    return key
  }()
}
