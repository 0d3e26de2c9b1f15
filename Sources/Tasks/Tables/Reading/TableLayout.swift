import Files

/// Where a table begins in a text, what divides its cells, and how many a row has.
struct TableLayout {
  /// The place of its first line.
  private(set) var start = 0
  /// The number of that line, from 1.
  private(set) var firstLine = 1
  /// What divides cells.
  private(set) var divider = CSVReader.Divider.byte(UInt8(ascii: ","))
  /// The number of cells of most of the first rows; `nil` where no three rows agree.
  private(set) var width: Int?

  /// Looks at the first rows.
  ///
  /// - Throws: ``DataError`` where the text is in another encoding than UTF-8, or has fewer lines than
  ///   are to be left out.
  init(_ text: [UInt8], file: String, _ format: TableFormat) throws(DataError) {
    if text.starts(with: [0xff, 0xfe]) || text.starts(with: [0xfe, 0xff]) {
      throw .malformed(file: file, found: "text in UTF-16", expected: "UTF-8; save it as that")
    }
    if text.starts(with: [0xef, 0xbb, 0xbf]) { start = 3 }
    for _ in 0..<format.skippedLines {
      guard start < text.count else {
        throw .malformed(
          file: file, found: firstLine == 2 ? "1 line" : "\(firstLine - 1) lines",
          expected: "more than the \(format.skippedLines) of data.skip-lines")
      }
      passLine(text)
    }
    let delimiter = format.delimiter
    if let given = Self.separatorLine(text, from: start) {
      passLine(text)
      if delimiter == .auto {
        divider = .byte(given)
        width = Sample(text, from: start, divider).width
        return
      }
    }
    if delimiter != .auto {
      divider = delimiter.byte.map { .byte($0) } ?? .blanks
      width = Sample(text, from: start, divider).width
      return
    }
    let samples = TableFormat.Delimiter.allCases.filter {
      $0 != .auto && (format.decimal != .comma || $0 != .comma)
    }.map { Sample(text, from: start, $0.byte.map { .byte($0) } ?? .blanks) }
    let best = Self.best(samples)
    (divider, width) = (best.divider, best.width)
  }

  /// Goes behind the line that begins here.
  private mutating func passLine(_ text: [UInt8]) {
    while start < text.count, !isLineEnd(text[start]) { start += 1 }
    if start + 1 < text.count, text[start] == UInt8(ascii: "\r"),
      text[start + 1] == UInt8(ascii: "\n")
    {
      start += 1
    }
    start = min(start + 1, text.count)
    firstLine += 1
  }

  /// What a line `sep=;` says, with which spreadsheets are told what divides cells.
  private static func separatorLine(_ text: [UInt8], from start: Int) -> UInt8? {
    let line = text[start...].prefix { !isLineEnd($0) }.filter { $0 != UInt8(ascii: "\"") }
    guard line.count == 5 || line.count == 4,
      String(decoding: line.prefix(4), as: UTF8.self).lowercased() == "sep="
    else { return nil }
    return line.count == 5 ? line[4] : UInt8(ascii: ",")
  }

  private static func best(_ samples: [Sample]) -> Sample {
    var marks = samples[...]
    // Blanks divide where nothing else does, or where they alone make numbers.
    let blanks = marks.removeLast()
    var best = marks.removeFirst()
    for sample in marks where sample.isBetter(than: best) { best = sample }
    if blanks.evenness > 0 {
      let isOnly = best.evenness == 0
      let isNumeric = best.numericShare < 1 && blanks.numericShare == 1 && blanks.evenness == 2
      if isOnly && blanks.evenness == 2 || isNumeric { return blanks }
    }
    return best
  }
}

/// The first rows of a text, as something divides them.
private struct Sample {
  let divider: CSVReader.Divider
  /// The number of cells of most rows; `nil` where no three rows agree.
  var width: Int?
  /// 2: all rows have equally many cells, and more than one; 1: nearly all have; 0: others.
  var evenness = 0
  /// The share of columns whose cells are numbers, the first row aside.
  var numericShare = 0.0
  /// The number of cells of the first row.
  var firstCount = 0
  private var count = 0

  init(_ text: [UInt8], from start: Int, _ divider: CSVReader.Divider) {
    self.divider = divider
    var reader = CSVReader(divider, from: start)
    var rows: [[Range<Int>]] = []
    while rows.count < 50, let first = reader.nextLine(of: text.span) {
      if first == UInt8(ascii: "#") {
        reader.skipLine(of: text.span)
        continue
      }
      var cells: [Range<Int>] = []
      // What is wrong with the text is told when it is read in full.
      guard (try? reader.readRow(of: text.span, into: &cells)) != nil else { break }
      rows.append(cells)
    }
    let counts = Dictionary(grouping: rows, by: \.count).mapValues(\.count)
    guard let most = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return }
    count = most.key
    firstCount = rows[0].count
    if most.value >= 3 { width = count }
    if count > 1 {
      // R leaves out the header's first cell, over the names of rows.
      let others = firstCount == count - 1 ? rows.count - 1 : rows.count
      evenness = most.value == others ? 2 : most.value * 5 >= rows.count * 4 ? 1 : 0
    }
    let missing = MissingCellSpellings()
    let body = rows.dropFirst().filter { $0.count == count }
    guard !body.isEmpty else { return }
    let numeric = (0..<count).count { column in
      body.allSatisfy {
        let cell = text.span.extracting($0[column])
        return missing.contains(cell) || NumberText(cell) != nil
      }
    }
    numericShare = Double(numeric) / Double(count)
  }

  func isBetter(than other: Sample) -> Bool {
    if evenness != other.evenness { return evenness > other.evenness }
    if evenness == 0 { return firstCount > other.firstCount }
    return (numericShare, count) > (other.numericShare, other.count)
  }
}
