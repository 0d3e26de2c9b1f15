import Foundation
import Requirements

/// Tensors by name, in the safetensors format: eight bytes with the length of a JSON header, the
/// header with each tensor's type, shape and place, and then their elements, row-major and
/// little-endian.
///
/// Other programs read these files; in Python, `safetensors.numpy.load_file`.
public struct Safetensors {
  /// The tensors. All are contiguous, and lie in the processor's memory.
  public private(set) var tensors: [String: Tensor]
  /// Remarks by name, kept in the header.
  public var metadata: [String: String]

  /// Collects tensors.
  ///
  /// - Precondition: No tensor is named `__metadata__`, which the format keeps for itself.
  public init(_ tensors: [String: Tensor], metadata: [String: String] = [:]) {
    require(tensors[Self.metadataName] == nil, "a tensor is named '\(Self.metadataName)'")
    self.tensors = tensors.mapValues { $0.to(.cpu).contiguous() }
    self.metadata = metadata
  }

  /// Hands out the file's bytes, piece by piece.
  public func write(_ emit: (UnsafeRawBufferPointer) throws -> Void) throws {
    // Wide elements first, so that all are aligned; then by name, so that equal tensors make equal
    // files.
    let ordered = tensors.sorted {
      ($1.value.type.size, $0.key) < ($0.value.type.size, $1.key)
    }
    var header: [String: HeaderEntry] = [:]
    if !metadata.isEmpty { header[Self.metadataName] = .metadata(metadata) }
    var offset = 0
    for (name, tensor) in ordered {
      let end = offset + tensor.count * tensor.type.size
      header[name] = .tensor(
        Place(dtype: tensor.type.safetensorsName, shape: tensor.shape, data_offsets: [offset, end]))
      offset = end
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = try encoder.encode(header)
    text.append(contentsOf: repeatElement(0x20, count: (8 - text.count % 8) % 8))
    try withUnsafeBytes(of: UInt64(text.count).littleEndian, emit)
    try text.withUnsafeBytes(emit)
    for (_, tensor) in ordered {
      try tensor.withElementBytes(emit)
    }
  }

  /// Reads a file's bytes.
  ///
  /// - Throws: ``SafetensorsError`` where they are not in the format to the last byte.
  public init(_ bytes: Data) throws(SafetensorsError) {
    guard bytes.count >= 8 else {
      throw SafetensorsError("\(bytes.count) bytes are too few for a safetensors file")
    }
    let length = (0..<8).reduce(UInt64(0)) {
      $0 | UInt64(bytes[bytes.startIndex + $1]) << (8 * UInt64($1))
    }
    guard length <= UInt64(bytes.count - 8) else {
      throw SafetensorsError("a header of \(length) bytes does not fit in \(bytes.count) bytes")
    }
    let start = bytes.startIndex + 8 + Int(length)
    let header: [String: HeaderEntry]
    do {
      header = try JSONDecoder().decode(
        [String: HeaderEntry].self, from: bytes[(bytes.startIndex + 8)..<start])
    } catch {
      throw SafetensorsError("the header is not the JSON of a safetensors file")
    }
    var places: [(name: String, place: Place)] = []
    metadata = [:]
    for (name, entry) in header {
      switch entry {
      case .metadata(let remarks):
        guard name == Self.metadataName else {
          throw SafetensorsError("'\(name)' has no type, shape and place")
        }
        metadata = remarks
      case .tensor(let place): places.append((name, place))
      }
    }
    places.sort { ($0.place.start, $0.name) < ($1.place.start, $1.name) }
    tensors = [:]
    var offset = 0
    for (name, place) in places {
      let type = try place.check(name, after: offset, limit: bytes.endIndex - start)
      offset = place.end
      tensors[name] = bytes.withUnsafeBytes { source in
        let first = start - bytes.startIndex + place.start
        let elements = UnsafeRawBufferPointer(rebasing: source[first..<(first + place.size)])
        if let half = type.half { return half.widened(elements, place.shape) }
        let tensor = Tensor(uninitialized: place.shape, type.type)
        tensor.overwrite(withElementBytes: elements)
        return tensor
      }
    }
    guard offset == bytes.endIndex - start else {
      throw SafetensorsError(
        "the tensors have \(offset) bytes, but the file \(bytes.endIndex - start) for them")
    }
  }

  private static let metadataName = "__metadata__"
}

/// Why bytes are not a safetensors file, in one line.
public struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// What the header says under one name.
private enum HeaderEntry: Codable {
  case tensor(Place)
  case metadata([String: String])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let place = try? container.decode(Place.self) {
      self = .tensor(place)
    } else {
      self = .metadata(try container.decode([String: String].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .tensor(let place): try container.encode(place)
    case .metadata(let remarks): try container.encode(remarks)
    }
  }
}

/// A tensor's type, shape and place; the names are the format's.
private struct Place: Codable {
  var dtype: String
  var shape: [Int]
  var data_offsets: [Int]

  var start: Int { data_offsets.first ?? -1 }
  var end: Int { data_offsets.last ?? -1 }
  var size: Int { end - start }

  /// The type, if the place begins where the tensor before ends and the shape fills it.
  func check(
    _ name: String, after offset: Int, limit: Int
  ) throws(SafetensorsError) -> StoredType {
    guard let type = StoredType(dtype) else {
      throw SafetensorsError("'\(name)' has elements of type \(dtype), which is not supported")
    }
    guard data_offsets.count == 2, start == offset, start <= end, end <= limit else {
      throw SafetensorsError("'\(name)' has the place \(data_offsets), but must begin at \(offset)")
    }
    var bytes = type.size
    for size in shape {
      let (product, overflows) = bytes.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflows else {
        throw SafetensorsError("'\(name)' has the shape \(shape)")
      }
      bytes = product
    }
    guard bytes == size else {
      throw SafetensorsError("'\(name)' has \(size) bytes, but the shape \(shape) of \(dtype)")
    }
    return type
  }
}

/// How elements are stored.
private struct StoredType {
  /// What they become.
  let type: DataType
  /// How they are stored, if in half precision.
  let half: HalfPrecision?

  init?(_ name: String) {
    half = HalfPrecision(rawValue: name)
    guard
      let type = half == nil
        ? DataType.allCases.first(where: { $0.safetensorsName == name }) : .float32
    else { return nil }
    self.type = type
  }

  /// The bytes of an element in the file.
  var size: Int { half == nil ? type.size : 2 }
}

/// Numbers of two bytes, which become those of four.
private enum HalfPrecision: String {
  case float16 = "F16"
  case bfloat16 = "BF16"

  func widened(_ bytes: UnsafeRawBufferPointer, _ shape: [Int]) -> Tensor {
    let count = bytes.count / 2
    let numbers = (0..<count).map { i -> Float in
      let bits = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
      return self == .bfloat16 ? Float(bitPattern: UInt32(bits) << 16) : Self.float16(bits)
    }
    return Tensor(numbers, shape: shape)
  }

  /// IEEE 754's binary16.
  private static func float16(_ bits: UInt16) -> Float {
    let (sign, exponent, fraction) = (bits >> 15, Int(bits >> 10 & 31), Float(bits & 1023))
    let magnitude: Float =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
      }
    return sign == 0 ? magnitude : -magnitude
  }
}

extension DataType {
  fileprivate var safetensorsName: String {
    switch self {
    case .float32: "F32"
    case .float64: "F64"
    case .int64: "I64"
    case .bool: "BOOL"
    case .uint8: "U8"
    }
  }
}

extension Tensor {
  /// The bytes of the elements, row-major.
  fileprivate func withElementBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) {
      try body(UnsafeRawBufferPointer(start: data, count: count * type.size))
    }
  }

  fileprivate func overwrite(withElementBytes bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    withExtendedLifetime(self) { data.copyMemory(from: source, byteCount: bytes.count) }
  }
}
