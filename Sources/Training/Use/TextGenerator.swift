import Files
import Foundation
import AdamQLRNetworks
import Requirements
import Tasks
import AdamQLRTorch

/// What a run has learned from a text, ready to go on with others.
///
///     var generator = try TextGenerator(RunDirectory(existing: "runs/shakespeare"))
///     try generator.generate(after: "ROMEO:", count: 200, temperature: 0.8, seed: 1) { print($0) }
public struct TextGenerator {
  /// The tokens.
  public let vocabulary: Vocabulary
  /// The checkpoints that are damaged, and were passed over.
  public let damage: [FileError]

  private let model: Model
  private let parameters: FlatVector
  private let statistics: FlatVector
  private let context: Int

  /// Reads a run's directory; the training text is not needed.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - device: Where to compute. Default: where the run did.
  ///   - weights: Which weights. Default: those that the run's settings say.
  /// - Throws: ``SettingsError``, ``FileError``, also where the run learned from no text, and
  ///   `ModelError`.
  public init(
    _ directory: RunDirectory, device: Device? = nil, weights: Weights.Choice? = nil
  ) throws {
    var settings = try directory.settings()
    settings.device = device ?? settings.device
    try settings.prepareDevice()
    vocabulary = try directory.textEncoding(settings).vocabulary
    context = settings.text.context
    model = try settings.model.makeModel(
      for: settings.task, ProblemShape(vocabulary, context: context))
    let (found, _, damage) = try directory.weights(weights, of: model, settings)
    parameters = found.parameters
    statistics = found.statistics
    self.damage = damage
  }

  /// Goes on with a text, token by token. Each is drawn from the softmax of the model's scores,
  /// divided by the temperature, given as many tokens before it as a sequence has; the unknown word
  /// never is.
  ///
  /// - Parameters:
  ///   - prompt: The text's beginning. Where it is empty, the text begins at the start of a line.
  ///   - count: How many tokens to add.
  ///   - temperature: 1 for the model's own probabilities, less for likelier tokens; 0 for the
  ///     likeliest each time.
  ///   - seed: What the draws follow from.
  ///   - body: Is given the text of each token as it is drawn; bytes of one character may come one
  ///     after the other.
  /// - Precondition: The temperature is finite and not negative.
  public func generate(
    after prompt: String, count: Int, temperature: Double = 1, seed: UInt64 = 0,
    _ body: ([UInt8]) throws -> Void
  ) rethrows {
    require(
      temperature >= 0 && temperature.isFinite,
      "the temperature is \(temperature), but must be finite and not negative")
    var generator = SeededGenerator(seed: seed, stream: "text")
    var tokens = vocabulary.tokens(of: prompt)
    if tokens.isEmpty { tokens = vocabulary.tokens(of: "\n") }
    for _ in 0..<count {
      let known = tokens.suffix(context).map { Int64($0) }
      let scores = model(
        Tensor(known, shape: [1, known.count]).to(parameters.device), at: parameters,
        statistics: statistics)
      let last = scores.slice(
        from: (known.count - 1) * vocabulary.count, shape: [vocabulary.count])
      let token = draw(last.doubles, temperature, &generator)
      try body(vocabulary.text(of: [token], after: tokens.last))
      tokens.append(token)
    }
  }

  private func draw(
    _ scores: [Double], _ temperature: Double, _ generator: inout SeededGenerator
  ) -> Int {
    var scores = scores
    if vocabulary.kind == .words { scores[Vocabulary.unknownToken] = -.infinity }
    let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
    guard temperature > 0 else { return best }
    let weights = scores.map { exp(($0 - scores[best]) / temperature) }
    var rest = generator.uniform() * weights.reduce(0, +)
    for (token, weight) in weights.enumerated() {
      rest -= weight
      if rest < 0 { return token }
    }
    return best
  }
}
