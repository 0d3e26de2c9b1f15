import Requirements

/// Where each parameter of a model lies in the flat vector of all of them.
public struct ParameterLayout: Hashable, Codable, Sendable {
  /// One parameter.
  public struct Entry: Hashable, Codable, Sendable {
    /// The name, unique within the layout.
    public let name: String
    /// The shape; its elements are stored row-major.
    public let shape: [Int]
    /// What the parameter is for.
    public let role: ParameterRole
    /// The place of its first element in the flat vector.
    public let offset: Int

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
    /// The elements' places in the flat vector.
    public var range: Range<Int> { offset..<(offset + count) }
  }

  /// The parameters in the order of their offsets.
  public private(set) var entries: [Entry] = []

  /// An empty layout.
  public init() {}

  /// The number of elements of all parameters.
  public var count: Int { entries.last?.range.upperBound ?? 0 }

  /// Adds a parameter behind all others and returns its entry.
  ///
  /// - Precondition: No parameter has that name yet.
  @discardableResult
  public mutating func append(name: String, shape: [Int], role: ParameterRole) -> Entry {
    require(self[name] == nil, "two parameters are named '\(name)'")
    let entry = Entry(name: name, shape: shape, role: role, offset: count)
    entries.append(entry)
    return entry
  }

  /// The parameter of that name, if there is one.
  public subscript(name: String) -> Entry? {
    entries.first { $0.name == name }
  }
}

/// What a parameter is for; weight decay, for one, distinguishes.
public enum ParameterRole: String, Codable, Sendable, CaseIterable {
  /// A matrix or kernel that multiplies inputs.
  case weight
  /// An additive term.
  case bias
  /// A scale or shift of a normalization layer.
  case normalization
  /// A table of vectors looked up by index.
  case embedding
  /// Anything else.
  case other
}
