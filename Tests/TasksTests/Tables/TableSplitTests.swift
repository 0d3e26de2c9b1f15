import AdamQLRNetworks
import AdamQLRTorch
import Files
import Foundation
import Tasks
import Testing

@Suite("Divisions of tables")
struct TableSplitTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Rows of a number that tells them apart, a group, a day and a class, 1 in 10 of which is rare.
  private func load(
    _ change: (inout TableSource) -> Void = { _ in }
  ) throws -> TableData<Double> {
    let rows = (0..<200).map { i in
      let day = String(format: "2024-%02d-%02d", 1 + (i * 7 % 200) / 28, 1 + (i * 7 % 200) % 28)
      return "\(i),g\(i % 13),\(day),\(i % 10 == 3 ? "rare" : "usual")\n"
    }.joined()
    var source = TableSource(
      path: try folder.write("x,g,d,y\n" + rows, to: "t.csv"), target: "y")
    source.ignored = ["d"]
    change(&source)
    return try source.load()
  }

  /// The rows of each part.
  private func rows(_ data: TableData<Double>) throws -> (
    train: [Int], validate: [Int], test: [Int]
  ) {
    guard case .number(let scale)? = data.encoding.inputs.first?.kind else { return ([], [], []) }
    let width = data.encoding.featureCount
    func rows(_ examples: Examples<Double>?) -> [Int] {
      guard let values = examples?.inputs else { return [] }
      return stride(from: 0, to: values.count, by: width).map {
        Int((values[$0] * scale.deviation + scale.mean).rounded())
      }
    }
    return (rows(data.training), rows(data.validation), rows(data.test))
  }

  @Test(
    "Whatever the division, each row is in one part, and again in the same",
    arguments: TableSplit.allCases)
  func parts(_ split: TableSplit) throws {
    func change(_ source: inout TableSource) {
      source.split = split
      source.splitColumn = split == .group ? "g" : split == .time ? "d" : nil
    }
    let found = try rows(try load(change))
    #expect((found.train + found.validate + found.test).sorted() == Array(0..<200))
    #expect(found.test.count >= 15 && found.test.count <= 30)
    #expect(found.validate.count >= 20 && found.validate.count <= 40)
    let again = try rows(try load(change))
    #expect(found.train == again.train && found.test == again.test)
    #expect(found.train != found.train.sorted())
  }

  @Test("A stratified division has the same share of each class in each part")
  func stratified() throws {
    let found = try rows(try load { $0.split = .stratified })
    func rare(_ rows: [Int]) -> Int { rows.count { $0 % 10 == 3 } }
    #expect(rare(found.test) == 2 && found.test.count == 20)
    #expect(rare(found.validate) == 3 && found.validate.count == 27)
    #expect(throws: DataError.self) {
      try load { ($0.split, $0.target, $0.kind) = (.stratified, "x", .regression) }
    }
  }

  @Test("Rows of a group are in one part, and the group is no input")
  func groups() throws {
    let data = try load { ($0.split, $0.splitColumn) = (.group, "g") }
    let found = try rows(data)
    let groups = [found.train, found.validate, found.test].map { Set($0.map { $0 % 13 }) }
    #expect(groups[0].isDisjoint(with: groups[1]) && groups[0].isDisjoint(with: groups[2]))
    #expect(groups[1].isDisjoint(with: groups[2]))
    #expect(data.encoding.inputs.map(\.name) == ["x"])
    #expect(data.summary.columns.map(\.role) == [.numbers, .group, .ignored])
    #expect { try load { $0.split = .group } } throws: { "\($0)".contains("data.split-column") }
    #expect { try load { ($0.split, $0.splitColumn) = (.group, "y") } } throws: {
      "\($0)".contains("2 groups")
    }
  }

  @Test("By time, the last rows test and those before them validate", arguments: ["d", "x"])
  func time(_ column: String) throws {
    let found = try rows(try load { ($0.split, $0.splitColumn) = (.time, column) })
    func time(_ row: Int) -> Int { column == "x" ? row : row * 7 % 200 }
    let times = [found.train, found.validate, found.test].map { $0.map(time) }
    #expect(try #require(times[0].max()) < #require(times[1].min()))
    #expect(try #require(times[1].max()) < #require(times[2].min()))
    #expect { try load { ($0.split, $0.splitColumn) = (.time, "g") } } throws: {
      "\($0)".contains("line 2, column 'g'") && "\($0)".contains("date")
    }
  }

  @Test("Balanced weights make each class count the same")
  func classWeights() throws {
    let data = try load { ($0.classWeights, $0.split) = (.balanced, .stratified) }
    let weights = try #require(data.encoding.classWeights)
    // 15 rare ones of 153 that train.
    let expected: [Double] = [153.0 / 30, 153.0 / 276]
    #expect(weights == expected)
    var source = TableSource(path: folder.path + "/t.csv", target: "y")
    (source.classWeights, source.ignored) = (.balanced, ["d"])
    let problem = try Problem(source)
    #expect((problem.loss as? ClassWeightedCrossEntropy)?.weights == problem.encoding?.classWeights)
    #expect(throws: DataError.self) {
      try load { ($0.classWeights, $0.target) = (.balanced, "x") }
    }
  }

  @Test("An inspection says what a run would understand, and refuse")
  func inspection() throws {
    var source = TableSource(path: folder.path + "/t.csv", target: "y")
    _ = try load()
    let summary = try source.inspect()
    #expect(summary.classes.map(\.count) == [20, 180] && summary.problems == [])
    #expect(summary.columns.map(\.role) == [.numbers, .words, .leftOut])
    #expect(summary.rows.training == 153)
    #expect(summary.lines.contains { $0.contains("2 classes: rare (20), usual (180)") })
    try folder.write("x,z,y\n1,,3\n2,5,NA\n3,6,x\n4,7,8\n5,8,9\n6,9,9\n", to: "t.csv")
    let broken = try source.inspect()
    #expect(broken.problems.count == 2, "\(broken.problems)")
    #expect(broken.columns.map(\.role) == [.numbers, .refused])
    source.target = ""
    let whole = try source.inspect(withTarget: false)
    #expect(whole.target == nil && whole.columns.count == 3)
  }
}
