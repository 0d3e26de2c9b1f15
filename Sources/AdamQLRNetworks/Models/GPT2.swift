import Requirements
import AdamQLRTorch

/// GPT-2 (Radford et al. 2019): of tokens [N, positions], an int64 tensor, it makes the scores of the
/// next token at each position, [N, positions, vocabulary].
///
/// Token and position embeddings, blocks of causal self-attention and a perceptron, each normalized
/// beforehand and added to what came in, a last normalization; the scores are products with the token
/// embeddings.
public struct GPT2: Layer {
  /// The token embeddings, which the scores use too.
  public let tokens: Embedding
  /// The position embeddings.
  public let positions: Embedding
  /// The blocks.
  public let blocks: [TransformerBlock]
  /// The last normalization.
  public let norm: LayerNormalization
  /// What is dropped of the embeddings and of what each block adds.
  public let dropout: Dropout

  /// Makes a model, by default the smallest of the paper's with 124 million parameters.
  ///
  /// - Parameters:
  ///   - vocabulary: The number of tokens. Default 50,257.
  ///   - context: The largest number of positions. Default 1024.
  ///   - layers: The number of blocks. Default 12.
  ///   - heads: The number of attention heads. Default 12.
  ///   - embedding: The size of the vectors. Default 768.
  ///   - dropout: The probability that an element is dropped. Default 0.
  public init(
    vocabulary: Int = 50257, context: Int = 1024, layers: Int = 12, heads: Int = 12,
    embedding: Int = 768, dropout: Double = 0
  ) {
    tokens = Embedding(vocabulary, embedding)
    positions = Embedding(context, embedding)
    // What blocks add up grows with their number, so that each starts smaller.
    let output = 0.02 / Double(2 * max(layers, 1)).squareRoot()
    blocks = (0..<layers).map { _ in
      TransformerBlock(
        embedding, heads: heads, isCausal: true, activation: .geluTanh, initializer: .normal(),
        outputInitializer: .normal(standardDeviation: output), dropout: dropout)
    }
    norm = LayerNormalization(embedding)
    self.dropout = Dropout(dropout)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    let context = positions.weight.shape[0]
    require(
      input.shape.count == 2 && input.shape[1] <= context,
      "GPT-2 was given tokens of shape \(input.shape); expected [N, at most \(context) positions]")
    let x = blocks.reduce(dropout(positions.placed(in: tokens(input)))) { $1($0) }
    return tokens.scores(of: norm(x))
  }
}

/// A block of a transformer over sequences [N, positions, size]: x + attention(norm x), and then
/// x + perceptron(norm x), with four times as many units between two dense layers.
public struct TransformerBlock: Layer {
  /// The normalization before the attention.
  public let attentionNorm: LayerNormalization
  /// The attention.
  public let attention: SelfAttention
  /// The normalization before the perceptron.
  public let perceptronNorm: LayerNormalization
  /// The perceptron's first layer.
  public let hidden: Dense
  /// The perceptron's second layer.
  public let output: Dense
  /// What is dropped of what is added.
  public let dropout: Dropout

  /// Makes a block.
  ///
  /// - Parameters:
  ///   - size: The size of the vectors.
  ///   - heads: The number of attention heads.
  ///   - isCausal: Whether no position sees a later one.
  ///   - activation: The perceptron's.
  ///   - initializer: How the weights start.
  ///   - outputInitializer: How those start whose results are added. Default: as the others.
  ///   - dropout: The probability that an element of what is added is dropped. Default 0.
  ///   - epsilon: The normalizations' ε. Default 1e-5.
  public init(
    _ size: Int, heads: Int, isCausal: Bool, activation: Activation, initializer: Initializer,
    outputInitializer: Initializer? = nil, dropout: Double = 0, epsilon: Double = 1e-5
  ) {
    let outputInitializer = outputInitializer ?? initializer
    attentionNorm = LayerNormalization(size, epsilon: epsilon)
    attention = SelfAttention(
      size, heads: heads, isCausal: isCausal, initializer: initializer,
      outputInitializer: outputInitializer)
    perceptronNorm = LayerNormalization(size, epsilon: epsilon)
    hidden = Dense(size, 4 * size, activation: activation, initializer: initializer)
    output = Dense(4 * size, size, initializer: outputInitializer)
    self.dropout = Dropout(dropout)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    let x = input + dropout(attention(attentionNorm(input)))
    return x + dropout(output(hidden(perceptronNorm(x))))
  }
}
