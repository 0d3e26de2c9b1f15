import Foundation
import Testing
import Training

@Suite("Event files")
struct EventFileTests {
  @Test("What a run logs is read back")
  func roundTrip() throws {
    let run = try ScratchRun.rosenbrock()
    let log = try run.directory.log()
    #expect(log.damage.isEmpty)
    #expect(log[.trainingLoss].steps == [1, 2, 3])
    // The textbook function is 404 at (1, −1); the loss is a quarter of that.
    #expect(log[.trainingLoss].values[0] == 100)
    #expect(log[.damping].values[0] == 1)
    #expect(log[.meanTrainingLoss].values == log[.trainingLoss].values)
    #expect(log[.newLoss].values.dropLast() == log[.trainingLoss].values.dropFirst())
    #expect(log[.seconds].values.last.map { abs(Double($0) - run.summary.seconds) < 1e-6 } == true)
    #expect(log[.positionX].steps == [1, 2, 3])
    #expect(log[.validationLoss].steps.isEmpty)
    let now = Date().timeIntervalSince1970
    #expect(log[.trainingLoss].times.allSatisfy { now - 60 < $0 && $0 <= now })
  }

  @Test("log-every thins the rows of steps, not those of evaluations")
  func interval() throws {
    let run = try ScratchRun("task=rosenbrock", "steps=10", "log-every=4", "eval-every=5")
    let log = try run.directory.log()
    #expect(log[.trainingLoss].steps == [4, 8])
    #expect(log[.meanTrainingLoss].steps == [5, 10])
  }

  @Test("A log with any byte changed, or cut anywhere, is read as far as it goes")
  func corruption() throws {
    let run = try ScratchRun.rosenbrock()
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: run.directory.logPath)))
    let whole = EventFile(contents: bytes)
    let rows = whole.series.values.map(\.steps.count).reduce(0, +)
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1 << UInt8(position % 8)
      let read = EventFile(contents: changed)
      #expect(!read.damage.isEmpty, "byte \(position)")
      for (tag, series) in read.series {
        let original = try #require(whole.series[tag])
        #expect(series.steps.allSatisfy(original.steps.contains))
        #expect(series.values.allSatisfy(original.values.contains))
      }
      let cut = EventFile(contents: Array(bytes[..<position]))
      #expect(cut.series.values.map(\.steps.count).reduce(0, +) <= rows)
    }
    #expect(EventFile(contents: Array("no log at all, but some text".utf8)).damage.count == 1)
  }

  @Test("A record whose checks hold but whose contents make no sense is left out")
  func nonsense() throws {
    // Framed by an independent calculation of the check, bit by bit.
    func check(_ bytes: [UInt8]) -> [UInt8] {
      var state: UInt32 = ~0
      for byte in bytes {
        state ^= UInt32(byte)
        for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x82f6_3b78 : state >> 1 }
      }
      let value = ~state
      let masked = (value >> 15 | value << 17) &+ 0xa282_ead8
      return (0..<4).map { UInt8(truncatingIfNeeded: masked >> (8 * $0)) }
    }
    func record(_ event: [UInt8]) -> [UInt8] {
      let length = (0..<8).map { UInt8(truncatingIfNeeded: event.count >> (8 * $0)) }
      return length + check(length) + event + check(event)
    }
    let value: [UInt8] = [0x0a, 1, 0x61, 0x15, 0, 0, 0x80, 0x3f]  // "a": 1
    let good: [UInt8] = [0x10, 7, 0x2a, 10, 0x0a, 8] + value
    let events: [[UInt8]] = [
      [], [0xff], [0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [0x2a, 200, 1], [0x09, 0], [0x0f], Array(repeating: 0x80, count: 12),
      [0x2a, 4, 0x0a, 2, 0x0a, 9], good,
    ]
    let file = EventFile(contents: events.flatMap(record))
    #expect(file.damage.isEmpty)
    #expect(file.series.keys.sorted() == ["a"])
    #expect(file.series["a"]?.steps == [7])
    #expect(file.series["a"]?.values == [1])
  }
}
