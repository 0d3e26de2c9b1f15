/// Decoupled weight decay (Loshchilov and Hutter 2019): after the update, θ ← θ − wθ₀, with θ₀ the
/// parameters before the step.
public struct WeightDecay: Hashable, Codable, Sendable {
  /// w. Default 0, none.
  public var rate: Double
  /// Whether w is multiplied by the step's learning rate, as in AdamW, and by the step size that the
  /// direction has in it, if any. Default no.
  public var isScaledByLearningRate: Bool
  /// Parameters with one of these roles do not decay. Default: none excluded.
  public var excludedRoles: Set<ParameterRole>
  /// Parameters with one of these names do not decay. Default: none excluded.
  public var excludedNames: Set<String>

  /// Makes a rule.
  public init(
    rate: Double = 0, isScaledByLearningRate: Bool = false,
    excludedRoles: Set<ParameterRole> = [], excludedNames: Set<String> = []
  ) {
    precondition(rate >= 0, "the rate of weight decay is \(rate), but must not be negative")
    self.rate = rate
    self.isScaledByLearningRate = isScaledByLearningRate
    self.excludedRoles = excludedRoles
    self.excludedNames = excludedNames
  }

  /// The elements of a vector that decay, `nil` for all of them.
  ///
  /// - Precondition: Where something is excluded there is a layout, with all excluded names.
  func ranges(in layout: ParameterLayout?) -> [Range<Int>]? {
    if rate == 0 || excludedRoles.isEmpty && excludedNames.isEmpty { return nil }
    guard let layout else {
      fatalError("weight decay that excludes parameters needs a layout to find them")
    }
    for name in excludedNames.sorted() {
      precondition(
        layout[name] != nil, "weight decay excludes '\(name)', but no parameter has that name")
    }
    return layout.entries.filter {
      !excludedRoles.contains($0.role) && !excludedNames.contains($0.name)
    }.map(\.range)
  }
}
