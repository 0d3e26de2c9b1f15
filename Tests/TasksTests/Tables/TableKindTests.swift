import AdamQLRNetworks
import AdamQLRTorch
import Files
import Foundation
import Tasks
import Testing

/// Tables as people have them: what other programs write, and what is in them beside numbers.
@Suite("Tables as people have them")
struct TableKindTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func load(
    _ text: String, target: String = "y", _ change: (inout TableSource) -> Void = { _ in }
  ) throws -> TableData<Double> {
    var source = TableSource(path: try folder.write(text, to: "t.csv"), target: target)
    (source.testFraction, source.validationFraction) = (0, 0)
    change(&source)
    return try source.load()
  }

  private func refuse(
    _ text: String, target: String = "y", _ parts: [String],
    _ change: (inout TableSource) -> Void = { _ in }, _ location: SourceLocation = #_sourceLocation
  ) {
    do {
      _ = try load(text, target: target, change)
      Issue.record("no error", sourceLocation: location)
    } catch {
      for part in parts where !"\(error)".contains(part) {
        Issue.record("'\(part)' is not in: \(error)", sourceLocation: location)
      }
    }
  }

  /// The targets in their own units, sorted.
  private func numbers(_ data: TableData<Double>) -> [Double] {
    guard case .values(let values, _) = data.training.targets,
      case .number(let scale) = data.encoding.target
    else { return [] }
    return values.map { ($0 * scale.deviation + scale.mean) }.sorted()
  }

  private func close(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-9 * max(1, abs($1)) }
  }

  @Test(
    "Blanks divide cells, however many, also before the first and behind the last",
    arguments: [
      "  1.5   2   3\n 10     4  -5e1\n  7    6   1\n", "1.5 2\t3\n10 4 -5e1\n7 6 1\n",
      "1.5\t\t2  3 \r\n10\t4\t -5e1\t\r\n\r\n7 6 1", "\"1.5\" \"2\" 3\n10 4 -5e1\n7 6 1\n",
    ])
  func whiteSpace(_ text: String) throws {
    let data = try load(text, target: "3")
    #expect(data.encoding.inputs.map(\.name) == ["1", "2"])
    #expect(close(numbers(data), [-50, 1, 3]))
    #expect(data.notes == [])
  }

  @Test("R leaves out the name over the names of rows")
  func namesOfRows() throws {
    let text = """
      "x" "w" "y"
      "1" 1.5 "a b" 4
      "2" 2.5 "c" 5
      "3" 3.5 "a b" 6
      "4" 3.0 "c" 7
      """
    let data = try load(text) { $0.categorical = ["w"] }
    #expect(data.encoding.inputs.map(\.name) == ["1", "x", "w"])
    #expect(close(numbers(data), [4, 5, 6, 7]))
    #expect(data.notes.contains { $0.contains("one cell fewer") })
    // Rows that all end with a delimiter have no further column.
    let ended = try load("x,y\n1,2,\n2,3,\n3,5,\n")
    #expect(ended.encoding.inputs.map(\.name) == ["x"] && close(numbers(ended), [2, 3, 5]))
  }

  @Test("A missing number is none, whoever wrote it", arguments: missingSpellings)
  func missingNumbers(_ word: String) throws {
    let rows = (0..<40).map { $0 % 6 == 0 ? "\(word),\($0)\n" : "\($0),\($0)\n" }.joined()
    refuse("x,y\n" + rows, ["line 2, column 'x'", "data.missing=impute"])
    let data = try load("x,y\n" + rows) { $0.missing = .impute }
    #expect(data.encoding.inputs.map(\.kind.isNumber) == [true])
    #expect(data.notes.contains { $0.contains("'x': 7 missing cells") })
  }

  @Test("Rows without a target are refused, or left out where asked", arguments: missingSpellings)
  func missingTargets(_ word: String) throws {
    let rows = (0..<40).map { "\($0 * $0),\($0 % 6 == 0 ? word : String($0))\n" }.joined()
    refuse("x,y\n" + rows, ["line 2, column 'y'", "target", "data.missing-target=drop"])
    let data = try load("x,y\n" + rows) { $0.missingTarget = .drop }
    #expect(data.training.count == 33 && !data.encoding.isClassification)
    #expect(data.notes == ["7 rows without target left out"])
    #expect(data.summary.droppedCount == 7 && data.summary.rows.training == 33)
    // Other rows to judge by are treated alike.
    let judged = try Problem(judgedBy: folder.path + "/t.csv", data.encoding)
    #expect(judged.test?.count == 33 && judged.notes == ["7 rows without target left out"])
  }

  @Test("Other spellings of missing cells are a setting, numbers among them")
  func ownSpellings() throws {
    let text = "x,w,y\n1,a,1\n-999,b,2\n3,unknown,3\n-999.0,a,4\n5,b,5\n"
    let data = try load(text) {
      $0.missing = .impute
      $0.format.missingValues = ["-999", "Unknown"]
    }
    #expect(data.notes.contains { $0.contains("'x': 2 missing cells") && $0.contains("3.0") })
    #expect(data.notes.contains { $0.contains("'w': 1 missing cell ") })
    // Words that usually mean a missing cell are words where that is said.
    let land = "c,y\nNA,1\nDE,2\nNA,3\nDE,4\n"
    refuse(land, ["'NA' for a missing value"])
    let kept = try load(land) { $0.format.keepsDefaultMissing = false }
    #expect(kept.encoding.featureCount == 2 && kept.notes == [])
    refuse("c,y\n,1\nDE,2\n", ["an empty cell"]) { $0.format.keepsDefaultMissing = false }
  }

  @Test("No column turns from numbers into words in silence")
  func mixedColumns() throws {
    func rows(_ words: Int) -> String {
      "x,y\n" + (0..<40).map { "\($0 < words ? "w\($0 % 3)" : String($0)),\($0)\n" }.joined()
    }
    for words in [1, 6, 19] {
      refuse(rows(words), ["line 2, column 'x'", "'w0'", "\(40 - words) of the column's 40"])
    }
    let few = try load(rows(35))
    #expect(few.notes.contains { $0.contains("'x' is taken for words, though 5 of its 40 cells") })
    // The target too.
    let text = "x,y\n" + (0..<40).map { "\($0),\($0 < 7 ? "high" : String($0))\n" }.joined()
    refuse(text, ["'high'", "33 of the column's 40", "data.kind=classification"])
  }

  @Test("Rows of empty cells are none, at the top, between and at the end")
  func blankRows() throws {
    for text in [
      ";;\nx;w;y\n1;a;2\n;;\n2;b;3\n3;a;4\n;;\n;;\n", "x,w,y\n1,a,2\n,,\n2,b,3\n , ,\n3,a,4\n,,,\n",
      "x\tw\ty\n1\ta\t2\n2\tb\t3\n3\ta\t4\n\t\t\n",
    ] {
      let data = try load(text) { $0.categorical = ["w"] }
      #expect(data.training.count == 3)
      #expect(data.notes.contains { $0.contains("of empty cells left out") })
    }
  }

  @Test("A header that counts the columns is one, and its names win over numbers")
  func countedHeader() throws {
    let rows = "5.5,6,70\n6.5,7,80\n5,9,90\n"
    let data = try load("0,1,2\n" + rows, target: "2")
    #expect(data.encoding.targetPlace == 2 && close(numbers(data), [70, 80, 90]))
    #expect(data.notes.contains { $0.contains("counts the columns") && $0.contains("data.header") })
    #expect(data.summary.target?.number == 3)
    let index = try load(",0,1,2\n0,5.5,6,70\n1,6.5,7,80\n2,5,9,90\n", target: "2")
    #expect(close(numbers(index), [70, 80, 90]))
    let one = try load("1,2,3\n" + rows, target: "3")
    #expect(close(numbers(one), [70, 80, 90]))
    let row = try load("0,1,2\n" + rows, target: "2") { $0.format.header = .absent }
    #expect(row.training.count == 4 && row.encoding.targetPlace == 1)
  }

  @Test("A header with numbers among its names is one where a word is over numbers")
  func headerWithNumbers() throws {
    for text in [
      "country,2019,2020,growth\na,0.8,0.3,1.2\nb,0.4,0.5,1.1\na,0.1,0.2,1.4\nb,0.3,0.9,1.6\n",
      "2019,2020,growth\n0.8,0.3,1.2\n0.4,0.5,1.1\n0.1,0.2,1.4\n",
      "1st,90,growth\n0.8,0.3,1.2\n0.4,NA,1.1\n0.1,0.2,1.4\n",
    ] {
      let data = try load(text, target: "growth") { $0.missing = .impute }
      #expect(data.summary.hasHeader && !data.encoding.isClassification)
      #expect(data.notes.contains { $0.contains("data.header=false") })
    }
    refuse("a,2019\nb,3\na,4\n", target: "growth", ["no header", "data.header"])
  }

  @Test("Names with signs are names")
  func oddNames() throws {
    for name in ["# of rooms", "no", "08", "Q1: a", "a=b", "#", "1e3", "[x]"] {
      let data = try load("x,\(name)\n1,2\n2,3\n4,5\n", target: name)
      #expect(data.encoding.targetName == name && close(numbers(data), [2, 3, 5]))
    }
    let first = try load("# of rooms,y\n1,2\n2,3\n4,5\n")
    #expect(first.encoding.inputs.map(\.name) == ["# of rooms"] && first.training.count == 3)
  }

  @Test("Lines for spreadsheets and remarks are no rows")
  func remarks() throws {
    for text in [
      "sep=;\nx;y\n1;2\n2;3\n4;5\n", "SEP=;\r\nx;y\r\n1;2\r\n2;3\r\n4;5\r\n",
      "\u{FEFF}\"sep=;\"\nx;y\n1;2\n2;3\n4;5\n", "sep=,\nx,y\n1,2\n2,3\n4,5\n",
    ] {
      let data = try load(text)
      #expect(data.encoding.inputs.map(\.name) == ["x"] && close(numbers(data), [2, 3, 5]))
    }
    for text in [
      "# made by a tool\n# on a day, at a time\nx,y,z\n1,2,3\n2,3,4\n4,5,6\n",
      "#\n\n# it's 5\" long\nx,y,z\n1,2,3\n2,3,4\n4,5,6\n",
      "x,y,z\n1,2,3\n# half of them\n2,3,4\n4,5,6\n# end\n",
    ] {
      let data = try load(text)
      #expect(data.encoding.inputs.map(\.name) == ["x", "z"] && close(numbers(data), [2, 3, 5]))
      #expect(data.notes.contains { $0.contains("begin with '#'") })
    }
  }

  @Test("Lines before the table are named, and left out where asked")
  func preamble() throws {
    let text = "Report of March\nall rights reserved\nx,y,z\n1,2,3\n2,3,4\n4,5,6\n7,7,7\n"
    refuse(text, ["line 1: 1 cell", "3, as in most lines below", "data.skip-lines"])
    let data = try load(text) { $0.format.skippedLines = 2 }
    #expect(close(numbers(data), [2, 3, 5, 7]))
    refuse(text, ["7 lines", "8 of data.skip-lines"]) { $0.format.skippedLines = 8 }
    refuse("x,y\n1,2\n2,3\n4,5\n6\n", ["line 5: 1 cell", "2, as in line 1"])
  }

  @Test("Spellings that differ in case alone are said")
  func spellings() throws {
    let words = ["Yes", "no", "NO", "yes", "maybe"]
    let rows = (0..<40).map { "\($0),\(words[$0 % 5])\n" }.joined()
    let data = try load("x,y\n" + rows)
    #expect(
      data.notes.contains { $0.contains("'NO', 'no' differ only in case") && $0.contains("1 more") }
    )
    let input = try load("y,c\n" + rows.replacingOccurrences(of: "maybe", with: "Maybe"))
    #expect(input.notes.contains { $0.contains("'c'") && $0.contains("differ only in case") })
    #expect(try load("x,y\n1,a\n5,b\n3,a\n4,b\n").notes == [])
  }

  @Test("Columns of very many words are said and limited")
  func manyWords() throws {
    let rows = (0..<400).map { "w\($0 % 130),\($0)\n" }.joined()
    let some = try load("c,y\n" + rows) { $0.maxCategories = 1000 }
    let width = some.encoding.featureCount
    #expect(width > 50 && width <= 130)
    #expect(some.notes.contains { $0.contains("\(width) different words, each of which") })
    let few = try load("c,y\n" + rows) { $0.maxCategories = 10 }
    #expect(few.encoding.featureCount == 10)
    #expect(few.notes.contains { $0.contains("the 10 most frequent") })
    guard case .category(let names, let usual) = few.encoding.inputs[0].kind else { return }
    #expect(names.contains(usual) && names == names.sorted())
  }

  @Test(
    "Files of other kinds are named for what they are",
    arguments: [
      (Array("PK\u{3}\u{4}".utf8) + Array("....xl/workbook.xml".utf8), "Excel workbook (.xlsx)"),
      (Array("PK\u{3}\u{4}".utf8) + Array("....data.csv".utf8), "zip archive"),
      ([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0], "Excel workbook (.xls)"),
      (Array("PAR1....".utf8), "Parquet"), ([0xfd] + Array("7zXZ".utf8) + [0], "xz archive"),
      (Array("<!DOCTYPE html>\n<html>".utf8), "HTML page"), (Array("[{\"a\": 1}]".utf8), "JSON"),
      (Array("\n{ \"a\": [1]}".utf8), "JSON"), (Array("SQLite format 3\u{0}".utf8), "SQLite"),
    ] as [([UInt8], String)])
  func otherFormats(_ bytes: [UInt8], _ name: String) throws {
    let path = try folder.write(bytes, to: "t.csv")
    expectError("t.csv", name, "CSV") { () throws(DataError) in try CSVTable(file: path) }
  }

  @Test("A column that repeats the target is said")
  func repeatedTarget() throws {
    let data = try load("x,copy,y\n1,3,3\n2,5,5\n4,6,6\n")
    #expect(data.notes.contains { $0.contains("'copy' is the same as the target") })
  }
}

extension TableEncoding.Kind {
  fileprivate var isNumber: Bool {
    if case .number = self { true } else { false }
  }
}

private let missingSpellings = [
  "", "NA", "#N/A", "None", "<NA>", "-", ".", "\\N", "NaT", "#DIV/0!", "n.a.", "(null)", "#VALUE!",
  "1.#IND", "--", "nil", "?", "\"NA\"", "N/A ",
]
