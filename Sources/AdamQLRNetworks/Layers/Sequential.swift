import Requirements

/// Layers one after the other.
///
///     let classifier = Sequential(Flatten(), Dense(784, 50, activation: .relu), Dense(50, 10))
public struct Sequential: Layer {
  /// The layers in order. Their parameters are named `0.weight`, `0.bias`, `1.weight`, …
  public let layers: [any Layer]

  /// Makes a sequence.
  public init(_ layers: any Layer...) {
    self.layers = layers
  }

  /// Makes a sequence.
  public init(_ layers: [any Layer]) {
    self.layers = layers
  }

  /// Dense layers between these sizes, with an activation after each but the last.
  public static func multilayerPerceptron(
    _ sizes: [Int], activation: Activation = .relu, initializer: Initializer = .leCun()
  ) -> Sequential {
    require(sizes.count >= 2, "a multilayer perceptron needs at least two sizes")
    return Sequential(
      (1..<sizes.count).map { index in
        Dense(
          sizes[index - 1], sizes[index],
          activation: index == sizes.count - 1 ? .identity : activation,
          initializer: initializer)
      })
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    layers.reduce(input) { $1($0) }
  }

  public var namedParameters: [(name: String, parameter: Parameter)] {
    layers.enumerated().flatMap { index, layer in
      layer.namedParameters.map { ("\(index).\($0.name)", $0.parameter) }
    }
  }

  public var namedStatistics: [(name: String, statistic: RunningStatistic)] {
    layers.enumerated().flatMap { index, layer in
      layer.namedStatistics.map { ("\(index).\($0.name)", $0.statistic) }
    }
  }
}
