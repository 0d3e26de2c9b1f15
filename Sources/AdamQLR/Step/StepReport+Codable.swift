extension StepReport {
  private enum CodingKeys: String, CodingKey {
    case step, loss, gradientNorm, directionNorm, slope, curvature, learningRate, updateNorm
    case envelope, damping, nextDamping, newLoss, trueChange, predictedChange, reductionRatio
    case momentum, previousSlope, appliedLearningRate, heldBackChange, scaledGradientSquaredNorm,
      events
  }

  /// Reads a report; null is NaN.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func optional(_ key: CodingKeys) throws -> Double? {
      guard container.contains(key) else { return nil }
      return try container.decodeNil(forKey: key)
        ? .nan : container.decode(Double.self, forKey: key)
    }
    func number(_ key: CodingKeys) throws -> Double {
      if let value = try optional(key) { return value }
      return try container.decode(Double.self, forKey: key)
    }
    self.init(
      step: try container.decode(Int.self, forKey: .step), loss: try number(.loss),
      gradientNorm: try number(.gradientNorm), directionNorm: try number(.directionNorm),
      slope: try number(.slope), previousSlope: try optional(.previousSlope),
      curvature: try optional(.curvature),
      learningRate: try number(.learningRate),
      appliedLearningRate: try optional(.appliedLearningRate), momentum: try optional(.momentum),
      scaledGradientSquaredNorm: try optional(.scaledGradientSquaredNorm),
      updateNorm: try number(.updateNorm),
      envelope: try number(.envelope), damping: try number(.damping),
      nextDamping: try number(.nextDamping), newLoss: try optional(.newLoss),
      trueChange: try optional(.trueChange), predictedChange: try optional(.predictedChange),
      heldBackChange: try optional(.heldBackChange),
      reductionRatio: try optional(.reductionRatio),
      events: try container.decode(StepEvents.self, forKey: .events))
  }

  /// Writes the report; what is not finite as null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(step, forKey: .step)
    let numbers: [(CodingKeys, Double?)] = [
      (.loss, loss), (.gradientNorm, gradientNorm), (.directionNorm, directionNorm),
      (.slope, slope), (.previousSlope, previousSlope), (.appliedLearningRate, appliedLearningRate),
      (.curvature, curvature),
      (.learningRate, learningRate),
      (.momentum, momentum), (.scaledGradientSquaredNorm, scaledGradientSquaredNorm),
      (.updateNorm, updateNorm), (.envelope, envelope), (.damping, damping),
      (.nextDamping, nextDamping), (.newLoss, newLoss), (.trueChange, trueChange),
      (.predictedChange, predictedChange), (.heldBackChange, heldBackChange),
      (.reductionRatio, reductionRatio),
    ]
    for (key, value) in numbers {
      guard let value else { continue }
      if value.isFinite {
        try container.encode(value, forKey: key)
      } else {
        try container.encodeNil(forKey: key)
      }
    }
    try container.encode(events, forKey: .events)
  }
}
