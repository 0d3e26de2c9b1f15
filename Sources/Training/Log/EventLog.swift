import Files
import Foundation

/// A run's log as TensorBoard reads it, written row by row.
///
/// Rows are gathered and written at once when there are many, or some are two seconds old.
///
/// The format: records, each framed by its length, a check of the length, and behind it a check of
/// the record (TFRecord); a record is a protocol buffer message `Event` with a wall time (field 1),
/// a step (2) and either the format's version (3) or a `Summary` (5), whose values (1) have a tag
/// (1) and a number (2).
struct EventLog: ~Copyable {
  private let file: FileDescriptor
  private var buffer: [UInt8] = []
  private var writtenAt: Double
  /// The size of the file with all rows added so far.
  private(set) var position: Int

  private static let flushSize = 1 << 16

  /// Opens a log to add rows.
  ///
  /// - Parameters:
  ///   - path: The file; it is made where there is none.
  ///   - position: Where to go on; what lies behind is removed. 0 starts anew.
  /// - Throws: ``FileError``, also where the file is shorter than the position.
  init(_ path: String, from position: Int) throws(FileError) {
    let file = try FileDescriptor(path, O_RDWR | O_CREAT)
    let size = lseek(file.number, 0, SEEK_END)
    guard size >= position else {
      throw FileError(path, "the log has \(size) bytes, but had \(position) at the checkpoint")
    }
    guard ftruncate(file.number, position) == 0, lseek(file.number, position, SEEK_SET) >= 0 else {
      throw FileError(path, .unwritable)
    }
    let start = position == 0 ? Self.record(event: Self.start) : []
    try file.write(start)
    self.file = file
    self.position = position + start.count
    writtenAt = Self.now
    buffer.reserveCapacity(Self.flushSize + 4096)
  }

  /// Adds a row, if it has any figures.
  mutating func add(_ row: borrowing MetricRow, step: Int) throws(FileError) {
    guard !row.values.isEmpty else { return }
    let now = Self.now
    let start = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: 12))
    buffer.append(0x09)
    buffer.append(littleEndian: now.bitPattern)
    buffer.append(0x10)
    buffer.append(varint: UInt64(step))
    buffer.append(0x2a)
    let size = row.values.reduce(0) { $0 + Self.prefixes[$1.metric.rawValue].count + 4 }
    buffer.append(varint: UInt64(size))
    for (metric, value) in row.values {
      buffer.append(contentsOf: Self.prefixes[metric.rawValue])
      buffer.append(littleEndian: Float(value).bitPattern)
    }
    buffer.frame(from: start)
    position += buffer.count - start
    if buffer.count > Self.flushSize || now - writtenAt > 2 { try flush() }
  }

  /// Hands all rows to the system.
  mutating func flush() throws(FileError) {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
    writtenAt = Self.now
  }

  /// Waits until all rows have reached the disk.
  mutating func synchronize() throws(FileError) {
    try flush()
    try file.synchronize()
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// The event that every log starts with.
  private static var start: [UInt8] {
    var event: [UInt8] = [0x09]
    event.append(littleEndian: now.bitPattern)
    event.append(field: 0x1a, Array("brain.Event:2".utf8))
    return event
  }

  private static func record(event: [UInt8]) -> [UInt8] {
    var record = [UInt8](repeating: 0, count: 12) + event
    record.frame(from: 0)
    return record
  }

  /// All of a summary's value but the number's four bytes, for each metric.
  private static let prefixes = Metric.allCases.map { metric in
    var value: [UInt8] = []
    value.append(field: 0x0a, Array(metric.tag.utf8))
    value.append(0x15)
    return [0x0a, UInt8(value.count + 4)] + value
  }
}

extension [UInt8] {
  fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  fileprivate mutating func append(field key: UInt8, _ bytes: [UInt8]) {
    append(key)
    append(varint: UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  /// Completes the record that starts with twelve bytes left free at `start`.
  fileprivate mutating func frame(from start: Int) {
    let length = UInt64(count - start - 12)
    let check = withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: length.littleEndian, toByteOffset: start, as: UInt64.self)
      let head = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + 8)])
      bytes.storeBytes(
        of: CRC32C.of(head).masked.littleEndian, toByteOffset: start + 8, as: UInt32.self)
      return CRC32C.of(UnsafeRawBufferPointer(rebasing: bytes[(start + 12)...])).masked
    }
    append(littleEndian: check)
  }
}
