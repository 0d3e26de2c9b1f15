import AdamQLR
import AdamQLRNetworks
import Testing
import AdamQLRTorch

@Suite("Models")
struct ModelTests {
  @Test("Parameters are named after properties and places")
  func names() {
    let model = Model(TiedLayers())
    #expect(
      model.layout.entries.map(\.name)
        == ["shared.weight", "shared.bias", "output.weight", "output.bias"])
    #expect(model.layout.entries.map(\.role) == [.weight, .bias, .weight, .bias])
    #expect(model.layout.count == 20 + 15)
    let perceptron = Model(Sequential.multilayerPerceptron([3, 2, 1]))
    #expect(
      perceptron.layout.entries.map(\.name) == ["0.weight", "0.bias", "1.weight", "1.bias"])
    #expect(perceptron.layout.entries.map(\.shape) == [[3, 2], [2], [2, 1], [1]])
  }

  @Test("Initial parameters follow from the seed")
  func seeds() {
    let model = Model(Sequential.multilayerPerceptron([3, 4, 2]))
    func draw(_ seed: UInt64) -> [Double] {
      var generator = SeededGenerator(seed: seed)
      return model.initialParameters(using: &generator).doubles
    }
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
  }

  static let schemes: [(Initializer, variance: Double)] = [
    (.leCun(), 1 / 200.0), (.leCun(.uniform), 1 / 200.0), (.kaiming(), 2 / 200.0),
    (.kaiming(.truncatedNormal), 2 / 200.0), (.xavier(), 2 / 350.0), (.xavier(.normal), 2 / 350.0),
    (.normal(standardDeviation: 0.1), 0.01),
  ]

  @Test("Initializers have the variance of their source", arguments: schemes.indices)
  func initializers(_ index: Int) {
    let (initializer, variance) = Self.schemes[index]
    var generator = SeededGenerator(seed: 5)
    let elements = initializer.elements([200, 150], &generator)
    let count = Double(elements.count)
    let mean = elements.reduce(0, +) / count
    let square = elements.map { $0 * $0 }.reduce(0, +) / count
    // The mean of 30,000 has a standard error of σ/173; the variance's is below 1 %.
    #expect(abs(mean) < 4 * (variance / count).squareRoot())
    #expect(abs(square / variance - 1) < 0.04)
  }

  @Test("A kernel's fan-in counts all dimensions but the last")
  func kernels() {
    var generator = SeededGenerator(seed: 5)
    let elements = Initializer.leCun(.normal).elements([3, 3, 16, 300], &generator)
    let square = elements.map { $0 * $0 }.reduce(0, +) / Double(elements.count)
    #expect(abs(square * 144 - 1) < 0.04)
  }

  @Test("Networks by name have as many parameters as published")
  func sizes() {
    // torchvision's ResNets without what their stems and classes differ by, counted by hand.
    #expect(Model(ResNet(.eighteen, classes: 1000, stem: .imageNet)).layout.count == 11_689_512)
    #expect(Model(ResNet(.fifty, classes: 1000, stem: .imageNet)).layout.count == 25_557_032)
    #expect(Model(ResNet(.eighteen, classes: 10)).layout.count == 11_173_962)
    #expect(Model(GPT2()).layout.count == 124_439_808)
    // ViT-S/16 at 224 pixels without a class token and its position.
    let transformer = Model(VisionTransformer(imageSize: 224, classes: 1000))
    #expect(transformer.layout.count == 22_050_664 - 2 * 384)
  }

  @Test("A small network of each kind learns a batch by heart", arguments: 0..<4)
  func learning(_ kind: Int) throws {
    let images = SmallProblem(
      kind == 0
        ? AnyLayer(ResNet(.eighteen, classes: 3, width: 4))
        : kind == 1
          ? AnyLayer(ResNet(.fifty, classes: 3, width: 4, stem: .imageNet))
          : AnyLayer(
            VisionTransformer(
              imageSize: 16, classes: 3, patch: 4, layers: 2, heads: 2, embedding: 16)),
      // The large stem leaves 1/32 of the size: more than one place, for variances of more than the
      // twelve images.
      SoftmaxCrossEntropy(), inputShape: kind == 1 ? [12, 64, 64, 3] : [12, 16, 16, 3],
      outputs: 3, .float32)
    let words = SmallProblem(
      GPT2(vocabulary: 9, context: 8, layers: 2, heads: 2, embedding: 16), SoftmaxCrossEntropy(),
      inputShape: [4, 8], outputs: 9, tokens: 9, positions: 8, .float32)
    let problem = kind == 3 ? words : images
    var generator = SeededGenerator(seed: 1)
    var parameters = problem.model.initialParameters(using: &generator)
    var statistics = problem.model.initialStatistics()
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters, layout: problem.model.layout)
    let objective = problem.objective
    let first = try optimizer.step(&parameters, on: objective).loss
    for _ in 0..<60 { try optimizer.step(&parameters, on: objective) }
    #expect(objective.evaluate(at: parameters).loss < 0.2 * first)
    // Once the running averages have caught up, the model does as well in use.
    for _ in 0..<60 {
      _ = objective.linearize(at: parameters)
      objective.updateStatistics(&statistics)
    }
    let outputs = problem.model(problem.inputs, at: parameters, statistics: statistics)
    #expect(
      SoftmaxCrossEntropy().evaluate(outputs, targets: problem.targets).loss < 0.5 * first)
  }

  @Test("Untuned AdamQLR trains a network")
  func training() throws {
    let problem = SmallProblem(
      Sequential.multilayerPerceptron([4, 20, 1]), SquaredError(), inputShape: [40, 4], outputs: 1,
      .float32)
    var parameters = problem.parameters
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters, layout: problem.model.layout)
    let first = try optimizer.step(&parameters, on: problem.objective).loss
    for _ in 0..<100 { try optimizer.step(&parameters, on: problem.objective) }
    #expect(problem.objective.evaluate(at: parameters).loss < 0.05 * first)
  }
}

/// A layer of any type.
private struct AnyLayer: Layer {
  let layer: any Layer
  init(_ layer: any Layer) { self.layer = layer }
  func callAsFunction(_ x: Variable) -> Variable { layer(x) }
}

@Suite("Losses")
struct LossTests {
  @Test("Cross entropy, its derivative and the hits are those of the definition")
  func crossEntropy() {
    let logits = Tensor([1.0, 2, 3, 0, 0, 0, -5, 700, 2], shape: [3, 3])
    let labels = Tensor([Int64(2), 0, 0])
    let loss = SoftmaxCrossEntropy()
    let plain = loss.plainValue(logits, targets: labels).item
    #expect(deviation(loss.evaluate(logits, targets: labels).loss, plain) < 1e-14)
    // The second row's logits are equal: the label's is among the largest.
    #expect(loss.evaluate(logits, targets: labels).correct == 2)
    let tracked = logits.tracked()
    let gradient = loss.plainValue(tracked, targets: labels).gradients(by: [tracked])[0]
    let linearized = loss.linearized(logits, targets: labels)
    #expect(deviation(linearized.cotangent.doubles, gradient?.doubles ?? []) < 1e-14)
    #expect(linearized.value == loss.evaluate(logits, targets: labels).loss)
  }

  @Test("A NaN among the outputs is a NaN loss", arguments: [DataType.float32, .float64])
  func nonFinite(_ type: DataType) {
    let outputs = Tensor([1.0, .nan, 0, 2], shape: [2, 2]).to(type)
    #expect(SoftmaxCrossEntropy().evaluate(outputs, targets: Tensor([Int64(0), 1])).loss.isNaN)
    #expect(
      SquaredError().evaluate(outputs, targets: Tensor.zeros([2, 2], type)).loss.isNaN)
  }

  @Test("A label that is no class traps with its row and the classes", arguments: [Int64(3), -1])
  func strayLabel(_ label: Int64) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [label] in
      let outputs = Tensor([1.0, 2, 3, 0, 0, 0], shape: [2, 3])
      _ = SoftmaxCrossEntropy().evaluate(outputs, targets: Tensor([0, label]))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("the label of row 1 is \(label)") && text.contains("0..<3"), "\(text)")
  }

  @Test("What K-FAC is handed has the Fisher matrix of each example", arguments: [1, 3])
  func fisherFactors(_ positions: Int) throws {
    let (examples, classes) = (2, 4)
    let shape = positions == 1 ? [examples, classes] : [examples, positions, classes]
    var generator = SeededGenerator(seed: 4)
    let outputs = Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape)
    let labels = Tensor((0..<(examples * positions)).map { Int64($0 % classes) })
    let loss = SoftmaxCrossEntropy().linearized(outputs, targets: labels)
    let size = positions * classes
    func unit(_ example: Int, _ place: Int) -> Tensor {
      var elements = Array(repeating: 0.0, count: outputs.count)
      elements[example * size + place] = 1
      return Tensor(elements, shape: shape)
    }
    let makeFactors = try #require(loss.fisherFactors)
    let factors = makeFactors().map(\.doubles)
    let sample = try #require(loss.sampledCotangent)
    let draws = (0..<20000).map { _ in sample(&generator, ExampleRange(0..<examples)).doubles }
    for example in 0..<examples {
      for i in 0..<size {
        for j in 0..<size {
          let (a, b) = (example * size + i, example * size + j)
          let expected =
            Double(examples) * loss.fisherProduct(unit(example, i), unit(example, j)).value
          let exact = factors.map { $0[a] * $0[b] }.reduce(0, +)
          #expect(abs(exact - expected) < 1e-14)
          let mean = draws.map { $0[a] * $0[b] }.reduce(0, +) / 20000
          // Each product is below 1 in magnitude.
          #expect(abs(mean - expected) < 5 / 20000.0.squareRoot())
        }
      }
    }
  }

  @Test("The squared error's sum is in double precision")
  func accumulation() {
    let count = 1 << 20
    let outputs = Tensor(Array(repeating: Float(1.1), count: count), shape: [count, 1])
    let loss = SquaredError().evaluate(outputs, targets: .zeros([count, 1])).loss
    #expect(deviation(loss, 0.5 * Double(Float(1.1)) * Double(Float(1.1))) < 1e-12)
  }

  @Test("A perceptron of a single size is refused with words")
  func singleSize() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Sequential.multilayerPerceptron([3])
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("Networks/Sequential.swift"), "\(text)")
    #expect(text.contains("at least two sizes"), "\(text)")
  }
}
