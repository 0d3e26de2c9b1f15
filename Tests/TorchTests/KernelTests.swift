import Testing
import AdamQLRTorch

@Suite("Kernels")
struct KernelTests {
  private func random(_ shape: [Int], _ seed: UInt64, _ type: DataType) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape).to(type)
  }

  /// Two orders of summing `terms` numbers differ by rounding that grows with them.
  private func expectEqual(
    _ a: Tensor, _ b: Tensor, terms: Int = 1, _ location: SourceLocation = #_sourceLocation
  ) {
    let tolerance = a.type == .float32 ? 2e-5 + 5e-8 * Double(terms) : 1e-13
    #expect(a.shape == b.shape, sourceLocation: location)
    let difference = zip(a.doubles, b.doubles).map { abs($0 - $1) / (1 + abs($1)) }.max() ?? 0
    #expect(difference < tolerance, sourceLocation: location)
  }

  @Test(
    "Transpositions of every awkward size", arguments: [DataType.float32, .float64],
    [(1, 1), (1, 9), (9, 1), (16, 8), (17, 9), (27, 64), (130, 70), (1152, 128), (70, 2304)])
  func transpositions(_ type: DataType, _ sizes: (Int, Int)) {
    let x = random([sizes.0, sizes.1], 1, type)
    let sum = random([sizes.1, sizes.0], 2, type)
    let out = Tensor(uninitialized: sum.shape, type)
    let expected = x.transposed().contiguous()
    Kernels.transpose(x, into: out)
    #expect(out.doubles == expected.doubles)
    Kernels.transpose(x, into: sum, accumulates: true)
    expectEqual(sum, random(sum.shape, 2, type) + expected)
  }

  @Test(
    "Matrix products in every orientation, of every awkward size",
    arguments: [DataType.float32, .float64],
    [
      (1, 1, 1), (5, 3, 7), (588, 50, 8), (50, 50, 784), (588, 1, 50), (17, 33, 9), (100, 1, 1),
      (47, 16, 129), (23, 17, 128), (24, 64, 5), (6, 65, 1), (31, 100, 9), (2, 256, 300),
      (13, 257, 12), (3, 2, 257), (1201, 50, 60),
    ])
  func products(_ type: DataType, _ sizes: (Int, Int, Int)) {
    let (m, n, k) = sizes
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = random(ta ? [k, m] : [m, k], 1, type)
      let b = random(tb ? [n, k] : [k, n], 2, type)
      let c = random([m, n], 3, type)
      let (x, y) = (ta ? a.transposed() : a, tb ? b.transposed() : b)
      let expected = x.to(.float64).matmul(y.to(.float64))
      // Σ|xᵢ||yᵢ|, which rounding errors are proportional to.
      let scale =
        x.to(.float64).magnitude.matmul(y.to(.float64).magnitude) + c.to(.float64).magnitude
      let tolerance = 4 * (type == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne)
      let sum = expected + c.to(.float64)
      Kernels.multiply(a, b, into: c, transposesA: ta, transposesB: tb, accumulates: true)
      #expect(((c.to(.float64) - sum) / scale).magnitude.doubles.allSatisfy { $0 < tolerance })
      Kernels.multiply(a, b, into: c, transposesA: ta, transposesB: tb)
      #expect(((c.to(.float64) - expected) / scale).magnitude.doubles.allSatisfy { $0 < tolerance })
    }
  }

  @Test("Products leave what lies behind a tile alone")
  func productsOfSlices() {
    let memory = random([40 * 10], 1, .float32)
    let before = memory.doubles
    Kernels.multiply(
      random([9, 5], 2, .float32), random([5, 10], 3, .float32),
      into: memory.slice(from: 30, shape: [9, 10]))
    let after = memory.doubles
    #expect(after[..<30] == before[..<30])
    #expect(after[120...] == before[120...])
  }

  @Test("Loss and derivative where a softmax underflows")
  func underflow() {
    let logits = Tensor([Float](arrayLiteral: 0, -1000, 5, 3, -90, -200), shape: [2, 3])
    let (p, cotangent) = (Tensor.zeros([2, 3]), Tensor.zeros([2, 3]))
    let result = Kernels.crossEntropy(
      logits, labels: Tensor([Int64](arrayLiteral: 1, 0)), probabilities: p, cotangent: cotangent)
    // (1005 + log(1 + e⁻⁵) + 0)/2
    #expect(abs(result.loss.value - 502.503358) < 1e-4)
    #expect(result.correct.value == 1)
    #expect(p.doubles[1] < 1e-36 && p.doubles[4] < 1e-36)
    #expect(cotangent.doubles[1] == -0.5)
  }

  @Test("Numbers below the normal range count as zero")
  func subnormals() {
    let tiny = Tensor([Float](repeating: .leastNormalMagnitude / 4, count: 40))
    #expect(Kernels.dot(tiny, Tensor([Float](repeating: 1e30, count: 40))) == 0)
    let product = random([3, 2], 1, .float32)
    Kernels.multiply(
      Tensor([Float](repeating: 1e-30, count: 12), shape: [3, 4]),
      Tensor([Float](repeating: 1e-10, count: 8), shape: [4, 2]), into: product)
    #expect(product.doubles.allSatisfy { $0 == 0 })
    // Only inside the kernels.
    #expect(Float.leastNormalMagnitude / 4 * 4 == .leastNormalMagnitude)
  }

  @Test(
    "Dense layers and their derivatives", arguments: [DataType.float32, .float64],
    [(1, 1, 1), (7, 3, 5), (40, 6, 1), (3, 2, 64), (130, 9, 70), (1203, 60, 50), (9, 300, 17)])
  func dense(_ type: DataType, _ sizes: (Int, Int, Int)) {
    let (rows, inputs, outputs) = sizes
    func matrix(_ seed: UInt64) -> Tensor { random([rows, outputs], seed, type) }
    let (x, weight) = (random([rows, inputs], 1, type), random([inputs, outputs], 2, type))
    let bias = random([outputs], 3, type)
    let product = x.matmul(weight)
    let expected = product + bias
    let (z, rectified) = (matrix(4), matrix(5))
    Kernels.formDense(x, weight, bias, into: z, rectified: rectified)
    expectEqual(z, expected)
    expectEqual(rectified, z.relu())
    let inPlace = matrix(6)
    Kernels.formDense(x, weight, bias, into: inPlace, rectified: inPlace)
    expectEqual(inPlace, z.relu())
    Kernels.formDense(x, weight, nil, into: inPlace)
    expectEqual(inPlace, product)

    let (weightTangent, biasTangent) = (
      random([inputs, outputs], 7, type), random([outputs], 8, type)
    )
    let tangent = matrix(9)
    let sum = tangent + x.matmul(weightTangent) + biasTangent
    Kernels.formDenseTangent(
      x, weightTangent, biasTangent, z: z, accumulates: true, into: tangent, rectified: rectified)
    expectEqual(tangent, sum)
    expectEqual(rectified, tangent * z.positiveMask())
    Kernels.formDenseTangent(x, weightTangent, nil, z: z, into: tangent)
    expectEqual(tangent, x.matmul(weightTangent))
    let before = 1 * tangent
    Kernels.formDenseTangent(x, nil, biasTangent, z: z, into: tangent, rectified: rectified)
    expectEqual(tangent, before + biasTangent)
    expectEqual(rectified, tangent * z.positiveMask())

    let cotangent = matrix(10)
    let expectedMasked = cotangent * z.positiveMask()
    let (masked, scratch) = (matrix(11), matrix(12))
    let (weightSum, biasSum) = (random([inputs, outputs], 13, type), random([outputs], 14, type))
    let expectedWeight = weightSum + x.transposed().matmul(expectedMasked)
    let expectedBias = biasSum + expectedMasked.sum(over: [0])
    Kernels.pullBackRectified(
      cotangent, x, z: z, weight: (weightSum, true), bias: (biasSum, true), into: masked,
      keepsMasked: true)
    expectEqual(masked, expectedMasked)
    expectEqual(weightSum, expectedWeight, terms: rows)
    expectEqual(biasSum, expectedBias, terms: rows)
    Kernels.pullBackRectified(
      cotangent, x, z: z, weight: (weightSum, false), bias: nil, into: scratch, keepsMasked: false)
    expectEqual(weightSum, x.transposed().matmul(expectedMasked), terms: rows)

    Kernels.pullBackRectified(
      cotangent, x, z: z, weight: nil, bias: nil, into: scratch, keepsMasked: true)
    expectEqual(scratch, expectedMasked)

    Kernels.sumColumns(cotangent, into: biasSum)
    expectEqual(biasSum, cotangent.sum(over: [0]))
  }

  @Test("A rectifier keeps what is no number")
  func notANumber() {
    let x = Tensor([Float](arrayLiteral: .nan, 1, -1), shape: [3, 1])
    let weight = Tensor([Float](arrayLiteral: 1, 2), shape: [1, 2])
    let (z, rectified) = (Tensor.zeros([3, 2]), Tensor.zeros([3, 2]))
    Kernels.formDense(x, weight, nil, into: z, rectified: rectified)
    let values = rectified.doubles
    #expect(values[0].isNaN && values[1].isNaN)
    #expect(values[2...] == [1, 2, 0, 0])
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

extension Tensor {
  fileprivate var magnitude: Tensor { (self * self).squareRoot() }
}
