/// What came of giving a setting a value.
public enum SettingOutcome: Sendable {
  /// It has the value.
  case assigned
  /// It cannot be that.
  case outOfRange
  /// There is no such setting where another one is as it is.
  case withoutEffect
}

/// One setting of a type: its name in files and on the command line, what it means and what it may
/// be. A type's settings stand beside it, as ``Heuristic/settings``.
public struct Setting<Root>: Sendable {
  /// The name; of a whole method's, with a period between a group's name and its own.
  public let name: String
  /// What it means, in a line.
  public let help: String
  /// What it may be, in words: "a number in 0..<1".
  public let expectation: String
  /// Whether a text given on the command line is taken as it stands.
  public let isLiteral: Bool
  /// The value; `nil` where the setting has no effect.
  public let value: @Sendable (Root) -> SettingValue?
  /// Gives it a value.
  public let assign: @Sendable (inout Root, SettingValue) -> SettingOutcome
  /// Whether the value, which may have been set as a plain property, is one it may have.
  let isValid: @Sendable (Root) -> Bool

  /// A setting of a part that not every root has.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - range: The values that it may have.
  ///   - help: What it means.
  ///   - get: Its value; `nil` where it has no effect.
  ///   - set: Gives it a value where it has an effect.
  public init<Value: SettingConvertible>(
    _ name: String, _ range: SettingRange<Value>, _ help: String,
    get: @escaping @Sendable (Root) -> Value?, set: @escaping @Sendable (inout Root, Value) -> Void
  ) {
    self.name = name
    self.help = help
    expectation = range.words
    isLiteral = Value.isLiteral
    value = { get($0)?.settingValue }
    assign = { root, value in
      guard get(root) != nil else { return .withoutEffect }
      guard let value = Value(value), range.contains(value) else { return .outOfRange }
      set(&root, value)
      return .assigned
    }
    isValid = { get($0).map(range.contains) ?? true }
  }

  /// A property.
  public init<Value: SettingConvertible>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable,
    _ range: SettingRange<Value>, _ help: String
  ) {
    self.init(
      name, range, help, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
  }

  /// A property that may be missing.
  public init<Value: SettingConvertible>(
    _ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable,
    orNull range: SettingRange<Value>, _ help: String
  ) {
    self.init(name, path, range.orNull, help)
  }

  /// A property that is one of several words.
  public init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Root, Choice> & Sendable, _ help: String
  ) {
    self.init(
      name, .oneOf(Choice.self), help, get: { $0[keyPath: path].rawValue },
      set: { root, word in Choice(rawValue: word).map { root[keyPath: path] = $0 } })
  }

  /// A property that is one of several words, or none.
  public init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Root, Choice?> & Sendable, _ help: String
  ) {
    self.init(
      name, SettingRange.oneOf(Choice.self).orNull, help,
      get: { .some($0[keyPath: path]?.rawValue) },
      set: { $0[keyPath: path] = $1.flatMap(Choice.init(rawValue:)) })
  }

  /// A property that is a set of words.
  public init<Choice: RawRepresentable<String> & CaseIterable & Hashable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Root, Set<Choice>> & Sendable, _ help: String
  ) {
    let choice = SettingRange<String>.oneOf(Choice.self)
    self.init(
      name, SettingRange("a list of \(choice.words)") { $0.allSatisfy(choice.contains) }, help,
      get: { $0[keyPath: path].map(\.rawValue).sorted() },
      set: { $0[keyPath: path] = Set($1.compactMap(Choice.init(rawValue:))) })
  }

  /// One setting for several of the same name, of which at most one has an effect.
  init(oneOf settings: [Setting]) {
    self.init(
      like: (settings[0].help, settings[0].expectation, settings[0].isLiteral),
      name: settings[0].name,
      value: { root in settings.lazy.compactMap { $0.value(root) }.first },
      assign: { root, value in
        for setting in settings {
          let outcome = setting.assign(&root, value)
          if outcome != .withoutEffect { return outcome }
        }
        return .withoutEffect
      },
      isValid: { root in settings.allSatisfy { $0.isValid(root) } })
  }

  /// The value as one would write it; a dash where the setting has no effect.
  public func text(of root: Root) -> String { value(root)?.text ?? "–" }

  /// That the value is out of its range, in words.
  func rangeProblem(_ root: Root) -> String {
    "\(name) is \((value(root) ?? .null).text), but must be \(expectation)"
  }

  private init(
    like base: (help: String, expectation: String, isLiteral: Bool), name: String,
    value: @escaping @Sendable (Root) -> SettingValue?,
    assign: @escaping @Sendable (inout Root, SettingValue) -> SettingOutcome,
    isValid: @escaping @Sendable (Root) -> Bool
  ) {
    (self.name, help, expectation, isLiteral) = (name, base.help, base.expectation, base.isLiteral)
    (self.value, self.assign, self.isValid) = (value, assign, isValid)
  }

  /// This setting of a part as one of a whole that may have another part in its place.
  ///
  /// - Parameters:
  ///   - group: What stands before the name, with a period; empty for none.
  ///   - get: The part; `nil` where the whole has another.
  ///   - set: Puts it in.
  public func lifted<Whole>(
    to group: String, get: @escaping @Sendable (Whole) -> Root?,
    set: @escaping @Sendable (inout Whole, Root) -> Void
  ) -> Setting<Whole> {
    let (read, write, check) = (value, assign, isValid)
    return Setting<Whole>(
      like: (help, expectation, isLiteral), name: group.isEmpty ? name : "\(group).\(name)",
      value: { get($0).flatMap(read) },
      assign: { whole, value in
        guard var part = get(whole) else { return .withoutEffect }
        let outcome = write(&part, value)
        if outcome == .assigned { set(&whole, part) }
        return outcome
      },
      isValid: { get($0).map(check) ?? true })
  }
}

extension Setting {
  /// This setting of a part, under the same name, as one of a whole that always has that part.
  package func lifted<Whole>(
    to path: any WritableKeyPath<Whole, Root> & Sendable
  ) -> Setting<Whole> {
    lifted(to: "", get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
  }
}

extension SettingRange<String> {
  /// The words of an enumeration.
  public static func oneOf<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type
  ) -> SettingRange {
    oneOf(Choice.allCases.map(\.rawValue))
  }

  /// These words.
  public static func oneOf(_ words: [String]) -> SettingRange {
    SettingRange("one of " + words.joined(separator: ", ")) { words.contains($0) }
  }
}
