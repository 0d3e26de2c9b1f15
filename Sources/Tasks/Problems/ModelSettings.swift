import AdamQLRNetworks

/// A model by name, and its sizes.
///
///     var settings = ModelSettings(.resnet18)
///     settings[.width] = 16
///     let problem = try Problem(.digitsColor, model: settings)
public struct ModelSettings: Hashable, Codable, Sendable {
  /// Which model; `nil`: the task's, see ``LearningTask/defaultModel``.
  public var kind: ModelKind?
  /// A perceptron's hidden layers; `nil`: the task's, see ``LearningTask/hiddenSizes``.
  public var hiddenSizes: [Int]?
  /// The activation after each hidden layer of a perceptron. Default: the rectifier.
  public var activation = Activation.relu
  /// How the weights of a perceptron start. Default: LeCun's.
  public var initializer = WeightInitializer.leCun
  /// The probability that an element is dropped in training, in models with dropout. Default 0.
  public var dropout = 0.0
  /// What comes before the stages of a residual network; `nil`: that for small images, of images of
  /// 128 pixels and more that for ImageNet's.
  public var stem: ResNet.Stem?
  /// What a vision transformer makes its scores of. Default: the mean over the patches.
  public var pooling = VisionTransformer.Pooling.mean
  private var sizes: [Size: Int] = [:]

  /// A model with the default for everything else.
  public init(_ kind: ModelKind? = nil) { self.kind = kind }

  /// A size; `nil`: the model's default, see ``ModelKind/sizes``.
  public subscript(size: Size) -> Int? {
    get { sizes[size] }
    set { sizes[size] = newValue }
  }

  /// The sizes by name.
  public enum Size: String, Codable, CaseIterable, Sendable {
    /// The channels of a residual network's first stage.
    case width
    /// The blocks of a transformer, or the LSTMs.
    case layers
    /// The heads of each attention; they divide the vectors.
    case heads
    /// The size of the vectors that stand for tokens or patches.
    case embedding
    /// The most positions that a transformer can tell apart.
    case context
    /// The units of each LSTM.
    case units
    /// The height and width of the patches that images are cut into; it divides both.
    case patch
  }

  /// The initializers of weights by name.
  public enum WeightInitializer: String, Codable, CaseIterable, Sendable {
    /// He et al. 2015.
    case kaiming
    /// Glorot and Bengio 2010.
    case xavier
    /// LeCun et al. 1998.
    case leCun = "lecun"
    /// Normal with standard deviation 0.02.
    case normal

    /// The initializer.
    public var initializer: Initializer {
      switch self {
      case .kaiming: .kaiming()
      case .xavier: .xavier()
      case .leCun: .leCun()
      case .normal: .normal()
      }
    }
  }
}

/// Why a model cannot be made for a task, in one line.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason, with the settings that it is about and their choices.
  public let description: String

  /// An error with this description.
  public init(_ description: String) { self.description = description }
}
