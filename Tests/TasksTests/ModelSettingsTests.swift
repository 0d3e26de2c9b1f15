import AdamQLRNetworks
import Tasks
import Testing
import AdamQLRTorch

@Suite("Models by name")
struct ModelSettingsTests {
  static let image = ProblemShape(.image(height: 32, width: 32, channels: 3), outputs: 10)

  @Test(
    "The models have as many parameters as those of their papers",
    arguments: [
      (ModelKind.resnet18, 11_173_962), (.resnet50, 23_520_842),
      // 32² · 3 · 50 + 50 + 50 · 10 + 10.
      (.mlp, 154_160),
      // Patches 16² · 3 · 384 + 384, positions 4 · 384, 12 blocks of 12 · 384² + 13 · 384, a last
      // normalization, 384 · 10 + 10.
      (.vitS16, 21_595_018),
    ])
  func imageParameters(_ kind: ModelKind, _ count: Int) throws {
    let model = try ModelSettings(kind).makeModel(for: .digitsColor, Self.image)
    #expect(model.layout.count == count)
  }

  /// As a text has it; there is no check of the task, as its shape is given.
  static func tokens(_ positions: Int, _ vocabulary: Int) -> ProblemShape {
    ProblemShape(.tokens(positions: positions, vocabulary: vocabulary), outputs: vocabulary)
  }

  @Test("Sizes that are set make the model; the others are the defaults")
  func sizes() throws {
    var settings = ModelSettings(.resnet18)
    settings[.width] = 4
    let model = try settings.makeModel(for: .digitsColor, Self.image)
    #expect(model.layout["stem.weight"]?.shape == [3, 3, 3, 4])
    #expect(model.layout["output.weight"]?.shape == [32, 10])
    var wide = ModelSettings()
    wide.hiddenSizes = [7, 5]
    let perceptron = try wide.makeModel(for: .mnist, LearningTask.mnist.shape ?? Self.image)
    #expect(
      perceptron.layout.entries.map(\.shape) == [[784, 7], [7], [7, 5], [5], [5, 10], [10]])
    #expect(perceptron.layout.entries[0].name == "0.weight")
  }

  @Test("A model that cannot learn a task is named with it and the choices")
  func mismatches() {
    func expect(_ settings: ModelSettings, _ task: LearningTask, says parts: String...) {
      let text = settings.problem(for: task)?.description ?? ""
      for part in parts { #expect(text.contains(part), "\(text)") }
    }
    expect(
      ModelSettings(.lstm), .mnist, says: "'lstm'", "sequences of tokens", "'mnist'", "images",
      "mlp, resnet18, resnet50, vit-s16")
    expect(ModelSettings(.vitS16), .table, says: "'vit-s16'", "images", "'table'", "mlp")
    for kind in ModelKind.allCases {
      for task in LearningTask.allCases {
        guard let inputs = task.inputKind else { continue }
        let isTaken = kind.inputs.contains(inputs)
        var settings = ModelSettings(kind)
        if kind == .vitS16 { settings[.patch] = 4 }
        #expect((settings.problem(for: task) == nil) == isTaken, "\(kind) \(task)")
      }
    }
  }

  @Test("Every default model is one for its task")
  func defaults() {
    for task in LearningTask.allCases {
      #expect(ModelSettings().problem(for: task) == nil)
      #expect((task.defaultModel == nil) == (task.inputKind == nil))
    }
  }

  @Test(
    "Every model of images learns from random images, also from gray ones that are not square",
    arguments: ModelKind.taking(.image))
  func randomImages(_ kind: ModelKind) throws {
    var settings = ModelSettings(kind)
    for (size, value) in [(.width, 2), (.layers, 1), (.heads, 2), (.embedding, 8), (.patch, 4)]
      as [(ModelSettings.Size, Int)]
    where kind.sizes.contains(where: { $0.size == size }) { settings[size] = value }
    if kind.hasDropout { settings.dropout = 0.25 }
    let isSquare = kind == .vitS16
    let shape = ProblemShape(
      .image(height: 8, width: isSquare ? 8 : 12, channels: 1), outputs: 10)
    let problem = try Problem(randomLike: .digitsColor, shape, model: settings, count: 6)
    var generator = SeededGenerator(seed: 0)
    let parameters = problem.model.initialParameters(using: &generator)
    let examples = problem.training.all
    let objective = NetworkObjective(
      problem.model, problem.loss, inputs: examples.inputs, targets: examples.targets)
    let loss = objective.linearize(at: parameters).loss
    #expect(loss > 0.5 && loss < 20)
    #expect(problem.training.count == 6)
  }
}
