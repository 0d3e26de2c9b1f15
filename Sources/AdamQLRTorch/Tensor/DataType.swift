import CTorch

/// The type of a tensor's elements.
public enum DataType: String, Codable, Sendable, CaseIterable {
  /// Single precision.
  case float32
  /// Double precision.
  case float64
  /// Indices and class labels.
  case int64
  /// Truth values.
  case bool
  /// Bytes, as images have them.
  case uint8

  /// Whether the elements are floating-point numbers.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The size of an element in bytes.
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32: 4
    case .bool, .uint8: 1
    }
  }

  var code: ct_dtype {
    switch self {
    case .float32: CT_FLOAT32
    case .float64: CT_FLOAT64
    case .int64: CT_INT64
    case .bool: CT_BOOL
    case .uint8: CT_UINT8
    }
  }

  init?(code: Int32) {
    switch code {
    case 0: self = .float32
    case 1: self = .float64
    case 2: self = .int64
    case 3: self = .bool
    case 4: self = .uint8
    default: return nil
    }
  }
}

/// A Swift type that a tensor can hold.
public protocol TensorElement: Sendable {
  /// The tensor's name for it.
  static var dataType: DataType { get }
}

extension Float: TensorElement { public static var dataType: DataType { .float32 } }
extension Double: TensorElement { public static var dataType: DataType { .float64 } }
extension Int64: TensorElement { public static var dataType: DataType { .int64 } }
extension UInt8: TensorElement { public static var dataType: DataType { .uint8 } }
extension Bool: TensorElement { public static var dataType: DataType { .bool } }
