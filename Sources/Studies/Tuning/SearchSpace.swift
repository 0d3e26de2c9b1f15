import AdamQLRNetworks
import Foundation

/// What is searched: settings, each with a distribution that its values are drawn from.
public struct SearchSpace: Hashable, Sendable {
  /// What values are drawn from.
  public enum Distribution: Hashable, Sendable {
    /// Any of some values, alike.
    case choice([String])
    /// Uniform between two bounds.
    case uniform(Double, Double)
    /// The logarithm is uniform.
    case logUniform(Double, Double)
    /// The logarithm of 1 less the value is uniform.
    case oneMinusLogUniform(Double, Double)
  }

  /// A setting that is searched.
  public struct Parameter: Hashable, Sendable {
    /// The setting's name.
    public var name: String
    /// What its values are drawn from.
    public var distribution: Distribution

    /// A setting and its distribution.
    public init(_ name: String, _ distribution: Distribution) {
      (self.name, self.distribution) = (name, distribution)
    }
  }

  /// One drawn setting.
  public struct Value: Hashable, Sendable {
    /// The setting's name.
    public var name: String
    /// What it has, as text.
    public var text: String

    /// The setting as `NAME=VALUE`.
    public var assignment: String { "\(name)=\(text)" }
  }

  /// The settings, in order.
  public var parameters: [Parameter]

  /// A search of some settings.
  public init(_ parameters: [Parameter]) { self.parameters = parameters }

  /// A sample: each value follows from the seed, the stream, the sample's number and the setting's name
  /// alone, so that more samples or settings change none.
  ///
  /// - Parameters:
  ///   - index: The sample's number.
  ///   - seed: The search's seed.
  ///   - stream: What tells this search from others with the same seed.
  public func sample(_ index: Int, seed: UInt64, stream: String) -> [Value] {
    parameters.map { parameter in
      var generator = SeededGenerator(
        seed: seed, stream: "search/\(stream)/\(index)/\(parameter.name)")
      return Value(name: parameter.name, text: parameter.distribution.draw(&generator))
    }
  }
}

extension SearchSpace.Distribution {
  /// Draws a value; numbers have four digits, so that they can be copied.
  func draw(_ generator: inout SeededGenerator) -> String {
    switch self {
    case .choice(let values): return values[Int.random(in: values.indices, using: &generator)]
    case .uniform(let low, let high):
      return Self.text(low + (high - low) * Self.unit(&generator))
    case .logUniform(let low, let high):
      return Self.text(Self.logarithmic(low, high, &generator))
    case .oneMinusLogUniform(let low, let high):
      let rest = Double(Self.text(Self.logarithmic(low, high, &generator))) ?? low
      return String(format: "%.10g", 1 - rest)
    }
  }

  private static func logarithmic(
    _ low: Double, _ high: Double, _ generator: inout SeededGenerator
  ) -> Double { low * pow(high / low, unit(&generator)) }

  /// Uniform in 0..<1.
  private static func unit(_ generator: inout SeededGenerator) -> Double {
    Double(generator.next() >> 11) * 0x1p-53
  }

  private static func text(_ number: Double) -> String { String(format: "%.4g", number) }

  /// Whether the values' logarithms are what is spread evenly.
  public var isLogarithmic: Bool {
    switch self {
    case .logUniform: true
    case .choice, .uniform, .oneMinusLogUniform: false
    }
  }
}

extension SearchSpace.Distribution: CustomStringConvertible {
  /// The distribution in words.
  public var description: String {
    func range(_ low: Double, _ high: Double) -> String {
      String(format: "%.4g to %.4g", low, high)
    }
    return switch self {
    case .choice(let values): values.joined(separator: ", ")
    case .uniform(let low, let high): "uniform, \(range(low, high))"
    case .logUniform(let low, let high): "log-uniform, \(range(low, high))"
    case .oneMinusLogUniform(let low, let high): "1 − log-uniform, \(range(low, high))"
    }
  }
}
