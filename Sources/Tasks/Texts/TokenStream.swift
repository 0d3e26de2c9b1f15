import AdamQLRNetworks
import Requirements
import AdamQLRTorch

/// A text as numbers of tokens, in their order.
///
/// Bytes are kept as bytes, words as numbers of 64 bits; parts of a stream, and the sequences that it
/// is cut into, share its memory.
public struct TokenStream: Sendable {
  /// The tokens [count], of type uint8 where they are bytes, else int64.
  public let tokens: Tensor

  /// The number of tokens.
  public var count: Int { tokens.count }

  /// Takes tokens over.
  ///
  /// - Precondition: They have one dimension, and are of type uint8 or int64.
  public init(_ tokens: Tensor) {
    require(
      tokens.rank == 1 && (tokens.type == .uint8 || tokens.type == .int64),
      "tokens are \(tokens.type)\(tokens.shape), but must be uint8 or int64 of one dimension")
    self.tokens = tokens
  }

  /// Some neighboring tokens.
  public subscript(range: Range<Int>) -> TokenStream {
    TokenStream(tokens.slice(from: range.lowerBound, shape: [range.count]))
  }

  /// How many sequences of so many positions there are: each needs a token after its last.
  public func sequenceCount(ofLength length: Int) -> Int { max(count - 1, 0) / length }

  /// The stream cut into sequences, one behind the other: example i has the tokens from i·length on,
  /// and for each of them, as its target, the one that follows it. What does not fill a sequence at
  /// the end is left out.
  ///
  /// - Precondition: The length is positive, and there is at least one sequence.
  public func sequences(ofLength length: Int) -> Batch {
    let count = sequenceCount(ofLength: length)
    require(count > 0, "\(self.count) tokens are less than a sequence of \(length)")
    return Batch(
      inputs: tokens.slice(from: 0, shape: [count, length]),
      targets: tokens.slice(from: 1, shape: [count, length]))
  }
}

extension Batch {
  /// The examples with bytes as numbers of 64 bits, which is how models take tokens.
  var widened: Batch {
    func widened(_ tensor: Tensor) -> Tensor { tensor.type == .uint8 ? tensor.to(.int64) : tensor }
    return Batch(inputs: widened(inputs), targets: widened(targets))
  }
}
