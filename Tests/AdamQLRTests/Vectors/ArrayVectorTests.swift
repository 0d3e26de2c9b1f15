import AdamQLR
import Testing

@Suite("Arrays as parameter vectors")
struct ArrayVectorTests {
  private func check<Element: ParameterScalar>(_: Element.Type) {
    let x: [Element] = [1.5, -2, 0, 4, 0.25, -8, 3]
    let y: [Element] = [0.5, 3, -1, 2, 16, 1, 0.125]
    var z = x.zeros()
    #expect(z == [0, 0, 0, 0, 0, 0, 0] && z.count == 7)
    #expect(x.ulpOfOne == (Element.self == Float.self ? 0x1p-23 : 0x1p-52))
    #expect(x.dot(y) == 0.75 - 6 + 0 + 8 + 4 - 8 + 0.375 && x.norm == x.dot(x).squareRoot())
    var isFinite = z.formLinearCombination(2, x, -3, y)
    #expect(isFinite && z == [1.5, -13, 3, 2, -47.5, -19, 5.625])
    // The receiver may be an argument.
    isFinite = z.formLinearCombination(1, z, 1, z)
    #expect(isFinite && z == [3, -26, 6, 4, -95, -38, 11.25])
    z.scale(by: 0.5)
    #expect(z == [1.5, -13, 3, 2, -47.5, -19, 5.625])
    z.clamp(to: -13...2)
    #expect(z == [1.5, -13, 2, 2, -13, -13, 2])
    z.assign(x)
    #expect(z == x)
    isFinite = z.add(y, scaledBy: 2, in: nil)
    #expect(isFinite && z == [2.5, 4, -2, 8, 32.25, -6, 3.25])
    isFinite = z.add(y, scaledBy: -2, in: [0..<2, 4..<4, 6..<7])
    #expect(isFinite && z == [1.5, -2, -2, 8, 32.25, -6, 3])
    z.formProduct(x, y)
    #expect(z == [0.75, -6, 0, 8, 4, -8, 0.375])
    z.formQuotient(x, y, plus: 2)
    #expect(areClose(z, [0.6, -0.4, 0, 1, 0.25 / 18, -8.0 / 3, 3 / 2.125], 1e-7))
    z.formSquareRoot(of: [4, 9, 0, 1, 0.25, 16, 2.25], plus: 0)
    #expect(z == [2, 3, 0, 1, 0.5, 4, 1.5])
    z.formSquareRoot(of: [3, 8, 0, 1.25, 0, 15, 1.25], plus: 1)
    #expect(z == [2, 3, 1, 1.5, 1, 4, 1.5])
  }

  @Test("Operations on both scalars")
  func operations() {
    check(Double.self)
    check(Float.self)
  }

  @Test("A zero coefficient leaves a term out, and finiteness is told")
  func finiteness() {
    for broken in [Double.nan, .infinity, -.infinity] {
      var z = [0.0, 0]
      var isFinite = z.formLinearCombination(2, [1, 2], 0, [broken, 1])
      #expect(isFinite && z == [2, 4])
      isFinite = z.formLinearCombination(1, [1, 2], 1, [1, broken])
      #expect(!isFinite)
      z = [1, 2]
      isFinite = z.add([1, broken], scaledBy: 1, in: [0..<1])
      #expect(isFinite)
      isFinite = z.add([1, broken], scaledBy: 1, in: nil)
      #expect(!isFinite)
    }
    var single: [Float] = [3e38, 1]
    let isFinite = single.formLinearCombination(2, single, 0, single)
    #expect(!isFinite)
    var clamped: [Double] = [.nan, -.infinity, 7]
    clamped.clamp(to: -1...1)
    #expect(clamped[0].isNaN && clamped[1...] == [-1, 1])
  }

  @Test("A vector type with no fused operations takes the same steps")
  func minimal() throws {
    let fit = WavyFit()
    let objective = ClosureObjective<MinimalVector>(
      loss: { fit.loss($0.e) }, gradient: { MinimalVector(e: fit.gradient($0.e)) },
      curvatureVectorProduct: { MinimalVector(e: product(fit.matrix(.fisher, $0.e), $1.e)) })
    for (_, method) in Sample.methods {
      var (x, y) = (WavyFit.start, MinimalVector(e: WavyFit.start))
      var (a, b) = (try Optimizer(method, for: x), try Optimizer(method, for: y))
      for _ in 0..<8 {
        let ours = try a.step(&x, on: fit.objective())
        let theirs = try b.step(&y, on: objective)
        #expect(ours.events == theirs.events && isClose(theirs.loss, ours.loss, 1e-7))
        #expect(areClose(y.e, x, 1e-6))
      }
    }
  }

  @Test("Moments that overflow are told by the composed direction too")
  func overflow() {
    let k = AdamCoefficients(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, epsilonRoot: 0, step: 1)
    for (element, second, isFine) in [(1.0, 1e308, false), (1e160, 0, false), (1e150, 0, true)] {
      let g = MinimalVector(e: [element, 1])
      var d = g.zeros()
      let products = d.formAdamDirection(
        k, gradient: g, first: g.zeros(), second: MinimalVector(e: [second, 0]))
      #expect(products.areFinite == isFine)
    }
  }

  #if compiler(>=6.2)
    @Test("Vectors of different lengths trap")
    func lengths() async {
      await #expect(processExitsWith: .failure) { _ = [1.0, 2].dot([1]) }
      await #expect(processExitsWith: .failure) {
        var z = [1.0, 2]
        z.formLinearCombination(1, [1, 2, 3], 1, [1, 2])
      }
      await #expect(processExitsWith: .failure) {
        let k = AdamCoefficients(beta1: 0, beta2: 0, epsilon: 1, epsilonRoot: 0, step: 1)
        var d = [1.0, 2]
        _ = d.formAdamDirection(k, gradient: [1, 2, 3], first: [1, 2], second: [1, 2])
      }
    }
  #endif
}
