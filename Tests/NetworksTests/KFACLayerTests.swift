import AdamQLR
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// Tokens and positions, with the positions looked up once for all examples.
struct SharedPositions: Layer {
  let tokens = Embedding(5, 4)
  let positions = Embedding(4, 4)
  let output = Dense(4, 3)

  func callAsFunction(_ x: Variable) -> Variable {
    let places = x.record.constant(Tensor((0..<x.shape[1]).map(Int64.init)))
    return output(Activation.tanh(tokens(x) + positions(places)))
  }
}

/// Tokens with positions added at their places.
struct PlacedPositions: Layer {
  let tokens = Embedding(5, 4)
  let positions = Embedding(4, 4)
  let output = Dense(4, 3)

  func callAsFunction(_ x: Variable) -> Variable {
    output(Activation.tanh(positions.placed(in: tokens(x))))
  }
}

@Suite("K-FAC's blocks of other layers")
struct KFACLayerTests {
  private func images(_ layer: some Layer, _ loss: Int, channels: Int = 3) -> SmallProblem {
    SmallProblem(
      Sequential(
        layer, Activation.tanh, Custom(Square()), GlobalAveragePooling(), Dense(channels, 3)),
      KFACBlockTests.losses[loss], inputShape: [4, 3, 2, 2], outputs: 3)
  }

  private func words(_ layer: some Layer, _ loss: Int, outputs: Int = 3) -> SmallProblem {
    SmallProblem(
      layer, KFACBlockTests.losses[loss], inputShape: [3, 3], outputs: outputs, tokens: 5,
      positions: 3)
  }

  /// The problem, and the places of the parameters with diagonal blocks; those start at vector
  /// `first` of the state, and each has two.
  private func diagonal(
    _ name: String, _ loss: Int
  ) -> (problem: SmallProblem, ranges: [Range<Int>], first: Int) {
    switch name {
    case "batch normalization":
      let problem = SmallProblem(
        Sequential(Dense(4, 5), BatchNormalization(5, activation: .relu), Dense(5, 3)),
        KFACBlockTests.losses[loss], inputShape: [6, 4], outputs: 3)
      return (problem, [25..<30, 30..<35], 4)
    case "batch normalization of images":
      return (images(BatchNormalization(2), loss, channels: 2), [0..<2, 2..<4], 0)
    case "rectified with addend":
      return (images(ResidualBlock(activation: .relu), loss), [138..<141, 141..<144], 8)
    case "layer normalization":
      let problem = SmallProblem(
        Sequential(LayerNormalization(4), Dense(4, 3, activation: .tanh)),
        KFACBlockTests.losses[loss], inputShape: [3, 5, 4], outputs: 3, positions: 5)
      return (problem, [0..<4, 4..<8], 0)
    case "tokens":
      return (words(Sequential(Embedding(5, 4), Dense(4, 3)), loss), [0..<20], 0)
    case "tied tokens":
      let problem = SmallProblem(
        TiedTokens(), KFACBlockTests.losses[loss], inputShape: [3, 3], outputs: 7, tokens: 7,
        positions: 3)
      return (problem, [0..<28], 0)
    // As many examples as positions: nothing but where they come from tells them apart.
    case "shared positions": return (words(SharedPositions(), loss), [0..<20, 20..<36], 0)
    case "placed positions": return (words(PlacedPositions(), loss), [0..<20, 20..<36], 0)
    case "sum":
      let problem = SmallProblem(
        Sums(), KFACBlockTests.losses[loss], inputShape: [6, 2, 4], outputs: 3)
      // After the dense layer's block.
      return (problem, [20..<28], 4)
    default: fatalError("no problem '\(name)'")
    }
  }

  @Test(
    "Diagonal blocks are the Fisher matrix's diagonal",
    arguments: [
      "batch normalization", "batch normalization of images", "rectified with addend",
      "layer normalization", "tokens", "tied tokens", "shared positions", "placed positions", "sum",
    ], [0, 1])
  func diagonals(_ name: String, _ loss: Int) throws {
    let (problem, ranges, first) = diagonal(name, loss)
    let kfac = KFAC(estimation: .exact)
    let (state, direction) = try problem.afterOneStep(kfac, damping: 0.3)
    let fisher = problem.fisher
    let gradient = problem.gradient(at: problem.parameters)
    for (index, range) in ranges.enumerated() {
      let ours = state.vectors[first + 2 * index].doubles
      let expected = range.map { fisher[$0][$0] }
      #expect(expected.contains { $0 > 1e-6 })
      #expect(deviation(ours, expected) < 1e-12)
      let step = zip(expected, gradient[range]).map { $1 / ($0 + 0.3) }
      #expect(deviation(Array(direction[range]), step) < 1e-12)
    }
  }

  @Test("An example's part through another's normalization is its own rows' alone")
  func coupling() throws {
    // Two normalizations in a row couple examples; b is the pullback of all examples at once.
    let problem = SmallProblem(
      Sequential(
        BatchNormalization(4), Probe([6, 4]), Activation.tanh,
        BatchNormalization(4, activation: .tanh), Dense(4, 3)),
      SquaredError(), inputShape: [6, 4], outputs: 3)
    let kfac = KFAC(estimation: .exact)
    let state = try problem.afterOneStep(kfac).state
    let x = problem.inputs.doubles
    let jacobian = problem.jacobian
    var (scales, offsets) = ([Double](repeating: 0, count: 4), [Double](repeating: 0, count: 4))
    for channel in 0..<4 {
      let column = (0..<6).map { x[4 * $0 + channel] }
      let mean = column.reduce(0, +) / 6
      let variance = column.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 6
      for output in 0..<3 {
        for example in 0..<6 {
          // All examples' cotangents of this output, each 1/√3.
          let b =
            (0..<6).map { jacobian[3 * $0 + output][8 + 4 * example + channel] }
            .reduce(0, +) / 3.0.squareRoot()
          let normalized = (column[example] - mean) / (variance + 1e-5).squareRoot()
          scales[channel] += (normalized * b) * (normalized * b) / 6
          offsets[channel] += b * b / 6
        }
      }
    }
    #expect(deviation(state.vectors[0].doubles, scales) < 1e-12)
    #expect(deviation(state.vectors[2].doubles, offsets) < 1e-12)
  }

  @Test("Parts of a dense layer are blocks with the same inputs", arguments: [0, 1])
  func parts(_ loss: Int) throws {
    func problem(_ parts: Int) -> SmallProblem {
      SmallProblem(
        Sequential(Dense(4, 6, activation: .tanh, parts: parts), Dense(6, 3)),
        KFACBlockTests.losses[loss], inputShape: [3, 5, 4], outputs: 3, positions: 5)
    }
    let kfac = KFAC(estimation: .exact)
    let whole = try problem(1).afterOneStep(kfac).state
    let parted = problem(3)
    let state = try parted.afterOneStep(kfac).state
    #expect(state.vectors.map(\.count).prefix(12) == [25, 4, 25, 4, 25, 4, 25, 4, 25, 4, 25, 4])
    let g = upperTriangle(whole.vectors[1])
    var u = parted.parameters.doubles.map { _ in 0.0 }
    for part in 0..<3 {
      #expect(state.vectors[4 * part].doubles == whole.vectors[0].doubles)
      let own = (2 * part)..<(2 * part + 2)
      let expected = own.map { i in own.map { g[i][$0] } }
      let ours = upperTriangle(state.vectors[4 * part + 1])
      #expect(deviation(ours, expected) < 1e-13)
      let places = (0..<5).flatMap { row in own.map { 6 * row + $0 } }
      for place in u.indices { u[place] = 0 }
      for place in places { u[place] = parted.direction(0).doubles[place] }
      let block = kronecker(upperTriangle(whole.vectors[0]), expected)
      let v = places.map { u[$0] }
      let form = try parted.form(kfac, state, u)
      #expect(deviation(form, 5 * dot(v, times(block, v))) < 1e-12)
    }
    let exact = KFAC(usesExactInverses: true)
    let (exactState, direction) = try parted.afterOneStep(exact, damping: 0.25)
    let product = zip(times(try parted.approximation(exact, exactState), direction), direction)
      .map { $0 + 0.25 * $1 }
    #expect(deviation(product, parted.gradient(at: parted.parameters)) < 1e-11)

    // Queries, keys and values are such parts.
    let attention = SmallProblem(
      SelfAttention(4, heads: 2), KFACBlockTests.losses[loss], inputShape: [3, 5, 4], outputs: 4,
      positions: 5)
    let counts = try attention.afterOneStep(kfac).state.vectors.map(\.count)
    #expect(counts == [[Int]](repeating: [25, 16, 25, 16], count: 4).flatMap { $0 })
  }

  @Test("Both weights of an LSTM are used at each position", arguments: [0, 1])
  func lstm(_ loss: Int) throws {
    // An input of its own for each position of each example: derivatives by W are those by the
    // gates' arguments.
    let (examples, positions, units) = (2, 3, 2)
    let rows = examples * positions
    let layer = LSTM(rows, units)
    let problem = SmallProblem(
      Sequential(layer, Dense(units, 3)), KFACBlockTests.losses[loss],
      inputShape: [examples, positions, rows], outputs: 3, positions: positions)
    problem.inputs.overwrite(
      with: Tensor(
        (0..<(rows * rows)).map { $0 % (rows + 1) == 0 ? 1.0 : 0 },
        shape: [examples, positions, rows]))
    let kfac = KFAC(estimation: .exact)
    let state = try problem.afterOneStep(kfac).state
    let count = Model(layer).layout.count
    let h = Model(layer)(
      problem.inputs, at: FlatVector(Array(problem.parameters.doubles.prefix(count)))
    ).doubles
    let earlier = (0..<rows).map { row in
      (0..<units).map { row % positions == 0 ? 0 : h[(row - 1) * units + $0] }
    }
    let width = 4 * units
    let g = problem.meanCotangentProduct(0..<(rows * width), width: width, columns: 0..<width)
    let recurrent = upperTriangle(state.vectors[4])
    #expect(deviation(recurrent, mean(earlier.map { outer($0, $0) })) < 1e-13)
    for index in [1, 5] {
      let ours = upperTriangle(state.vectors[index])
      #expect(deviation(ours, g) < 1e-12)
    }
    // L·(A ⊗ G) of the recurrent weight, behind W and b.
    let block = kronecker(recurrent, g)
    var u = problem.parameters.doubles.map { _ in 0.0 }
    let range = ((rows + 1) * width)..<count
    for place in range { u[place] = problem.direction(1).doubles[place] }
    let v = Array(u[range])
    let form = try problem.form(kfac, state, u)
    #expect(deviation(form, Double(positions) * dot(v, times(block, v))) < 1e-12)
  }

  @Test("An operation that declares uses without noting a cotangent says so")
  func forgetful() async {
    struct Scale: AdamQLRNetworks.Operation {
      func value(_ inputs: [Tensor]) -> Tensor { inputs[0] * inputs[1] }

      func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
        var result = LinearizedOperation(value(inputs), pushforward: { _ in nil }) { _, _ in }
        result.uses = [ParameterUse(input: 1, rowCount: inputs[0].size(0)) { _, _, _ in }]
        return result
      }
    }
    struct Scaling: Layer {
      let scale = Parameter(shape: [3], role: .other, initializer: .ones)

      func callAsFunction(_ x: Variable) -> Variable {
        x.applying(Scale(), and: x.record.variable(scale))
      }
    }
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let problem = SmallProblem(Scaling(), SquaredError(), inputShape: [6, 3], outputs: 3)
      _ = try problem.afterOneStep(KFAC())
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("Scale declares how parameters enter it"), "\(text)")
  }
}
