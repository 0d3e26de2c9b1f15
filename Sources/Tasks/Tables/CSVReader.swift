import Files

/// Goes through the text of a table, row by row.
struct CSVReader {
  /// The line, counted from 1, in which the last row began.
  private(set) var rowLine = 0

  private let file: String
  private let delimiter: UInt8
  private var position = 0
  private var line = 1

  /// Starts behind the byte order mark, if there is one.
  ///
  /// - Throws: ``DataError`` where that is the mark of another encoding than UTF-8.
  init(_ text: [UInt8], file: String, _ format: TableFormat) throws(DataError) {
    self.init(
      text, file: file,
      delimiter: format.delimiter.byte ?? Self.delimiter(of: text, decimal: format.decimal))
    if text.starts(with: [0xff, 0xfe]) || text.starts(with: [0xfe, 0xff]) {
      throw .malformed(file: file, found: "text in UTF-16", expected: "UTF-8; save it as that")
    }
  }

  private init(_ text: [UInt8], file: String, delimiter: UInt8) {
    self.file = file
    self.delimiter = delimiter
    if text.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  /// The delimiter that divides the first rows into equally many cells, and the most; failing that,
  /// the one that divides the first row into the most.
  private static func delimiter(of text: [UInt8], decimal: TableFormat.Decimal) -> UInt8 {
    var best = (isEven: false, count: 0, delimiter: UInt8(ascii: ","))
    for candidate in TableFormat.Delimiter.allCases {
      guard let byte = candidate.byte, decimal == .point || candidate != .comma else {
        continue
      }
      var reader = CSVReader(text, file: "", delimiter: byte)
      var cells: [Range<Int>] = []
      var counts: [Int] = []
      // What is wrong with the text is told when it is read in full.
      while counts.count < 20, let count = try? reader.readRow(of: text.span, into: &cells) {
        counts.append(count)
      }
      let count = counts.first ?? 0
      let isEven = count > 1 && counts.allSatisfy { $0 == count }
      if isEven && !best.isEven || isEven == best.isEven && count > best.count {
        best = (isEven, count, byte)
      }
    }
    return best.delimiter
  }

  /// Reads the next row that is not empty, adds the places of its cells, and returns how many they
  /// are, or `nil` at the end of the text.
  mutating func readRow(
    of text: Span<UInt8>, into cells: inout [Range<Int>]
  ) throws(DataError) -> Int? {
    skipBlanks(text)
    while position < text.count, isLineEnd(text[position]) {
      passLineEnd(text)
      skipBlanks(text)
    }
    guard position < text.count else { return nil }
    rowLine = line
    let first = cells.count
    while true {
      cells.append(try readCell(text))
      guard position < text.count else { break }
      if isLineEnd(text[position]) {
        passLineEnd(text)
        break
      }
      position += 1
    }
    return cells.count - first
  }

  /// Reads a cell, and stops before what ends it.
  private mutating func readCell(_ text: Span<UInt8>) throws(DataError) -> Range<Int> {
    skipBlanks(text)
    if position < text.count, text[position] == quote { return try readQuoted(text) }
    let start = position
    var isASCII = true
    while position < text.count, text[position] != delimiter, !isLineEnd(text[position]) {
      let byte = text[position]
      if byte == quote {
        throw error(
          text, at: position, found: "a quote inside a cell that does not begin with one",
          expected: "the whole cell in quotes, and those inside it doubled")
      }
      if byte == 0 { throw notText(text, at: position) }
      isASCII = isASCII && byte < 0x80
      position += 1
    }
    var end = position
    while end > start, isBlank(text[end - 1]) { end -= 1 }
    if !isASCII { try checkEncoding(text, start..<end) }
    return start..<end
  }

  private mutating func readQuoted(_ text: Span<UInt8>) throws(DataError) -> Range<Int> {
    let start = position + 1
    var isASCII = true
    position = start
    while true {
      guard position < text.count else {
        throw error(
          text, at: start - 1, found: "a quote that is never closed", expected: "a closing quote")
      }
      let byte = text[position]
      if byte == quote {
        if position + 1 < text.count, text[position + 1] == quote {
          position += 1
        } else {
          break
        }
      }
      if byte == 0 { throw notText(text, at: position) }
      if isLineEnd(byte) {
        passLineEnd(text)
      } else {
        isASCII = isASCII && byte < 0x80
        position += 1
      }
    }
    let end = position
    if !isASCII { try checkEncoding(text, start..<end) }
    position += 1
    skipBlanks(text)
    guard position == text.count || text[position] == delimiter || isLineEnd(text[position]) else {
      throw error(
        text, at: position, found: "more of a cell behind its closing quote",
        expected: "'\(printable(String(UnicodeScalar(delimiter))))' or the end of the line; "
          + "a quote inside a cell is doubled")
    }
    return start..<end
  }

  private func checkEncoding(_ text: Span<UInt8>, _ range: Range<Int>) throws(DataError) {
    let bytes = range.map { text[$0] }
    if String(validating: bytes, as: UTF8.self) == nil {
      throw error(
        text, at: range.lowerBound,
        found: "'\(printable(String(decoding: bytes, as: UTF8.self)))' is not in UTF-8",
        expected: "a file in UTF-8; save it as that")
    }
  }

  private func notText(_ text: Span<UInt8>, at place: Int) -> DataError {
    error(text, at: place, found: "a zero byte", expected: "text in UTF-8")
  }

  private func error(
    _ text: Span<UInt8>, at place: Int, found: String, expected: String
  ) -> DataError {
    var start = place
    while start > 0, !isLineEnd(text[start - 1]) { start -= 1 }
    return .malformed(
      file: file,
      place: .character(line: lineNumber(in: text, at: place), column: place - start + 1),
      found: found, expected: expected)
  }

  private mutating func skipBlanks(_ text: Span<UInt8>) {
    while position < text.count, isBlank(text[position]) { position += 1 }
  }

  /// Goes behind the line end that is here.
  private mutating func passLineEnd(_ text: Span<UInt8>) {
    let isPair =
      text[position] == UInt8(ascii: "\r") && position + 1 < text.count
      && text[position + 1] == UInt8(ascii: "\n")
    position += isPair ? 2 : 1
    line += 1
  }

  private func isBlank(_ byte: UInt8) -> Bool {
    (byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")) && byte != delimiter
  }
}

private let quote = UInt8(ascii: "\"")

private func isLineEnd(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
}

/// The number of the line, from 1, that a place of a text is in.
func lineNumber(in text: Span<UInt8>, at place: Int) -> Int {
  var line = 1
  for i in 0..<place where isLineEnd(text[i]) {
    let isPair =
      text[i] == UInt8(ascii: "\r") && i + 1 < text.count && text[i + 1] == UInt8(ascii: "\n")
    if !isPair { line += 1 }
  }
  return line
}
