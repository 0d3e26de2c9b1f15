import CMatio

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The C library matio, which reads MATLAB files; loaded when the first of them is read.
public struct Matio: Sendable {
  /// A variable of a file: numbers in several dimensions.
  public struct Variable: Sendable {
    /// The sizes of the dimensions; the first one's elements are neighbors.
    public let dimensions: [Int]
    /// The numbers.
    public let elements: Elements

    /// The numbers.
    public enum Elements: Sendable {
      case bytes([UInt8])
      case numbers([Double])
    }
  }

  /// The names under which systems have the library.
  public static let libraryNames =
    ["libmatio.so"] + [13, 12, 11, 10, 9, 14, 15, 16].map { "libmatio.so.\($0)" }
    + ["libmatio.dylib"]

  private let openFile: cmatio_open
  private let readVariable: cmatio_read
  private let freeVariable: cmatio_free
  private let closeFile: cmatio_close

  /// Loads the library.
  ///
  /// - Parameters:
  ///   - names: The names under which it is sought. Default: ``libraryNames``.
  ///   - file: The file that is to be read, for errors.
  /// - Throws: ``DataError/unreadable(file:reason:)`` where it is not there, or is of another
  ///   version, with how to get it.
  public init(
    libraryNames names: [String] = Matio.libraryNames, toRead file: String
  ) throws(DataError) {
    let advice = "install it, by 'apt-get install libmatio-dev' or 'dnf install matio'"
    var library: UnsafeMutableRawPointer?
    for name in names where library == nil { library = dlopen(name, RTLD_NOW | RTLD_LOCAL) }
    guard let library else {
      throw .unreadable(
        file: file, reason: "MATLAB files need the library matio, which is not there: \(advice)")
    }
    func symbol(_ name: String) throws(DataError) -> UnsafeMutableRawPointer {
      if let symbol = dlsym(library, name) { return symbol }
      throw .unreadable(
        file: file, reason: "the library matio has no \(name); of version 1.5, \(advice)")
    }
    var (major, minor, release): (Int32, Int32, Int32) = (0, 0, 0)
    unsafeBitCast(try symbol("Mat_GetLibraryVersion"), to: cmatio_get_version.self)(
      &major, &minor, &release)
    // Variables are laid out as in this version.
    guard (major, minor) == (1, 5) else {
      throw .unreadable(
        file: file,
        reason: "the library matio is of version \(major).\(minor), but must be of 1.5: \(advice)")
    }
    openFile = unsafeBitCast(try symbol("Mat_Open"), to: cmatio_open.self)
    readVariable = unsafeBitCast(try symbol("Mat_VarRead"), to: cmatio_read.self)
    freeVariable = unsafeBitCast(try symbol("Mat_VarFree"), to: cmatio_free.self)
    closeFile = unsafeBitCast(try symbol("Mat_Close"), to: cmatio_close.self)
  }

  /// Reads variables of a MATLAB file of version 5.
  ///
  /// - Parameters:
  ///   - names: Their names.
  ///   - path: The file.
  /// - Throws: ``DataError`` where the file is cut off or no such file, or a variable is missing,
  ///   damaged, or neither of bytes nor of double precision.
  public func read(_ names: [String], from path: String) throws(DataError) -> [Variable] {
    try MATFileOutline.check(path)
    guard let file = openFile(path, Int32(CMATIO_READ_ONLY)) else {
      throw .malformed(file: path, found: "what matio cannot open", expected: "a MATLAB file")
    }
    defer { _ = closeFile(file) }
    var variables: [Variable] = []
    for name in names { variables.append(try read(name, file, path)) }
    return variables
  }

  private func read(
    _ name: String, _ file: UnsafeMutableRawPointer, _ path: String
  ) throws(DataError) -> Variable {
    func malformed(_ found: String, _ expected: String) -> DataError {
      .malformed(file: path, place: .variable(name), found: found, expected: expected)
    }
    guard let variable = readVariable(file, name) else {
      throw malformed("no such variable", "one of that name, intact")
    }
    defer { freeVariable(variable) }
    let found = variable.pointee
    guard found.rank >= 2, found.rank < 32, let sizes = found.dimensions, found.is_complex == 0
    else { throw malformed("a variable that is no array of numbers", "bytes or numbers") }
    let dimensions = (0..<Int(found.rank)).map { Int(clamping: sizes[$0]) }
    let count = dimensions.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard
      let data = found.data, found.element_size > 0,
      Int(clamping: found.byte_count)
        == count.multipliedReportingOverflow(
          by: Int(found.element_size)
        ).partialValue
    else { throw malformed("damaged numbers", "\(count) of them") }
    switch (Int(found.class_type), Int(found.element_size)) {
    case (Int(CMATIO_CLASS_UINT8), 1):
      let bytes = UnsafeBufferPointer(
        start: data.assumingMemoryBound(to: UInt8.self), count: count)
      return Variable(dimensions: dimensions, elements: .bytes(Array(bytes)))
    case (Int(CMATIO_CLASS_DOUBLE), 8):
      let numbers = UnsafeBufferPointer(
        start: data.assumingMemoryBound(to: Double.self), count: count)
      return Variable(dimensions: dimensions, elements: .numbers(Array(numbers)))
    default:
      throw malformed(
        "numbers of MATLAB's class \(found.class_type)", "class 9 (uint8) or 6 (double)")
    }
  }
}
