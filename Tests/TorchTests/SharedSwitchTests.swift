import CTorch
import Dispatch
import Testing
import AdamQLRTorch

/// TF32 is a switch of the whole process in libtorch, and a choice of each thread here.
@Suite("Products of several threads")
struct SharedSwitchTests {
  /// Computes in several threads at a time, each in its own precision all along.
  ///
  /// - Returns: How often a thread would have computed in another.
  private static func disturbances(_ precisions: [ProductPrecision], calls: Int) -> [Int64] {
    let counts = Counts(precisions.count)
    DispatchQueue.concurrentPerform(iterations: precisions.count) { index in
      for _ in 0..<calls {
        counts[index] += precisions[index].computing { ct_test_count_disturbances(20) }
      }
    }
    return precisions.indices.map { counts[$0] }
  }

  /// Places that several threads write to, each to its own.
  private final class Counts: @unchecked Sendable {
    private let places: UnsafeMutablePointer<Int64>

    init(_ count: Int) {
      places = .allocate(capacity: count)
      places.initialize(repeating: 0, count: count)
    }

    deinit { places.deallocate() }

    subscript(index: Int) -> Int64 {
      get { places[index] }
      set { places[index] = newValue }
    }
  }

  @Test("Threads that want products in TF32, and threads that do not, each get theirs")
  func threads() async {
    await #expect(processExitsWith: .success) {
      ct_test_guard_products()
      for precisions in [
        [ProductPrecision.tf32, .float], [.tf32, .tf32, .float, .bf16, .float, .tf32],
      ] {
        let counts = Self.disturbances(precisions, calls: 300)
        try #require(counts.allSatisfy { $0 == 0 }, "\(counts)")
      }
      // And nobody's products are rounded when all are done.
      try #require(ct_test_count_disturbances(1) == 0)
    }
  }

  @Test("A choice within another ends with it")
  func nesting() async {
    await #expect(processExitsWith: .success) {
      ct_test_guard_products()
      ProductPrecision.tf32.computing {
        ProductPrecision.bf16.computing { _ = ct_test_count_disturbances(1) }
      }
      let count = ProductPrecision.tf32.computing { ct_test_count_disturbances(1) }
      try #require(count == 0)
      let x = Tensor([1.0, 2], shape: [1, 2]).to(.simulated)
      let sum = ProductPrecision.tf32.computing {
        let out = Tensor.zeros([1, 1], like: x)
        Kernels.multiply(x, x, into: out, transposesB: true)
        return (out + x.matmul(x.transposed())).item
      }
      try #require(sum == 10)
    }
  }
}
