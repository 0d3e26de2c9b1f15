import AdamQLR
import Foundation
import Testing

/// One wrong value for every setting, given by the setting and as a property.
@Suite("Ranges of settings")
struct SettingRangeTests {
  /// Methods in which, between them, every setting of this module has an effect.
  private static let bases: [Method] = {
    var rich = Method.adamQLR()
    var rate = QuadraticRate()
    if let known = rich.learningRate as? QuadraticRate { rate = known }
    rate.curvatureAverage = CurvatureAverage(decay: 0.5)
    rich.learningRate = rate
    rich.envelope = Envelope(peak: 1, total: 50)
    var decaying = rich
    decaying.learningRate = QuadraticRate { $0.memory = CurvatureMemory(.decay(0.5), order: 2) }
    let schedules = [
      Schedule.cosine(peak: 0.5, warmUp: 2, total: 50), .piecewise(peak: 0.5, [4: 0.5, 9: 0.25]),
    ].map { schedule in
      var method = Method(
        direction: Adam(), learningRate: ScheduledRate(schedule),
        damping: ScheduledDamping(schedule))
      method.momentum = ScheduledMomentum(schedule)
      return method
    }
    let kinds = Method.allSettings.filter { $0.name.hasSuffix(".kind") }
    let others = HeuristicRegistry.entries.map { entry in
      var method = Method.sgd()
      let kind = kinds.first { $0.name == "\(entry.axis.rawValue).kind" }
      _ = kind?.assign(&method, .text(entry.name))
      return method
    }
    return [rich, decaying] + schedules + others
  }()

  private static let settings = Method.allSettings
  private static let layout = {
    var layout = ParameterLayout()
    layout.append(name: "a", shape: [2], role: .weight)
    return layout
  }()

  private func method(with setting: Setting<Method>) throws -> Method {
    try #require(
      Self.bases.first { setting.value($0) != nil }, "no method with \(setting.name)")
  }

  private static let refused: [SettingValue] = [
    .number(.nan), .number(-1), .number(.infinity), .number(1e300), .integer(-1),
    .text("no such thing"), .list([.null]), .list([.text("no such thing")]),
  ]

  @Test("Every setting refuses what is out of its range", arguments: settings.map(\.name))
  func assignment(_ name: String) throws {
    let setting = try #require(Self.settings.first { $0.name == name })
    let base = try method(with: setting)
    var count = 0
    for value in Self.refused {
      var other = base
      guard setting.assign(&other, value) == .outOfRange else { continue }
      count += 1
      #expect(other == base && setting.value(other) == setting.value(base))
    }
    #expect(count > 0, "\(setting.expectation)")
    // What it has is one of the values that it may have.
    var other = base
    let own = try #require(setting.value(base))
    #expect(setting.assign(&other, own) == .assigned)
    #expect(setting.value(other) == own)
  }

  @Test("No number but a hypergradient's rate may be negative, and no decay of moments 1")
  func limits() throws {
    for setting in Self.settings where setting.name != "learning-rate.hypergradient-rate" {
      var method = try method(with: setting)
      if method.isChoice(setting) { continue }
      #expect(setting.assign(&method, .number(-1)) == .outOfRange, "\(setting.name)")
      if ["beta1", "beta2", "rmsprop.decay"].contains(where: setting.name.hasSuffix) {
        #expect(setting.assign(&method, .number(1)) == .outOfRange, "\(setting.name)")
      }
    }
  }

  @Test(
    "An optimizer refuses every property that is out of range, by the name of its setting",
    arguments: settings.map(\.name).filter { !$0.hasSuffix(".kind") })
  func property(_ name: String) throws {
    let setting = try #require(Self.settings.first { $0.name == name })
    let base = try method(with: setting)
    // What the setting writes, found by writing something else.
    let candidates: [SettingValue] = [
      .number(0.75), .number(1.25), .integer(3), .list([.integer(5)]), .list([.number(0.75)]),
    ]
    var changed: [(path: [String], value: Any)] = []
    for value in candidates where changed.isEmpty {
      var other = base
      guard setting.assign(&other, value) == .assigned else { continue }
      let before = try leaves(base)
      changed = try leaves(other).filter { path, value in
        before.first { $0.path == path }.map { "\($0.value)" } != "\(value)"
      }
      changed.removeAll { !isNumber($0.value) && !($0.value is [Any]) }
    }
    // Words and truth values cannot be anything else.
    if changed.isEmpty || base.isChoice(setting) {
      #expect(base.isChoice(setting), "\(name) is never written")
      return
    }
    var refused = 0
    for (value, json) in [(.number(-1), -1), (.number(.nan), "nan")] as [(SettingValue, Any)] {
      var probe = base
      guard setting.assign(&probe, value) == .outOfRange else { continue }
      var object = try changedJSON(base, with: setting, candidates)
      for (path, old) in changed {
        object = replacing(object, path[...], old is [Any] ? [json] : json)
      }
      // A whole number cannot even be read from "nan".
      guard let wrong = try? method(from: object) else { continue }
      refused += 1
      let run = RunShape(batchesPerEpoch: 10, totalSteps: 100)
      let error = #expect(throws: OptimizerError.self, "\(name)") {
        try Optimizer(wrong.resolved(for: run), for: [1.0, 2], layout: Self.layout)
      }
      #expect(error?.description.contains(name) == true, "\(error?.description ?? "")")
    }
    #expect(refused > 0, "\(name)")
  }

  /// The method's JSON after the first of the values that the setting takes and that changes it.
  private func changedJSON(
    _ base: Method, with setting: Setting<Method>, _ values: [SettingValue]
  ) throws -> Any {
    for value in values {
      var other = base
      if setting.assign(&other, value) == .assigned, other != base { return try json(other) }
    }
    return try json(base)
  }

  private func json(_ method: Method) throws -> Any {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try JSONSerialization.jsonObject(with: encoder.encode(method))
  }

  private func method(from object: Any) throws -> Method {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(Method.self, from: JSONSerialization.data(withJSONObject: object))
  }

  /// The values in a method's JSON, by their paths; a list is a value.
  private func leaves(_ method: Method) throws -> [(path: [String], value: Any)] {
    func walk(_ value: Any, _ path: [String]) -> [(path: [String], value: Any)] {
      guard let object = value as? [String: Any] else { return [(path, value)] }
      return object.sorted { $0.key < $1.key }.flatMap { walk($0.value, path + [$0.key]) }
    }
    return walk(try json(method), [])
  }

  private func isNumber(_ value: Any) -> Bool {
    value is NSNumber || value is Double || value is Int
  }

  private func replacing(_ value: Any, _ path: ArraySlice<String>, _ new: Any) -> Any {
    guard let key = path.first, var object = value as? [String: Any], let old = object[key] else {
      return new
    }
    object[key] = replacing(old, path.dropFirst(), new)
    return object
  }
}

extension Method {
  /// Whether a setting is a word, words, or a truth value.
  fileprivate func isChoice(_ setting: Setting<Method>) -> Bool {
    switch setting.value(self) {
    case .bool, .text: true
    default: ["one of", "names"].contains { setting.expectation.contains($0) }
    }
  }
}
