import AdamQLRTorch
import Foundation
import Synchronization

/// Reads inputs that are changed at random, for a while.
public struct FuzzLoop {
  /// The most seconds that one input may take, and bytes that memory may grow by for one.
  public static let (secondLimit, memoryLimit) = (20.0, 1 << 30)

  private let target: FuzzTarget
  private let seeds: [[UInt8]]
  private let folder: String

  /// A loop.
  ///
  /// - Parameters:
  ///   - target: What reads.
  ///   - corpus: A folder of inputs to begin with, one for each file.
  ///   - folder: A folder for files, its own for the process. What is read is `input` there, so that it
  ///     is there after a crash.
  public init(_ target: FuzzTarget, corpus: String, folder: String) throws {
    self.target = target
    self.folder = folder
    let files = (try? FileManager.default.contentsOfDirectory(atPath: corpus)) ?? []
    seeds =
      try files.sorted().map {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(corpus)/\($0)")))
      }
      + target.seeds()
    guard !seeds.isEmpty else { throw CocoaError(.fileReadNoSuchFile) }
  }

  /// Reads the inputs as they are, then changed ones.
  ///
  /// - Parameters:
  ///   - count: The number of changed ones.
  ///   - seconds: After which no more begin.
  ///   - seed: What the changes follow from.
  /// - Returns: How many were read.
  public func run(count: Int, seconds: Double, seed: UInt64) -> Int {
    let begun = Mutex(ContinuousClock.now)
    let isOver = Atomic<Bool>(false)
    let name = target.name
    // A hang must be the process's end, which somebody notices.
    Thread.detachNewThread { [folder] in
      while !isOver.load(ordering: .acquiring) {
        Thread.sleep(forTimeInterval: 0.5)
        if ContinuousClock.now - begun.withLock({ $0 }) > .seconds(Self.secondLimit) {
          fatalError("\(name): an input takes longer than \(Self.secondLimit) s: \(folder)/input")
        }
      }
    }
    defer { isOver.store(true, ordering: .releasing) }
    let start = ContinuousClock.now
    var mutation = Mutation(seed: seed)
    var memory = Self.memory
    var number = 0
    while number < seeds.count + count, ContinuousClock.now - start < .seconds(seconds) {
      let input = number < seeds.count ? seeds[number] : mutation.input(from: seeds)
      try? Data(input).write(to: URL(fileURLWithPath: folder + "/input"))
      begun.withLock { $0 = .now }
      target(input, in: folder)
      let now = Self.memory
      if now - memory > Self.memoryLimit {
        fatalError("\(name): an input took \(now - memory) bytes: \(folder)/input")
      }
      memory = max(memory, now)
      number += 1
    }
    return number
  }

  /// The most memory that the process has had, in bytes.
  private static var memory: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) * 1024
  }
}
