import Foundation
import Fuzzing

/// Reads hostile inputs: `fuzz TARGET CORPUS [INPUTS [SECONDS [SEED]]]`, or `fuzz` for the targets' names.
/// Built with libFuzzer (`make fuzz`), `fuzz TARGET CORPUS [libFuzzer's options]`.
@main
struct FuzzProgram {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 2 else {
      return print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
    }
    guard let target = FuzzTarget.all.first(where: { $0.name == arguments[1] }) else {
      fatalError("there is no target '\(arguments[1])'")
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("adamqlr-fuzz-\(getpid())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    #if LIBFUZZER
      try drive(target, corpus: arguments[2], Array(arguments.dropFirst(3)), in: folder)
    #else
      let numbers = arguments.dropFirst(3).compactMap { Double($0) }
      func number(_ place: Int, _ usual: Double) -> Double {
        numbers.count > place ? numbers[place] : usual
      }
      let loop = try FuzzLoop(target, corpus: arguments[2], folder: folder)
      let count = loop.run(
        count: Int(number(0, 1000)), seconds: number(1, .infinity), seed: UInt64(number(2, 0)))
      print("\(target.name): \(count) inputs")
    #endif
    try FileManager.default.removeItem(atPath: folder)
  }
}

#if LIBFUZZER
  @_silgen_name("LLVMFuzzerRunDriver")
  private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
  ) -> Int32

  nonisolated(unsafe) private var current: (target: FuzzTarget, folder: String)?

  extension FuzzProgram {
    /// Lets libFuzzer find the inputs.
    private static func drive(
      _ target: FuzzTarget, corpus: String, _ options: [String], in folder: String
    ) throws {
      for (number, seed) in try target.seeds().enumerated() {
        try Data(seed).write(to: URL(fileURLWithPath: "\(corpus)/seed-\(number)"))
      }
      current = (target, folder)
      var arguments = (["fuzz", corpus] + options).map { strdup($0) } + [nil]
      var count = Int32(arguments.count - 1)
      let status = arguments.withUnsafeMutableBufferPointer { buffer -> Int32 in
        guard var base = buffer.baseAddress else { return 1 }
        return runDriver(&count, &base) { bytes, size in
          if let current {
            current.target(
              [UInt8](UnsafeBufferPointer(start: bytes, count: size)), in: current.folder)
          }
          return 0
        }
      }
      if status != 0 { exit(status) }
    }
  }
#endif
