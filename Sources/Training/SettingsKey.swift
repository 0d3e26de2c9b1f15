import AdamQLR
import Networks
import Tasks
import Torch

/// One setting: its name in files and on the command line, what it means and what it may be.
public struct SettingsKey: Sendable {
  /// The name, with a period between a group's name and its own.
  public let name: String
  /// What it means, in a line.
  public let help: String
  /// What it may be, in words: "a number in 0..<1".
  public let expectation: String

  /// The value in some settings.
  public let value: @Sendable (Settings) -> SettingsValue
  /// Puts a value in; false if it may not be that.
  let assign: @Sendable (inout Settings, SettingsValue) -> Bool

  /// A setting of any type.
  init<Value: SettingsConvertible>(
    _ name: String, _ path: any WritableKeyPath<Settings, Value> & Sendable,
    _ expectation: String, _ help: String,
    where isAllowed: @escaping @Sendable (Value) -> Bool = { _ in true }
  ) {
    self.name = name
    self.help = help
    self.expectation = expectation
    value = { $0[keyPath: path].settingsValue }
    assign = { settings, value in
      guard let value = Value(value), isAllowed(value) else { return false }
      settings[keyPath: path] = value
      return true
    }
  }

  /// A setting that is one of several words.
  init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Settings, Choice> & Sendable, _ help: String
  ) {
    self.name = name
    self.help = help
    expectation = Self.choices(Choice.self)
    value = { .text($0[keyPath: path].rawValue) }
    assign = { settings, value in
      guard let word = String(value), let choice = Choice(rawValue: word) else { return false }
      settings[keyPath: path] = choice
      return true
    }
  }

  /// A setting that is one of several words, or null.
  init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Settings, Choice?> & Sendable, _ help: String
  ) {
    self.name = name
    self.help = help
    expectation = Self.choices(Choice.self) + ", or null"
    value = { $0[keyPath: path].map { .text($0.rawValue) } ?? .null }
    assign = { settings, value in
      guard let word = String?(value) else { return false }
      let choice = word.flatMap(Choice.init(rawValue:))
      guard word == nil || choice != nil else { return false }
      settings[keyPath: path] = choice
      return true
    }
  }

  /// A setting that is a set of words.
  init<Choice: RawRepresentable<String> & CaseIterable & Hashable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Settings, Set<Choice>> & Sendable, _ help: String
  ) {
    self.name = name
    self.help = help
    expectation = "a list of \(Self.choices(Choice.self))"
    value = { .list($0[keyPath: path].map(\.rawValue).sorted().map(SettingsValue.text)) }
    assign = { settings, value in
      guard let words = [String](value) else { return false }
      let choices = words.compactMap(Choice.init(rawValue:))
      guard choices.count == words.count else { return false }
      settings[keyPath: path] = Set(choices)
      return true
    }
  }

  private static func choices<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type
  ) -> String {
    "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
  }
}

extension SettingsKey {
  /// The setting of that name, if there is one.
  public static func named(_ name: String) -> SettingsKey? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The group that the name starts with, empty for the settings of a run.
  public var group: String {
    name.firstIndex(of: ".").map { String(name[..<$0]) } ?? ""
  }

  /// All settings, group by group.
  public static let all: [SettingsKey] =
    run + data + text + network + direction + otherDirections + learningRate
    + schedule(.learningRate)
    + momentum + schedule(.momentum) + damping + schedule(.damping) + limits

  private static let run: [SettingsKey] = [
    SettingsKey("task", \.task, "What is learned."),
    SettingsKey(
      "model", \.model.kind, "Which model learns it; null: the task's. See 'adamqlr models'."),
    SettingsKey("optimizer", \.optimizer, "The preset that the method's settings start from."),
    SettingsKey(
      "epochs", \.epochs, "a whole number from 1, or null", "Length in epochs; null: the task's.",
      where: { $0 ?? 1 >= 1 }),
    SettingsKey(
      "steps", \.steps, "a whole number from 1, or null", "Length in steps instead of epochs.",
      where: { $0 ?? 1 >= 1 }),
    positive("seconds", \.seconds, "Length in seconds of steps, evaluation aside, instead."),
    SettingsKey(
      "batch-size", \.batchSize, "a whole number from 1",
      "Greatest number of examples in a batch; of texts, 32 sequences unless it is set.",
      where: { $0 >= 1 }),
    positiveWhole(
      "micro-batches", \.microBatches,
      "Parts in which a batch is evaluated, one after the other: less memory, more time."),
    SettingsKey(
      "seed", \.seed, "a whole number from 0",
      "Determines initial parameters, order of examples and drawn data.", where: { $0 >= 0 }),
    SettingsKey(
      "data-dir", \.dataDirectory, "a directory, or null",
      "Where the data sets are; null: $ADAMQLR_DATA, else the user's cache directory."),
    SettingsKey("precision", \.precision, "Precision of all vectors."),
    SettingsKey(
      "threads", \.threads, "a whole number from 1, or null", "Most threads; null: all cores.",
      where: { $0 ?? 1 >= 1 }),
    SettingsKey(
      "device", \.device, "cpu, cuda or cuda:N", "Where training is computed; cuda: the first GPU."),
    SettingsKey(
      "matmul", \.products, "Layers' products, of single precision; tf32: on GPUs only."),
    SettingsKey(
      "eval-every", \.evaluationInterval, "a whole number from 1",
      "Epochs from one evaluation to the next.", where: { $0 >= 1 }),
    SettingsKey(
      "log-every", \.logInterval, "a whole number from 1",
      "Steps from one row of the log to the next.", where: { $0 >= 1 }),
    SettingsKey(
      "held-back", \.measuresHeldBack, "true or false",
      "Logs how each step changes the loss on another batch, drawn from a second shuffle."),
    SettingsKey(
      "checkpoint-every", \.checkpointInterval, "a whole number from 1, or null",
      "Steps from one checkpoint to the next; null: one a minute.", where: { $0 ?? 1 >= 1 }),
    SettingsKey(
      "keep", \.keptCheckpoints, "a whole number from 1", "Number of checkpoints that are kept.",
      where: { $0 >= 1 }),
    positive(
      "divergence-factor", \.divergenceFactor,
      "The run ends where ten losses in a row are this many times the first; null: never."),
  ]

  private static let data: [SettingsKey] = [
    SettingsKey(
      "data.path", \.table.optionalPath, "a file, or null",
      "Table: its CSV file, compressed (.gz) or not."),
    SettingsKey(
      "data.target", \.table.optionalTarget, "a column, or null",
      "Table: the column to predict, its name or its number from 1."),
    SettingsKey("data.kind", \.table.kind, "Table: what is predicted; auto: as the target looks."),
    SettingsKey(
      "data.ignore", \.table.ignored, "a list of columns", "Table: columns that are not used."),
    SettingsKey(
      "data.categorical", \.table.categorical, "a list of columns",
      "Table: columns that are words, though they may look like numbers."),
    SettingsKey(
      "data.missing", \.table.missing,
      "Table: empty cells, NA, N/A, NaN, null and ?; impute: the mean, or the most frequent word."),
    number(
      "data.test", \.table.testFraction, below: 1,
      "Table: share of rows that test; without effect beside data.test-path."),
    number(
      "data.validation", \.table.validationFraction, below: 1,
      "Table: share of the other rows that validate."),
    SettingsKey(
      "data.test-path", \.table.testPath, "a file, or null",
      "Table: a file of rows that test; null: some of data.path's."),
    SettingsKey("data.delimiter", \.table.format.delimiter, "Table: what divides cells."),
    SettingsKey(
      "data.header", \.table.format.header,
      "Table: whether line 1 names the columns; auto: if no cell of it is a number."),
    SettingsKey("data.decimal", \.table.format.decimal, "Table: what stands before decimals."),
  ]

  private static let network: [SettingsKey] =
    [
      SettingsKey(
        "network.hidden", \.model.hiddenSizes, "a list of whole numbers from 1, or null",
        "Perceptron: sizes of the hidden layers; null: the paper's.",
        where: { ($0 ?? []).allSatisfy { $0 >= 1 } }),
      SettingsKey(
        "network.activation", \.model.activation, "Perceptron: after each hidden layer."),
      SettingsKey("network.initializer", \.model.initializer, "Perceptron: how weights start."),
      size(.width, "Residual network: channels of its first stage; null: 64."),
      size(.layers, "Transformer: its blocks; LSTM: how many, one after the other."),
      size(.heads, "Transformer: heads of each attention; they divide the embedding."),
      size(.embedding, "Transformer, LSTM: size of the vectors for tokens or patches."),
      size(.context, "GPT-2: most positions."),
      size(.units, "LSTM: units of each."),
      size(.patch, "Vision transformer: height and width of a patch."),
      number(
        "network.dropout", \.model.dropout, below: 1,
        "Transformer, LSTM: probability that an element is dropped."),
    ]

  private static func size(_ size: ModelSettings.Size, _ help: String) -> SettingsKey {
    SettingsKey(
      "network.\(size.rawValue)", \.model[size], "a whole number from 1, or null", help,
      where: { $0 ?? 1 >= 1 })
  }

  private static let direction: [SettingsKey] = [
    SettingsKey("direction.kind", \.method.direction, "Where a step goes."),
    number("direction.beta1", \.method.adam.beta1, below: 1, "Adam: decay of the first moment."),
    number("direction.beta2", \.method.adam.beta2, below: 1, "Adam: decay of the second moment."),
    number("direction.epsilon", \.method.adam.epsilon, "Adam: added to the root."),
    number("direction.epsilon-root", \.method.adam.epsilonRoot, "Adam: added inside the root."),
    number(
      "direction.relative-epsilon", \.method.adam.relativeEpsilon,
      "Adam: times √ of v's mean, added to ε; × the share of the data not in a batch."),
    number("direction.momentum", \.method.sgd.momentum, below: 1, "SGD: decay of the momentum."),
    SettingsKey(
      "direction.nesterov", \.method.sgd.isNesterov, "true or false", "SGD: Nesterov's momentum."),
    number("direction.l2", \.method.sgd.l2, "SGD: weight of θ in the direction."),
    SettingsKey(
      "direction.estimation", \.method.kfac.estimation, "K-FAC: targets of its statistics."),
    number("direction.decay", \.method.kfac.decay, below: 1, "K-FAC: decay of its factors."),
    positiveWhole(
      "direction.factor-interval", \.method.kfac.factorInterval,
      "K-FAC: steps from one update of the factors to the next."),
    positiveWhole(
      "direction.inverse-interval", \.method.kfac.inverseInterval,
      "K-FAC: steps from one inversion to the next."),
    SettingsKey(
      "direction.exact-inverses", \.method.kfac.usesExactInverses, "true or false",
      "K-FAC: damps by eigendecomposition instead of by factor."),
  ]

  private static let learningRate: [SettingsKey] = [
    SettingsKey("learning-rate.kind", \.method.learningRate, "How far a step goes."),
    number("learning-rate.value", \.method.rate, "Fixed rate, schedule's peak, or start."),
    SettingsKey(
      "learning-rate.hypergradient-rate", \.method.hypergradientRate, "a number",
      "Hypergradient: rate at which the learning rate learns."),
    SettingsKey("learning-rate.curvature", \.method.model.curvature, "Quadratic model: C."),
    fraction(
      "learning-rate.memory", \.method.model.memory,
      "Quadratic model: decay of the remembered curvature; null: by memory-epochs."),
    positive(
      "learning-rate.memory-epochs", \.method.memoryEpochs,
      "Quadratic model: how many epochs it is remembered."),
    positive(
      "learning-rate.memory-order", \.method.model.memoryOrder,
      "Quadratic model: order of the mean that it is, 2 with full batches; null: the maximum."),
    SettingsKey(
      "learning-rate.memory-cap", \.method.model.memoryCap, "a number from 1, or null",
      "Quadratic model: times the mean that one step counts at most; null: no cap.",
      where: { $0.map { $0 >= 1 && $0.isFinite } ?? true }),
    SettingsKey(
      "learning-rate.previous-direction", \.method.model.previousDirectionWeight,
      "a number in 0...1",
      "Quadratic model: weight of the slope along d before; × the share not in a batch.",
      where: { (0...1).contains($0) }),
    positive(
      "learning-rate.plausible-decrease", \.method.model.plausibleDecrease,
      "Quadratic model: share of the loss at which that weight is half; null: always whole."),
    number(
      "learning-rate.promise-averaging", \.method.model.promiseAveraging, below: 1,
      "Quadratic model: decay of the averages of that share."),
    positive(
      "learning-rate.memory-relief", \.method.model.memoryRelief,
      "Quadratic model: epochs whose promises below the loss relieve memory; null: none do."),
    SettingsKey(
      "learning-rate.independent-batch", \.method.model.usesIndependentBatch, "true or false",
      "Quadratic model: from a second batch."),
    fraction(
      "learning-rate.curvature-averaging", \.method.model.curvatureAveraging,
      "Quadratic model: decay of the averaged dᵀ(C+λI)d."),
    number(
      "learning-rate.initial-averaged-curvature", \.method.model.initialAveragedCurvature,
      "Quadratic model: where that average starts."),
    SettingsKey(
      "learning-rate.saddle-free", \.method.model.isSaddleFree, "true or false",
      "Quadratic model: by the magnitude of dᵀ(C+λI)d."),
    positive("learning-rate.clipping", \.method.model.clipping, "Quadratic model: greatest |α|."),
    number(
      "learning-rate.amplification", \.method.model.amplification, "Quadratic model: factor on α."),
    fraction(
      "learning-rate.averaging", \.method.model.averaging,
      "Quadratic model: decay of the averaged α."),
    optionalWhole(
      "learning-rate.envelope-peak", \.method.envelopePeak,
      "Quadratic model: step at which the step's envelope peaks."),
    optionalWhole(
      "learning-rate.envelope-total", \.method.envelopeTotal,
      "Quadratic model: end of the envelope; null: the run's."),
  ]

  private static let momentum: [SettingsKey] = [
    SettingsKey(
      "momentum.kind", \.method.momentum, "How much of the update before a step repeats."),
    number("momentum.value", \.method.momentumValue, "Fixed μ, or the schedule's peak."),
  ]

  private static let damping: [SettingsKey] = [
    SettingsKey("damping.kind", \.method.damping, "What λ does."),
    number(
      "damping.initial", \.method.levenbergMarquardt.initial,
      "λ at the start, constant λ, or the schedule's peak."),
    SettingsKey(
      "damping.decrease-factor", \.method.levenbergMarquardt.decreaseFactor, "a number in 0<...1",
      "ω_dec, on λ where ρ > ¾.", where: { $0 > 0 && $0 <= 1 }),
    SettingsKey(
      "damping.increase-factor", \.method.levenbergMarquardt.increaseFactor, "a number from 1",
      "ω_inc, on λ where ρ < ¼.", where: { $0 >= 1 && $0.isFinite }),
    number("damping.floor", \.method.levenbergMarquardt.floor, "Least λ."),
    positive("damping.ceiling", \.method.levenbergMarquardt.ceiling, "Greatest λ."),
    SettingsKey(
      "damping.ratio-curvature", \.method.levenbergMarquardt.ratioCurvature,
      "What stands for the curvature inside ρ."),
    positiveWhole(
      "damping.interval", \.method.levenbergMarquardt.interval,
      "Steps from one adaptation of λ to the next."),
  ]

  /// The settings of a schedule, under the name of what follows it.
  private static func schedule(_ owner: ScheduleSettings.Owner) -> [SettingsKey] {
    let group = owner.rawValue
    return [
      SettingsKey(
        "\(group).shape", \.method[owner].shape, "Schedule: its shape after the warm-up."),
      whole("\(group).warm-up", \.method[owner].warmUp, "Schedule: steps of linear warm-up."),
      optionalWhole(
        "\(group).total", \.method[owner].total, "Cosine: its end; null: the run's."),
      number("\(group).final", \.method[owner].final, "Cosine: the value at its end."),
      SettingsKey(
        "\(group).boundaries", \.method[owner].boundaries,
        "a list of rising whole numbers from 0", "Piecewise: steps from which a factor applies.",
        where: { ($0.first ?? 0) >= 0 && zip($0, $0.dropFirst()).allSatisfy { $0 < $1 } }),
      SettingsKey(
        "\(group).factors", \.method[owner].factors, "a list of numbers",
        "Piecewise: the factors."),
    ]
  }

  private static let limits: [SettingsKey] = [
    positive("clipping.gradient-norm", \.method.clipping.gradientNorm, "Greatest ‖g‖."),
    positive(
      "clipping.direction-element", \.method.clipping.directionElement, "Greatest |dᵢ|."),
    positive("clipping.update-norm", \.method.clipping.updateNorm, "Greatest ‖−αd + μv‖."),
    positive(
      "clipping.norm-constraint", \.method.clipping.normConstraint,
      "Fixed or scheduled learning rate: greatest α²gᵀd."),
    number("loss.l2", \.method.l2, "Weight of ½‖θ‖² that is added to the loss."),
    number("weight-decay.rate", \.method.weightDecay.rate, "Decoupled weight decay per step."),
    SettingsKey(
      "weight-decay.scaled-by-learning-rate", \.method.weightDecay.isScaledByLearningRate,
      "true or false", "Whether it is multiplied by α, as in AdamW."),
    SettingsKey(
      "weight-decay.excluded-roles", \.method.weightDecay.excludedRoles,
      "What does not decay, by purpose."),
    SettingsKey(
      "weight-decay.excluded-names", \.method.weightDecay.excludedNameList, "a list of names",
      "What does not decay, by name."),
    SettingsKey(
      "rejects-increase", \.method.rejectsIncrease, "true or false",
      "Whether a step that raises its batch's loss is not taken."),
  ]

  static func number(
    _ name: String, _ path: any WritableKeyPath<Settings, Double> & Sendable,
    below bound: Double = .infinity, _ help: String
  ) -> SettingsKey {
    let expectation = bound == .infinity ? "a number from 0" : "a number in 0..<\(Int(bound))"
    return SettingsKey(name, path, expectation, help, where: { $0 >= 0 && $0 < bound })
  }

  static func positive(
    _ name: String, _ path: any WritableKeyPath<Settings, Double?> & Sendable, _ help: String
  ) -> SettingsKey {
    SettingsKey(
      name, path, "a number above 0, or null", help,
      where: { $0.map { $0 > 0 && $0.isFinite } ?? true })
  }

  static func fraction(
    _ name: String, _ path: any WritableKeyPath<Settings, Double?> & Sendable, _ help: String
  ) -> SettingsKey {
    SettingsKey(
      name, path, "a number in 0...1, or null", help,
      where: { $0.map { (0...1).contains($0) } ?? true })
  }

  static func whole(
    _ name: String, _ path: any WritableKeyPath<Settings, Int> & Sendable, _ help: String
  ) -> SettingsKey {
    SettingsKey(name, path, "a whole number from 0", help, where: { $0 >= 0 })
  }

  static func positiveWhole(
    _ name: String, _ path: any WritableKeyPath<Settings, Int> & Sendable, _ help: String
  ) -> SettingsKey {
    SettingsKey(name, path, "a whole number from 1", help, where: { $0 >= 1 })
  }

  static func optionalWhole(
    _ name: String, _ path: any WritableKeyPath<Settings, Int?> & Sendable, _ help: String
  ) -> SettingsKey {
    SettingsKey(name, path, "a whole number from 0, or null", help, where: { $0 ?? 0 >= 0 })
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

extension WeightDecay {
  fileprivate var excludedNameList: [String] {
    get { excludedNames.sorted() }
    set { excludedNames = Set(newValue) }
  }
}
