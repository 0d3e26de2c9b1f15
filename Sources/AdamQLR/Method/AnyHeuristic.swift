/// A heuristic of any type, as a method and an optimizer's state hold it: `Rule` is `any Direction`,
/// `any LearningRate` and so on.
///
/// It is encoded as its axis, its name and its properties. One that is not registered
/// (``HeuristicRegistry``) cannot be; the error names it.
///
/// It is kept elsewhere, so that what holds it is of a fixed size. A struct with an existential in it
/// is copied through its address, and the compiler (Swift 6.3.1, optimizing) takes a `let` copy of
/// such a struct for the original: a state that someone had put aside went on changing with the
/// optimizer.
@propertyWrapper
public struct AnyHeuristic<Rule: Sendable>: Sendable {
  private indirect enum Box: Sendable { case rule(Rule) }

  private var box: Box

  /// Keeps a heuristic.
  public init(wrappedValue: Rule) { box = .rule(wrappedValue) }

  /// The heuristic.
  public var wrappedValue: Rule {
    get {
      switch box {
      case .rule(let rule): rule
      }
    }
    set { box = .rule(newValue) }
  }
}

extension AnyHeuristic: Codable {
  private enum CodingKeys: String, CodingKey { case axis, kind, properties }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let (axis, name) = (
      try container.decode(String.self, forKey: .axis),
      try container.decode(String.self, forKey: .kind)
    )
    let entry = HeuristicAxis(rawValue: axis).flatMap { axis in
      HeuristicRegistry.entries(axis).last { $0.name == name }
    }
    guard let entry else {
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: container,
        debugDescription: "no heuristic of \(axis) is registered as '\(name)'")
    }
    let heuristic = try entry.decode(container.superDecoder(forKey: .properties))
    guard let rule = heuristic as? Rule else {
      throw DecodingError.dataCorruptedError(
        forKey: .axis, in: container,
        debugDescription: "'\(name)' of \(axis) stands where a heuristic of another axis is expected"
      )
    }
    self.init(wrappedValue: rule)
  }

  public func encode(to encoder: any Encoder) throws {
    let type = Swift.type(of: wrappedValue as Any)
    guard
      let entry = HeuristicRegistry.entries.last(where: { $0.type == ObjectIdentifier(type) }),
      let value = wrappedValue as? any Encodable
    else {
      throw EncodingError.invalidValue(
        wrappedValue,
        .init(
          codingPath: encoder.codingPath,
          debugDescription: "\(type) is not registered: see HeuristicRegistry.register"))
    }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(entry.axis.rawValue, forKey: .axis)
    try container.encode(entry.name, forKey: .kind)
    try value.encode(to: container.superEncoder(forKey: .properties))
  }
}
