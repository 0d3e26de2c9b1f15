import AdamQLRNetworks
import AdamQLRTorch

/// The problems of the paper, a few more, and one's own, by name.
public enum LearningTask: String, Codable, CaseIterable, Sendable {
  /// Images of digits that the program draws; nothing to download.
  case digits
  /// Color images of digits that the program draws; nothing to download.
  case digitsColor = "digits-color"
  /// UCI Energy Efficiency, a regression.
  case uciEnergy = "uci-energy"
  /// UCI Protein Structure, a regression.
  case uciProtein = "uci-protein"
  /// Fashion-MNIST.
  case fashionMNIST = "fashion-mnist"
  /// MNIST.
  case mnist
  /// The test images of MNIST alone.
  case mnist10k = "mnist-10k"
  /// The Penn Treebank, a language model's task.
  case pennTreebank = "penn-treebank"
  /// A text of one's own, which a ``TextSource`` describes.
  case text
  /// Street View House Numbers.
  case svhn
  /// CIFAR-10.
  case cifar10 = "cifar-10"
  /// Images of one's own, which an ``ImageSource`` describes.
  case images
  /// Rosenbrock's function.
  case rosenbrock
  /// A table of one's own, which a ``TableSource`` describes.
  case table

  /// What it is, in a line.
  public var summary: String {
    switch self {
    case .digits: "28×28 images of digits drawn by the program; 12,000 train, 2,000 test"
    case .digitsColor:
      "32×32 color images of digits drawn by the program; 12,000 train, 2,000 test"
    case .uciEnergy: "UCI Energy Efficiency: 8 inputs, heating load; 588 train, 76 test"
    case .uciProtein: "UCI Protein Structure: 9 inputs, RMSD; 34,983 train, 4,573 test"
    case .fashionMNIST: "Fashion-MNIST, 28×28 images of clothing; 50,000 train, 10,000 test"
    case .mnist: "MNIST, 28×28 images of handwritten digits; 50,000 train, 10,000 test"
    case .mnist10k: "MNIST's test files alone; 8,000 train, 2,000 test"
    case .pennTreebank: "Penn Treebank, the next of 10,000 words; 929,589 train, 82,430 test"
    case .text: "a text of one's own, the next of its bytes or words"
    case .svhn: "SVHN, 32×32 color images of house numbers' digits; 61,048 train, 26,032 test"
    case .cifar10: "CIFAR-10, 32×32 color images, cut and mirrored anew; 45,000 train, 10,000 test"
    case .images: "images of one's own, a folder a class"
    case .rosenbrock: "Rosenbrock's function from (1, −1), as least squares"
    case .table: "a table of one's own (CSV), a regression or classification by the target's column"
    }
  }

  /// The data set; `nil` where there is none.
  public var source: DataSource? { DataSource(rawValue: rawValue) }

  /// What the model's inputs are; `nil` where there are none.
  public var inputKind: ExampleShape.Kind? {
    switch self {
    case .rosenbrock: nil
    case .pennTreebank, .text: .tokens
    case .uciEnergy, .uciProtein, .table: .features
    case .digits, .digitsColor, .fashionMNIST, .mnist, .mnist10k, .svhn, .cifar10, .images: .image
    }
  }

  /// The paper's model, or a like one; `nil` where the task is a function of parameters alone.
  public var defaultModel: ModelKind? {
    switch self {
    case .rosenbrock: nil
    case .digits, .uciEnergy, .uciProtein, .fashionMNIST, .mnist, .mnist10k, .table: .mlp
    case .digitsColor, .svhn, .cifar10, .images: .resnet18
    case .pennTreebank, .text: .gpt2
    }
  }

  /// The hidden layers of a multilayer perceptron, as the paper has them.
  public var hiddenSizes: [Int] {
    self == .uciProtein ? [100] : [50]
  }

  /// The sizes of a model where they are not ``ModelKind/sizes``, the paper's: a text of one's own is
  /// rarely large enough for those.
  func sizes(of kind: ModelKind) -> [ModelSettings.Size: Int] {
    switch (self, kind) {
    case (.text, .gpt2): [.layers: 4, .heads: 4, .embedding: 128]
    case (.text, .lstm): [.layers: 1, .units: 256, .embedding: 128]
    default: [:]
    }
  }

  /// One example's inputs and the outputs; `nil` where there are none, or only the data tell.
  public var shape: ProblemShape? {
    switch self {
    case .rosenbrock, .table, .text, .pennTreebank, .images: nil
    case .uciEnergy: ProblemShape(.features(8), outputs: 1)
    case .uciProtein: ProblemShape(.features(9), outputs: 1)
    case .digits, .fashionMNIST, .mnist, .mnist10k:
      ProblemShape(.image(height: 28, width: 28, channels: 1), outputs: 10)
    case .digitsColor, .svhn, .cifar10:
      ProblemShape(.image(height: 32, width: 32, channels: 3), outputs: 10)
    }
  }

  /// Whether examples are classified; otherwise numbers are predicted. A table's are as its
  /// ``TableEncoding`` says.
  public var isClassification: Bool {
    inputKind == .tokens || self == .images || shape.map { $0.outputs > 1 } ?? false
  }

  /// The loss; a table's depends on whether its examples are classified.
  public var loss: any Loss { isClassification ? SoftmaxCrossEntropy() : SquaredError() }
}
