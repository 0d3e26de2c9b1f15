extension Method {
  /// Every setting of every registered heuristic, and the method's own, by name; several heuristics
  /// of an axis may have a setting of the same name.
  public static var allSettings: [Setting<Method>] {
    HeuristicAxis.allCases.flatMap { axis in
      [kindSetting(axis)] + merged(HeuristicRegistry.entries(axis).flatMap(\.settings))
    } + ownSettings
  }

  /// The names of the heuristics, axis by axis; `nil` for one that is not registered.
  public var kinds: [(axis: HeuristicAxis, name: String?)] {
    HeuristicAxis.allCases.map { ($0, entry($0)?.name) }
  }

  /// What is wrong with the heuristic of an axis, with the names that its settings have.
  func problem(_ axis: HeuristicAxis) -> String? {
    let group = entry(axis)?.group ?? axis.rawValue
    return axis.heuristic(of: self).firstProblem.map { "\(group).\($0)" }
  }

  private func entry(_ axis: HeuristicAxis) -> RegisteredHeuristic? {
    let type = ObjectIdentifier(Swift.type(of: axis.heuristic(of: self)))
    return HeuristicRegistry.entries(axis).last { $0.type == type }
  }

  private static func kindSetting(_ axis: HeuristicAxis) -> Setting<Method> {
    let help =
      switch axis {
      case .direction: "Where a step goes."
      case .learningRate: "How far a step goes."
      case .momentum: "How much of the update before a step repeats."
      case .damping: "What λ does."
      case .acceptance: "Which steps are taken."
      }
    return Setting(
      "\(axis.rawValue).kind", .oneOf(HeuristicRegistry.entries(axis).map(\.name)), help,
      get: { $0.entry(axis)?.name ?? "\(type(of: axis.heuristic(of: $0)))" },
      set: { $0.select(axis, $1) })
  }

  /// Puts the heuristic of that name in, with what it has in common with the one before.
  private mutating func select(_ axis: HeuristicAxis, _ name: String) {
    let before = entry(axis)
    guard before?.name != name,
      let entry = HeuristicRegistry.entries(axis).last(where: { $0.name == name })
    else { return }
    let old = self
    entry.select(&self)
    if axis == .learningRate, let usual = old.entry(.direction)?.usualRate {
      assign("learning-rate.value", .number(usual), entry.settings)
    }
    for setting in before?.settings ?? [] {
      if let value = setting.value(old) { assign(setting.name, value, entry.settings) }
    }
    if let acceptance = entry.acceptance {
      self.acceptance = acceptance
    } else if let accepted = before?.acceptance, AnyHashable(accepted) == AnyHashable(acceptance) {
      acceptance = AcceptsAll()
    }
  }

  private mutating func assign(
    _ name: String, _ value: SettingValue, _ settings: [Setting<Method>]
  ) {
    for setting in settings where setting.name == name { _ = setting.assign(&self, value) }
  }

  /// One setting for all of the same name.
  private static func merged(_ settings: [Setting<Method>]) -> [Setting<Method>] {
    var byName = Dictionary(grouping: settings, by: \.name)
    return settings.compactMap { byName.removeValue(forKey: $0.name).map(Setting.init(oneOf:)) }
  }
}
