import Files
import Foundation
import Tasks
import Testing

/// Numbers as people write them.
@Suite("Numbers in tables")
struct TableNumberTests {
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
    "Grouped digits are read where they surely are that",
    arguments: [
      // Two groups, a group and decimals, or a number that no decimals would make.
      ("x;y\n1;1,234,567\n2;12,345\n3;7\n", [7, 12_345, 1_234_567]),
      ("x;y\n1;1.234.567\n2;12.345\n3;7\n", [7, 12_345, 1_234_567]),
      ("x;y\n1;1,234.5\n2;12,345\n3;7.25\n", [7.25, 1234.5, 12_345]),
      ("x;y\n1;1.234,5\n2;12.345\n3;7,25\n", [7.25, 1234.5, 12_345]),
      ("x;y\n1;1 234\n2;12 345,5\n3;7\n", [7, 1234, 12_345.5]),
      ("x;y\n1;1'234\n2;12’345.5\n3;7\n", [7, 1234, 12_345.5]),
      ("x;y\n1;1\u{a0}234\n2;12\u{202f}345\n3;7\n", [7, 1234, 12_345]),
      ("x;y\n1;12,34,567.5\n2;1,23,456\n3;-7,000\n", [-7000, 123_456, 1_234_567.5]),
    ] as [(String, [Double])])
  func groupedDigits(_ text: String, _ expected: [Double]) throws {
    let data = try load(text)
    #expect(close(numbers(data), expected), "\(numbers(data))")
    // A file of the same kind is read in the same way.
    let new = try data.encoding.readTable(try folder.write(text, to: "new.csv"))
    guard case .values(let values, _) = try data.encoding.encodeTargets(new, as: Double.self)
    else { return }
    #expect(values.sorted() == numbers(data, normalized: true))
  }

  private func numbers(_ data: TableData<Double>, normalized: Bool) -> [Double] {
    guard case .values(let values, _) = data.training.targets else { return [] }
    return values.sorted()
  }

  @Test("Numbers of thousands that all have a comma, and smaller ones without, are grouped")
  func manyGroupedDigits() throws {
    let values = (0..<30).map { $0 % 3 == 0 ? 20 * $0 + 1 : 1000 * $0 + 37 * $0 + 200 }
    func grouped(_ n: Int) -> String {
      n < 1000 ? "\(n)" : "\(n / 1000)," + String("00\(n % 1000)".suffix(3))
    }
    let rows = values.enumerated().map { "\($0)\t\(grouped($1))\n" }.joined()
    let data = try load("x\ty\n" + rows)
    #expect(close(numbers(data), values.map(Double.init).sorted()))
    #expect(data.notes.contains { $0.hasPrefix("commas set thousands apart") })
  }

  @Test("Decimals behind a point stay that beside amounts and grouped digits elsewhere")
  func points() throws {
    // Three decimals or none, and no number of thousands: as grouped digits would look.
    let values = (0..<24).map { $0 % 4 == 0 ? "\($0 % 7)" : "\($0 % 9 + 1).\(100 + 37 * $0 % 900)" }
    for other in ["$5", "1,234,567", "12 %", "1 234"] {
      let rows = values.enumerated().map { "\(other);\($0 % 2);\($1)\n" }.joined()
      let data = try load("a;x;y\n" + rows)
      #expect(close(numbers(data), values.compactMap(Double.init).sorted()), "\(other)")
    }
  }

  @Test(
    "A comma that may be either is refused by name, and the advice does not corrupt",
    arguments: [
      "x;y\n1;10,087\n2;3,104\n3;826\n", "x;y\n1;10,087\n2;3,104\n", "x\ty\n1\t1,500\n2\t2\n",
    ])
  func ambiguousCommas(_ text: String) throws {
    refuse(text, ["column 'y'", "data.thousands=comma", "data.decimal=comma"])
    let grouped = try load(text) { $0.format.thousands = .comma }
    #expect(
      numbers(grouped).allSatisfy { $0 == $0.rounded() } && numbers(grouped).max() ?? 0 >= 1500)
    let decimals = try load(text) { $0.format.decimal = .comma }
    #expect(numbers(decimals).min() ?? 0 < 11)
  }

  @Test("Decimal commas are found out from the file's own numbers, or nothing is")
  func decimalCommas() throws {
    // The second column alone could be either; the first shows what commas are.
    let data = try load("0,5;30,168\n-1,25;42,435\n2,75;33,032\n", target: "2")
    #expect(close(numbers(data), [30.168, 33.032, 42.435]))
    #expect(data.notes == ["decimals stand behind commas, as '0,5' shows"])
    let spaced = try load("1,5 2,5 3,5\n4,5 5,25 6,5\n0,5 1,5 9,5\n", target: "3")
    #expect(close(numbers(spaced), [3.5, 6.5, 9.5]) && spaced.encoding.featureCount == 2)
    refuse("x;y\n1,5;2\n0.25;3\n2;4\n", ["'1,5'", "'0.25'"])
    refuse("x;z;y\n1,5;0.25;2\n2,5;0.5;3\n", ["column 'x'", "'1,5' and '0.25'", "data.decimal"])
    let ignored = try load("x;z;y\n1,5;0.25;2\n2,5;0.5;3\n") { $0.ignored = ["x"] }
    #expect(ignored.encoding.inputs.map(\.name) == ["z"])
  }

  @Test(
    "Amounts and percentages are numbers, with a note",
    arguments: [
      ("$1,464.46", "$-20.5", -20.5), ("€ 1.464,46", "-20,5 €", -20.5),
      ("1464.46 USD", "EUR", nil), ("(1,464.46)", "20.50", 20.5),
      ("US$1,464.46", "(US$20.50)", -20.5),
      ("12.5%", "-3 %", -3), ("£1464.46", "-£20.50", -20.5), ("1 464,46 kr", "−20,5 kr", -20.5),
    ] as [(String, String, Double?)])
  func amounts(_ first: String, _ second: String, _ value: Double?) throws {
    let text = "x;y\n1;\"\(first)\"\n2;\"\(second)\"\n3;\"\(first)\"\n"
    guard let value else { return refuse(text, ["'EUR'", "number"]) }
    let data = try load(text)
    #expect(numbers(data).contains { abs($0 - value) < 1e-9 }, "\(numbers(data))")
    if !first.hasPrefix("(") {
      #expect(data.notes.contains { $0.contains("read as numbers") && $0.contains(first) })
    }
  }

  @Test("Amounts of two currencies, and shares with and without a percent sign, are refused")
  func mixedUnits() {
    refuse("x,y\n1,$5\n2,€6\n3,$7\n", ["'€6'", "'$5'", "one unit"])
    refuse("x,y\n1,5%\n2,0.06\n3,7%\n", ["'0.06'", "'5%'"])
    refuse("x,y\n$1,1\n2 EUR,2\n3,3\n", ["column 'x'", "'2 EUR'"])
  }

  @Test("What a number looks like but is not stays a word")
  func noNumbers() throws {
    for word in ["1.2.3", "12:30", "3 4", "1,2,3", "5 m", "5%%", "$", "1e", "0x1F", "1_000", "½"] {
      let rows = (0..<12).map { "\"\($0 % 2 == 0 ? word : "a")\",\($0)\n" }.joined()
      let data = try load("x,y\n" + rows)
      #expect(data.encoding.inputs.map(\.width) == [2], "\(word)")
    }
  }
}
