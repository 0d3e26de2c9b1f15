import CTorch
import Foundation
import Testing
import AdamQLRTorch

/// More elements than the 32 bits of a library count, on a lowered limit.
@Suite("Large counts")
struct LargeCountTests {
  private static func random(_ shape: [Int], _ seed: UInt64, _ type: DataType) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return .normals(shape, type, using: &generator)
  }

  /// What goes through a library, or not: softmax, matrix products with many rows, and solves.
  private static func results(_ type: DataType) -> [[Double]] {
    let logits = random([9, 13], 1, type)
    let labels = Tensor((0..<9).map { Int64($0) })
    let (p, cotangent) = (Tensor.zeros([9, 13], type), Tensor.zeros([9, 13], type))
    let loss = Kernels.crossEntropy(
      logits, labels: labels, probabilities: p, cotangent: cotangent
    ).loss.value

    let (gates, state) = (random([3, 20], 2, type), Tensor.zeros([3, 5], type))
    let (bounded, output) = (Tensor.zeros([3, 5], type), Tensor.zeros([3, 5], type))
    Kernels.lstmCell(
      gates: gates, forgetOffset: 1, previous: nil, state: state, bounded: bounded, output: output)

    let (a, b, c) = (random([20, 5], 3, type), random([5, 6], 4, type), random([20, 6], 5, type))
    let (weight, sum) = (Tensor.zeros([5, 6], type), random([5, 6], 6, type))
    Kernels.multiply(a, c, into: weight, transposesA: true)
    Kernels.multiply(a, c, into: sum, transposesA: true, accumulates: true)
    Kernels.multiply(a, b, into: c, accumulates: true)
    let product = Tensor.zeros([20, 6], type)
    Kernels.multiply(a, b.transposed().contiguous(), into: product, transposesB: true)

    let (gram, factor) = (Tensor.zeros([5, 5], type), Tensor.zeros([5, 5], type))
    Kernels.updateGram(a, appendsOne: false, scale: 1, decay: 0, previous: nil, next: gram)
    _ = Kernels.factorize([Kernels.CholeskyJob(gram, scale: 1, shift: 1, into: factor)])
    let (left, right) = (random([5, 11], 7, type), random([11, 5], 8, type))
    Kernels.solve(cholesky: factor, left)
    Kernels.solve(cholesky: factor, right, fromRight: true)
    return [
      [loss], p.doubles, cotangent.doubles, gates.doubles, output.doubles, weight.doubles,
      sum.doubles, c.doubles, product.doubles, left.doubles, right.doubles,
    ]
  }

  @Test("What a library cannot count in one call it is given in parts")
  func parts() async {
    await #expect(processExitsWith: .success) {
      for (type, tolerance) in [(DataType.float32, 1e-5), (.float64, 1e-13)] {
        ct_test_set_largest_library_count(Int64(Int32.max))
        let whole = Self.results(type)
        ct_test_set_largest_library_count(7)
        for (index, pair) in zip(whole, Self.results(type)).enumerated() {
          let deviation = zip(pair.0, pair.1).map { abs($0 - $1) / (1 + abs($0)) }.max() ?? .nan
          try #require(deviation < tolerance, "\(type), result \(index)")
        }
      }
    }
  }

  @Test("What it cannot count in parts either is refused")
  func refusal() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      ct_test_set_largest_library_count(7)
      let (a, b) = (Tensor.zeros([3, 4], .float64), Tensor.zeros([4, 8], .float64))
      Kernels.multiply(a, b, into: .zeros([3, 8], .float64))
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("matrix product: 8 rows or columns are more"), "\(text)")
  }

  @Test("No amount of work is too large to have all threads")
  func threads() async {
    // In a process of its own, since other tests change the number of threads.
    await #expect(processExitsWith: .success) {
      // Starts the engine, which had none to give before.
      Runtime.threadCount = 2
      let most = Int32(Runtime.threadCount)
      #expect(ct_test_thread_count(1) == 1)
      for work in [1e12, 1e17, 1e300] { #expect(ct_test_thread_count(work) == most) }
    }
  }
}
