import Testing
import AdamQLRTorch

@Suite("Linear algebra")
struct LinearAlgebraTests {
  private func random(_ shape: [Int], _ seed: UInt64, _ type: DataType) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape).to(type)
  }

  private func deviation(_ a: Tensor, _ b: Tensor) -> Double {
    let scale = b.doubles.map(abs).max() ?? 1
    return (zip(a.doubles, b.doubles).map { abs($0 - $1) }.max() ?? 0) / scale
  }

  private func identity(_ n: Int, _ type: DataType) -> Tensor {
    Tensor((0..<(n * n)).map { $0 % (n + 1) == 0 ? 1.0 : 0 }, shape: [n, n]).to(type)
  }

  @Test(
    "Gram matrices, averaged, of every awkward size", arguments: [DataType.float32, .float64],
    [(1, 1), (7, 3), (50, 128), (20, 129), (3, 300)])
  func gram(_ type: DataType, _ sizes: (Int, Int)) {
    let (rows, columns) = sizes
    for appendsOne in [false, true] {
      let n = columns + (appendsOne ? 1 : 0)
      let x = random([rows, columns], 1, type)
      let full =
        appendsOne
        ? Tensor.joining(
          [x, Tensor(Array(repeating: 1.0, count: rows), shape: [rows, 1]).to(type)], over: 1) : x
      let square = full.transposed().matmul(full)
      let previous = random([n, n], 2, type).symmetrized()
      let next = Tensor.zeros([n, n], type)
      Kernels.updateGram(
        x, appendsOne: appendsOne, scale: 0.5, decay: 0, previous: nil, next: next)
      let tolerance = type == .float32 ? 1e-5 : 1e-13
      #expect(deviation(next.symmetrized(), 0.5 * square) < tolerance)
      Kernels.updateGram(
        x, appendsOne: appendsOne, scale: 0.5, decay: 0.9, previous: previous, next: next)
      let expected = 0.9 * previous + 0.5 * square
      #expect(deviation(next.symmetrized(), expected) < tolerance)
      // In place.
      Kernels.updateGram(
        x, appendsOne: appendsOne, scale: 2, decay: 0.5, previous: next, next: next)
      #expect(deviation(next.symmetrized(), 0.5 * expected + 2 * square) < tolerance)
      #expect(
        abs(Kernels.trace(next) - (next * identity(n, type)).sum().item)
          < 10 * tolerance * abs(Kernels.trace(next)) + tolerance)
    }
  }

  @Test(
    "Cholesky factors and solves from both sides", arguments: [DataType.float32, .float64],
    [1, 2, 9, 51, 200])
  func cholesky(_ type: DataType, _ n: Int) {
    let x = random([2 * n + 3, n], 3, type)
    let matrix = x.transposed().matmul(x).contiguous()
    let damped = 0.5 * matrix + 0.1 * identity(n, type)
    let factor = Tensor.zeros([n, n], type)
    let job = Kernels.CholeskyJob(matrix, scale: 0.5, shift: 0.1, into: factor)
    #expect(Kernels.factorize([job]) == [.exact])
    let tolerance = type == .float32 ? 3e-4 : 1e-12
    for (shape, fromRight) in [
      ([n, 4], false), ([4, n], true), ([n, 1], false), ([1, n], true),
    ] {
      let right = random(shape, 4, type)
      let solution = 1 * right
      Kernels.solve(cholesky: factor, solution, fromRight: fromRight)
      let product = fromRight ? solution.matmul(damped) : damped.matmul(solution)
      #expect(deviation(product, right) < tolerance)
    }
  }

  @Test("Several matrices at a time give what they give alone, to the last bit")
  func several() {
    let sizes = [120, 1, 300, 130, 7, 128, 250, 300]
    let matrices = sizes.map { n in
      let x = random([n + 5, n], UInt64(n), .float32)
      return x.transposed().matmul(x).contiguous()
    }
    func jobs() -> [Kernels.CholeskyJob] {
      matrices.map {
        Kernels.CholeskyJob(
          $0, scale: 0.1, shift: 0.01, into: .zeros($0.shape, .float32))
      }
    }
    let (first, second) = (jobs(), jobs())
    #expect(Kernels.factorize(first).allSatisfy { $0 == .exact })
    #expect(Kernels.factorize(second).allSatisfy { $0 == .exact })
    for (a, b) in zip(first, second) {
      #expect(a.destination.elements(Float.self) == b.destination.elements(Float.self))
      let alone = Kernels.CholeskyJob(
        a.matrix, scale: a.scale, shift: a.shift, into: .zeros(a.matrix.shape, .float32))
      _ = Kernels.factorize([alone])
      // One thread or two: the order of sums may differ.
      #expect(deviation(alone.destination, a.destination) < 1e-3)
    }
  }

  @Test("A singular matrix is damped until it is not", arguments: [DataType.float32, .float64])
  func singular(_ type: DataType) {
    let x = random([2, 40], 6, type)
    let matrix = x.transposed().matmul(x).contiguous()
    let factor = Tensor.zeros([40, 40], type)
    let outcome = Kernels.factorize([
      Kernels.CholeskyJob(matrix, scale: 1, shift: 0, into: factor)
    ])
    #expect(outcome == [.shifted])
    let upper = Tensor(
      factor.doubles.enumerated().map { $0.offset / 40 > $0.offset % 40 ? 0 : $0.element },
      shape: [40, 40])
    #expect(
      deviation(upper.transposed().matmul(upper), matrix) < (type == .float32 ? 1e-4 : 1e-12))

    // Nothing at all is damped by the least that can be.
    let zero = Kernels.CholeskyJob(
      .zeros([3, 3], type), scale: 1, shift: 0, into: .zeros([3, 3], type))
    #expect(Kernels.factorize([zero]) == [.shifted])
    let broken = Tensor([1, 2, 0, Double.nan], shape: [2, 2]).to(type)
    let failed = Kernels.CholeskyJob(broken, scale: 1, shift: 1, into: .zeros([2, 2], type))
    #expect(Kernels.factorize([failed, zero]) == [.failed, .shifted])
    #expect(failed.destination.doubles[0].isNaN)
  }

  @Test("Eigenvectors and eigenvalues make the matrix")
  func eigendecomposition() throws {
    let matrix = random([12, 12], 8, .float64).symmetrized()
    let (values, vectors) = try matrix.eigendecomposition()
    #expect(deviation((vectors * values).matmul(vectors.transposed()), matrix) < 1e-13)
    #expect(values.doubles == values.doubles.sorted())
  }

  @Test("Classes are drawn with their probabilities", arguments: [DataType.float32, .float64])
  func sampling(_ type: DataType) {
    let probabilities = [0.1, 0, 0.6, 0.3, 0]
    let rows = 20_000
    var generator = SeededGenerator(seed: 1)
    let p = Tensor(
      (0..<rows).flatMap { _ in probabilities }, shape: [rows, 5]
    ).to(type)
    let cotangent = Kernels.sampledCrossEntropyCotangent(
      probabilities: p, uniforms: .uniforms([rows], using: &generator))
    let labels = (p - cotangent).doubles
    for k in 0..<5 {
      let share = (0..<rows).reduce(0) { $0 + labels[5 * $1 + k] } / Double(rows)
      #expect(abs(share - probabilities[k]) < 0.015)
      if probabilities[k] == 0 { #expect(share == 0) }
    }
    // The ends of the interval.
    for device in [Device.cpu, .simulated] {
      let ends = Kernels.sampledCrossEntropyCotangent(
        probabilities: p.rows(0..<3).to(device),
        uniforms: Tensor([0, 1 - 0x1p-53, 0.2]).to(device))
      let drawn = (p.rows(0..<3) - ends.to(.cpu)).doubles
      #expect([drawn[0], drawn[8], drawn[12]].allSatisfy { abs($0 - 1) < 1e-6 }, "\(device)")
    }
  }
}
