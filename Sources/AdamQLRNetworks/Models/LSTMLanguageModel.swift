import Requirements
import AdamQLRTorch

/// A language model of LSTMs: of tokens [N, positions], an int64 tensor, it makes the scores of the
/// next token at each position, [N, positions, vocabulary].
public struct LSTMLanguageModel: Layer {
  /// The token embeddings.
  public let tokens: Embedding
  /// The LSTMs, one after the other.
  public let layers: [LSTM]
  /// The layer that makes the scores.
  public let output: Dense
  /// What is dropped of the embeddings and of each LSTM's output.
  public let dropout: Dropout

  /// Makes a model, by default with three LSTMs of 1150 units (Clarke and Hernández-Lobato 2024;
  /// the sizes are those of Merity et al. 2018).
  ///
  /// - Parameters:
  ///   - vocabulary: The number of tokens.
  ///   - embedding: The size of the vectors that stand for tokens. Default 400.
  ///   - units: The number of units of each LSTM. Default 1150.
  ///   - layers: The number of LSTMs. Default 3.
  ///   - dropout: The probability that an element is dropped. Default 0.
  public init(
    vocabulary: Int, embedding: Int = 400, units: Int = 1150, layers: Int = 3, dropout: Double = 0
  ) {
    require(layers > 0, "a model of \(layers) LSTMs is empty")
    tokens = Embedding(vocabulary, embedding)
    self.layers = (0..<layers).map { LSTM($0 == 0 ? embedding : units, units) }
    output = Dense(units, vocabulary)
    self.dropout = Dropout(dropout)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    output(layers.reduce(dropout(tokens(input))) { dropout($1($0)) })
  }
}
