import Networks
import Torch

/// The problems of the paper, a few more, and one's own, by name.
public enum LearningTask: String, Codable, CaseIterable, Sendable {
  /// Images of digits that the program draws; nothing to download.
  case digits
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
  /// Rosenbrock's function.
  case rosenbrock
  /// A table of one's own, which a ``TableSource`` describes.
  case table

  /// What it is, in a line.
  public var summary: String {
    switch self {
    case .digits: "28×28 images of digits drawn by the program; 12,000 train, 2,000 test"
    case .uciEnergy: "UCI Energy Efficiency: 8 inputs, heating load; 588 train, 76 test"
    case .uciProtein: "UCI Protein Structure: 9 inputs, RMSD; 34,983 train, 4,573 test"
    case .fashionMNIST: "Fashion-MNIST, 28×28 images of clothing; 50,000 train, 10,000 test"
    case .mnist: "MNIST, 28×28 images of handwritten digits; 50,000 train, 10,000 test"
    case .mnist10k: "MNIST's test files alone; 8,000 train, 2,000 test"
    case .rosenbrock: "Rosenbrock's function from (1, −1), as least squares"
    case .table: "a table of one's own (CSV), a regression or classification by the target's column"
    }
  }

  /// The data set; `nil` where there is none.
  public var source: DataSource? { DataSource(rawValue: rawValue) }

  /// The sizes of the hidden layers, as the paper has them.
  public var hiddenSizes: [Int] {
    switch self {
    case .rosenbrock: []
    case .uciProtein: [100]
    case .digits, .uciEnergy, .fashionMNIST, .mnist, .mnist10k, .table: [50]
    }
  }

  /// The sizes of one example's inputs and of the outputs; `nil` where there are no examples, or
  /// they depend on a table.
  public var shape: (inputs: Int, outputs: Int)? {
    switch self {
    case .rosenbrock, .table: nil
    case .uciEnergy: (8, 1)
    case .uciProtein: (9, 1)
    case .digits, .fashionMNIST, .mnist, .mnist10k: (784, 10)
    }
  }

  /// Whether examples are classified; otherwise numbers are predicted. A table's are as its
  /// ``TableEncoding`` says.
  public var isClassification: Bool { shape.map { $0.outputs > 1 } ?? false }

  /// The loss; a table's depends on whether its examples are classified.
  public var loss: any Loss { isClassification ? SoftmaxCrossEntropy() : SquaredError() }
}
