import Files

/// Goes through the text of a table, row by row.
struct CSVReader {
  /// What stands between cells.
  enum Divider: Hashable, Sendable {
    case byte(UInt8)
    /// Blanks and tabs, however many, also before the first cell and behind the last.
    case blanks
  }

  /// The line, counted from 1, in which the last row began.
  private(set) var rowLine = 0

  private let file: String
  /// The byte that divides cells; 0, which is in no text, where blanks do.
  private let delimiter: UInt8
  private let dividesAtBlanks: Bool
  private var position: Int
  private var line: Int

  /// - Parameters:
  ///   - divider: What stands between cells.
  ///   - file: The file's name, for errors.
  ///   - position: Where the table begins.
  ///   - line: The number of that line, from 1.
  init(_ divider: Divider, file: String = "", from position: Int = 0, line: Int = 1) {
    self.file = file
    switch divider {
    case .byte(let byte): (delimiter, dividesAtBlanks) = (byte, false)
    case .blanks: (delimiter, dividesAtBlanks) = (0, true)
    }
    (self.position, self.line) = (position, line)
  }

  /// Goes to the next line that is not empty, and returns its first character; `nil` at the end.
  mutating func nextLine(of text: Span<UInt8>) -> UInt8? {
    skipBlanks(text)
    while position < text.count, isLineEnd(text[position]) {
      passLineEnd(text)
      skipBlanks(text)
    }
    return position < text.count ? text[position] : nil
  }

  /// Leaves out what remains of a line.
  mutating func skipLine(of text: Span<UInt8>) {
    while position < text.count, !isLineEnd(text[position]) { position += 1 }
    if position < text.count { passLineEnd(text) }
  }

  /// Reads the next row that is not empty, adds the places of its cells, and returns how many they
  /// are, or `nil` at the end of the text.
  mutating func readRow(
    of text: Span<UInt8>, into cells: inout [Range<Int>]
  ) throws(DataError) -> Int? {
    guard nextLine(of: text) != nil else { return nil }
    rowLine = line
    let first = cells.count
    while true {
      cells.append(try readCell(text))
      if dividesAtBlanks { skipBlanks(text) }
      guard position < text.count else { break }
      if isLineEnd(text[position]) {
        passLineEnd(text)
        break
      }
      if !dividesAtBlanks { position += 1 }
    }
    return cells.count - first
  }

  /// Reads a cell, and stops before what ends it.
  private mutating func readCell(_ text: Span<UInt8>) throws(DataError) -> Range<Int> {
    skipBlanks(text)
    if position < text.count, text[position] == quote { return try readQuoted(text) }
    let start = position
    var isASCII = true
    while position < text.count, !endsCell(text[position]) {
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
    while end > start, isPadding(text[end - 1]) { end -= 1 }
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
    let isApart = dividesAtBlanks && position < text.count && isBlank(text[position])
    skipBlanks(text)
    guard isApart || position == text.count || endsCell(text[position]) else {
      let divider = dividesAtBlanks ? " " : printable(String(UnicodeScalar(delimiter)))
      throw error(
        text, at: position, found: "more of a cell behind its closing quote",
        expected: "'\(divider)' or the end of the line; a quote inside a cell is doubled")
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
    while position < text.count, isPadding(text[position]) { position += 1 }
  }

  /// Goes behind the line end that is here.
  private mutating func passLineEnd(_ text: Span<UInt8>) {
    let isPair =
      text[position] == UInt8(ascii: "\r") && position + 1 < text.count
      && text[position + 1] == UInt8(ascii: "\n")
    position += isPair ? 2 : 1
    line += 1
  }

  private func endsCell(_ byte: UInt8) -> Bool {
    byte == delimiter && !dividesAtBlanks || isLineEnd(byte) || dividesAtBlanks && isBlank(byte)
  }

  /// Whether it is a blank that counts for nothing.
  private func isPadding(_ byte: UInt8) -> Bool {
    isBlank(byte) && byte != delimiter
  }
}

private let quote = UInt8(ascii: "\"")

func isLineEnd(_ byte: UInt8) -> Bool {
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
