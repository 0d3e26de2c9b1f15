import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch
import Foundation
import Testing

/// Weights in the names and layouts of other packages, whose logits `Tests/Baselines/make_pretrained.py`
/// writes.
@Suite("Weights of other packages")
struct PretrainedTests {
  struct Case: Decodable, Sendable {
    struct Entry: Decodable, Sendable {
      var name: String
      var shape: [Int]
    }
    var tensors: [Entry]
    var logits: [Double]

    /// The package's tensors, made by the formula of the script.
    var values: [String: Tensor] {
      var result: [String: Tensor] = [:]
      for (k, entry) in tensors.enumerated() {
        let count = entry.shape.reduce(1, *)
        var (a, b) = (0.0, 0.1)
        if entry.name.hasSuffix("running_var") {
          (a, b) = (1, 0.3)
        } else if entry.shape.count > 1 {
          b = 1 / (Double(count) / Double(entry.shape[0])).squareRoot()
        } else if entry.name.hasSuffix("weight") {
          a = 1
        }
        result[entry.name] = Tensor(
          (0..<count).map { Float(a + b * sin(0.37 * Double($0 + 1) + Double(k))) },
          shape: entry.shape)
      }
      return result
    }
  }

  private func read(_ name: String) throws -> Case {
    struct File: Decodable {
      var resnet18: Case
      var resnet50: Case
      var vit: Case
      var gpt2: Case
    }
    let url = Bundle.module.bundleURL.appendingPathComponent("Baselines/pretrained.json")
    let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
    switch name {
    case "resnet18": return file.resnet18
    case "resnet50": return file.resnet50
    case "vit": return file.vit
    default: return file.gpt2
    }
  }

  private func model(_ name: String) -> (Model, PackageLayout) {
    switch name {
    case "resnet18":
      (Model(ResNet(.eighteen, classes: 5, stem: .imageNet)), .torchvision(.eighteen))
    case "resnet50": (Model(ResNet(.fifty, classes: 5, stem: .imageNet)), .torchvision(.fifty))
    case "vit":
      (
        Model(VisionTransformer(imageSize: 64, classes: 5, layers: 3, pooling: .classToken)),
        .timm(layers: 3)
      )
    default:
      (
        Model(GPT2(vocabulary: 20, context: 12, layers: 2, heads: 2, embedding: 8)),
        .transformers(layers: 2)
      )
    }
  }

  private func drawn(_ model: Model, _ seed: UInt64 = 1) -> Weights {
    var generator = SeededGenerator(seed: seed)
    return Weights(
      step: 0, parameters: model.initialParameters(using: &generator),
      statistics: model.initialStatistics())
  }

  private func inputs(_ name: String) -> Tensor {
    if name == "gpt2" {
      let first: [Int64] = (0..<10).map { (7 * $0 + 3) % 20 }
      let second: [Int64] = (0..<10).map { (3 * $0 + 1) % 20 }
      let tokens = first + second
      return Tensor(tokens, shape: [2, 10])
    }
    let values: [Float] = (0..<24_576).map { Float(sin(0.11 * Double($0))) }
    return Tensor(values, shape: [2, 64, 64, 3])
  }

  @Test(
    "Logits are the package's, and what is written back are its weights",
    arguments: ["resnet18", "resnet50", "vit", "gpt2"])
  func logits(_ name: String) throws {
    let test = try read(name)
    let (model, layout) = model(name)
    var weights = drawn(model)
    let tensors = test.values
    #expect(layout.matches(tensors.keys))
    #expect(try layout.read(tensors, into: &weights, of: model) == [])
    let found = model(inputs(name), at: weights.parameters, statistics: weights.statistics)
      .elements(Float.self).map(Double.init)
    let spread = test.logits.map(abs).max() ?? 0
    #expect(found.count == test.logits.count && spread > 0.01)
    for (a, b) in zip(found, test.logits) { #expect(abs(a - b) < 1e-4 * max(spread, 1)) }
    let written = layout.write(weights, of: model)
    #expect(Set(written.keys) == Set(tensors.keys))
    for (key, tensor) in written {
      #expect(tensor.shape == tensors[key]?.shape, "\(key)")
      #expect(tensor.elements(Float.self) == tensors[key]?.elements(Float.self), "\(key)")
    }
  }

  @Test("Heads of another size stay as drawn, and longer tables of positions are cut")
  func otherHeads() throws {
    let tensors = try read("gpt2").values
    let model = Model(GPT2(vocabulary: 9, context: 8, layers: 2, heads: 2, embedding: 8))
    let initial = drawn(model)
    var read = initial
    let notes = try PackageLayout.transformers(layers: 2).read(tensors, into: &read, of: model)
    #expect(notes.count == 2, "\(notes)")
    #expect(notes.contains { $0.contains("'wte.weight' is [20, 8] in the file and [9, 8] here") })
    #expect(notes.contains { $0.contains("the first 8 of 12 rows") })
    let own = read.tensors(of: model)
    #expect(
      own["tokens.weight"]?.elements(Float.self)
        == initial.tensors(of: model)["tokens.weight"]?.elements(Float.self))
    #expect(
      own["positions.weight"]?.elements(Float.self)
        == tensors["transformer.wpe.weight"]?.elements(Float.self).prefix(64).map { $0 })
  }

  @Test("What is missing, unknown or of another shape is named")
  func misfits() throws {
    let tensors = try read("vit").values
    let (model, layout) = model("vit")
    func refuse(_ part: String, _ model: Model, _ change: (inout [String: Tensor]) -> Void) {
      var changed = tensors
      change(&changed)
      var weights = drawn(model)
      do {
        _ = try layout.read(changed, into: &weights, of: model)
        Issue.record("no error")
      } catch { #expect("\(error)".contains(part), "\(error)") }
    }
    refuse("'blocks.1.norm1.weight', 'norm.bias' are missing", model) {
      $0["blocks.1.norm1.weight"] = nil
      $0["norm.bias"] = nil
    }
    refuse("'fc_norm.weight' is unknown", model) { $0["fc_norm.weight"] = .zeros([384], .float32) }
    refuse("'cls_token' is [1, 1, 3]", model) { $0["cls_token"] = .zeros([1, 1, 3], .float32) }
    let mean = Model(VisionTransformer(imageSize: 64, classes: 5, layers: 3))
    refuse("'pos_embed' is [1, 17, 384]", mean) { _ in }
    // A head that is not there is drawn.
    var headless = tensors
    headless["head.weight"] = nil
    headless["head.bias"] = nil
    var weights = drawn(model)
    #expect(try layout.read(headless, into: &weights, of: model).count == 2)
    #expect(!PackageLayout.torchvision(.eighteen).matches(tensors.keys))
  }

  @Test("Numbers of half precision are read")
  func halves() throws {
    let floats: [Float] = [0, 1, -2.5, 65_504, 0x1p-24, -0x1p-14, .infinity, 0.333251953125]
    let float16: [UInt16] = [0, 0x3c00, 0xc100, 0x7bff, 0x0001, 0x8400, 0x7c00, 0x3555]
    let bfloat16: [UInt16] = [0x3f80, 0xc020, 0x7f80, 0x3eab]
    let header =
      #"{"a":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[2,2],"data_offsets":[16,24]}}"#
    var data = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
    data += header.utf8
    for bits in float16 + bfloat16 {
      withUnsafeBytes(of: bits.littleEndian) { data.append(contentsOf: $0) }
    }
    let tensors = try Safetensors(data).tensors
    #expect(tensors["a"]?.elements(Float.self) == floats)
    #expect(tensors["b"]?.elements(Float.self) == [1, -2.5, .infinity, 0.333984375])
    #expect(tensors["b"]?.shape == [2, 2])
  }

  @Test("A class token's derivatives are autograd's")
  func classToken() throws {
    let model = Model(
      VisionTransformer(
        imageSize: 8, classes: 3, channels: 1, patch: 4, layers: 2, heads: 2, embedding: 8,
        pooling: .classToken))
    var generator = SeededGenerator(seed: 3)
    var parameters = model.initialParameters(using: &generator, .float64)
    // The head starts at 0, which would hide everything before it.
    var noise = parameters.doubles
    for i in noise.indices { noise[i] += 0.3 * generator.normal() }
    parameters = FlatVector(noise)
    let x = Tensor((0..<(4 * 64)).map { _ in generator.normal() }, shape: [4, 8, 8, 1])
    let y = Tensor([0, 1, 2, 1] as [Int64], shape: [4])
    let objective = NetworkObjective(model, SoftmaxCrossEntropy(), inputs: x, targets: y)
    let point = objective.linearize(at: parameters)
    var gradient = parameters.zeros()
    point.formGradient(&gradient)
    let direction = FlatVector(noise.map { _ in generator.normal() })
    let step = 1e-5
    func loss(_ t: Double) -> Double {
      var moved = parameters
      moved.formLinearCombination(1, parameters, t, direction)
      return objective.evaluate(at: moved).loss
    }
    let slope = (loss(step) - loss(-step)) / (2 * step)
    #expect(abs(gradient.dot(direction) - slope) < 1e-6 * max(abs(slope), 1))
    #expect(abs(point.slopes(along: [direction])[0] - slope) < 1e-6 * max(abs(slope), 1))
  }

  @Test("Parameters that are frozen stay as they are, whatever the method")
  func frozen() throws {
    let model = Model(
      Sequential(Dense(4, 6, activation: .relu), Dense(6, 5, activation: .tanh), Dense(5, 3)))
    var partly = model
    let names = model.layout.entries.map(\.name)
    partly.frozen = Set(names.prefix(2) + names.suffix(1))
    var generator = SeededGenerator(seed: 2)
    let x = Tensor((0..<80).map { _ in Float(generator.normal()) }, shape: [20, 4])
    let y = Tensor((0..<20).map { Int64($0 % 3) }, shape: [20])
    let batches = MiniBatches(inputs: x, targets: y, batchSize: 10)
    var decaying = Method.adamQLR()
    decaying.weightDecay.rate = 0.1
    decaying.weightDecay.excludedNames = partly.frozen
    for method in [Method.adamQLR(), .kfac(), decaying] {
      for parts in [1, 2] {
        var fit = try Fit(
          partly, SoftmaxCrossEntropy(), method, on: batches, totalSteps: 6, seed: 4,
          microBatches: parts)
        let before = model.tensors(of: fit.parameters).map { $0.tensor.elements(Float.self) }
        while !fit.isOver { try fit.trainStep() }
        let after = model.tensors(of: fit.parameters)
        for ((name, tensor), start) in zip(after, before) {
          #expect((tensor.elements(Float.self) == start) == partly.frozen.contains(name), "\(name)")
        }
      }
    }
  }
}
