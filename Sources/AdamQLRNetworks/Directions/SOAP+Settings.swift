import AdamQLR

extension SOAP {
  public static let settings: [Setting<SOAP>] =
    [
      Setting("beta1", \.adam.beta1, .decay, "SOAP: decay of the first moment."),
      Setting("beta2", \.adam.beta2, .decay, "SOAP: decay of the second moment."),
      Setting("epsilon", \.adam.epsilon, .nonnegative, "SOAP: added to the root."),
      Setting(
        "relative-epsilon", .nonnegative,
        "SOAP: times √ of v's mean, added to ε; × the share of the data not in a batch.",
        get: { $0.adam.relativeEpsilon.small },
        set: { $0.adam.relativeEpsilon = .unseen($1) }),
      Setting("factor-decay", \.factorDecay, .decay, "Decay of the factors."),
      Setting(
        "basis-interval", \.basisInterval, .positive,
        "Steps from one making of the bases to the next."),
      Setting("refresh", \.refresh, "How bases are made anew."),
      Setting(
        "largest-side", \.largestSide, .nonnegative,
        "Most rows or columns of a side with a basis."),
      Setting("one-sided", \.isOneSided, .either, "A basis for a matrix's smaller side alone."),
    ]
}
