import Foundation
import Testing

/// The C interface over libtorch.
@Suite("C interface")
struct InterfaceTests {
  /// Do nothing that could throw.
  private static let trivial: Set = [
    "ct_version", "ct_was_out_of_memory", "ct_set_single_threaded", "ct_reduces_products",
    "ct_set_kernel_thread_count", "ct_tune_process", "ct_test_set_largest_library_count",
    "ct_test_thread_count", "ct_test_replace_nccl", "ct_processors",
  ]

  /// These turn exceptions into messages, or end the process with the exception's description.
  private static let guards = ["guarded(", "run(", "DISPATCH(", "contained(", "call("]

  @Test("No function lets an exception through the frames of its caller, who knows none")
  func exceptions() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/CTorch")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".cpp") }.map { folder.appending(path: $0) }
    #expect(files.count > 5)
    var found: Set<String> = []
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      let definition =
        /\n(?:extern "C" )?\w[\w *]*\b(ct_\w+)\([^;{}]*\) \{((?s:.*?))(?:\}(?=\n\n)|\n\}(?=\n))/
      for match in (text + "\n").matches(of: definition) {
        let (name, body) = (String(match.output.1), match.output.2)
        found.insert(name)
        let isGuarded = Self.guards.contains { body.contains($0) }
        #expect(isGuarded || Self.trivial.contains(name), "\(file.lastPathComponent): \(name)")
      }
    }
    // All that the headers declare have been looked at.
    for header in ["CTorch.h", "DeviceKernels.h", "Distributed.h", "TestHooks.h"] {
      let url = folder.appending(path: "include/\(header)")
      let text = try String(contentsOf: url, encoding: .utf8)
      for match in text.matches(of: /\n\w[\w *]*\b(ct_\w+)\(/) {
        #expect(found.contains(String(match.output.1)), "\(match.output.1) was not found")
      }
    }
  }
}
