import Foundation
import Testing

@Suite("Batches in parts, on the command line")
struct MicroBatchCommandTests {
  @Test("A run in parts is the run of whole batches")
  func equality() throws {
    func summary(_ more: String...) throws -> [String: Any] {
      let result = try Tool.run(
        ["train", "--steps", "8", "--batch-size", "1000", "--precision", "double", "--json"] + more)
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      return try #require(try result.objects().last)
    }
    let (whole, divided) = (try summary(), try summary("--micro-batches", "3"))
    for key in ["train_loss", "test_loss"] {
      let (expected, loss) = (
        try #require(whole[key] as? Double), try #require(divided[key] as? Double)
      )
      #expect(abs(loss - expected) < 1e-8 * expected)
    }
  }

  @Test("With batch normalization, a note says that steps differ")
  func note() throws {
    let errors = Pipe()
    let process = try Tool.start(
      [
        "train", "--task", "digits-color", "--model", "resnet18", "--set", "network.width=2",
        "--batch-size", "16", "--steps", "1", "--micro-batches", "2", "--json",
      ], output: Pipe(), errors: errors)
    // It comes before the first step; the scores at the end would take a while.
    let note = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(note.contains("note: with micro-batches, batch normalization"))
  }

  @Test("More parts than a batch has examples are refused")
  func tooMany() throws {
    let result = try Tool.run("train", "--batch-size", "8", "--micro-batches", "9")
    #expect(result.status != 0 && result.output.isEmpty)
    for part in ["micro-batches is 9", "only 8 examples", "batch-size"] {
      #expect(result.errors.contains(part), "\(result.errors)")
    }
  }

  #if os(Linux)
    @Test("Where memory is missing, the error says what asked for how much, and parts help")
    func outOfMemory() throws {
      func bench(_ more: String...) throws -> Tool.Result {
        try Tool.run(
          [
            "bench", "--task", "uci-energy", "--random-data", "--batch-size", "100000", "--set",
            "network.hidden=[2000]", "--threads", "1", "--optimizer", "sgd", "--seconds", "0.01",
            "--json",
          ] + more, memoryLimit: 2 << 30)
      }
      let whole = try bench()
      #expect(whole.status == 1 && whole.output.isEmpty, "\(whole.errors)")
      for part in [
        "out of memory", "(Float[100000, 2000])", "800000000 bytes", "--batch-size",
        "--micro-batches",
      ] {
        #expect(whole.errors.contains(part), "\(whole.errors)")
      }
      let divided = try bench("--micro-batches", "1000")
      #expect(divided.status == 0, "\(divided.errors)")
    }
  #endif
}
