extension TableEncoding {
  /// Reads an encoding that was stored.
  ///
  /// - Throws: `DecodingError` where something is absent, or could not have been fitted to a table:
  ///   no inputs, one class, a deviation of 0, and the like.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    inputs = try container.decode([Input].self, forKey: .inputs)
    targetName = try container.decode(String.self, forKey: .targetName)
    targetPlace = try container.decode(Int.self, forKey: .targetPlace)
    target = try container.decode(Target.self, forKey: .target)
    classWeights = try container.decodeIfPresent([Double].self, forKey: .classWeights)
    missing = try container.decode(MissingCells.self, forKey: .missing)
    missingTarget =
      try container.decodeIfPresent(MissingTarget.self, forKey: .missingTarget) ?? .refuse
    format = try container.decode(TableFormat.self, forKey: .format)
    columnCount = try container.decode(Int.self, forKey: .columnCount)
    digest = try container.decodeIfPresent(String.self, forKey: .digest)
    if let flaw {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "the table's encoding has \(flaw)"))
    }
  }

  /// What could not have been fitted to a table.
  private var flaw: String? {
    let places = inputs.map(\.place) + [targetPlace]
    if inputs.isEmpty { return "no inputs" }
    if Set(places).count < places.count { return "a column twice" }
    if Set(inputs.map(\.name) + [targetName]).count < places.count { return "a name twice" }
    if !places.allSatisfy({ (0..<max(columnCount, 0)).contains($0) }) {
      return "columns beyond the \(columnCount) that there are"
    }
    if format.header == .auto { return "no word on whether files have a header" }
    let isSound =
      inputs.allSatisfy { input in
        switch input.kind {
        case .number(let scale), .boolean(_, let scale): scale.isSound
        case .category(let names, let usual):
          Set(names).count == names.count && names.contains(usual)
        case .date(let order, let parts):
          order != .auto && !parts.isEmpty && parts.allSatisfy(\.scale.isSound)
            && Set(parts.map(\.kind)).count == parts.count
        }
      }
    if let classWeights,
      classWeights.count != outputCount || !classWeights.allSatisfy({ $0 >= 0 && $0.isFinite })
    {
      return "weights of other classes"
    }
    guard isSound else { return "an input that is no number, truth value, category or date" }
    switch target {
    case .number(let scale): return scale.isSound ? nil : "a target of no spread"
    case .classes(let names, _):
      return names.count > 1 && Set(names).count == names.count ? nil : "too few classes"
    }
  }
}

extension TableEncoding.Scale {
  fileprivate var isSound: Bool { mean.isFinite && deviation.isFinite && deviation > 0 }
}
