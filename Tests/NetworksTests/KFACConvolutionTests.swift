import AdamQLR
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// Adds a parameter to each element of what comes in, whose shape is the parameter's: derivatives by
/// it are those by what it is added to.
struct Probe: Layer {
  let probe: Parameter

  init(_ shape: [Int]) { probe = Parameter(shape: shape, role: .other, initializer: .zeros) }

  func callAsFunction(_ x: Variable) -> Variable { x + x.record.variable(probe) }
}

/// A convolution that is used twice.
struct TiedConvolution: Layer {
  let shared: Convolution
  let output = Dense(4, 3)

  init(groups: Int) { shared = Convolution(4, 4, kernel: 2, groups: groups, activation: .tanh) }

  func callAsFunction(_ x: Variable) -> Variable {
    output(GlobalAveragePooling()(shared(shared(x))))
  }
}

extension SmallProblem {
  /// uᵀĈu, undamped.
  func form(_ kfac: KFAC, _ state: DirectionState<FlatVector>, _ u: [Double]) throws -> Double {
    try #require(
      try kfac.curvature(
        along: FlatVector(u, parameters.type), from: state, to: state,
        at: objective.linearize(at: parameters)))
  }

  /// What a probe saw: the average over its rows of N·JᵀFJ by the elements of a row.
  ///
  /// - Parameters:
  ///   - range: The probe's places among the parameters.
  ///   - columns: The places in a row that are wanted.
  func meanCotangentProduct(_ range: Range<Int>, width: Int, columns: Range<Int>) -> [[Double]] {
    let (jacobian, output) = (jacobian, outputFisher)
    let examples = Double(inputs.size(0))
    return mean(
      stride(from: range.lowerBound, to: range.upperBound, by: width).map { start in
        let parts = columns.map { column in jacobian.map { $0[start + column] } }
        let images = parts.map { times(output, $0) }
        return parts.map { a in images.map { examples * dot(a, $0) } }
      })
  }
}

@Suite("K-FAC's blocks of convolutions")
struct KFACConvolutionTests {
  struct Case: CustomTestStringConvertible {
    var kernel = 3
    var stride = 1
    var padding = Padding.same
    var dilation = 1
    var groups = 1
    var hasBias = true

    var testDescription: String {
      "kernel \(kernel), stride \(stride), \(padding), dilation \(dilation), groups \(groups), bias "
        + "\(hasBias)"
    }
  }

  static let cases = [
    Case(), Case(kernel: 1, hasBias: false), Case(kernel: 1, stride: 2),
    Case(kernel: 2, padding: .none),
    Case(stride: 2, hasBias: false), Case(stride: 2, padding: .symmetric(1)),
    Case(kernel: 2, padding: .symmetric(1), dilation: 2), Case(groups: 2),
    Case(kernel: 2, stride: 3, padding: .none, groups: 2, hasBias: false), Case(groups: 4),
  ]

  /// The patches of a group, by definition, with a 1 behind each where there is a bias.
  private func patches(
    _ x: [Double], _ shape: [Int], _ test: Case, group: Int, rows: Int, columns: Int
  ) -> [[Double]] {
    func before(_ size: Int, _ places: Int) -> Int {
      if case .symmetric(let zeros) = test.padding { return zeros }
      let extent = test.dilation * (test.kernel - 1) + 1
      return max((places - 1) * test.stride + extent - size, 0) / 2
    }
    let (top, left) = (before(shape[1], rows), before(shape[2], columns))
    let channels = shape[3] / test.groups
    var result: [[Double]] = []
    for n in 0..<shape[0] {
      for row in 0..<rows {
        for column in 0..<columns {
          var patch: [Double] = []
          for i in 0..<test.kernel {
            for j in 0..<test.kernel {
              let y = row * test.stride - top + i * test.dilation
              let x0 = column * test.stride - left + j * test.dilation
              let isInside = (0..<shape[1]).contains(y) && (0..<shape[2]).contains(x0)
              for channel in 0..<channels {
                let place = ((n * shape[1] + y) * shape[2] + x0) * shape[3]
                patch.append(isInside ? x[place + group * channels + channel] : 0)
              }
            }
          }
          result.append(patch + (test.hasBias ? [1] : []))
        }
      }
    }
    return result
  }

  @Test("Factors, curvature and direction are those of the definition", arguments: cases, [0, 1])
  func definition(_ test: Case, _ loss: Int) throws {
    let (shape, outputs) = ([3, 5, 4, 4], 8)
    let layer = Convolution(
      4, outputs, kernel: test.kernel, stride: test.stride, padding: test.padding,
      dilation: test.dilation, groups: test.groups, hasBias: test.hasBias)
    let image = Model(layer)(
      .zeros(shape, .float64), at: FlatVector(zeros: Model(layer).layout.count, .float64)
    ).shape
    let problem = SmallProblem(
      Sequential(
        layer, Probe(image), Activation.tanh, Flatten(),
        Dense(image.dropFirst().reduce(1, *), 3)), KFACBlockTests.losses[loss], inputShape: shape,
      outputs: 3)
    let kfac = KFAC(estimation: .exact)
    let (state, direction) = try problem.afterOneStep(kfac, damping: 0.3)
    let gradient = problem.gradient(at: problem.parameters)
    let weights = test.kernel * test.kernel * 4 / test.groups * outputs
    let probeStart = weights + (test.hasBias ? outputs : 0)
    let width = outputs / test.groups
    let locations = Double(image[1] * image[2])
    for group in 0..<test.groups {
      let a = upperTriangle(state.vectors[4 * group])
      let g = upperTriangle(state.vectors[4 * group + 1])
      let patches = patches(
        problem.inputs.doubles, shape, test, group: group, rows: image[1], columns: image[2])
      #expect(deviation(a, mean(patches.map { outer($0, $0) })) < 1e-13)
      let expected = problem.meanCotangentProduct(
        probeStart..<(probeStart + image.reduce(1, *)), width: outputs,
        columns: (group * width)..<((group + 1) * width))
      #expect(deviation(g, expected) < 1e-12)

      // The places of the group's parameters, row by row; the bias follows the weights.
      let places = a.indices.flatMap { row in
        (0..<width).map { row * outputs + group * width + $0 }
      }
      let block = kronecker(a, g).map { row in row.map { locations * $0 } }
      var u = problem.parameters.doubles.map { _ in 0.0 }
      for place in places { u[place] = problem.direction(3).doubles[place] }
      let own = places.map { u[$0] }
      let form = try problem.form(kfac, state, u)
      #expect(deviation(form, dot(own, times(block, own))) < 1e-12)
      // (A + π√(λ/L) I) ⊗ (L·G + L·√(λ/L)/π I) maps the direction to the gradient.
      func trace(_ m: [[Double]]) -> Double {
        m.indices.map { m[$0][$0] }.reduce(0, +) / Double(m.count)
      }
      func shifted(_ m: [[Double]], _ shift: Double) -> [[Double]] {
        m.indices.map { i in m.indices.map { m[i][$0] + (i == $0 ? shift : 0) } }
      }
      let pi = (trace(a) / trace(g)).squareRoot()
      let root = (0.3 / locations).squareRoot()
      let damped = kronecker(shifted(a, pi * root), shifted(g, root / pi))
      let product = times(damped, places.map { direction[$0] }).map { locations * $0 }
      #expect(deviation(product, places.map { gradient[$0] }) < 1e-10)
    }
    #expect(state.vectors[4 * test.groups].count == image.reduce(1, *))
  }

  @Test(
    "At one place of one example, the blocks are the Fisher matrix's", arguments: [1, 2], [0, 1])
  func oneExample(_ groups: Int, _ loss: Int) throws {
    let problem = SmallProblem(
      Sequential(
        Convolution(2, 4, kernel: 2, padding: .none, groups: groups, activation: .tanh),
        Flatten(), Dense(4, 3)), KFACBlockTests.losses[loss], inputShape: [1, 2, 2, 2],
      outputs: 3)
    let kfac = KFAC(estimation: .exact)
    let state = try problem.afterOneStep(kfac).state
    let fisher = problem.fisher
    // The group of each of the convolution's parameters; the dense layer is another block.
    let end = 16 / groups * 2 + 4
    let block = (0..<problem.parameters.count).map { $0 < end ? $0 % 4 * groups / 4 : groups }
    let expected = block.indices.map { i in
      block.indices.map { block[i] == block[$0] ? fisher[i][$0] : 0 }
    }
    #expect(deviation(try problem.approximation(kfac, state), expected) < 1e-12)
  }

  @Test("Exact inverses solve (Ĉ + λI)d = g", arguments: [1, 2, 4])
  func exactInverses(_ groups: Int) throws {
    let problem = SmallProblem(
      Sequential(
        Convolution(4, 4, kernel: 2, groups: groups, activation: .tanh), GlobalAveragePooling(),
        Dense(4, 3)), SoftmaxCrossEntropy(), inputShape: [3, 3, 3, 4], outputs: 3)
    let kfac = KFAC(usesExactInverses: true)
    let (state, direction) = try problem.afterOneStep(kfac, damping: 0.25)
    let product = zip(times(try problem.approximation(kfac, state), direction), direction)
      .map { $0 + 0.25 * $1 }
    #expect(deviation(product, problem.gradient(at: problem.parameters)) < 1e-11)
  }

  @Test("A convolution used twice has the Fisher matrix's diagonal", arguments: [1, 2], [0, 1])
  func tied(_ groups: Int, _ loss: Int) throws {
    let problem = SmallProblem(
      TiedConvolution(groups: groups), KFACBlockTests.losses[loss], inputShape: [3, 4, 3, 4],
      outputs: 3)
    let kfac = KFAC(estimation: .exact)
    let state = try problem.afterOneStep(kfac).state
    let fisher = problem.fisher
    let count = 64 / groups + 4
    #expect(state.vectors[0].count == count - 4)
    let ours = state.vectors[0].doubles + state.vectors[2].doubles
    #expect(deviation(ours, (0..<count).map { fisher[$0][$0] }) < 1e-12)
  }

  @Test("Patches that are made in pieces add up")
  func pieces() throws {
    let layer = Convolution(16, 1, kernel: 3, stride: 2)
    let problem = SmallProblem(
      Sequential(layer, GlobalAveragePooling()), SquaredError(), inputShape: [9, 128, 130, 16],
      outputs: 1, .float32)
    let state = try problem.afterOneStep(KFAC()).state
    let geometry = ConvolutionGeometry(stride: [2, 2], padding: [0, 0])
    let patches = problem.inputs.padded(top: 0, bottom: 1, left: 0, right: 1)
      .patches(of: [3, 3], geometry)
    // 9 images of 4160 patches of 144 numbers: more than are made at a time.
    #expect(patches.shape == [9 * 64 * 65, 144])
    let expected = ((1 / Double(patches.size(0))) * patches.transposed().matmul(patches)).doubles
    let ours = upperTriangle(state.vectors[0])
    #expect(
      deviation(ours.dropLast().flatMap { $0.dropLast() }, expected) < 1e-5)
    let means = (0..<144).map { ours[144][$0] }
    #expect(deviation(means, patches.to(.float64).mean(over: [0]).doubles) < 1e-5)
  }
}
