import Testing
import Torch

@Suite("Kernels")
struct KernelTests {
  private func random(_ shape: [Int], _ seed: UInt64, _ type: DataType) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape).to(type)
  }

  private func expectEqual(
    _ a: Tensor, _ b: Tensor, _ location: SourceLocation = #_sourceLocation
  ) {
    let tolerance = a.type == .float32 ? 2e-5 : 1e-13
    #expect(a.shape == b.shape, sourceLocation: location)
    let difference = zip(a.doubles, b.doubles).map { abs($0 - $1) / (1 + abs($1)) }.max() ?? 0
    #expect(difference < tolerance, sourceLocation: location)
  }

  @Test(
    "Matrix products in every orientation, of every awkward size",
    arguments: [DataType.float32, .float64],
    [(1, 1, 1), (5, 3, 7), (588, 50, 8), (50, 50, 784), (588, 1, 50), (17, 33, 9), (100, 1, 1)])
  func products(_ type: DataType, _ sizes: (Int, Int, Int)) {
    let (m, n, k) = sizes
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = random(ta ? [k, m] : [m, k], 1, type)
      let b = random(tb ? [n, k] : [k, n], 2, type)
      let c = random([m, n], 3, type)
      let expected = (ta ? a.transposed() : a).matmul(tb ? b.transposed() : b)
      let sum = expected + c
      Kernels.multiply(a, b, into: c, transposesA: ta, transposesB: tb, accumulates: true)
      expectEqual(c, sum)
      Kernels.multiply(a, b, into: c, transposesA: ta, transposesB: tb)
      expectEqual(c, expected)
    }
  }

  @Test(
    "Bias, activation and their derivatives", arguments: [DataType.float32, .float64],
    [(1, 1), (7, 5), (40, 1), (3, 64)])
  func bias(_ type: DataType, _ sizes: (Int, Int)) {
    let (rows, columns) = sizes
    let (z, bias) = (random([rows, columns], 1, type), random([columns], 2, type))
    let expected = z + bias
    let (moved, rectified) = (2 * z + 0, Tensor.zeros([rows, columns], type))
    moved.overwrite(with: z)
    Kernels.addBias(bias, to: moved, rectified: rectified)
    expectEqual(moved, expected)
    expectEqual(rectified, expected.relu())
    let inPlace = 1 * z
    Kernels.addBias(bias, to: inPlace, rectified: inPlace)
    expectEqual(inPlace, expected.relu())

    let tangent = random([rows, columns], 3, type)
    let expectedTangent = tangent + bias
    Kernels.addBiasTangent(bias, to: tangent, z: expected, rectified: rectified)
    expectEqual(tangent, expectedTangent)
    expectEqual(rectified, expectedTangent * expected.positiveMask())

    let cotangent = random([rows, columns], 4, type)
    let (masked, sums) = (Tensor.zeros([rows, columns], type), random([columns], 5, type))
    let before = 1 * sums
    let expectedMasked = cotangent * expected.positiveMask()
    Kernels.mask(cotangent, where: expected, into: masked, sums: sums, accumulates: true)
    expectEqual(masked, expectedMasked)
    expectEqual(sums, before + expectedMasked.sum(over: [0]))
    Kernels.mask(cotangent, where: nil, into: nil, sums: sums)
    expectEqual(sums, cotangent.sum(over: [0]))
  }

  @Test("Displacements", arguments: [DataType.float32, .float64], [true, false])
  func displacement(_ type: DataType, _ rectifies: Bool) {
    let z = random([5, 7], 1, type)
    let tangents = (0..<3).map { random([5, 7], 2 + UInt64($0), type) }
    let out = Tensor.zeros([5, 7], type)
    for count in 1...3 {
      let coefficients = [0.5, -2, 3].prefix(count)
      Kernels.displace(
        z, along: Array(tangents.prefix(count)), by: Array(coefficients), rectifies: rectifies,
        into: out)
      let sum = zip(tangents, coefficients).reduce(z) { $0 + $1.1 * $1.0 }
      expectEqual(out, rectifies ? sum.relu() : sum)
    }
  }
}
