import Files
import Tasks
import Testing
import AdamQLRTorch

@Suite("Tables of numbers")
struct NumberTableTests {
  private func read(_ text: String, columns: Int? = nil) throws(DataError) -> NumberTable {
    try NumberTable(text: Array(text.utf8), file: "data.txt", columns: columns)
  }

  private func expectRefusal(
    of text: String, columns: Int? = nil, _ message: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    expectError(message, location: location) { () throws(DataError) in
      try read(text, columns: columns)
    }
  }

  @Test(
    "White space of every kind separates numbers, and empty lines count for nothing",
    arguments: [
      "1 2\n3 4\n", "1 2\n3 4", "\n\n1\t2 \r\n  3   4\r\n\r\n", "+1 2.\n3e0 .4e1\n \n",
    ])
  func whiteSpace(_ text: String) throws {
    for columns in [nil, 2] {
      let table = try read(text, columns: columns)
      #expect(table.rows == 2 && table.columns == 2)
      #expect(table.values == [1, 2, 3, 4])
    }
  }

  @Test(
    "Numbers are read to the last bit",
    arguments: [
      "0", "-0", "0.1", "-12.5e-3", "123456789012345", "123456789012345678901234567890",
      "0.000001872790507", "1e22", "1e23", "9007199254740993", "1.7976931348623157e308",
      "4.9e-324", "2.2250738585072011e-308", "1e-400", "00000000000000000000000000001.5",
      "3.14159265358979323846", "7e-22", "7e-23", "0e999", "5E+2", "0.0000000000000000000000012",
    ])
  func numbers(_ text: String) throws {
    let value = try #require(try read(text).values.first)
    let expected = try #require(Double(text))
    #expect(value.bitPattern == expected.bitPattern)
  }

  @Test("Numbers written in full come back to the last bit")
  func roundTrips() throws {
    var generator = SeededGenerator(seed: 0)
    let numbers = (0..<4000).map { i in
      // Some short, some long, some of every magnitude.
      switch i % 4 {
      case 0: (generator.normal() * 1000).rounded() / 100
      case 1: generator.normal()
      case 2: Double(Float(generator.normal()))
      default: abs(Double(bitPattern: generator.next() & ~(1 << 62)))
      }
    }
    let text = numbers.map { "\($0)" }.joined(separator: "\n")
    #expect(try read(text).values == numbers)
  }

  @Test(
    "What is no finite decimal number is refused, with its place",
    arguments: [
      "nan", "NaN", "-nan", "inf", "-Infinity", "0x10", "1,5", "1_000", "--1", "1-", "1.2.3", "e5",
      "1e", "1e+", "1e5.0", ".", "-", "+", "-.e1", "1e5e5", "1f", "abc", "\u{0}", "١", "½",
    ])
  func noNumbers(_ word: String) {
    expectRefusal(
      of: "1 2\n3 4\n5  \(word)\n", columns: 2,
      word == "\u{0}"
        ? "data.txt, line 3, column 4: '?' is no number; expected 2 numbers separated by white space"
        : "data.txt, line 3, column 4: '\(word)' is no number; expected 2 numbers")
  }

  @Test("Numbers beyond the range are refused", arguments: ["1e309", "-1e309", "2e999999999999"])
  func largeNumbers(_ word: String) {
    expectRefusal(of: "1 \(word)", "data.txt, line 1, column 3: '\(word)' is too large")
  }

  @Test("Binary garbage is refused, in a short message")
  func garbage() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<50 {
      let bytes = (0..<500).map { _ in UInt8(128 + generator.integer(below: 128)) }
      do {
        _ = try NumberTable(text: bytes, file: "data.txt")
        Issue.record("no error")
      } catch {
        #expect(error.description.count < 200)
      }
    }
  }

  @Test("Rows of different lengths are refused")
  func raggedRows() {
    expectRefusal(of: "1 2\n3\n", "data.txt, line 2: 1 number; expected 2")
    expectRefusal(of: "1 2\n\n\n3 4 5\n", "data.txt, line 4: 3 numbers; expected 2")
    expectRefusal(of: "1 2\n3 4\n5", "data.txt, line 3: 1 number; expected 2")
    expectRefusal(of: "1 2\n3 4\n", columns: 3, "data.txt, line 1: 2 numbers; expected 3")
  }

  @Test("A file without numbers is refused", arguments: ["", "\n", " \t\r\n\n"])
  func empty(_ text: String) {
    expectRefusal(of: text, "data.txt: no numbers; expected rows of numbers")
    expectRefusal(of: text, columns: 9, "data.txt: no numbers; expected rows of 9 numbers")
  }

  @Test("Files are read, directories and absent files refused")
  func files() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("1 2\n3 4\n", to: "data.txt")
    #expect(try NumberTable(file: file).values == [1, 2, 3, 4])
    let path = folder.path
    expectError("this is a directory") { () throws(DataError) in try NumberTable(file: path) }
    expectError("No such file") { () throws(DataError) in try NumberTable(file: path + "/none") }
  }
}

@Suite("Permutations")
struct PermutationTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test(
    "Whole numbers are read however they are written",
    arguments: [
      "2\n0\n1\n", "2 0 1", "2.0\n0.0\n1.0", "2.000e+00\n0e0\n1.0e+00\n",
    ])
  func read(_ text: String) throws {
    let file = try folder.write(text, to: "permutation")
    #expect(try Permutation(file: file, count: 3).indices == [2, 0, 1])
  }

  @Test(
    "Anything else is refused",
    arguments: [
      ("0\n1\n", "permutation: 2 entries; expected 3"),
      ("0\n1\n2\n3\n", "permutation: 4 entries; expected 3"),
      ("0\n1\n1\n", "entry 2: 1 again; expected each of 0 to 2 once"),
      ("0\n1\n3\n", "entry 2: 3; expected each of 0 to 2 once"),
      ("-1\n1\n2\n", "entry 0: -1; expected each of 0 to 2 once"),
      ("0\n1.5\n2\n", "entry 1: 1.5; expected a whole number"),
      ("0\n1e300\n2\n", "entry 1: 1e+300; expected a whole number"),
      ("0\n1\nnan\n", "line 3, column 1: 'nan' is no number"),
      ("", "no numbers"),
    ])
  func refuse(_ text: String, _ message: String) throws {
    let file = try folder.write(text, to: "permutation")
    expectError(message) { () throws(DataError) in try Permutation(file: file, count: 3) }
  }

  @Test("Only orders are orders")
  func indices() {
    #expect(Permutation([1, 0, 2])?.indices == [1, 0, 2])
    #expect(Permutation([])?.indices == [])
    for indices in [[1], [0, 0], [0, 2], [-1, 0]] { #expect(Permutation(indices) == nil) }
  }

  @Test("Rows are put in the order")
  func apply() throws {
    let table = NumberTable(columns: 2, values: [0, 1, 10, 11, 20, 21])
    let order = try #require(Permutation([2, 0, 1]))
    #expect(order.applied(to: table).values == [20, 21, 0, 1, 10, 11])
  }
}
