/// What one example's inputs are.
public enum ExampleShape: Hashable, Codable, Sendable {
  /// This many numbers.
  case features(Int)
  /// An image.
  case image(height: Int, width: Int, channels: Int)
  /// A sequence of this many tokens, each one of a vocabulary.
  case tokens(positions: Int, vocabulary: Int)

  /// What inputs are, whatever their size.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case features, image, tokens

    /// The kind in words, as in "takes images".
    public var words: String {
      switch self {
      case .features: "rows of numbers"
      case .image: "images"
      case .tokens: "sequences of tokens"
      }
    }
  }

  /// What inputs are, whatever their size.
  public var kind: Kind {
    switch self {
    case .features: .features
    case .image: .image
    case .tokens: .tokens
    }
  }

  /// The sizes of one example's dimensions: `[features]`, `[height, width, channels]`, or
  /// `[positions]`.
  public var dimensions: [Int] {
    switch self {
    case .features(let count): [count]
    case .image(let height, let width, let channels): [height, width, channels]
    case .tokens(let positions, _): [positions]
    }
  }

  /// The number of one example's elements.
  public var count: Int { dimensions.reduce(1, *) }

  /// The sizes in words, such as 32×32×3.
  public var words: String {
    switch self {
    case .features(let count): "\(count) numbers"
    case .image: dimensions.map(String.init).joined(separator: "×")
    case .tokens(let positions, let vocabulary): "\(positions) tokens of \(vocabulary)"
    }
  }
}

/// What a model is to make of what.
public struct ProblemShape: Hashable, Codable, Sendable {
  /// One example's inputs.
  public var example: ExampleShape
  /// The number of outputs: one for each class or number; of sequences, for each position.
  public var outputs: Int

  /// Puts inputs and outputs together.
  public init(_ example: ExampleShape, outputs: Int) {
    self.example = example
    self.outputs = outputs
  }
}
