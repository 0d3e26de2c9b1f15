import Foundation
import Fuzzing

/// Makes a folder for a process's files.
private func makeFolder() throws -> String {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("adamqlr-fuzz-\(getpid())").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  return folder
}

private func target(named name: String) -> FuzzTarget {
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    fatalError("there is no target '\(name)': \(FuzzTarget.all.map(\.name))")
  }
  return target
}

#if LIBFUZZER
  // libFuzzer brings `main`. The target is named in ADAMQLR_FUZZ_TARGET; what it has of inputs goes into
  // the folder ADAMQLR_FUZZ_CORPUS.
  private let current: (target: FuzzTarget, folder: String) = {
    let variables = ProcessInfo.processInfo.environment
    do {
      let found = target(named: variables["ADAMQLR_FUZZ_TARGET"] ?? "")
      for (number, seed) in try found.seeds().enumerated() {
        let corpus = variables["ADAMQLR_FUZZ_CORPUS"] ?? "."
        try Data(seed).write(to: URL(fileURLWithPath: "\(corpus)/seed-\(number)"))
      }
      return (found, try makeFolder())
    } catch {
      fatalError("\(error)")
    }
  }()

  @_cdecl("LLVMFuzzerInitialize")
  public func initialize(
    _ count: UnsafeMutablePointer<Int32>?, _ arguments: UnsafeMutableRawPointer?
  ) -> Int32 {
    _ = current
    return 0
  }

  @_cdecl("LLVMFuzzerTestOneInput")
  public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    current.target([UInt8](UnsafeBufferPointer(start: bytes, count: size)), in: current.folder)
    return 0
  }
#else
  /// Reads hostile inputs: `FuzzProgram TARGET CORPUS [INPUTS [SECONDS [SEED]]]`, or without arguments the
  /// targets' names.
  @main
  struct FuzzProgram {
    static func main() throws {
      let arguments = CommandLine.arguments
      guard arguments.count > 2 else {
        return print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
      }
      let folder = try makeFolder()
      let numbers = arguments.dropFirst(3).compactMap { Double($0) }
      func number(_ place: Int, _ usual: Double) -> Double {
        numbers.count > place ? numbers[place] : usual
      }
      let loop = try FuzzLoop(target(named: arguments[1]), corpus: arguments[2], folder: folder)
      let count = loop.run(
        count: Int(number(0, 1000)), seconds: number(1, .infinity), seed: UInt64(number(2, 0)))
      print("\(arguments[1]): \(count) inputs")
      try FileManager.default.removeItem(atPath: folder)
    }
  }
#endif
