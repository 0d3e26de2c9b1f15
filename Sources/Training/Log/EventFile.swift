import Files
import Foundation

/// A run's log read back.
///
/// Nothing in a file stops the reader: what is damaged is left out, and said.
public struct EventFile: Sendable {
  /// The figures of one tag.
  public struct Series: Hashable, Sendable {
    /// The steps, in the order of the file.
    public var steps: [Int] = []
    /// When each was written, in seconds since 1970.
    public var times: [Double] = []
    /// The figures.
    public var values: [Float] = []
  }

  /// The figures by tag; see ``Metric``.
  public private(set) var series: [String: Series] = [:]
  /// The size of the file up to the last record that is there as a whole.
  public private(set) var wholeSize = 0
  /// What is wrong with the file, a line each.
  public private(set) var damage: [String] = []

  /// The figures of a metric; empty where there are none.
  public subscript(metric: Metric) -> Series { series[metric.tag] ?? Series() }

  /// Reads a file.
  ///
  /// - Throws: ``FileError`` where it cannot be read at all.
  public init(_ path: String) throws(FileError) {
    self.init(contents: [UInt8](try readFile(at: path)))
  }

  /// Reads a file's contents.
  public init(contents bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      guard let length = Self.length(bytes, at: offset) else {
        damage.append("the record at byte \(offset) is damaged or cut off; the rest is left out")
        return
      }
      let event = (offset + 12)..<(offset + 12 + length)
      if Self.check(bytes, event) != bytes.littleEndian(at: event.upperBound, UInt32.self) {
        damage.append("the record at byte \(offset) is damaged and left out")
      } else {
        add(event: bytes[event])
      }
      offset = event.upperBound + 4
      wholeSize = offset
    }
  }

  /// The length of the record's event, if that and the whole record are there.
  private static func length(_ bytes: [UInt8], at offset: Int) -> Int? {
    guard bytes.count - offset >= 16,
      check(bytes, offset..<(offset + 8)) == bytes.littleEndian(at: offset + 8, UInt32.self)
    else { return nil }
    let length = bytes.littleEndian(at: offset, UInt64.self)
    return length <= UInt64(bytes.count - offset - 16) ? Int(length) : nil
  }

  private static func check(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
    bytes.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[range])).masked }
  }

  private mutating func add(event bytes: ArraySlice<UInt8>) {
    var (step, time) = (0, 0.0)
    var values: [(tag: String, value: Float)] = []
    for field in MessageFields(bytes) {
      switch (field.number, field.value) {
      case (1, .fixed64(let bits)): time = Double(bitPattern: bits)
      case (2, .varint(let number)): step = Int(truncatingIfNeeded: number)
      case (5, .bytes(let summary)):
        for case (1, .bytes(let value)) in MessageFields(summary).map({ ($0.number, $0.value) }) {
          var (tag, number): (String?, Float?) = (nil, nil)
          for field in MessageFields(value) {
            switch (field.number, field.value) {
            case (1, .bytes(let text)): tag = String(decoding: text, as: UTF8.self)
            case (2, .fixed32(let bits)): number = Float(bitPattern: bits)
            default: break
            }
          }
          if let tag, let number { values.append((tag, number)) }
        }
      default: break
      }
    }
    for (tag, value) in values {
      series[tag, default: Series()].append(step, time, value)
    }
  }
}

extension EventFile.Series {
  fileprivate mutating func append(_ step: Int, _ time: Double, _ value: Float) {
    steps.append(step)
    times.append(time)
    values.append(value)
  }
}

/// The fields of a protocol buffer message, up to the first that is malformed.
private struct MessageFields: Sequence, IteratorProtocol {
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case bytes(ArraySlice<UInt8>)
    case fixed32(UInt32)
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func next() -> (number: Int, value: Value)? {
    guard let key = takeVarint(), let value = takeValue(Int(key & 7)) else { return nil }
    return (Int(truncatingIfNeeded: key >> 3), value)
  }

  private mutating func takeValue(_ kind: Int) -> Value? {
    switch kind {
    case 0: takeVarint().map(Value.varint)
    case 1: takeFixed(UInt64.self).map(Value.fixed64)
    case 2: takeBytes().map(Value.bytes)
    case 5: takeFixed(UInt32.self).map(Value.fixed32)
    default: nil
    }
  }

  private mutating func takeVarint() -> UInt64? {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      result |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return result }
    }
    return nil
  }

  private mutating func takeBytes() -> ArraySlice<UInt8>? {
    guard let length = takeVarint(), length <= UInt64(rest.count) else { return nil }
    defer { rest = rest.dropFirst(Int(length)) }
    return rest.prefix(Int(length))
  }

  private mutating func takeFixed<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
    let size = Number.bitWidth / 8
    guard rest.count >= size else { return nil }
    defer { rest = rest.dropFirst(size) }
    return rest.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
  }
}

extension [UInt8] {
  fileprivate func littleEndian<Number: FixedWidthInteger>(
    at offset: Int, _: Number.Type
  ) -> Number {
    withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
