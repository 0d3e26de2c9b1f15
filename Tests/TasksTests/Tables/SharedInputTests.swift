import Files
import Foundation
import Tasks
import Testing

/// The tables of `../shared/inputs`, each of which an earlier version got wrong.
@Suite("Tables that an earlier version got wrong", .enabled(if: SharedInputs.areThere))
struct SharedInputTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var file: String
    var target: String
    /// What the error says; none where the table is read.
    var error: [String] = []
    /// What the notes say.
    var notes: [String] = []
    var change: @Sendable (inout TableSource) -> Void = { _ in }
    var testDescription: String { file }
  }

  private static func load(_ test: Case) throws -> TableData<Double> {
    var source = TableSource(path: SharedInputs.path + "/" + test.file, target: test.target)
    test.change(&source)
    return try source.load()
  }

  @Test("Each is read, or refused by name", arguments: inputCases)
  func cases(_ test: Case) throws {
    do {
      let data = try Self.load(test)
      #expect(test.error == [])
      for note in test.notes {
        #expect(data.notes.contains { $0.contains(note) }, "\(data.notes)")
      }
      #expect(data.encoding.isClassification == ["bought", "label"].contains(test.target))
    } catch let error as DataError {
      #expect(test.error != [], "\(error)")
      for part in test.error { #expect(error.description.contains(part), "\(error)") }
    }
  }

  @Test("Numbers are what the files say")
  func values() throws {
    func range(_ file: String, _ target: String) throws -> (Double, Double, Int) {
      let data = try Self.load(Case(file: file, target: target))
      let range = try #require(data.summary.range)
      return (range.least, range.greatest, data.summary.rowCount)
    }
    #expect(try range("thousands.tsv", "price") == (826, 21_038, 60))
    #expect(try range("currency.csv", "price") == (825.92, 21_037.95, 60))
    #expect(try range("kin8nm-50.txt", "9").2 == 50)
    let comma = try range("headerless-decimal-comma.csv", "3")
    #expect(comma.0 > 16 && comma.1 < 60 && comma.2 == 80)
  }
}

private let inputCases: [SharedInputTests.Case] = [
  .init(file: "kin8nm-50.txt", target: "9"),
  .init(
    file: "target-na-15-percent.csv", target: "price",
    error: ["line 2, column 'price'", "'#N/A'", "data.missing-target=drop"]),
  .init(
    file: "target-na-15-percent.csv", target: "price", notes: ["rows without target left out"],
    change: { $0.missingTarget = .drop }),
  .init(
    file: "none-15-percent.csv", target: "price",
    error: ["column 'age'", "'None'", "data.missing=impute"]),
  .init(
    file: "none-15-percent.csv", target: "price", notes: ["'age': 77 missing cells"],
    change: { $0.missing = .impute }),
  .init(
    file: "excel-na.csv", target: "price", notes: ["'area': 7 missing cells"],
    change: { $0.missing = .impute }),
  .init(file: "missing-target.csv", target: "price", error: ["'NA'", "data.missing-target=drop"]),
  .init(
    file: "missing-target.csv", target: "price", notes: ["7 rows without target"],
    change: { $0.missingTarget = .drop }),
  .init(file: "blank-tail.csv", target: "price", notes: ["2 rows of empty cells left out"]),
  .init(file: "thousands.tsv", target: "price", notes: ["commas set thousands apart"]),
  .init(file: "currency.csv", target: "price", notes: ["amounts of money"]),
  .init(file: "pandas-default.csv", target: "3", notes: ["counts the columns"]),
  .init(file: "year-columns.csv", target: "growth", notes: ["data.header=false"]),
  .init(file: "hash-column.csv", target: "# of rooms"),
  .init(file: "headerless-decimal-comma.csv", target: "3", notes: ["behind commas"]),
  .init(file: "excel-sep.csv", target: "price"),
  .init(file: "comments.csv", target: "price", notes: ["2 lines that begin with '#'"]),
  .init(file: "spellings.csv", target: "bought", notes: ["differ only in case"]),
  .init(file: "dates.csv", target: "price", notes: ["data.dates=[date]"]),
  .init(file: "dates.csv", target: "price", change: { $0.dates = ["date"] }),
  .init(
    file: "unknown-words-train.csv", target: "label", notes: ["1 of 2 cells are words"],
    change: { $0.testPath = SharedInputs.path + "/unknown-words-test.csv" }),
]

enum SharedInputs {
  static let path = SharedData.path + "/../inputs"
  static let areThere = FileManager.default.fileExists(atPath: path)
}
