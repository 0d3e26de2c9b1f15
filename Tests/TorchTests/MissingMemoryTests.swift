import Foundation
import Testing
import AdamQLRTorch

/// What happens where memory is missing outside of libtorch's operators.
@Suite("Missing memory")
struct MissingMemoryTests {
  /// Ends the process with a code of its own where memory is missing, and says what for.
  private static func end() {
    Runtime.whenOutOfMemory { error in
      FileHandle.standardError.write(Data(error.description.utf8))
      exit(3)
    }
  }

  /// Lets the process have so much more memory, and no more.
  private static func limitMemory(bytes: UInt) throws {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let size = try #require(pages.split(separator: " ").first.flatMap { UInt($0) })
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    limit.rlim_cur = size * UInt(sysconf(Int32(_SC_PAGESIZE))) + bytes
    try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
  }

  private func expectMessage(
    _ result: ExitTest.Result?, _ parts: [String], _ location: SourceLocation = #_sourceLocation
  ) {
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    for part in parts { #expect(text.contains(part), "\(text)", sourceLocation: location) }
  }

  /// Others leave transposed products to BLAS.
  private static let copiesTransposed =
    (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).contains("avx512f")) ?? false

  @Test(
    "A matrix product that has no room for a transposed copy says so",
    .enabled(if: copiesTransposed))
  func product() async {
    let result = await #expect(
      processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
    ) {
      Self.end()
      let (count, inner) = (256, 1 << 17)
      let (a, b) = (Tensor.zeros([2, inner]), Tensor.zeros([count, inner]))
      let c = Tensor.zeros([2, count])
      try Self.limitMemory(bytes: 32 << 20)
      Kernels.multiply(a, b, into: c, transposesB: true)
    }
    expectMessage(result, ["matrix product", "134217728 bytes"])
  }

  @Test("Sums over columns that have no room for their parts say so")
  func columns() async {
    let result = await #expect(
      processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
    ) {
      Self.end()
      let x = Tensor.zeros([16, 1 << 19])
      try Self.limitMemory(bytes: 32 << 20)
      _ = Kernels.columnMoments(x)
    }
    expectMessage(result, ["column moments", "134217728 bytes"])
  }

  @Test("A kernel of a device that finds no memory says so")
  func device() async {
    let result = await #expect(
      processExitsWith: .exitCode(3), observing: [\.standardErrorContent]
    ) {
      Self.end()
      var generator = SeededGenerator(seed: 1)
      _ = Tensor.dropoutMask(
        [1 << 50], .float32, probability: 0.5, on: .simulated, using: &generator)
    }
    expectMessage(result, ["dropout mask", "can't allocate memory"])
  }
}
