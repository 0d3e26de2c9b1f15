/// A method is encoded as the names of its heuristics and their properties. One that is not
/// registered (``HeuristicRegistry``) cannot be; the error names it.
extension Method: Codable {
  private enum CodingKeys: String, CodingKey {
    case direction, learningRate, momentum, damping, acceptance
    case curvature, measuredOn, envelope, clipping, weightDecay
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    direction = try container.decode(Named.self, forKey: .direction).value(on: .direction)
    learningRate = try container.decode(Named.self, forKey: .learningRate).value(on: .learningRate)
    momentum = try container.decode(Named.self, forKey: .momentum).value(on: .momentum)
    damping = try container.decode(Named.self, forKey: .damping).value(on: .damping)
    acceptance = try container.decode(Named.self, forKey: .acceptance).value(on: .acceptance)
    curvature = try container.decode(ModelCurvature.self, forKey: .curvature)
    measuredOn = try container.decode(MeasuredBatch.self, forKey: .measuredOn)
    envelope = try container.decodeIfPresent(Envelope.self, forKey: .envelope)
    clipping = try container.decode(Clipping.self, forKey: .clipping)
    weightDecay = try container.decode(WeightDecay.self, forKey: .weightDecay)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Named(.direction, direction), forKey: .direction)
    try container.encode(Named(.learningRate, learningRate), forKey: .learningRate)
    try container.encode(Named(.momentum, momentum), forKey: .momentum)
    try container.encode(Named(.damping, damping), forKey: .damping)
    try container.encode(Named(.acceptance, acceptance), forKey: .acceptance)
    try container.encode(curvature, forKey: .curvature)
    try container.encode(measuredOn, forKey: .measuredOn)
    try container.encodeIfPresent(envelope, forKey: .envelope)
    try container.encode(clipping, forKey: .clipping)
    try container.encode(weightDecay, forKey: .weightDecay)
  }
}

/// A heuristic of any type, encoded with its axis and its name in front.
struct Named: Codable {
  private enum CodingKeys: String, CodingKey { case axis, kind, properties }

  let axis: HeuristicAxis
  let heuristic: any Heuristic

  init(_ axis: HeuristicAxis, _ heuristic: any Heuristic) {
    self.axis = axis
    self.heuristic = heuristic
  }

  /// The heuristic as one of an axis.
  func value<Rule>(on axis: HeuristicAxis) throws -> Rule {
    guard self.axis == axis, let rule = heuristic as? Rule else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [],
          debugDescription: "a heuristic of \(axis.rawValue) is expected, not of \(self.axis)"))
    }
    return rule
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let (word, name) = (
      try container.decode(String.self, forKey: .axis),
      try container.decode(String.self, forKey: .kind)
    )
    guard let axis = HeuristicAxis(rawValue: word),
      let entry = HeuristicRegistry.entries(axis).last(where: { $0.name == name })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: container,
        debugDescription: "no heuristic of \(word) is registered as '\(name)'")
    }
    self.axis = axis
    heuristic = try entry.decode(container.superDecoder(forKey: .properties))
  }

  func encode(to encoder: any Encoder) throws {
    let type = type(of: heuristic)
    guard
      let entry = HeuristicRegistry.entries(axis).last(
        where: { $0.type == ObjectIdentifier(type) }),
      let value = heuristic as? any Encodable
    else {
      throw EncodingError.invalidValue(
        heuristic,
        .init(
          codingPath: encoder.codingPath,
          debugDescription: "\(type) is not registered: HeuristicRegistry.register("
            + ".\(axis)(\"a-name\", \(type)()))"))
    }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(axis.rawValue, forKey: .axis)
    try container.encode(entry.name, forKey: .kind)
    try value.encode(to: container.superEncoder(forKey: .properties))
  }
}
