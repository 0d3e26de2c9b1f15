import AdamQLR
import AdamQLRNetworks
import Tasks
import AdamQLRTorch

/// Everything that determines a training run.
public struct Settings: Hashable, Sendable {
  /// What is learned.
  public var task = LearningTask.digits
  /// The preset that the method's settings start from.
  public var optimizer = Preset.adamQLR
  /// How long, in epochs; `nil`: the task's default, unless steps are given.
  public var epochs: Int?
  /// How long, in steps; `nil`: by epochs.
  public var steps: Int?
  /// How long, in seconds of steps; `nil`: by epochs or steps.
  public var seconds: Double?
  /// The greatest size of a batch. Default 3200, the paper's for untuned AdamQLR; settings from
  /// files and the command line start from ``defaultBatchSize``.
  public var batchSize = 3200
  /// The number of parts in which a batch is evaluated, one after the other, to save memory.
  public var microBatches = 1
  /// What initial parameters, the order of examples and drawn data follow from.
  public var seed = 0
  /// The directory of the data sets; `nil`: that in the environment variable `ADAMQLR_DATA`, else
  /// `adamqlr-swift/data` in the user's cache directory.
  public var dataDirectory: String?
  /// The precision of all vectors.
  public var precision = Precision.float
  /// The most threads an operation uses; `nil`: the machine's cores.
  public var threads: Int?
  /// Where training is computed.
  public var device = Device.cpu
  /// How the layers' products are computed.
  public var products = ProductPrecision.float
  /// Which model learns it, and its sizes.
  public var model = ModelSettings()
  /// The file of the weights to start from; `nil`: they are drawn.
  public var initialWeights: String?
  /// The parameters that do not move: their names, or how those begin, up to a point.
  public var frozen: [String] = []
  /// The table to learn from, where that is the task; path and target are empty unless given.
  public var table = TableSource(path: "", target: "")
  /// The text to learn from, where that is the task; the path is empty unless given.
  public var text = TextSource(path: "")
  /// The images to learn from, where they are the task; the path is empty unless given.
  public var images = ImageSource(path: "")
  /// Where Rosenbrock's function starts, where that is the task.
  public var rosenbrockStart = Rosenbrock.Start.fixed
  /// The epochs from one evaluation to the next.
  public var evaluationInterval = 1
  /// The steps from one row of the log to the next.
  public var logInterval = 1
  /// Whether each step's change of the loss is measured on another batch, too, drawn independently.
  public var measuresHeldBack = false
  /// The steps from one checkpoint to the next; `nil`: one a minute.
  public var checkpointInterval: Int?
  /// The number of checkpoints that are kept.
  public var keptCheckpoints = 3
  /// Which weights of the run are used once it is over, unless told otherwise then.
  public var weights = Weights.Choice.best
  /// The number of evaluations in a row without a validation loss below the lowest before, after which
  /// the run ends; `nil`: it goes on to its length.
  public var patience: Int?
  /// How many times the first loss (at least 1) a loss is that counts as exploded; `nil`: none is.
  public var divergenceFactor: Double? = 1000
  /// How steps are made.
  public var method = Preset.adamQLR.method

  /// The defaults: untuned AdamQLR on digits.
  public init() {}

  /// The settings of a preset.
  public init(_ optimizer: Preset) {
    self.optimizer = optimizer
    method = optimizer.method
  }

  /// The greatest size of a batch without any setting: 3200; of texts, whose examples are whole
  /// sequences, 32; of images of one's own 128.
  public var defaultBatchSize: Int {
    task.inputKind == .tokens ? 32 : task == .images ? 128 : 3200
  }

  /// The number of epochs without any setting.
  public var defaultEpochs: Int {
    switch task {
    case .digits, .digitsColor, .fashionMNIST, .mnist, .mnist10k: 20
    case .uciEnergy, .uciProtein, .table: 200
    case .pennTreebank, .text: 10
    case .svhn, .images: 10
    case .cifar10: 72
    case .rosenbrock: 200
    }
  }

  /// The model; `nil` where the task is a function of parameters alone.
  public var modelKind: ModelKind? { model.kind(for: task) }

  /// The precision of all vectors.
  public enum Precision: String, Codable, CaseIterable, Sendable {
    /// 32 bits.
    case float
    /// 64 bits.
    case double
  }
}
