import Foundation
import Testing
import AdamQLRTorch

/// What the engine changes of the process that it is part of.
@Suite("Settings of the process")
struct ProcessSettingsTests {
  /// Whether the C library takes pages of their own for a piece of memory of this size, which its
  /// `malloc` notes in front of it.
  private static func hasOwnPages(byteCount: Int) -> Bool {
    // Not malloc(_:) itself, whose meaning compilers know too well.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 1)
    defer { memory.deallocate() }
    return (memory - MemoryLayout<UInt>.size).load(as: UInt.self) & 2 != 0
  }

  /// The threads of this process.
  private static func threadCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
  }

  /// The threads before and after a Cholesky factor that takes several threads of libtorch's.
  private static func threadCountsAroundFactor() throws -> (before: Int, after: Int) {
    Runtime.threadCount = 4
    let n = 400
    let x = Tensor.zeros([n, n])
    _ = Tensor.zeros([1 << 20]) + 1
    let before = try threadCount()
    let outcome = Kernels.factorize([.init(x, scale: 1, shift: 1, into: .zeros([n, n]))])
    try #require(outcome == [.exact])
    // A thread that was told to end takes a moment.
    Thread.sleep(forTimeInterval: 0.5)
    return (before, try threadCount())
  }

  @Test("Tensors leave the process's memory settings and threads alone")
  func untouched() async {
    await #expect(processExitsWith: .success) {
      let x = Tensor([1.0, 2]) + 1
      try #require(x.doubles == [2, 3])
      try #require(Self.hasOwnPages(byteCount: 24 << 20))
      let (before, after) = try Self.threadCountsAroundFactor()
      try #require(before > 3 && after >= before, "\(before) threads, then \(after)")
    }
  }

  @Test("A program that asks keeps its memory, and its threads end")
  func tuned() async {
    await #expect(processExitsWith: .success) {
      Runtime.tuneProcess()
      let x = Tensor([1.0, 2]) + 1
      try #require(x.doubles == [2, 3])
      try #require(!Self.hasOwnPages(byteCount: 24 << 20))
      let (before, after) = try Self.threadCountsAroundFactor()
      try #require(before > 3 && after < before, "\(before) threads, then \(after)")
    }
  }
}
