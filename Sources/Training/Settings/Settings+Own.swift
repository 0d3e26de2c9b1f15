import AdamQLR
import AdamQLRNetworks
import Synchronization
import Tasks
import AdamQLRTorch

extension Settings {
  /// All settings, group by group: those of a run, and those of every registered heuristic.
  public static var all: [Setting<Settings>] { table.settings }

  /// The setting of that name, if there is one.
  public static func setting(named name: String) -> Setting<Settings>? { table.byName[name] }

  /// Settings of earlier versions, and what has taken their place.
  static let renamed = [
    "rejects-increase": "acceptance.kind=only-decreases",
    "learning-rate.saddle-free": "learning-rate.curvature=saddle-free-hessian",
  ]

  private struct Table {
    let version: Int
    let settings: [Setting<Settings>]
    let byName: [String: Setting<Settings>]
  }

  private static let cache = Mutex<Table?>(nil)

  /// Made anew where a heuristic or a preset has been registered since.
  private static var table: Table {
    _ = Preset.all
    let version = HeuristicRegistry.version + Preset.all.count
    return cache.withLock { cache in
      if let cache, cache.version == version { return cache }
      let settings =
        run + data + text + imageFolder + rosenbrock + network
        + Method.allSettings.map { $0.lifted(to: \.method) }
      let table = Table(
        version: version, settings: settings,
        byName: Dictionary(settings.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }))
      cache = table
      return table
    }
  }

  private static var run: [Setting<Settings>] {
    [
      Setting("task", \.task, "What is learned."),
      Setting(
        "model", \.model.kind, "Which model learns it; null: the task's. See 'adamqlr models'."),
      Setting(
        "optimizer", .oneOf(Preset.all.map(\.name)),
        "The preset that the method's settings start from.", get: { $0.optimizer.name },
        set: { settings, name in Preset(named: name).map { settings.optimizer = $0 } }),
      Setting(
        "initial-weights", \.initialWeights, SettingRange("a file, or null"),
        "Weights to start from: safetensors of torchvision, timm or transformers, or of a run; null: "
          + "drawn at random."),
      Setting(
        "frozen", \.frozen, SettingRange("a list of names"),
        "Parameters that do not move, by name or by how names begin, such as [stem, blocks]."),
      Setting(
        "epochs", \.epochs, orNull: .positive, "Length in epochs; null: the task's."),
      Setting(
        "steps", \.steps, orNull: .positive, "Length in steps instead of epochs."),
      Setting(
        "seconds", \.seconds, orNull: .positive,
        "Length in seconds of steps, evaluation aside, instead."),
      Setting(
        "batch-size", \.batchSize, .positive,
        "Greatest number of examples in a batch; of texts 32 sequences, of images of one's own 128, "
          + "unless it is set."),
      Setting(
        "micro-batches", \.microBatches, .positive,
        "Parts in which a batch is evaluated, one after the other: less memory, more time."),
      Setting(
        "seed", \.seed, .nonnegative,
        "Determines initial parameters, order of examples and drawn data."),
      Setting(
        "data-dir", \.dataDirectory, SettingRange("a directory, or null"),
        "Where the data sets are; null: $ADAMQLR_DATA, else the user's cache directory."),
      Setting("precision", \.precision, "Precision of all vectors."),
      Setting(
        "threads", \.threads, orNull: .positive, "Most threads; null: all cores."),
      Setting(
        "device", \.device, SettingRange("cpu, cuda or cuda:N"),
        "Where training is computed; cuda: the first GPU."),
      Setting(
        "matmul", \.products, "Layers' products, of single precision; tf32: on GPUs only."),
      Setting(
        "eval-every", \.evaluationInterval, .positive,
        "Epochs from one evaluation to the next."),
      Setting(
        "log-every", \.logInterval, .positive,
        "Steps from one row of the log to the next."),
      Setting(
        "held-back", \.measuresHeldBack, .either,
        "Logs how each step changes the loss on another batch, drawn from a second shuffle."),
      Setting(
        "checkpoint-every", \.checkpointInterval, orNull: .positive,
        "Steps from one checkpoint to the next; null: one a minute."),
      Setting(
        "keep", \.keptCheckpoints, .positive,
        "Number of checkpoints that are kept."),
      Setting(
        "weights", \.weights,
        "Weights to evaluate, predict and generate with: those with the lowest validation loss, or "
          + "the last."),
      Setting(
        "early-stopping.patience", \.patience, orNull: .positive,
        "Evaluations in a row (see eval-every) without a lower validation loss that end the run; "
          + "null: none do."),
      Setting(
        "divergence-factor", \.divergenceFactor, orNull: .positive,
        "The run ends where ten losses in a row are this many times the first; null: never."),
    ]
  }

  private static let data: [Setting<Settings>] = [
    Setting(
      "data.path", \.table.optionalPath, SettingRange("a file, or null"),
      "Table: its CSV file, compressed (.gz) or not."),
    Setting(
      "data.target", \.table.optionalTarget, SettingRange("a column, or null"),
      "Table: the column to predict, its name or its number from 1."),
    Setting("data.kind", \.table.kind, "Table: what is predicted; auto: as the target looks."),
    Setting(
      "data.ignore", \.table.ignored, SettingRange("a list of columns"),
      "Table: columns that are not used."),
    Setting(
      "data.categorical", \.table.categorical, SettingRange("a list of columns"),
      "Table: columns that are words, though they may look like numbers."),
    Setting(
      "data.max-categories", \.table.maxCategories, .positive,
      "Table: most words of a column that are inputs, the most frequent ones."),
    Setting(
      "data.dates", \.table.dates, SettingRange("a list of columns"),
      "Table: columns of dates or times to make numbers of: year, day of the year, weekday, seconds."
    ),
    Setting(
      "data.date-order", \.table.dateOrder,
      "Table: whether day or month comes first in dates such as 03/04/2024; auto: as they show."),
    Setting(
      "data.missing", \.table.missing,
      "Table: missing cells; impute: the mean, or the most frequent word."),
    Setting(
      "data.missing-values", \.table.format.missingValues, SettingRange("a list of words"),
      "Table: spellings of missing cells beside empty ones, NA, N/A, NaN, null, None, ?, - and the "
        + "like."),
    Setting(
      "data.keep-default-missing", \.table.format.keepsDefaultMissing, .either,
      "Table: whether those usual spellings mean missing cells; an empty cell always does."),
    Setting(
      "data.missing-target", \.table.missingTarget, "Table: rows whose target is missing."),
    Setting(
      "data.class-weights", \.table.classWeights,
      "Table: how much an example counts; balanced: each class as much as any other."),
    Setting(
      "data.split", \.table.split,
      "Table: how rows are divided; stratified: each class alike, group: rows with the same word in "
        + "data.split-column together, time: the last by it test."),
    Setting(
      "data.split-column", \.table.splitColumn, SettingRange("a column, or null"),
      "Table: the column of groups or times that data.split goes by."),
    Setting(
      "data.test", \.table.testFraction, .decay,
      "Table: share of rows that test; without effect beside data.test-path."),
    Setting(
      "data.validation", \.table.validationFraction, .decay,
      "Table: share of the other rows that validate."),
    Setting(
      "data.test-path", \.table.testPath, SettingRange("a file, or null"),
      "Table: a file of rows that test; null: some of data.path's."),
    Setting("data.delimiter", \.table.format.delimiter, "Table: what divides cells."),
    Setting(
      "data.skip-lines", \.table.format.skippedLines, .nonnegative,
      "Table: number of lines before the table that are no part of it."),
    Setting(
      "data.header", \.table.format.header,
      "Table: whether the first line names the columns; auto: as it looks."),
    Setting(
      "data.decimal", \.table.format.decimal,
      "Table: what stands before decimals; auto: as the numbers show."),
    Setting(
      "data.thousands", \.table.format.thousands,
      "Table: what groups digits; auto: as the numbers show."),
  ]

  private static let rosenbrock: [Setting<Settings>] = [
    Setting(
      "rosenbrock.start", \.rosenbrockStart,
      "Rosenbrock: where a run starts; fixed: at (1, -1), normal: at two standard normal numbers.")
  ]

  private static let network: [Setting<Settings>] =
    [
      Setting(
        "network.hidden", \.model.hiddenSizes,
        SettingRange("a list of whole numbers from 1, or null") {
          ($0 ?? []).allSatisfy { $0 >= 1 }
        }, "Perceptron: sizes of the hidden layers; null: the paper's."),
      Setting(
        "network.activation", \.model.activation, "Perceptron: after each hidden layer."),
      Setting("network.initializer", \.model.initializer, "Perceptron: how weights start."),
      size(.width, "Residual network: channels of its first stage; null: 64."),
      Setting(
        "network.stem", \.model.stem,
        "Residual network: what comes first, imagenet: a 7×7 convolution and pooling; null: that of "
          + "images of 128 pixels and more, else a 3×3 convolution."),
      size(.layers, "Transformer: its blocks; LSTM: how many, one after the other."),
      size(.heads, "Transformer: heads of each attention; they divide the embedding."),
      size(.embedding, "Transformer, LSTM: size of the vectors for tokens or patches."),
      size(.context, "GPT-2: most positions."),
      size(.units, "LSTM: units of each."),
      size(.patch, "Vision transformer: height and width of a patch."),
      Setting(
        "network.pooling", \.model.pooling, "Vision transformer: what the scores are made of."),
      Setting(
        "network.dropout", \.model.dropout, .decay,
        "Transformer, LSTM: probability that an element is dropped."),
    ]

  private static func size(_ size: ModelSettings.Size, _ help: String) -> Setting<Settings> {
    Setting(
      "network.\(size.rawValue)", \.model[size], orNull: .positive, help)
  }
}

extension TableSource {
  fileprivate var optionalPath: String? {
    get { path.isEmpty ? nil : path }
    set { path = newValue ?? "" }
  }
  fileprivate var optionalTarget: String? {
    get { target.isEmpty ? nil : target }
    set { target = newValue ?? "" }
  }
}

extension Setting {
  /// The group that the name starts with, empty for the settings of a run.
  public var group: String {
    name.firstIndex(of: ".").map { String(name[..<$0]) } ?? ""
  }
}
