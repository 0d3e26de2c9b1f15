import AdamQLR
import Foundation
import Testing

@Suite("Settings")
struct SettingTests {
  private struct Inner: Equatable {
    var number = 1.0
    var count: Int? = 3
    var word = Restoration.parameters

    static let settings: [Setting<Inner>] = [
      Setting("number", \.number, .fraction, "A number."),
      Setting("count", \.count, SettingRange<Int>.positive.orNull, "A count."),
      Setting("word", \.word, "A word."),
    ]
  }
  private struct Outer: Equatable {
    var inner: Inner?
  }

  @Test("A setting reads, refuses and writes")
  func plain() throws {
    var inner = Inner()
    let (number, count, word) = (Inner.settings[0], Inner.settings[1], Inner.settings[2])
    #expect(number.value(inner) == .number(1) && count.value(inner) == .integer(3))
    #expect(word.value(inner) == .text("parameters"))
    #expect(number.expectation == "a number in 0...1")
    #expect(count.expectation == "a whole number from 1, or null")
    #expect(word.expectation == "one of parameters, everything")
    for (setting, refused) in [
      (number, [.number(2), .text("x"), .null, .list([.number(0.5)]), .bool(true)]),
      (count, [.integer(0), .number(1.5), .text("x")]), (word, [.text("nothing"), .null]),
    ] as [(Setting<Inner>, [SettingValue])] {
      for value in refused {
        #expect(setting.assign(&inner, value) == .outOfRange, "\(setting.name) \(value)")
      }
    }
    #expect(inner == Inner())
    // A whole number is a number, and a number that is whole is one.
    #expect(number.assign(&inner, .integer(0)) == .assigned && inner.number == 0)
    #expect(count.assign(&inner, .number(5)) == .assigned && inner.count == 5)
    #expect(count.assign(&inner, .null) == .assigned && inner.count == nil)
    #expect(count.value(inner) == .null)
    #expect(word.assign(&inner, .text("everything")) == .assigned && inner.word == .everything)
  }

  @Test("A setting of a part is one of the whole, where the whole has the part")
  func lifting() {
    let settings = Inner.settings.map {
      $0.lifted(to: "inner", get: \Outer.inner, set: { $0.inner = $1 })
    }
    #expect(settings.map(\.name) == ["inner.number", "inner.count", "inner.word"])
    var outer = Outer()
    for setting in settings {
      #expect(setting.value(outer) == nil)
      #expect(setting.assign(&outer, .integer(1)) == .withoutEffect && outer.inner == nil)
    }
    outer.inner = Inner()
    #expect(settings[0].value(outer) == .number(1))
    #expect(settings[0].assign(&outer, .number(0.5)) == .assigned)
    #expect(outer.inner == Inner(number: 0.5))
    #expect(settings[0].assign(&outer, .number(-1)) == .outOfRange)
    #expect(settings[1].assign(&outer, .null) == .assigned && outer.inner?.count == nil)
    // No value is a value.
    #expect(settings[1].value(outer) == .null)
    let bare = Inner.settings[0].lifted(to: "", get: \Outer.inner, set: { $0.inner = $1 })
    #expect(bare.name == "number" && bare.help == "A number.")
  }

  @Test("Words as values")
  func words() {
    for (word, value) in [
      ("", .null), ("~", .null), ("null", .null), ("true", .bool(true)), ("no", .bool(false)),
      ("12", .integer(12)), ("-1e-3", .number(-1e-3)), ("adam", .text("adam")),
    ] as [(String, SettingValue)] {
      #expect(SettingValue(plain: word) == value)
    }
    #expect(SettingValue.list([.integer(1), .text("a")]).text == "[1, a]")
  }

  @Test("Every name of the grid's is there once")
  func names() {
    let names = Method.allSettings.map(\.name)
    // Rules that other tests register may come with more, at any time.
    #expect(Set(names).count == names.count)
    for name in [
      "direction.kind", "direction.beta1", "direction.momentum", "rmsprop.decay", "lion.beta1",
      "learning-rate.kind", "learning-rate.value", "learning-rate.memory-epochs",
      "learning-rate.curvature", "learning-rate.envelope-peak", "momentum.value", "damping.initial",
      "damping.floor", "acceptance.restores", "clipping.update-norm", "loss.l2",
      "weight-decay.rate",
    ] {
      #expect(names.contains(name), "\(name)")
    }
    #expect(Method.allSettings.allSatisfy { !$0.help.isEmpty && !$0.expectation.isEmpty })
  }

  @Test("A setting that several heuristics have is one, of whichever is there")
  func merged() {
    var method = Method.sgd()
    #expect(method.value("damping.initial") == nil)
    #expect(method.set("damping.initial", .number(1)) == .withoutEffect)
    for damping in [
      ConstantDamping(), ScheduledDamping(Schedule(peak: 1)), LevenbergMarquardt(),
      LossFollowingDamping(),
    ] as [any Damping] {
      method.damping = damping
      #expect(method.set("damping.initial", .number(0.25)) == .assigned)
      #expect(method.damping.damping(at: 0) == 0.25)
      #expect(method.value("damping.initial") == .number(0.25))
      #expect(method.set("damping.initial", .number(-1)) == .outOfRange)
      #expect(type(of: method.damping) == type(of: damping))
    }
    #expect(method.set("damping.nonsense", .number(1)) == nil)
  }

  @Test("Settings of a direction that is not there are without effect")
  func otherDirection() {
    var method = Method.adam()
    #expect(method.set("lion.beta1", .number(0.5)) == .withoutEffect)
    #expect(method.set("direction.momentum", .number(0.5)) == .withoutEffect)
    #expect(method == .adam())
    method.direction = Lion()
    #expect(method.set("lion.beta1", .number(0.5)) == .assigned)
    #expect(method.direction as? Lion == Lion(beta1: 0.5))
    #expect(method.set("direction.beta1", .number(0.5)) == .withoutEffect)
  }

  @Test("Another kind keeps what it has in common with the one before")
  func kinds() {
    var method = Method.paperAdamQLR(damping: LevenbergMarquardt(initial: 0.5, floor: 0.1))
    #expect(method.set("damping.kind", .text("constant")) == .assigned)
    #expect(method.damping as? ConstantDamping == ConstantDamping(0.5))
    method.set("damping.kind", .text("levenberg-marquardt"))
    #expect(method.damping as? LevenbergMarquardt == LevenbergMarquardt(initial: 0.5))
    // The same kind again changes nothing.
    method.damping = LevenbergMarquardt(initial: 0.5, floor: 0.1)
    method.set("damping.kind", .text("levenberg-marquardt"))
    #expect(method.damping as? LevenbergMarquardt == LevenbergMarquardt(initial: 0.5, floor: 0.1))
    #expect(method.set("damping.kind", .text("nothing")) == .outOfRange)

    method = .adam(learningRate: 0.02)
    method.set("learning-rate.kind", .text("schedule"))
    #expect((method.learningRate as? ScheduledRate)?.schedule == Schedule(peak: 0.02))
    method.set("learning-rate.kind", .text("hypergradient"))
    #expect((method.learningRate as? Hypergradient)?.initial == 0.02)
    method.set("learning-rate.kind", .text("quadratic-model"))
    #expect(method.learningRate as? QuadraticRate == QuadraticRate())
    method.set("momentum.kind", .text("fixed"))
    method.set("momentum.value", .number(0.25))
    method.set("momentum.kind", .text("schedule"))
    #expect((method.momentum as? ScheduledMomentum)?.schedule == Schedule(peak: 0.25))
  }

  @Test(
    "After a rate that has no value, a fixed one is what is usual with the direction",
    arguments: [
      ("sgd", 0.1), ("adam", 1e-3), ("rmsprop", 0.01), ("adagrad", 0.01), ("lion", 1e-4),
      ("nadam", 2e-3), ("prodigy", 1), ("d-adaptation", 1), ("schedule-free-adamw", 0.0025),
    ])
  func usualRate(_ direction: String, _ rate: Double) {
    var method = Method.paperAdamQLR()
    method.set("direction.kind", .text(direction))
    #expect(method.learningRate is QuadraticRate)
    for kind in ["fixed", "schedule", "hypergradient"] {
      method.learningRate = QuadraticRate()
      method.set("learning-rate.kind", .text(kind))
      #expect(method.value("learning-rate.value") == .number(rate))
    }
  }

  @Test("Accept-or-reject brings its acceptance along, and takes it away")
  func acceptance() {
    var method = Method.paperAdamQLR()
    method.set("damping.kind", .text("accept-or-reject"))
    #expect(method.damping is LossFollowingDamping)
    #expect(method.acceptance as? OnlyDecreases == OnlyDecreases(restoring: .everything))
    method.set("damping.kind", .text("constant"))
    #expect(method.acceptance is AcceptsAll)
    // What was chosen otherwise stays.
    method.acceptance = OnlyDecreases()
    method.set("damping.kind", .text("levenberg-marquardt"))
    #expect(method.acceptance as? OnlyDecreases == OnlyDecreases())
    method.set("damping.kind", .text("accept-or-reject"))
    method.acceptance = OnlyDecreases()
    method.set("damping.kind", .text("none"))
    #expect(method.acceptance as? OnlyDecreases == OnlyDecreases())
  }

  @Test("The memory of curvature is given by its decay or in epochs, not both")
  func memory() throws {
    var method = Method.paperAdamQLR()
    func rate() throws -> QuadraticRate { try #require(method.learningRate as? QuadraticRate) }
    #expect(method.set("learning-rate.memory-order", .number(3)) == .withoutEffect)
    method.set("learning-rate.memory-epochs", .number(3))
    #expect(try rate().memory == CurvatureMemory(.epochs(3)))
    method.set("learning-rate.memory-order", .number(5))
    method.set("learning-rate.plausible-decrease", .number(0.08))
    method.set("learning-rate.promise-averaging", .number(0.9))
    method.set("learning-rate.memory-relief", .number(1))
    method.set("learning-rate.curvature-interval", .integer(2))
    method.set("learning-rate.previous-direction", .number(0.85))
    method.set("learning-rate.over-relaxation", .number(0.8))
    method.set("damping.kind", .text("none"))
    method.set("averaging.share", .number(0.05))
    method.set("direction.beta2", .number(0.95))
    #expect(method.set("direction.relative-epsilon", .number(0.1)) == .assigned)
    // Which is the untuned default.
    #expect(method == .adamQLR())
    method.set("learning-rate.memory", .number(0.9))
    #expect(try rate().memory.horizon == .decay(0.9))
    #expect(method.value("learning-rate.memory-epochs") == .null)
    // No epochs is nothing new then.
    method.set("learning-rate.memory-epochs", .null)
    #expect(try rate().memory.horizon == .decay(0.9))
    method.set("learning-rate.memory", .null)
    #expect(try rate().memory.horizon == nil)
  }
}
