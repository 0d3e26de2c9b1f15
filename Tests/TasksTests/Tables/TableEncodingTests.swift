import Files
import Foundation
import AdamQLRNetworks
import Tasks
import Testing
import AdamQLRTorch

@Suite("Tables of one's own")
struct TableEncodingTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// What a table becomes. Unless something else is said, all of its rows train.
  private func load(
    _ text: String, target: String = "y", _ change: (inout TableSource) -> Void = { _ in }
  ) throws -> TableData<Double> {
    var source = TableSource(path: try folder.write(text, to: "t.csv"), target: target)
    (source.testFraction, source.validationFraction) = (0, 0)
    change(&source)
    return try source.load()
  }

  /// The rows of a table's inputs that train, sorted, for their order is shuffled.
  private func inputs(_ data: TableData<Double>) -> [[Double]] {
    let width = data.encoding.featureCount
    let values = data.training.inputs
    return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<($0 + width)]) }
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func refuse(
    _ text: String, _ parts: String..., target: String = "y",
    change: (inout TableSource) -> Void = { _ in }, _ location: SourceLocation = #_sourceLocation
  ) {
    do {
      _ = try load(text, target: target, change)
      Issue.record("no error", sourceLocation: location)
    } catch {
      for part in parts where !"\(error)".contains(part) {
        Issue.record("'\(part)' is not in: \(error)", sourceLocation: location)
      }
      #expect(!"\(error)".contains("\n"), sourceLocation: location)
    }
  }

  @Test("Numbers are normalized, words one-hot in sorted order, truth values 0 and 1")
  func kinds() throws {
    let data = try load(
      "n,w,b,y\n1,red,yes,10\n3,blue,no,20\n1,blue,no,30\n3,green,yes,40\n1,red,no,50\n"
        + "3,green,no,60\n")
    #expect(data.encoding.inputs.map(\.name) == ["n", "w", "b"])
    #expect(data.encoding.featureCount == 5)
    // n: ±1. w: blue, green, red. b: mean 1/3, deviation √2/3.
    let (no, yes) = (-1 / 2.0.squareRoot(), 2.0.squareRoot())
    let expected = [
      [-1, 0, 0, 1, no], [-1, 0, 0, 1, yes], [-1, 1, 0, 0, no], [1, 0, 1, 0, no],
      [1, 0, 1, 0, yes], [1, 1, 0, 0, no],
    ]
    for (row, target) in zip(inputs(data), expected) {
      for (a, b) in zip(row, target) { #expect(abs(a - b) < 1e-12) }
    }
    guard case .values(let targets, columns: 1) = data.training.targets else {
      Issue.record("the target is numeric")
      return
    }
    #expect(abs(targets.reduce(0, +)) < 1e-12)
    #expect(abs(targets.map { $0 * $0 }.reduce(0, +) / 6 - 1) < 1e-12)
  }

  @Test(
    "The target's cells say what is predicted, unless the settings do",
    arguments: [
      (["b", "a", "c"], TableSource.Kind.auto, ["a", "b", "c"]),
      (["true", "false", "true"], .auto, ["false", "true"]),
      (["2", "10", "1.0"], .classification, ["1", "2", "10"]),
      (["1", "1.0", "2"], .classification, ["1", "2"]),
      (["0.5", "-1", "2"], .classification, ["-1", "0.5", "2"]),
      (["1", "b", "a"], .auto, ["1", "a", "b"]),
      (["1", "2", "3"], .auto, nil),
      (["1", "2", "3.5e1"], .regression, nil),
    ] as [([String], TableSource.Kind, [String]?)])
  func targets(_ cells: [String], _ kind: TableSource.Kind, _ classes: [String]?) throws {
    let text = "x,y\n" + cells.enumerated().map { "\($0 * $0),\($1)\n" }.joined()
    let encoding = try load(text) { $0.kind = kind }.encoding
    #expect(encoding.isClassification == (classes != nil))
    #expect(encoding.outputCount == classes?.count ?? 1)
    if let classes, case .classes(let names, _) = encoding.target { #expect(names == classes) }
  }

  @Test("A target of few whole numbers is predicted as a number, with a note")
  func fewNumbers() throws {
    func notes(_ cells: [String], _ kind: TableSource.Kind) throws -> [String] {
      try load("x,y\n" + cells.enumerated().map { "\($0 * $0),\($1)\n" }.joined()) {
        $0.kind = kind
      }.notes
    }
    let few = try notes(["0", "1", "1", "0", "1"], .auto)
    #expect(few.count == 1 && few[0].contains("2 different") && few[0].contains("data.kind="))
    for kind in [TableSource.Kind.regression, .classification] {
      #expect(try notes(["0", "1", "1", "0", "1"], kind) == [])
    }
    #expect(try notes(["0", "1.5", "1.5", "0", "1.5"], .auto) == [])
    #expect(try notes(["0", "1", "2", "3", "3"], .auto) == [])
  }

  @Test("A target that is to be a category is a class")
  func categoricalTarget() throws {
    let data = try load("x,y\n1,0\n2,1\n4,0\n") { $0.categorical = ["y"] }
    #expect(data.encoding.isClassification)
  }

  @Test("Targets that were encoded are decoded to what they were")
  func roundTrips() throws {
    var generator = SeededGenerator(seed: 3)
    let numbers = (0..<200).map { _ in 1e4 + 300 * generator.normal() }
    let text = "x,y\n" + numbers.enumerated().map { "\($0 % 7),\($1)\n" }.joined()
    let encoding = try load(text).encoding
    let table = try CSVTable(text: Array(text.utf8), file: "t.csv")
    guard case .values(let values, _) = try encoding.encodeTargets(table, as: Double.self) else {
      Issue.record("the target is numeric")
      return
    }
    let decoded = encoding.decode(values)
    #expect(decoded.map(\.name) == ["y"])
    for (cell, number) in zip(decoded[0].cells, numbers) {
      #expect(abs(try #require(Double(cell)) - number) < 1e-11 * number)
    }
    // Of single precision, they have as many digits as that.
    let short = encoding.decode(values.map(Float.init))[0].cells
    #expect(short.allSatisfy { $0.count <= 10 })

    let classes = numbers.map { "class \(Int($0) % 5)" }
    let words = "x,y\n" + classes.enumerated().map { "\($0 % 7),\($1)\n" }.joined()
    let ofClasses = try load(words).encoding
    let wordTable = try CSVTable(text: Array(words.utf8), file: "t.csv")
    guard
      case .classes(let labels, let count) = try ofClasses.encodeTargets(wordTable, as: Float.self)
    else {
      Issue.record("the target has classes")
      return
    }
    let outputs = labels.flatMap { label in (0..<count).map { Int64($0) == label ? Float(2) : 0 } }
    let predictions = ofClasses.decode(outputs)
    #expect(predictions[0].cells == classes)
    #expect(predictions.map(\.name).dropFirst().first == "probability of class 0")
    let sums = classes.indices.map { i in
      predictions.dropFirst().reduce(0.0) { $0 + (Double($1.cells[i]) ?? .nan) }
    }
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
  }

  @Test("Outputs of any size, and ties, have a class and probabilities")
  func extremeOutputs() throws {
    let encoding = try load("x,y\n1,a\n2,b\n4,a\n").encoding
    let columns = encoding.decode([1e4, -1e4, 3, 3, -.infinity, 0] as [Float])
    #expect(columns[0].cells == ["a", "a", "b"])
    #expect(columns[1].cells == ["1.0", "0.5", "0.0"])
    #expect(encoding.decode([.nan, .nan] as [Double])[0].cells.count == 1)
    #expect(encoding.decode([] as [Double]).map(\.cells) == [[], [], []])
  }

  private let training = """
    size,color,fresh,y
    1,red,yes,4
    2,blue,no,5
    3,red,no,6
    4,blue,yes,9

    """

  @Test(
    "Other files are encoded by their columns' names, whatever order, layout and target",
    arguments: [
      "size,color,fresh,y\n2,red,no,5\n4,pink,yes,9\n", "size,color,fresh\n2,red,no\n4,pink,yes\n",
      "fresh;more;color;size\r\nNO;1;red;2\r\nYes;2;pink;4e0\r\n",
    ])
  func otherFiles(_ text: String) throws {
    let encoding = try load(training).encoding
    let table = try CSVTable(text: Array(text.utf8), file: "new.csv", format: encoding.format)
    let inputs = try encoding.encode(table, as: Double.self)
    let deviation = 1.25.squareRoot()
    #expect(inputs.count == 2)
    #expect(inputs.values == [-0.5 / deviation, 0, 1, -1, 1.5 / deviation, 0, 0, 1])
    #expect(inputs.unseen == ["color": 1])
  }

  @Test("Files without a header are encoded by their columns' places, with or without the target")
  func otherFilesWithoutHeader() throws {
    let text = "5,1,red\n6,2,blue\n9,3,red\n11,4,blue\n"
    let encoding = try load(text, target: "1").encoding
    #expect(encoding.targetName == "1" && encoding.inputs.map(\.name) == ["2", "3"])
    func encode(_ text: String) throws -> [Double] {
      let path = try folder.write(text, to: "new.csv")
      return try encoding.encode(try encoding.readTable(path)).values
    }
    let with = try encode("0,1,red\n0,4,blue\n")
    #expect(with == (try encode("1,red\n4,blue\n")))
    #expect(with[1...2] == [0, 1] && with[4...5] == [1, 0])
    #expect(throws: DataError.self) { try encode("1\n4\n") }
    #expect(throws: DataError.self) { try encode("0,0,1,red\n") }
    let short = try encoding.readTable(try folder.write("1,red\n", to: "new.csv"))
    expectError("2 columns", "3 columns") { () throws(DataError) in
      try encoding.encodeTargets(short, as: Double.self)
    }
  }

  @Test(
    "What other files lack or have wrong is told with its place",
    arguments: [
      ("size,color\n1,red\n", ["new.csv", "no column 'fresh'", "'size', 'color'"]),
      ("a,b\nx,y\n", ["no column 'size', 'color', 'fresh'"]),
      ("size,color,fresh\n1,red,yes\nbig,red,yes\n", ["line 3, column 'size'", "'big'", "number"]),
      ("size,color,fresh\n1,red,maybe\n", ["line 2, column 'fresh'", "'maybe'", "true or false"]),
      ("size,color,fresh\n?,red,yes\n", ["line 2, column 'size'", "'?'", "data.missing"]),
      ("size,color,fresh\n1,,yes\n", ["line 2, column 'color'", "empty", "data.missing"]),
      ("size,color,fresh\n1,red,NA\n", ["line 2, column 'fresh'", "'NA'"]),
      ("size,color,fresh\n1e400,red,yes\n", ["line 2, column 'size'", "1e400", "1.8e308"]),
      ("size,color,fresh\n1e300,red,yes\n", ["line 2, column 'size'", "too far", "2.5"]),
      ("size,color,fresh\n-inf,red,yes\n", ["line 2, column 'size'", "-inf"]),
    ])
  func wrongFiles(_ text: String, _ parts: [String]) throws {
    let encoding = try load(training).encoding
    let table = try CSVTable(text: Array(text.utf8), file: "new.csv", format: encoding.format)
    do {
      _ = try encoding.encode(table, as: Float.self)
      Issue.record("no error")
    } catch {
      for part in parts { #expect(error.description.contains(part), "\(error)") }
    }
  }

  @Test("A target is wanted to judge by, and must be one that is known")
  func wrongTargets() throws {
    let numbers = try load(training).encoding
    let classes = try load(training, target: "color").encoding
    func refuse(_ encoding: TableEncoding, _ text: String, _ parts: String...) throws {
      let table = try CSVTable(text: Array(text.utf8), file: "new.csv", format: encoding.format)
      do {
        _ = try encoding.encodeTargets(table, as: Double.self)
        Issue.record("no error")
      } catch {
        for part in parts { #expect(error.description.contains(part), "\(error)") }
      }
    }
    try refuse(numbers, "size,color\n1,red\n", "no column 'y'", "the target")
    try refuse(numbers, "y,size\nhigh,1\n", "line 2, column 'y'", "'high'", "number")
    try refuse(numbers, "y,size\n ,1\n", "line 2, column 'y'", "empty")
    try refuse(classes, "y,color\n1,pink\n", "line 2, column 'color'", "'pink'", "'blue', 'red'")
    try refuse(classes, "y,color\n1,NaN\n", "line 2, column 'color'", "'NaN'")
  }

  @Test(
    "Missing cells are refused with their place",
    arguments: ["", "NA", "n/a", "NaN", "?", "null", "\"\"", "\" NULL \""])
  func missingRefused(_ word: String) {
    refuse("x,w,y\n1,a,1\n\(word),b,2\n3,a,3\n", "t.csv, line 3, column 'x'", "data.missing=impute")
    refuse("x,w,y\n1,a,1\n2,\(word),2\n3,a,3\n", "t.csv, line 3, column 'w'", "data.missing=impute")
    for missing in MissingCells.allCases {
      refuse(
        "x,w,y\n1,a,1\n2,b,\(word)\n3,a,3\n", "line 3, column 'y'", "target",
        change: { $0.missing = missing })
    }
  }

  @Test("Missing cells are filled with the mean, or what is most frequent, of those that train")
  func missingImputed() throws {
    let text = "x,w,b,y\n1,a,no,1\n,a,no,2\n5,,,3\n6,b,yes,4\n?,b,no,5\n4,a,yes,6\n"
    let data = try load(text) { $0.missing = .impute }
    let encoding = data.encoding
    #expect(data.notes.count == 3)
    #expect(data.notes.contains { $0.contains("'x': 2 missing cells") && $0.contains("4.0") })
    #expect(data.notes.contains { $0.contains("'w': 1 missing cell ") && $0.contains("'a'") })
    #expect(data.notes.contains { $0.contains("'b': 1 missing cell ") && $0.contains("false") })
    let table = try CSVTable(text: Array("x,w,b\nNA,NA,NA\n4,a,no\n".utf8), file: "new.csv")
    let values = try encoding.encode(table, as: Double.self).values
    #expect(values[..<4] == values[4...])
    #expect(values[0] == 0)
  }

  @Test("Columns that cannot help are left out, with a note")
  func leftOut() throws {
    let rows = (0..<20).map { "\($0),7,same,name \($0),,\($0 % 3),\($0 * $0)\n" }.joined()
    let text = "id,k,s,name,e,x,y\n" + rows
    let data = try load(text) { $0.missing = .impute }
    #expect(data.encoding.inputs.map(\.name) == ["id", "x"])
    for (name, reason) in [
      ("k", "same"), ("s", "same"), ("name", "20 different words"), ("e", "empty"),
    ] {
      #expect(data.notes.contains { $0.contains("'\(name)' is left out: ") && $0.contains(reason) })
    }
    #expect(data.notes.contains { $0.contains("'id' counts the rows") && $0.contains("ignore") })
    let kept = try load(text) {
      $0.missing = .impute
      $0.ignored = ["1", "k", "s", "e"]
      $0.categorical = ["name", "x"]
    }
    #expect(kept.notes == [])
    #expect(kept.encoding.inputs.map(\.width) == [20, 3])
    #expect(
      kept.summary.columns.map(\.role) == [.ignored, .ignored, .ignored, .words, .ignored, .words])
  }

  @Test("Tables that nothing can be learned from are refused")
  func refusals() {
    let words = (0..<40).map { "\($0),\($0 == 17 ? "12a" : "\($0)"),\($0 % 3)\n" }.joined()
    refuse(
      "id,x,y\n" + words, "line 19, column 'x'", "'12a'", "39 of the column's 40",
      "data.categorical=[x]", "data.missing-values=[12a]")
    refuse(
      "id,y,x\n" + words, "line 19, column 'y'", "'12a'", "data.kind=classification")
    refuse("x,y\n1,2\ninf,3\n2,4\n", "line 3, column 'x'", "'inf'", "number")
    refuse("x,y\n1,2\n2,-Infinity\n", "line 3, column 'y'", "'-Infinity'", "number")
    refuse("x,y\n1,2\n1e999,3\n3,3\n", "line 3, column 'x'", "1.8e308")
    refuse("x,y\n1,2\n-1e308,3\n1e308,3\n", "column 'x'", "1e+308", "squares")
    refuse("x,y\n1,2\n2,3\n", "no column 'z'", "'x', 'y'", target: "z")
    refuse("1,2\n2,3\n", "no column 'y'", "1 to 2", "no header", "data.header")
    refuse("x,y\n1,2\n2,3\n", "no column 'q'", change: { $0.ignored = ["q"] })
    refuse("x,y\n1,2\n2,3\n", "no column 'q'", change: { $0.categorical = ["q"] })
    refuse("x,y\n1,2\n2,3\n", "'y'", "data.ignore", change: { $0.ignored = ["y"] })
    refuse("x,y\n1,2\n2,3\n", "no column", "predict 'y'", change: { $0.ignored = ["x"] })
    refuse("x,y\n1,2\n1,3\n", "no column", "'x' is left out", "same in all rows")
    refuse("y\n1\n2\n", "1 column", "data.delimiter")
    refuse("x,y\n1,a\n2,a\n", "'y'", "one class 'a'", "at least two")
    refuse("x,y\n1,5\n2,5\n", "'y'", "5.0 in all rows")
    refuse("x,y\n1,2\n2,b\n", "line 3, column 'y'", "'b'", change: { $0.kind = .regression })
    refuse("x,y\n1,2\n", "1 row", "at least 2 train")
    refuse("x,y\n1,2\n2,3\n3,4\n", "3 rows", "0.1", change: { $0.testFraction = 0.1 })
    refuse("x,y\n1,2\n2,3\n3,4\n", "3 rows", "0.1", change: { $0.validationFraction = 0.1 })
    let many = (0..<1002).map { "\($0 % 5),c\($0)\n" }.joined()
    refuse("x,y\n" + many, "1002 different values", "1000 classes")
  }

  @Test("Decimals may stand behind a comma", arguments: [TableFormat.Decimal.comma, .auto])
  func decimalComma(_ decimal: TableFormat.Decimal) throws {
    let data = try load("x;y\n1,5;2\n2,5;3,25\n") { $0.format.decimal = decimal }
    #expect(inputs(data) == [[-1], [1]])
    #expect(!data.encoding.isClassification)
    #expect(data.encoding.format.decimal == .comma)
  }

  @Test("The division is the same for all seeds and kinds, and no row is lost")
  func division() throws {
    let text = "x,y\n" + (0..<200).map { "\($0),\($0 * 2)\n" }.joined()
    let data = try load(text) { ($0.testFraction, $0.validationFraction) = (0.1, 0.15) }
    #expect(data.training.count == 153 && data.validation?.count == 27 && data.test?.count == 20)
    let all = [data.training, data.validation, data.test].flatMap { $0?.inputs ?? [] }
    let step = all.sorted()[1] - all.sorted()[0]
    let numbers = all.map { Int((($0 - (all.min() ?? 0)) / step).rounded()) }
    #expect(numbers.sorted() == Array(0..<200))
    #expect(numbers != Array(0..<200))
    // Only the rows that train count for the normalization.
    let sum = data.training.inputs.reduce(0, +)
    #expect(abs(sum) < 1e-10)
    #expect(try load(text).test == nil)
    let again = try load(text) { ($0.testFraction, $0.validationFraction) = (0.1, 0.15) }
    #expect(again.training.inputs == data.training.inputs)
  }

  @Test("Rows that test may come from a file of their own")
  func testFile() throws {
    let path = try folder.write("w,more,y,x\nb,0,1,4\nq,0,2,1\n", to: "test.csv")
    let data = try load("x,w,y\n1,a,1\n2,b,2\n4,a,3\n5,b,4\n") {
      $0.testPath = path
      $0.testFraction = 0.5
    }
    #expect(data.training.count == 4)
    #expect(data.test?.count == 2)
    #expect(data.notes.contains { $0.contains("test.csv, column 'w': 1 of 2 cells") })
    #expect(throws: DataError.self) {
      try load("x,y\n1,a\n2,b\n") { $0.testPath = try? folder.write("x,y\n1,c\n", to: "c.csv") }
    }
  }

  @Test("A class that no row has that trains is noted")
  func rareClass() throws {
    let text = "x,y\n" + (0..<30).map { "\($0 % 7),\($0 % 2 == 0 ? "a" : "b")\n" }.joined()
    // Whichever row tests gets the class of its own.
    let places = (0..<30).map { i in
      var lines = text.split(separator: "\n").map(String.init)
      lines[i + 1] = "1,rare"
      return lines.joined(separator: "\n")
    }
    let notes = try places.map { try load($0) { $0.testFraction = 0.1 }.notes }
    #expect(notes.filter { $0 == ["no row that trains has the class 'rare'"] }.count == 3)
  }

  @Test("An encoding that was stored encodes and decodes the same")
  func coding() throws {
    for target in ["y", "color", "fresh"] {
      let data = try load(training, target: target)
      let stored = try JSONEncoder().encode(data.encoding)
      #expect(try JSONDecoder().decode(TableEncoding.self, from: stored) == data.encoding)
    }
  }

  @Test("A stored encoding that was damaged is refused, or does no harm")
  func damagedCoding() throws {
    let table = try CSVTable(text: Array(training.utf8), file: "t.csv")
    var (refused, read) = (0, 0)
    for target in ["y", "color"] {
      let stored = try JSONEncoder().encode(try load(training, target: target).encoding)
      for place in stored.indices {
        for byte in [stored[place] ^ 1, UInt8(ascii: "0"), UInt8(ascii: "-"), UInt8(ascii: "]")] {
          var damaged = stored
          damaged[place] = byte
          guard let encoding = try? JSONDecoder().decode(TableEncoding.self, from: damaged) else {
            refused += 1
            continue
          }
          read += 1
          _ = try? encoding.examples(table, as: Double.self)
          _ = encoding.decode([Double](repeating: 1, count: encoding.outputCount))
        }
      }
    }
    #expect(refused > 1000 && read > 100)
  }

  @Test(
    "An encoding that fits no table is refused",
    arguments: [
      ("\"deviation\":2", "\"deviation\":0"), ("\"deviation\":2", "\"deviation\":-2"),
      ("[\"a\",\"b\"]", "[\"a\",\"a\"]"), ("[\"a\",\"b\"]", "[\"a\"]"), ("[\"a\",\"b\"]", "[]"),
      ("\"place\":0", "\"place\":2"), ("\"place\":0", "\"place\":-1"),
      ("\"columnCount\":2", "\"columnCount\":1"), ("\"name\":\"x\"", "\"name\":\"y\""),
      ("\"header\":\"true\"", "\"header\":\"auto\""),
    ])
  func unsoundCoding(_ part: String, _ replacement: String) throws {
    let stored = try JSONEncoder().encode(try load("x,y\n1,a\n5,b\n").encoding)
    let text = String(decoding: stored, as: UTF8.self)
    #expect(text.contains(part), "\(text)")
    let changed = Data(text.replacingOccurrences(of: part, with: replacement).utf8)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TableEncoding.self, from: changed)
    }
  }

  @Test("A file's network gives predictions for another in the file's words")
  func network() throws {
    let path = try folder.write(training, to: "t.csv")
    var source = TableSource(path: path, target: "color")
    (source.testFraction, source.validationFraction) = (0, 0)
    let problem = try Problem(source)
    let encoding = try #require(problem.encoding)
    #expect(problem.isClassification && problem.validation == nil && problem.test == nil)
    let judged = try Problem(judgedBy: path, encoding)
    #expect(judged.test?.count == 4 && judged.model.layout.count == problem.model.layout.count)
    var generator = SeededGenerator(seed: 0)
    let parameters = judged.model.initialParameters(using: &generator)
    let outputs = judged.model(judged.training.all.inputs, at: parameters)
    let predictions = encoding.decode(outputs.elements(Float.self))
    #expect(predictions.map(\.name) == ["color", "probability of blue", "probability of red"])
    #expect(predictions.allSatisfy { $0.cells.count == 4 })
    #expect(try Problem(source, .float64).training.all.inputs.type == .float64)
  }

  @Test("Whatever becomes of a byte, a file is read or refused")
  func damage() throws {
    let text = Array(
      "a,\"b \",c,y\r\n1,x,yes,2\n2.5,\"z\"\"\n\",no,-3e2\n3,x,no,4\n4,x,yes,é\n".utf8)
    var source = TableSource(path: folder.path + "/damaged.csv", target: "4")
    source.testFraction = 0
    source.validationFraction = 0.25
    source.missing = .impute
    source.kind = .classification
    try folder.write(text, to: "damaged.csv")
    let encoding = try source.load(as: Float.self).encoding
    var read = 0
    for place in text.indices {
      for byte in [0, 0x0a, 0x22, 0x2c, 0x2d, 0x3b, 0x39, 0x80, 0xff, text[place] ^ 0x20] as [UInt8]
      {
        var damaged = text
        damaged[place] = byte
        try folder.write(damaged, to: "damaged.csv")
        _ = try? encoding.examples(encoding.readTable(source.path), as: Double.self)
        do {
          let data = try source.load(as: Float.self)
          let areFinite = data.training.inputs.allSatisfy(\.isFinite)
          #expect(areFinite)
          read += 1
        } catch {
          #expect(!error.description.contains("\n"))
        }
      }
      try folder.write(Array(text[..<place]), to: "damaged.csv")
      _ = try? source.load(as: Double.self)
    }
    #expect(read > text.count)
  }
}
