import Files
import Requirements
import AdamQLRTorch

extension Problem {
  /// A text of one's own, or the Penn Treebank.
  ///
  /// - Parameters:
  ///   - task: Which of them.
  ///   - source: Where the text of one's own is, and what its tokens are; of the Penn Treebank, only
  ///     the length of sequences counts.
  ///   - model: Which model learns it. Default: GPT-2.
  ///   - directory: The directory of all data sets.
  /// - Precondition: The task is a text.
  /// - Throws: ``DataError`` and ``ModelError``.
  public init(
    _ task: LearningTask, _ source: TextSource, model: ModelSettings = ModelSettings(),
    dataDirectory directory: String = "."
  ) throws {
    require(task.inputKind == .tokens, "'\(task.rawValue)' is no text")
    if let problem = model.problem(for: task) { throw problem }
    let data =
      task == .pennTreebank
      ? try PennTreebank.load(from: directory, context: source.context) : try source.load()
    var sets = Parts(
      training: data.training, test: data.test,
      shape: ProblemShape(data.encoding.vocabulary, context: source.context))
    sets.validation = data.validation.map { ExampleSet($0) }
    try self.init(task, model, sets, textEncoding: data.encoding, data.notes)
  }

  /// A text's model on another text than it was trained on, to judge it by that.
  ///
  /// - Parameters:
  ///   - path: The other text.
  ///   - task: What it was trained on.
  ///   - encoding: How that became tokens.
  ///   - context: The number of positions of a sequence.
  ///   - model: The model.
  /// - Throws: ``DataError`` and ``ModelError``.
  public init(
    judgedBy path: String, _ task: LearningTask, _ encoding: TextEncoding, context: Int,
    model: ModelSettings = ModelSettings()
  ) throws {
    let sequences = try encoding.vocabulary.sequences(ofFile: path, context: context)
    let sets = Parts(
      training: sequences, test: sequences,
      shape: ProblemShape(encoding.vocabulary, context: context))
    try self.init(task, model, sets, textEncoding: encoding)
  }
}

extension ProblemShape {
  /// The next token at each position of a sequence.
  public init(_ vocabulary: Vocabulary, context: Int) {
    self.init(tokens: vocabulary.count, context: context)
  }

  /// The next token at each position of a sequence.
  ///
  /// - Parameters:
  ///   - count: The number of tokens in the vocabulary.
  ///   - context: The number of positions.
  public init(tokens count: Int, context: Int) {
    self.init(.tokens(positions: context, vocabulary: count), outputs: count)
  }
}
