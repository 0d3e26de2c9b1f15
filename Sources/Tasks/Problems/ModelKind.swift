/// The models by name.
public enum ModelKind: String, Codable, CaseIterable, Sendable {
  /// A multilayer perceptron.
  case mlp
  /// A residual network of 18 layers.
  case resnet18
  /// A residual network of 50 layers.
  case resnet50
  /// A vision transformer.
  case vitS16 = "vit-s16"
  /// A language model of LSTMs.
  case lstm
  /// A language model that is a transformer.
  case gpt2

  /// What it is, in a line.
  public var summary: String {
    switch self {
    case .mlp: "a multilayer perceptron; images are taken as rows of numbers"
    case .resnet18: "a residual network of 18 layers, with a 3×3 convolution first (CIFAR's)"
    case .resnet50: "a residual network of 50 layers, with a 3×3 convolution first (CIFAR's)"
    case .vitS16: "a vision transformer, ViT-S/16"
    case .lstm: "a language model of LSTMs"
    case .gpt2: "a language model, GPT-2, with weights drawn anew"
    }
  }

  /// What its inputs may be.
  public var inputs: [ExampleShape.Kind] {
    switch self {
    case .mlp: [.features, .image]
    case .resnet18, .resnet50, .vitS16: [.image]
    case .lstm, .gpt2: [.tokens]
    }
  }

  /// The sizes that can be set, each with its default.
  public var sizes: [(size: ModelSettings.Size, value: Int)] {
    switch self {
    case .mlp: []
    case .resnet18, .resnet50: [(.width, 64)]
    case .vitS16: [(.layers, 12), (.heads, 6), (.embedding, 384), (.patch, 16)]
    case .lstm: [(.layers, 3), (.units, 1150), (.embedding, 400)]
    case .gpt2: [(.layers, 12), (.heads, 12), (.embedding, 768), (.context, 1024)]
    }
  }

  /// Whether elements can be dropped in training.
  public var hasDropout: Bool {
    switch self {
    case .vitS16, .lstm, .gpt2: true
    case .mlp, .resnet18, .resnet50: false
    }
  }

  /// The sizes of one example's inputs, as the model takes them: a perceptron takes images as rows
  /// of numbers.
  public func inputDimensions(_ example: ExampleShape) -> [Int] {
    self == .mlp ? [example.count] : example.dimensions
  }

  /// Those that take such inputs.
  public static func taking(_ inputs: ExampleShape.Kind) -> [ModelKind] {
    allCases.filter { $0.inputs.contains(inputs) }
  }
}
