import AdamQLRNetworks
import AdamQLRTorch

/// The fused kernels.
extension DeviceCheck {
  static let kernels = products + losses + vectors + linearAlgebra + normalization + recurrence

  private static let products: [Comparison] = [
    Comparison(name: "matrix products") { o in
      let shapes: [(Bool, Bool)] = [(false, false), (true, false), (false, true), (true, true)]
      return shapes.map { ta, tb in
        let (a, b) = (ta ? o.normals(33, 17) : o.normals(17, 33), o.normals(33, 9))
        let right = tb ? b.transposed().contiguous() : b
        let c = o.normals(17, 9)
        Kernels.multiply(a, right, into: c, transposesA: ta, transposesB: tb, accumulates: ta)
        return c
      }
    },
    Comparison(name: "dense layers") { o in
      let (x, weight, bias) = (o.normals(60, 20), o.normals(20, 50), o.normals(50))
      let (z, a, inPlace) = (o.normals(60, 50), o.normals(60, 50), o.normals(60, 50))
      Kernels.formDense(x, weight, bias, into: z, rectified: a)
      Kernels.formDense(x, weight, nil, into: inPlace, rectified: inPlace)
      let (t, ta, u) = (o.normals(60, 50), o.normals(60, 50), o.normals(60, 50))
      Kernels.formDenseTangent(
        x, o.normals(20, 50), o.normals(50), z: z, accumulates: true, into: t, rectified: ta)
      Kernels.formDenseTangent(x, nil, o.normals(50), z: z, accumulates: true, into: u)
      let (weightSum, biasSum, masked) = (o.normals(20, 50), o.normals(50), o.normals(60, 50))
      Kernels.pullBackRectified(
        o.normals(60, 50), x, z: z, weight: (weightSum, true), bias: (biasSum, true), into: masked,
        keepsMasked: true)
      let (other, otherBias) = (o.normals(20, 50), o.normals(50))
      Kernels.pullBackRectified(
        t, x, z: z, weight: (other, false), bias: (otherBias, false), into: u, keepsMasked: false)
      return [z, a, inPlace, t, ta, weightSum, biasSum, masked, other, otherBias]
    },
    Comparison(name: "biases, column sums and displacements") { o in
      let (z, sums, more) = (o.normals(40, 7), o.normals(7), o.normals(7))
      Kernels.addBias(o.normals(7), to: z)
      Kernels.sumColumns(z, into: sums)
      Kernels.sumColumns(z, into: more, accumulates: true)
      let out = [o.normals(40, 7), o.normals(40, 7)]
      let tangents = [o.normals(40, 7), o.normals(40, 7), o.normals(40, 7)]
      Kernels.displace(
        z, along: tangents, by: [0.5, -2, 3], rectifies: false, into: out[0])
      Kernels.displace(z, along: [tangents[0]], by: [-1], rectifies: true, into: out[1])
      return [z, sums, more] + out
    },
  ]

  private static let losses: [Comparison] = [
    Comparison(name: "cross entropy and its Fisher matrix") { o in
      let (logits, labels) = (4 * o.normals(50, 9), o.integers(below: 9, 50))
      let (p, cotangent) = (o.normals(50, 9), o.normals(50, 9))
      let result = Kernels.crossEntropy(
        logits, labels: labels, probabilities: p, cotangent: cotangent)
      let (a, b) = (o.normals(50, 9), o.normals(50, 9))
      let numbers = [
        result.loss, result.correct, Kernels.crossEntropyFisher(probabilities: p, a, b),
        Kernels.crossEntropyFisher(probabilities: p, a, a),
      ]
      var generator = o.split()
      let uniforms = Tensor.uniforms([50], using: &generator).to(o.device)
      return [
        p, cotangent, Tensor(numbers.map(\.value)),
        Kernels.sampledCrossEntropyCotangent(probabilities: p, uniforms: uniforms),
        Kernels.crossEntropyFactor(probabilities: p, class: 3),
      ]
    },
    Comparison(name: "squared error") { o in
      let (z, y, cotangent) = (o.normals(50, 3), o.normals(50, 3), o.normals(50, 3))
      let numbers = [
        Kernels.squaredError(z, y), Kernels.squaredError(z, y, cotangent: cotangent),
      ]
      return [cotangent, Tensor(numbers.map(\.value))]
    },
  ]

  private static let vectors: [Comparison] = [
    Comparison(name: "vector operations") { o in
      let (x, y, positive) = (o.normals(1003), o.normals(1003), o.positives(1003))
      func out(_ body: (Tensor) -> Void) -> Tensor {
        let result = 1 * y
        body(result)
        return result
      }
      let results = [
        out { Kernels.formLinearCombination(2, x, -3, positive, into: $0) },
        out { Kernels.formLinearCombination(1, x, 0.5, $0, into: $0) },
        out { Kernels.formLinearCombination(0.5, $0, -2, x, into: $0) },
        out { Kernels.formLinearCombination(2, x, 0, $0, into: $0) },
        out { Kernels.formLinearCombination(2, $0, 3, $0, into: $0) },
        out { Kernels.formProduct(x, $0, into: $0) },
        out { Kernels.formQuotient(x, positive, plus: 0.5, into: $0) },
        out { Kernels.formSquareRoot(of: positive, plus: 0.1, into: $0) },
        out { Kernels.clamp($0, to: -0.2...0.3) },
        out { Kernels.formSign(of: x, into: $0) },
        out { $0.overwrite(with: x) }, out { $0.fill(2) },
      ]
      let products = Kernels.directionProducts(gradient: x, direction: y).numbers
      return results + [
        Tensor([
          Kernels.dot(x, y), Kernels.dot(x, x), products.gd, products.dd, products.gg,
          Kernels.largestMagnitude(of: x).value,
        ])
      ]
    },
    Comparison(name: "numbers that are not finite") { o in
      let broken = o.normals(7)
      broken.slice(from: 2, shape: [1]).fill(.nan)
      broken.slice(from: 5, shape: [1]).fill(-.infinity)
      let (sign, clamped) = (o.normals(7), 1 * broken)
      Kernels.formSign(of: broken, into: sign)
      Kernels.clamp(clamped, to: -1...1)
      let infinite = broken.slice(from: 3, shape: [4])
      return [
        sign, clamped,
        Tensor([
          Kernels.largestMagnitude(of: broken).value, Kernels.dot(infinite, infinite),
          Kernels.largestMagnitude(of: infinite).value,
        ]),
      ]
    },
    Comparison(name: "Adam's direction") { o in
      var results: [Tensor] = []
      for weight in [0, 0.3] {
        let scalars = Kernels.AdamScalars(
          beta1: 0.9, firstGain: 0.1, beta2: 0.99, secondGain: 0.01, epsilon: 1e-6,
          epsilonRoot: weight, firstCorrection: 3, secondCorrection: 20, gradientWeight: weight)
        let (g, m, v) = (o.normals(501), o.normals(501), o.positives(501))
        let (d, scaled) = (o.normals(501), o.normals(501))
        let products = Kernels.formAdamDirection(
          scalars, gradient: g, first: m, second: v, direction: d
        ).numbers
        let others = Kernels.formScaledGradient(
          scalars, gradient: g, second: v, direction: scaled
        ).numbers
        let alone = 1 * v
        Kernels.advanceMoments(scalars, gradient: g, first: nil, second: alone)
        Kernels.advanceMoments(scalars, gradient: g, first: m, second: v)
        results += [m, v, d, alone, scaled]
        results.append(
          Tensor([products.gd, products.dd, products.gg, others.gd, others.dd, others.gg]))
      }
      return results
    },
  ]

  private static let linearAlgebra: [Comparison] = [
    Comparison(
      name: "Gram matrices, Cholesky factors and solves",
      tolerances: [.float32: 2e-4, .float64: 1e-10]
    ) { o in
      var results: [Tensor] = []
      for appendsOne in [false, true] {
        let n = appendsOne ? 41 : 40
        let (x, first, next) = (o.normals(90, 40), o.normals(n, n), o.normals(n, n))
        Kernels.updateGram(
          x, appendsOne: appendsOne, scale: 1.0 / 90, decay: 0, previous: nil, next: first)
        Kernels.updateGram(
          o.normals(90, 40), appendsOne: appendsOne, scale: 1.0 / 90, decay: 0.9, previous: first,
          next: next)
        let factor = o.normals(n, n)
        let outcome = Kernels.factorize([
          Kernels.CholeskyJob(next, scale: 0.5, shift: 0.1, into: factor)
        ])
        let (left, right) = (o.normals(n, 6), o.normals(6, n))
        Kernels.solve(cholesky: factor, left)
        Kernels.solve(cholesky: factor, right, fromRight: true)
        results += [first, next, factor, left, right]
        results.append(Tensor([Kernels.trace(next), Double(outcome[0].rawValue)]))
      }
      return results
    },
    Comparison(
      name: "matrices that are not positive definite",
      tolerances: [.float32: 1e-3, .float64: 1e-6]
    ) { o in
      let (singular, broken) = (Tensor.zeros([5, 5], o.type).to(o.device), o.normals(5, 5))
      broken.fill(.nan)
      let factors = [o.normals(5, 5), o.normals(5, 5), o.normals(5, 5)]
      let outcomes = Kernels.factorize([
        Kernels.CholeskyJob(singular, scale: 1, shift: -1e-3, into: factors[0]),
        Kernels.CholeskyJob(broken, scale: 1, shift: 0.1, into: factors[1]),
        Kernels.CholeskyJob(broken, scale: 0, shift: 0.25, into: factors[2]),
      ])
      return [factors[2], Tensor(outcomes.map { Double($0.rawValue) })]
    },
  ]

  private static let normalization: [Comparison] = [
    Comparison(name: "normalization by columns") { o in
      let (x, u, mask, r) = (
        3 * o.normals(70, 12) + 2, o.normals(70, 12), o.normals(70, 12), o.normals(70, 12)
      )
      let (a, p, q) = (o.normals(12), o.normals(12), o.normals(12))
      let (mean, variance) = Kernels.columnMoments(x)
      let plain = Kernels.columnProducts(u, where: nil, x, mean: mean)
      let some = Kernels.columnProducts(u, where: mask, x, mean: mean)
      let (masked, out, other) = (o.normals(70, 12), o.normals(70, 12), o.normals(70, 12))
      Kernels.combineMaskedColumns(a, u, where: mask, p, x, plus: q, masked: masked, into: out)
      Kernels.combineMaskedColumns(a, u, where: mask, p, x, plus: q, masked: nil, into: other)
      return [
        mean, variance, plain.sums, plain.products, some.sums, some.products, masked, out, other,
        Kernels.scaleColumns(x, by: a, plus: q, nil, rectifies: false),
        Kernels.scaleColumns(x, by: a, plus: q, r, rectifies: true),
        Kernels.combineColumns(a, u, p, x, plus: q, nil, where: nil),
        Kernels.combineColumns(a, u, p, x, plus: q, r, where: mask),
      ]
    },
    Comparison(name: "normalization by rows") { o in
      let (x, scale, offset) = (o.normals(30, 24), o.normals(24), o.normals(24))
      let (value, mean, r) = x.layerNormalizedWithMoments(
        scale: scale, offset: offset, epsilon: 1e-5)
      let parts = x.layerNormalizationPullback(
        o.normals(30, 24), mean: mean, inverseDeviation: r, scale: scale, offset: offset,
        needsInput: true)
      func tangent(_ t: Tensor?, _ s: Tensor?, _ u: Tensor?) -> Tensor {
        Kernels.layerNormalizationTangent(
          of: x, mean: mean, inverseDeviation: r, scale: scale, tangent: t, scaleTangent: s,
          offsetTangent: u)
      }
      return [
        value, parts.scale, parts.offset, tangent(o.normals(30, 24), nil, nil),
        tangent(nil, o.normals(24), o.normals(24)), tangent(value, scale, offset),
      ] + (parts.input.map { [$0] } ?? [])
    },
  ]

  private static let recurrence: [Comparison] = [
    Comparison(name: "a step of an LSTM") { o in
      var results: [Tensor] = []
      for previous in [nil, o.normals(9, 14)] {
        let (gates, state, bounded, h) = (
          o.normals(9, 56), o.normals(9, 14), o.normals(9, 14), o.normals(9, 14)
        )
        Kernels.lstmCell(
          gates: gates, forgetOffset: 1, previous: previous, state: state, bounded: bounded,
          output: h)
        let (dc, dh) = (o.normals(9, 14), o.normals(9, 14))
        Kernels.lstmCellTangent(
          gates: gates, previous: previous, bounded: bounded, argumentTangent: o.normals(9, 56),
          stateTangent: dc, outputTangent: dh)
        let (cotangent, arguments) = (o.normals(9, 14), o.normals(9, 56))
        Kernels.lstmCellPullback(
          gates: gates, previous: previous, bounded: bounded, outputCotangent: o.normals(9, 14),
          stateCotangent: cotangent, argumentCotangent: arguments)
        results += [gates, state, bounded, h, dc, dh, cotangent, arguments]
      }
      return results
    }
  ]
}
