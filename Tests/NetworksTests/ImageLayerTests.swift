import AdamQLR
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// Adds its input to itself.
private struct Doubling: Layer {
  func callAsFunction(_ input: Variable) -> Variable { input + input }
}

@Suite("Convolutions and pooling")
struct ImageLayerTests {
  struct Case: CustomTestStringConvertible {
    var kernel = 3
    var stride = 1
    var padding = Padding.same
    var dilation = 1
    var groups = 1
    var type = DataType.float64

    var testDescription: String {
      "kernel \(kernel), stride \(stride), \(padding), dilation \(dilation), groups \(groups), "
        + "\(type)"
    }
  }

  static let cases = [
    Case(), Case(kernel: 1), Case(kernel: 1, stride: 2), Case(kernel: 1, padding: .symmetric(1)),
    Case(kernel: 1, groups: 2), Case(kernel: 2), Case(stride: 2), Case(kernel: 2, stride: 2),
    Case(kernel: 5, stride: 3), Case(padding: .none), Case(stride: 2, padding: .symmetric(1)),
    Case(padding: .symmetric(3)), Case(dilation: 2), Case(stride: 2, padding: .none, dilation: 3),
    Case(groups: 2), Case(kernel: 2, stride: 2, dilation: 2, groups: 2), Case(type: .float32),
    Case(stride: 2, type: .float32), Case(dilation: 2, groups: 2, type: .float32),
  ]

  @Test("A convolution is what a plain loop makes of its definition", arguments: cases)
  func convolution(_ test: Case) {
    let (count, height, width, inputs, outputs) = (2, 8, 7, 4, 6)
    let layer = Convolution(
      inputs, outputs, kernel: test.kernel, stride: test.stride, padding: test.padding,
      dilation: test.dilation, groups: test.groups)
    let model = Model(layer)
    var generator = SeededGenerator(seed: 3)
    let x = (0..<(count * height * width * inputs)).map { _ in generator.normal() }
    let parameters = (0..<model.layout.count).map { _ in generator.normal() }
    let bias = parameters.suffix(outputs)

    // The zeros before the first row and the number of places, from the documented rule.
    func places(_ size: Int) -> (before: Int, count: Int) {
      let extent = test.dilation * (test.kernel - 1) + 1
      switch test.padding {
      case .symmetric(let zeros):
        return (zeros, (size + 2 * zeros - extent) / test.stride + 1)
      case .same:
        let count = (size + test.stride - 1) / test.stride
        return (max((count - 1) * test.stride + extent - size, 0) / 2, count)
      }
    }
    let (rows, columns) = (places(height), places(width))
    let (ins, outs) = (inputs / test.groups, outputs / test.groups)
    var expected: [Double] = []
    for n in 0..<count {
      for row in 0..<rows.count {
        for column in 0..<columns.count {
          for output in 0..<outputs {
            var sum = bias[bias.startIndex + output]
            for i in 0..<test.kernel {
              for j in 0..<test.kernel {
                let y = row * test.stride - rows.before + i * test.dilation
                let x0 = column * test.stride - columns.before + j * test.dilation
                guard (0..<height).contains(y), (0..<width).contains(x0) else { continue }
                for input in 0..<ins {
                  let channel = (output / outs) * ins + input
                  sum +=
                    x[((n * height + y) * width + x0) * inputs + channel]
                    * parameters[((i * test.kernel + j) * ins + input) * outputs + output]
                }
              }
            }
            expected.append(sum)
          }
        }
      }
    }
    let result = model(
      Tensor(x, shape: [count, height, width, inputs]).to(test.type),
      at: FlatVector(parameters, test.type))
    #expect(result.shape == [count, rows.count, columns.count, outputs])
    #expect(deviation(result.doubles, expected) < (test.type == .float64 ? 1e-13 : 1e-5))
  }

  @Test("Pooling takes the maximum, the mean with zeros around, and the mean of everything")
  func pooling() {
    func output(_ layer: some Layer) -> Tensor {
      let image = Tensor(
        [1.0, 5, -2, -9, 3, -4, 0, 8, -6].flatMap { [$0, -$0] }, shape: [1, 3, 3, 2])
      return Model(layer)(image, at: FlatVector(zeros: 0, .float64))
    }
    // By rows: 1 5 −2, −9 3 −4, 0 8 −6, and the negative of it in the second channel.
    #expect(output(MaxPooling(2, stride: 1)).doubles == [5, 9, 5, 4, 8, 9, 8, 6])
    #expect(output(MaxPooling(3)).doubles == [8, 9])
    #expect(output(MaxPooling(3, stride: 2, padding: 1)).doubles == [5, 9, 5, 4, 8, 9, 8, 6])
    #expect(
      output(AveragePooling(2, stride: 2, padding: 1)).doubles.prefix(4) == [
        0.25, -0.25, 0.75, -0.75,
      ])
    #expect(deviation(output(GlobalAveragePooling()).doubles, [-4 / 9.0, 4 / 9.0]) < 1e-15)
  }

  @Test("An image of the wrong shape traps with the shapes")
  func shapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Model(Convolution(3, 4, kernel: 3, hasBias: false))(
        .zeros([2, 8, 8, 2]), at: FlatVector(zeros: 108, .float32))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("3 channels") && text.contains("[2, 8, 8, 2]"), "\(text)")
  }
}

@Suite("Layers that differ between training and use")
struct TrainingModeTests {
  private func step(_ problem: SmallProblem, seed: UInt64 = 0) -> NetworkObjective {
    NetworkObjective(
      problem.model, problem.loss, inputs: problem.inputs, targets: problem.targets, seed: seed)
  }

  @Test("Running statistics follow the batches, and evaluation uses them")
  func runningStatistics() {
    let norm = BatchNormalization(2, decay: 0.75)
    let model = Model(norm)
    #expect(model.layout.entries.map(\.name) == ["scale", "offset"])
    #expect(model.statisticsLayout.entries.map(\.name) == ["runningMean", "runningVariance"])
    let inputs = Tensor([1.0, 10, 2, 10, 6, 40], shape: [3, 2])
    let parameters = FlatVector([2, 1, 5, -1])
    let objective = NetworkObjective(
      model, SquaredError(), inputs: inputs, targets: .zeros([3, 2], .float64))
    var statistics = model.initialStatistics(.float64)
    #expect(statistics.doubles == [0, 0, 1, 1])
    objective.updateStatistics(&statistics)
    #expect(statistics.doubles == [0, 0, 1, 1])  // nothing was seen yet
    let linearization = objective.linearize(at: parameters)
    // Means 3 and 20; unbiased variances 7 and 300.
    objective.updateStatistics(&statistics)
    #expect(deviation(statistics.doubles, [0.75, 5, 0.75 + 7 / 4.0, 0.75 + 75]) < 1e-14)
    // Evaluations within the step leave them alone.
    let saved = statistics.doubles
    _ = linearization.loss(at: FlatVector([1, 1, 1, 1]), displacement: nil)
    _ = objective.evaluate(at: parameters)
    #expect(statistics.doubles == saved)
    let expected = zip(inputs.doubles, [0, 1, 0, 1, 0, 1]).map { x, channel in
      [2, 1][channel] * (x - saved[channel]) / (saved[2 + channel] + 1e-5).squareRoot()
        + [5, -1][channel]
    }
    let outputs = model(inputs, at: parameters, statistics: statistics)
    #expect(deviation(outputs.doubles, expected) < 1e-14)
    // An example's output does not depend on the others.
    let one = model(inputs.rows(0..<1), at: parameters, statistics: statistics)
    #expect(one.doubles == Array(outputs.doubles.prefix(2)))
  }

  @Test("Running statistics at one point are means over the batches there")
  func statisticsAtAPoint() {
    let norm = BatchNormalization(2, decay: 0.75)
    // The second sees what the first makes of the batch, and the first is used twice.
    let model = Model(Sequential(norm, Doubling(), norm))
    let batches = [
      Tensor([1.0, 10, 2, 10, 6, 40], shape: [3, 2]), Tensor([0.0, 1, 8, 3], shape: [2, 2]),
    ]
    let parameters = FlatVector([2, 1, 5, -1])
    #expect(
      model.statistics(at: parameters, over: [Tensor]()).doubles
        == model.initialStatistics(.float64).doubles)
    // Of the inputs, means 3 and 20, 4 and 2, unbiased variances 7 and 300, 32 and 2. Behind the first
    // means are twice the offset; biased variances 4γ²·v/(v + ε).
    func second(_ biased: Double, _ count: Double, _ scale: Double) -> Double {
      4 * scale * scale * biased / (biased + 1e-5) * count / (count - 1)
    }
    let observed: [[Double]] = [
      [3, 10, 4, 10], [20, -2, 2, -2],
      [7, second(14.0 / 3, 3, 2), 32, second(16, 2, 2)],
      [300, second(200, 3, 1), 2, second(1, 2, 1)],
    ]
    let expected = observed.map { $0.reduce(0, +) / 4 }
    let found = model.statistics(at: parameters, over: batches)
    #expect(deviation(found.doubles, expected) < 1e-13)
    #expect(model.statistics(at: parameters, over: batches).doubles == found.doubles)
  }

  @Test("A large mean costs no precision", arguments: [DataType.float32, .float64])
  func largeMean(_ type: DataType) {
    var generator = SeededGenerator(seed: 2)
    let noise = (0..<4000).map { _ in Double(Float(generator.normal())) }
    let x = Tensor(noise.map { 1024 + $0.rounded(to: 0x1p-10) }, shape: [1000, 4]).to(type)
    let (mean, variance) = Kernels.columnMoments(x)
    for column in 0..<4 {
      let values = stride(from: column, to: 4000, by: 4).map { noise[$0].rounded(to: 0x1p-10) }
      let average = values.reduce(0, +) / 1000
      let square = values.map { ($0 - average) * ($0 - average) }.reduce(0, +) / 1000
      #expect(deviation(mean.doubles[column], 1024 + average) < 1e-7)
      #expect(deviation(variance.doubles[column], square) < 1e-5)
    }
  }

  @Test("A model with running statistics says that it needs them")
  func missingStatistics() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Model(BatchNormalization(2))(.zeros([3, 2]), at: FlatVector(zeros: 4, .float32))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("4 running statistics"), "\(text)")
  }

  @Test("Statistics come back from tensors by name; others are named")
  func statisticsByName() throws {
    let model = Model(Sequential(Dense(2, 3), BatchNormalization(3)))
    var generator = SeededGenerator(seed: 1)
    let statistics = FlatVector((0..<6).map { _ in generator.normal() })
    var tensors = Dictionary(
      uniqueKeysWithValues: model.tensors(ofStatistics: statistics).map { ($0.name, $0.tensor) })
    #expect(tensors.keys.sorted() == ["1.runningMean", "1.runningVariance"])
    #expect(try model.statistics(joining: tensors, .float64).doubles == statistics.doubles)
    tensors["1.runningMean"] = nil
    let error = #expect(throws: ParameterMismatch.self) {
      try model.statistics(joining: tensors, .float64)
    }
    #expect(error?.description == "the statistic '1.runningMean' is missing")
  }

  @Test("Dropout drops as often as asked, the same all through a step, and nothing in use")
  func dropout() {
    let problem = SmallProblem(
      Sequential(Dense(4, 300), Dropout(0.3), Custom(Square()), Dense(300, 2)), SquaredError(),
      inputShape: [20, 4], outputs: 2)
    let (point, d) = (problem.parameters, problem.direction(0))
    let losses = (0..<4).map { step(problem, seed: $0).evaluate(at: point).loss }
    #expect(Set(losses).count == 4)
    for seed in 0..<2 as Range<UInt64> {
      let objective = step(problem, seed: seed)
      let linearization = objective.linearize(at: point)
      #expect(deviation(linearization.loss, losses[Int(seed)]) < 1e-14)
      #expect(
        deviation(linearization.loss(at: point, displacement: nil), losses[Int(seed)]) < 1e-14)
      // The Hessian's own forward pass has the same masks: along d it is the curvature of the loss.
      var (ahead, behind) = (point, point)
      ahead.add(d, scaledBy: 1e-4, in: nil)
      behind.add(d, scaledBy: -1e-4, in: nil)
      let second =
        (objective.evaluate(at: ahead).loss - 2 * losses[Int(seed)]
          + objective.evaluate(at: behind).loss) / 1e-8
      #expect(deviation(linearization.curvatureProducts(of: [d], .hessian)[0][0], second) < 1e-5)
    }
    let mask = Model(Dropout(0.3))
    let ones = Tensor(Array(repeating: 1.0, count: 100_000), shape: [100, 1000])
    let none = FlatVector(zeros: 0, .float64)
    #expect(mask(ones, at: none).doubles.allSatisfy { $0 == 1 })
    let dropped = mask.plainOutput(ones, at: none.tensor).doubles
    #expect(dropped.allSatisfy { $0 == 0 || $0 == 1 / 0.7 })
    let share = Double(dropped.count { $0 == 0 }) / 100_000
    #expect(abs(share - 0.3) < 4 * (0.21 / 100_000).squareRoot())
    #expect(dropped.prefix(1000) != dropped.dropFirst(1000).prefix(1000))
  }
}

extension Double {
  /// The nearest multiple of `unit`.
  fileprivate func rounded(to unit: Double) -> Double { (self / unit).rounded() * unit }
}
