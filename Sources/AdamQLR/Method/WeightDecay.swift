/// What pulls parameters towards 0: decoupled weight decay (Loshchilov and Hutter 2019), after the
/// update θ ← θ − wθ₀ with θ₀ the parameters before the step, and regularization of the loss.
public struct WeightDecay: Hashable, Codable, Sendable {
  /// w. Default 0, none.
  public var rate: Double
  /// Whether w is multiplied by the step's learning rate, as in AdamW, and by the step size that the
  /// direction has in it, if any: by |α|, with what clipping of the update and envelope left of it.
  /// Default no.
  public var isScaledByLearningRate: Bool
  /// Parameters with one of these roles do not decay. Default: none excluded.
  public var excludedRoles: Set<ParameterRole>
  /// Parameters with one of these names do not decay. Default: none excluded.
  public var excludedNames: Set<String>

  /// Whether the loss after a step is evaluated with the decay in it, as the paper's implementation
  /// has it; else the decay follows after. Default no.
  public var isJudged = false
  /// v of the regularization ½v‖θ‖², which is added to the loss: vθ to g, vI to C. Default 0.
  public var l2 = 0.0

  /// Makes a rule.
  public init(
    rate: Double = 0, isScaledByLearningRate: Bool = false,
    excludedRoles: Set<ParameterRole> = [], excludedNames: Set<String> = []
  ) {
    self.rate = rate
    self.isScaledByLearningRate = isScaledByLearningRate
    self.excludedRoles = excludedRoles
    self.excludedNames = excludedNames
  }

  static let settings: [Setting<WeightDecay>] = [
    Setting("loss.l2", \.l2, .nonnegative, "Weight of ½‖θ‖² that is added to the loss."),
    Setting("weight-decay.rate", \.rate, .nonnegative, "Decoupled weight decay per step."),
    Setting(
      "weight-decay.scaled-by-learning-rate", \.isScaledByLearningRate, .either,
      "Whether it is multiplied by α, as in AdamW."),
    Setting("weight-decay.excluded-roles", \.excludedRoles, "What does not decay, by purpose."),
    Setting(
      "weight-decay.excluded-names", SettingRange("a list of names"),
      "What does not decay, by name.", get: { $0.excludedNames.sorted() },
      set: { $0.excludedNames = Set($1) }),
  ]

  /// The elements of a vector that decay, `nil` for all of them.
  ///
  /// - Throws: ``OptimizerError`` where something is excluded, and there is no layout or a name is
  ///   not in it.
  func ranges(in layout: ParameterLayout?) throws(OptimizerError) -> [Range<Int>]? {
    if rate == 0 || excludedRoles.isEmpty && excludedNames.isEmpty { return nil }
    guard let layout else { throw .layoutMissing("weight decay that excludes parameters") }
    for name in excludedNames.sorted() where layout[name] == nil {
      throw .unusableMethod(
        "weight-decay.excluded-names: there is no parameter '\(name)'; there are "
          + layout.entries.map(\.name).joined(separator: ", "))
    }
    return layout.entries.filter {
      !excludedRoles.contains($0.role) && !excludedNames.contains($0.name)
    }.map(\.range)
  }
}
