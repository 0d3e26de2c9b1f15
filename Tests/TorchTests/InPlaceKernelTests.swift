import Foundation
import Testing
import AdamQLRTorch

/// Kernels whose result may be one of their operands.
@Suite("Kernels in place")
struct InPlaceKernelTests {
  private func normals(_ count: Int, _ seed: UInt64, _ type: DataType) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return .normals([count], type, using: &generator)
  }

  /// Around a block of 16, and enough for several threads.
  @Test(
    "A result in an operand's place is the result elsewhere to the last bit",
    arguments: [DataType.float32, .float64], [1, 15, 16, 37, (1 << 19) + 21])
  func results(_ type: DataType, _ count: Int) {
    let (x, y) = (normals(count, 1, type), normals(count, 2, type))
    let positive = y * y
    func check(
      _ name: String, _ operands: [Tensor], _ kernel: ([Tensor], _ out: Tensor) -> Void
    ) {
      let out = Tensor(uninitialized: [count], like: x)
      kernel(operands, out)
      for place in operands.indices {
        var own = operands
        own[place] = 1 * own[place]
        kernel(own, own[place])
        #expect(own[place].doubles == out.doubles, "\(name), operand \(place)")
      }
      let same = 1 * operands[0]
      kernel(operands.map { _ in operands[0] }, out)
      kernel(operands.map { _ in same }, same)
      #expect(same.doubles == out.doubles, "\(name), all operands")
    }
    for (a, b) in [(0.7, -0.3), (1, 0.5), (2, 0)] {
      check("\(a)·x + \(b)·y", [x, y]) {
        Kernels.formLinearCombination(a, $0[0], b, $0[1], into: $1)
      }
    }
    check("product", [x, y]) { Kernels.formProduct($0[0], $0[1], into: $1) }
    check("quotient", [x, positive]) { Kernels.formQuotient($0[0], $0[1], plus: 0.5, into: $1) }
    check("square root", [positive]) { Kernels.formSquareRoot(of: $0[0], plus: 0.1, into: $1) }
  }

  /// A compiler may turn a broken promise into wrong results at any change of version or flags, so the
  /// promise itself is what is looked at.
  @Test(
    "They do not promise the compiler that their result lies elsewhere",
    arguments: ["linear_combination", "product", "quotient", "square_root", "clamp"])
  func promises(_ name: String) throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/CTorch/Kernels/KernelBodies.inc")
    let text = try String(contentsOf: sources, encoding: .utf8)
    let start = try #require(text.range(of: " \(name)(int64_t count,"))
    let parameters = text[start.upperBound...].prefix { $0 != ")" }
    #expect(!parameters.contains("__restrict"), "\(name)(\(parameters))")
  }
}
