import AdamQLR
import Networks

/// The settings of the directions besides SGD, Adam and K-FAC, each in a group of its own.
extension SettingsKey {
  static let otherDirections: [SettingsKey] =
    rootScaled + momentumBased + stepSizeFinding + scheduleFree + matrices

  private static let rootScaled: [SettingsKey] = [
    number("rmsprop.decay", \.method.rmsprop.decay, below: 1, "Decay of the averages."),
    number("rmsprop.epsilon", \.method.rmsprop.epsilon, "Added to the root."),
    SettingsKey(
      "rmsprop.centered", \.method.rmsprop.isCentered, "true or false",
      "Whether the mean gradient's square is subtracted."),
    number("adagrad.epsilon", \.method.adaGrad.epsilon, "Added to the root."),
    number("adagrad.initial-sum", \.method.adaGrad.initialSum, "What the sum starts from."),
  ]

  private static let momentumBased: [SettingsKey] = [
    number("lion.beta1", \.method.lion.beta1, below: 1, "Weight of the average in the direction."),
    number("lion.beta2", \.method.lion.beta2, below: 1, "Decay of the average."),
    number("nadam.beta1", \.method.nadam.beta1, below: 1, "Decay of the first moment."),
    number("nadam.beta2", \.method.nadam.beta2, below: 1, "Decay of the second moment."),
    number("nadam.epsilon", \.method.nadam.epsilon, "Added to the root."),
    number(
      "nadam.momentum-decay", \.method.nadam.momentumDecay, "How fast the momentum rises to beta1."),
  ]

  private static let stepSizeFinding: [SettingsKey] = [
    number("prodigy.beta1", \.method.prodigy.beta1, below: 1, "Decay of the first moment."),
    between("prodigy.beta2", \.method.prodigy.beta2, "Decay of the second moment."),
    number("prodigy.epsilon", \.method.prodigy.epsilon, "Added to the root, in units of d."),
    aboveZero("prodigy.initial", \.method.prodigy.initialEstimate, "d at the start."),
    aboveZero("prodigy.coefficient", \.method.prodigy.coefficient, "Factor on the estimate of d."),
    SettingsKey(
      "prodigy.beta3", \.method.prodigy.beta3, "a number in 0..<1, or null",
      "Decay of the estimate's sums; null: √ of beta2.",
      where: { $0.map { (0..<1).contains($0) } ?? true }),
    growthRate("prodigy.growth-rate", \.method.prodigy.growthRate),
    SettingsKey(
      "prodigy.bias-correction", \.method.prodigy.usesBiasCorrection, "true or false",
      "Whether the step has Adam's bias corrections."),
    SettingsKey(
      "prodigy.safeguard-warm-up", \.method.prodigy.safeguardsWarmUp, "true or false",
      "Whether small rates of a warm-up make the estimate smaller."),
    positiveWhole(
      "prodigy.slice", \.method.prodigy.sliceP,
      "The estimate is from every so many-th parameter, which saves memory."),
    number(
      "d-adaptation.beta1", \.method.dAdaptation.beta1, below: 1, "Decay of the first moment."),
    between("d-adaptation.beta2", \.method.dAdaptation.beta2, "Decay of the second moment."),
    number("d-adaptation.epsilon", \.method.dAdaptation.epsilon, "Added to the root."),
    aboveZero("d-adaptation.initial", \.method.dAdaptation.initialEstimate, "d at the start."),
    growthRate("d-adaptation.growth-rate", \.method.dAdaptation.growthRate),
    SettingsKey(
      "d-adaptation.bias-correction", \.method.dAdaptation.usesBiasCorrection, "true or false",
      "Whether the step has Adam's bias corrections."),
  ]

  private static let scheduleFree: [SettingsKey] = [
    between(
      "schedule-free.beta1", \.method.scheduleFreeAdamW.beta1,
      "How far gradients are taken towards the average."),
    number(
      "schedule-free.beta2", \.method.scheduleFreeAdamW.beta2, below: 1,
      "Decay of the second moment."),
    number("schedule-free.epsilon", \.method.scheduleFreeAdamW.epsilon, "Added to the root."),
    number(
      "schedule-free.weight-decay", \.method.scheduleFreeAdamW.weightDecay,
      "Weight decay, multiplied by α."),
    whole(
      "schedule-free.warm-up", \.method.scheduleFreeAdamW.warmUp, "Steps of linear warm-up."),
    number(
      "schedule-free.weight-power", \.method.scheduleFreeAdamW.weightPower,
      "Power of α in the average's weights."),
    number(
      "schedule-free.averaging-power", \.method.scheduleFreeAdamW.averagingPower,
      "Power of the step's number in them."),
    SettingsKey(
      "schedule-free.paper", \.method.scheduleFreeAdamW.followsPaper, "true or false",
      "Whether the bias correction is part of α, as in Algorithm 1."),
  ]

  private static let matrices: [SettingsKey] = [
    aboveZero("shampoo.epsilon", \.method.shampoo.epsilon, "What the diagonals start from."),
    positiveWhole(
      "shampoo.root-interval", \.method.shampoo.rootInterval,
      "Steps from one computation of the roots to the next."),
    whole(
      "shampoo.largest-side", \.method.shampoo.largestSide,
      "Most rows or columns of a side with more than a diagonal."),
    number("muon.momentum", \.method.muon.momentum, below: 1, "Decay of the momentum."),
    SettingsKey("muon.nesterov", \.method.muon.isNesterov, "true or false", "Nesterov's momentum."),
    positiveWhole("muon.iterations", \.method.muon.iterations, "Newton–Schulz iterations."),
    SettingsKey(
      "muon.includes-output", \.method.muon.includesOutput, "true or false",
      "Whether the last weight matrix is orthogonalized too."),
    number(
      "muon.adam-ratio", \.method.muon.adamRatio,
      "Learning rate of what is not orthogonalized over α."),
    number(
      "muon.weight-decay", \.method.muon.weightDecay,
      "Weight decay, multiplied by each one's learning rate."),
    number("muon.adam-beta1", \.method.muon.adam.beta1, below: 1, "Adam's first decay there."),
    number("muon.adam-beta2", \.method.muon.adam.beta2, below: 1, "Adam's second decay there."),
    number("muon.adam-epsilon", \.method.muon.adam.epsilon, "Adam's ε there."),
  ]

  private static func growthRate(
    _ name: String, _ path: any WritableKeyPath<Settings, Double?> & Sendable
  ) -> SettingsKey {
    SettingsKey(
      name, path, "a number from 1, or null", "Most that d grows by in a step; null: any.",
      where: { $0.map { $0 >= 1 && $0.isFinite } ?? true })
  }

  private static func aboveZero(
    _ name: String, _ path: any WritableKeyPath<Settings, Double> & Sendable, _ help: String
  ) -> SettingsKey {
    SettingsKey(name, path, "a number above 0", help, where: { $0 > 0 && $0.isFinite })
  }

  private static func between(
    _ name: String, _ path: any WritableKeyPath<Settings, Double> & Sendable, _ help: String
  ) -> SettingsKey {
    SettingsKey(name, path, "a number between 0 and 1", help, where: { $0 > 0 && $0 < 1 })
  }
}
