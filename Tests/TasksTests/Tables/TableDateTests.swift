import Files
import Foundation
import Tasks
import Testing

@Suite("Dates in tables")
struct TableDateTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func load(
    _ dates: [String], _ change: (inout TableSource) -> Void = { _ in }
  ) throws -> TableData<Double> {
    let rows = dates.enumerated().map { "\"\($1)\",\($0 % 7),\($0 * $0)\n" }.joined()
    var source = TableSource(path: try folder.write("d,x,y\n" + rows, to: "t.csv"), target: "y")
    (source.testFraction, source.validationFraction) = (0, 0)
    change(&source)
    return try source.load()
  }

  /// What the parts of each date were, sorted.
  private func parts(_ data: TableData<Double>) throws -> [String: [Double]] {
    guard case .date(_, let parts)? = data.encoding.inputs.first?.kind else { return [:] }
    let width = data.encoding.featureCount
    var result: [String: [Double]] = [:]
    for (i, part) in parts.enumerated() {
      result[part.kind.rawValue] = stride(from: i, to: data.training.inputs.count, by: width).map {
        (data.training.inputs[$0] * part.scale.deviation + part.scale.mean).rounded()
      }.sorted()
    }
    return result
  }

  @Test(
    "A column of dates is left out, and said",
    arguments: [
      "2024-03-01", "2024/03/01", "01.03.2024", "3/1/2024", "1-Mar-2024", "March 1, 2024",
      "2024-03-01 14:05", "2024-03-01T14:05:09.25Z", "3/1/2024 2:05 PM", "14:05:09",
      "2024-03-01T14:05:09+01:00", "1 Mar 2024",
    ])
  func leftOut(_ date: String) throws {
    let data = try load([String](repeating: date, count: 12))
    #expect(data.encoding.inputs.map(\.name) == ["x"])
    #expect(
      data.notes.contains {
        $0.contains("'d' is left out: it has dates") && $0.contains("data.dates=[d]")
      })
  }

  @Test("Dates become year, day of the year, weekday and seconds, as far as they vary")
  func numbers() throws {
    // 2024 is a leap year; 2023-12-31 was a Sunday.
    let data = try load(["2023-12-31", "2024-01-01", "2024-12-31", "2024-03-01"]) {
      $0.dates = ["d"]
    }
    #expect(
      try parts(data) == [
        "year": [2023, 2024, 2024, 2024], "day-of-year": [1, 61, 365, 366],
        "weekday": [0, 1, 4, 6],
      ])
    #expect(data.summary.columns.map(\.role) == [.dates, .numbers])
    let times = try load(["2024-03-01 00:00", "2024-03-01T14:05:09", "2024-03-01 2:05:09 PM"]) {
      $0.dates = ["d"]
    }
    #expect(try parts(times) == ["seconds": [0, 50_709, 50_709]])
    let clock = try load(["00:00", "14:05:09", "23:59"]) { $0.dates = ["d"] }
    #expect(try parts(clock) == ["seconds": [0, 50_709, 86_340]])
    let compact = try load(["20240301", "20240302", "20240401"]) { $0.dates = ["d"] }
    #expect(try parts(compact)["day-of-year"] == [61, 62, 92])
  }

  @Test("Weekdays and days of the year agree with the calendar")
  func calendar() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    let start = try #require(
      calendar.date(from: DateComponents(year: 1896, month: 2, day: 27)))
    let days = (0..<120).compactMap { calendar.date(byAdding: .day, value: $0 * 701, to: start) }
    let texts = days.map { day in
      let c = calendar.dateComponents([.year, .month, .day], from: day)
      return String(format: "%04d-%02d-%02d", c.year ?? 0, c.month ?? 0, c.day ?? 0)
    }
    let found = try parts(try load(texts) { $0.dates = ["d"] })
    #expect(
      found["weekday"]
        == days.map { Double((calendar.component(.weekday, from: $0) + 5) % 7) }.sorted())
    #expect(
      found["day-of-year"]
        == days.map { Double(calendar.ordinality(of: .day, in: .year, for: $0) ?? 0) }.sorted())
  }

  @Test("Day and month are told apart by the column, or by a setting")
  func order() throws {
    let dayFirst = try load(["01/02/2024", "13/02/2024", "03/04/2024"]) { $0.dates = ["d"] }
    #expect(try parts(dayFirst)["day-of-year"] == [32, 44, 94])
    let monthFirst = try load(["01/02/2024", "01/13/2024", "03/04/2024"]) { $0.dates = ["d"] }
    #expect(try parts(monthFirst)["day-of-year"] == [2, 13, 64])
    let ambiguous = ["01/02/2024", "04/03/2024", "05/06/2024"]
    #expect { try load(ambiguous) { $0.dates = ["d"] } } throws: {
      "\($0)".contains("line 2, column 'd'") && "\($0)".contains("data.date-order")
    }
    let told = try load(ambiguous) { ($0.dates, $0.dateOrder) = (["d"], .monthFirst) }
    #expect(try parts(told)["day-of-year"] == [2, 94, 127])
    // Where both are the same nothing is open.
    #expect(
      try parts(try load(["01/01/2024", "02/02/2024", "03/03/2024"]) { $0.dates = ["d"] })
        .count == 2)
  }

  @Test(
    "What is no date is told with its place",
    arguments: ["2024-02-30", "soon", "2024-13-01", "31/31/2024", "25:61", "1/2", "2024-1"])
  func wrong(_ word: String) {
    #expect { try load(["2024-01-01", word, "2024-01-03"]) { $0.dates = ["d"] } } throws: {
      "\($0)".contains("line 3, column 'd'") && "\($0)".contains("a date")
    }
  }

  @Test("Dates of other files are encoded alike, and missing ones become the mean")
  func otherFiles() throws {
    let data = try load(["01/02/2024", "13/02/2024", "", "03/04/2024"]) {
      ($0.dates, $0.missing) = (["d"], .impute)
    }
    #expect(data.notes.contains { $0.contains("1 missing cell filled with their means") })
    let encoding = try JSONDecoder().decode(
      TableEncoding.self, from: try JSONEncoder().encode(data.encoding))
    #expect(encoding == data.encoding)
    let path = try folder.write("x,d\n1,13/02/2024\n2,\n3,1.2.2024\n", to: "new.csv")
    let inputs = try encoding.encode(try encoding.readTable(path), as: Double.self)
    let width = encoding.featureCount
    #expect(inputs.values[width] == 0 && inputs.values[0] != 0)
    let wrong = try encoding.readTable(try folder.write("x,d\n1,02/13/2024\n", to: "new.csv"))
    expectError("new.csv, line 2, column 'd'", "day before month") { () throws(DataError) in
      try encoding.encode(wrong, as: Double.self)
    }
  }

  @Test("A column is words or dates, not both")
  func both() {
    #expect {
      try load(["2024-01-01", "2024-01-02"]) { ($0.dates, $0.categorical) = (["d"], ["1"]) }
    } throws: {
      "\($0)".contains("data.categorical and data.dates")
    }
  }
}
