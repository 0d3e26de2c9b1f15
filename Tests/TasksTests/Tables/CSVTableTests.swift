import Files
import Tasks
import Testing
import AdamQLRTorch

@Suite("Tables of cells")
struct CSVTableTests {
  private func read(
    _ text: String, _ change: (inout TableFormat) -> Void = { _ in }
  ) throws(DataError) -> CSVTable {
    var format = TableFormat()
    change(&format)
    return try CSVTable(text: Array(text.utf8), file: "t.csv", format: format)
  }

  private func cells(_ table: CSVTable) -> [[String]] {
    (0..<table.rowCount).map { row in
      table.columns.indices.map { table.text(row: row, column: $0) }
    }
  }

  @Test(
    "Line ends, delimiters, blanks, empty lines and a byte order mark make no difference",
    arguments: [
      "a,b\n1,x\n2,y\n", "a,b\n1,x\n2,y", "a,b\r\n1,x\r\n2,y\r\n", "a,b\r1,x\r2,y\r",
      "\u{FEFF}a,b\n1,x\n2,y\n", "a;b\n1;x\n2;y\n", "a\tb\n1\tx\n2\ty\n", "a|b\n1|x\n2|y\n",
      "\n\n a , b\n\n 1,\tx \n  \n2 ,y\n\n \n", "\"a\",\"b\"\n\"1\",\"x\"\n\"2\", \"y\" \r\n",
      "\u{FEFF}\"a\";b\r\n1;\"x\"\r\n\r\n2;y",
    ])
  func layouts(_ text: String) throws {
    let table = try read(text)
    #expect(table.hasHeader)
    #expect(table.columns == ["a", "b"])
    #expect(cells(table) == [["1", "x"], ["2", "y"]])
  }

  @Test("Quoted cells may hold delimiters, line ends, blanks and quotes")
  func quotes() throws {
    let table = try read("a,b\n\"x,y\",\"p\r\nq\"\n\" \",\"say \"\"so\"\"\"\n\"\"\"\",\"\"\n")
    #expect(cells(table) == [["x,y", "p\r\nq"], [" ", "say \"so\""], ["\"", ""]])
  }

  @Test("Empty cells are cells, at the end of the file too; a row of nothing else is none")
  func emptyCells() throws {
    #expect(cells(try read("a,b,c\n,1,\n1,,")) == [["", "1", ""], ["1", "", ""]])
    let table = try read("a;b;c\n1;2;3\n;;\n4;5;6\n;;\n;\n")
    #expect(cells(table) == [["1", "2", "3"], ["4", "5", "6"]])
    #expect(table.notes == ["3 rows of empty cells left out"])
  }

  @Test("Separators of Unicode are part of a cell, as are marks that join a delimiter")
  func unicode() throws {
    let table = try read("a,b\nx\u{85}y\u{2028}z,\u{301}\n")
    #expect(cells(table) == [["x\u{85}y\u{2028}z", "\u{301}"]])
  }

  @Test(
    "A first line without numbers is a header, unless told otherwise",
    arguments: [
      ("a,b\n1,2\n", true), ("a,\n1,2\n", true), ("0,b\n1,c\n", false), ("1e3,b\n1,c\n", false),
      ("x,y\nz,w\n", true), ("inf,b\n1,c\n", false), ("NA,b\n1,2\n", true), ("3,4\n1,2\n", false),
      // A word over numbers, of which other columns may have none.
      ("0,b\n1,2\n", true), ("2019,b\n1,2\n", true), ("c,2019,2020\na,1,2\n", false),
      // Words over numbers that are missing say nothing.
      ("1,b\n1,NA\n", false), ("0,1\n1,2\n", false), ("0,1,2\n5,6,7\n", true),
      (",1,2,3\n5,6,7,8\n", true), ("1,2,4\n5,6,7\n", false), ("$5,a\n$6,b\n", false),
    ])
  func header(_ text: String, _ isThere: Bool) throws {
    #expect(try read(text).hasHeader == isThere)
    #expect(try read(text).rowCount == (isThere ? 1 : 2))
    #expect(try read(text, { $0.header = .present }).rowCount == 1)
    let without = try read(text) { $0.header = .absent }
    #expect(without.rowCount == 2 && without.columns.prefix(2) == ["1", "2"])
  }

  @Test("A column without a name is called by its number, and each answers to both")
  func names() throws {
    let table = try read(",7,3\n1,2,0\n")
    #expect(!table.hasHeader)
    let named = try read(",b,3\n1,2,0\n") { $0.header = .present }
    #expect(named.columns == ["1", "b", "3"])
    #expect(try read("2,\n1,2\n", { $0.header = .present }).columns == ["2", "unnamed 2"])
    #expect(try named.column("b") == 1)
    #expect(try named.column("2") == 1)
    for name in ["c", "0", "4", "-1", ""] {
      expectError("t.csv", "no column '\(name)'", "'b'", "1 to 3") { () throws(DataError) in
        try named.column(name)
      }
    }
  }

  @Test("The delimiter is the one that divides lines alike, and the most")
  func delimiters() throws {
    #expect(try read("a;b\n1,5;2,5\n3,5;4\n").columns == ["a", "b"])
    // What makes numbers of more columns divides.
    #expect(try read("x,y;z\n1,2;3\n").columns == ["x,y", "z"])
    #expect(try read("x,y;z\na,2;b\nc,4;d\n").columns == ["x", "y;z"])
    #expect(try read("a b\n1 2\n").columns == ["a", "b"])
    #expect(try read("a b,c\nx y,1\nz w,2\n").columns == ["a b", "c"])
    #expect(try read("\"a;b;c\",d\n1,2\n").columns == ["a;b;c", "d"])
    #expect(try read("1,5;2,5\n2,5;3,5\n", { $0.decimal = .comma }).columns.count == 2)
    #expect(try read("a;b,c\n1;2,3\n", { $0.delimiter = .comma }).columns == ["a;b", "c"])
    #expect(try read("a\t\tb\n\t\t1\n", { $0.delimiter = .tab }).columns == ["a", "2", "b"])
  }

  @Test(
    "What is malformed is told with its place",
    arguments: [
      ("", ["no cells"]),
      ("\n \n\r\n", ["no cells"]),
      ("\u{FEFF}", ["no cells"]),
      ("a,b\n", ["no rows"]),
      ("a,b\n1,2\n3\n", ["line 3: 1 cell;", "2, as in line 1"]),
      ("a,b\n1,2\n3,4,5\n", ["line 3: 3 cells", "2, as in line 1"]),
      ("\n\na,b\n\"1\n\",2\n3,4,\n", ["line 6: 3 cells", "as in line 3"]),
      ("a,b\n1,\"2\n3,4\n", ["line 2, column 3", "never closed"]),
      ("a,b\n1,\"", ["line 2, column 3", "never closed"]),
      ("a,b\n1,5\"x\n", ["line 2, column 4", "quote inside a cell", "doubled"]),
      ("a,b\n\"1\"2,3\n", ["line 2, column 4", "closing quote", "','"]),
      ("a,b\r\n\"x\ry\"z,3\n", ["line 3, column 3", "closing quote"]),
      ("a,b\n1,\u{0}\n", ["line 2, column 3", "zero byte"]),
      ("a,b\n1,\"\u{0}\"\n", ["line 2, column 4", "zero byte"]),
      ("a,b,a\n1,2,3\n", ["line 1", "columns 1 and 3", "'a'"]),
    ])
  func malformed(_ text: String, _ parts: [String]) {
    do {
      _ = try read(text)
      Issue.record("no error for \(text.debugDescription)")
    } catch {
      #expect(error.description.hasPrefix("t.csv"))
      for part in parts { #expect(error.description.contains(part), "\(error)") }
      #expect(!error.description.contains("\n"))
    }
  }

  @Test("Text that is not in UTF-8 is told with its place")
  func encodings() {
    func refuse(_ bytes: [UInt8], _ parts: String...) {
      do {
        _ = try CSVTable(text: bytes, file: "t.csv")
        Issue.record("no error")
      } catch {
        for part in parts { #expect(error.description.contains(part), "\(error)") }
      }
    }
    let start = Array("a,b\n1,2\nx,".utf8)
    refuse(start + [0xe9, 0x74, 0x0a], "line 3, column 3", "UTF-8")
    refuse(start + [0x22, 0xc3, 0x22], "line 3, column 4", "UTF-8")
    refuse(start + [0xed, 0xa0, 0x80], "line 3, column 3", "UTF-8")
    refuse([0xff, 0xfe] + "a,b\n".utf8.flatMap { [$0, 0] }, "UTF-16")
    refuse([0xfe, 0xff] + "a,b\n".utf8.flatMap { [0, $0] }, "UTF-16")
  }

  @Test("A file may be compressed; one that is not there is named")
  func files() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(gzipped(Array("a,b\n1,2\n".utf8)), to: "t.csv.gz")
    #expect(cells(try CSVTable(file: path)) == [["1", "2"]])
    expectError("none.csv", "No such file") { () throws(DataError) in
      try CSVTable(file: folder.path + "/none.csv")
    }
    expectError(folder.path, "directory") { () throws(DataError) in
      try CSVTable(file: folder.path)
    }
  }

  @Test("Whatever the text, it is read or refused")
  func anyText() {
    var generator = SeededGenerator(seed: 6)
    let bytes = Array("aabb1122,,,,;\t|\"\" \r\n\n\n-.e".utf8) + [0, 0xc3, 0xff]
    var read = 0
    for _ in 0..<4000 {
      let text = (0..<generator.integer(below: 20)).map { _ in
        bytes[generator.integer(below: bytes.count)]
      }
      guard let table = try? CSVTable(text: text, file: "t.csv") else { continue }
      read += 1
      #expect(Set(table.columns).count == table.columns.count)
      _ = cells(table)
    }
    #expect(read > 200)
  }

  @Test("Rows that were written come back as they were")
  func roundTrips() throws {
    var generator = SeededGenerator(seed: 5)
    let pieces = ["a", "\"", ",", ";", "|", "\t", " ", "\n", "\r", "é", "7", ".", "👩‍👩‍👧"]
    for columns in 1...4 {
      let rows = (0..<60).map { _ in
        (0..<columns).map { _ in
          (0..<generator.integer(below: 5)).map { _ in
            pieces[generator.integer(below: pieces.count)]
          }.joined()
        }
      }.filter { !$0.allSatisfy { $0.isEmpty } }
      let text = rows.map { CSVTable.line(of: $0) }.joined(separator: "\n")
      let table = try read(text) {
        $0.header = .absent
        $0.delimiter = .comma
      }
      #expect(cells(table) == rows)
    }
  }
}
