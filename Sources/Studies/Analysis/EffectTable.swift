import Foundation

/// What each switch changes: its runs' losses as multiples of the base's runs with the same seeds.
///
/// The base's runs and the variants' start from the same parameters and see the same batches, so
/// ratios by seed say more than a ratio of medians. A run that diverged has an infinite loss.
public struct EffectTable: Sendable {
  /// One variant.
  public struct Row: Sendable {
    /// Its name.
    public var label: String
    /// The number of seeds that both have runs of.
    public var seedCount: Int
    /// The median of the ratios of final losses, with its 95 % confidence interval; `nil` where no
    /// two runs have the loss.
    public var training: Estimate?
    /// The same of the validation loss.
    public var validation: Estimate?
    /// The same of the test loss.
    public var test: Estimate?
  }

  /// The variants in order.
  public let rows: [Row]

  /// Compares some optimizers with the first of them.
  public init(_ groups: [RunGroup]) {
    guard let base = groups.first else {
      rows = []
      return
    }
    rows = groups.dropFirst().map { group in
      let pairs = group.runs.compactMap { run in
        base.runs.first { $0.settings.seed == run.settings.seed }.map { (run, $0) }
      }
      func estimate(_ figure: Figure) -> Estimate? {
        let ratios = pairs.compactMap { run, base -> Double? in
          guard let loss = run.value(figure), let reference = base.value(figure) else { return nil }
          let ratio = loss / reference
          // Of two that diverged neither is worse.
          return ratio.isNaN ? 1 : ratio
        }
        return ratios.isEmpty ? nil : MedianBootstrap(count: ratios.count).estimate(ratios)
      }
      return Row(
        label: group.label, seedCount: pairs.count, training: estimate(.trainingLoss),
        validation: estimate(.validationLoss), test: estimate(.testLoss))
    }
  }
}
