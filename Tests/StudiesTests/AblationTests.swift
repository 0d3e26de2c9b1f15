import AdamQLR
import Studies
import Testing
import Training

@Suite("Ablations")
struct AblationTests {
  private func settings(_ base: Ablation.Base, _ assignments: [String]) throws -> Settings {
    var sources = SettingsSources()
    try sources.add("optimizer=\(base.preset.name)", from: "test")
    for assignment in assignments { try sources.add(assignment, from: "test") }
    return try sources.resolve()
  }

  @Test(
    "Every variant differs from its base, and all from each other",
    arguments: Ablation.Base.allCases)
  func variants(_ base: Ablation.Base) throws {
    let study = Ablation(base)
    let plain = try settings(base, [])
    let variants = try study.variants.map { try settings(base, $0.assignments) }
    #expect(!variants.contains(plain))
    #expect(Set(variants).count == variants.count)
    #expect(Set(study.contenders.map(\.label)).count == variants.count + 1)
    #expect(study.contenders[0].label == base.rawValue)
    #expect(study.variants.contains { $0.isAddition } && study.variants.contains { !$0.isAddition })
  }

  @Test("What is switched on is what the other base has", arguments: Ablation.Base.allCases)
  func additions(_ base: Ablation.Base) throws {
    let other = Ablation.Base.allCases.first { $0 != base }
    let goal = try settings(try #require(other), [])
    for variant in Ablation(base).variants where variant.isAddition {
      let changed = try settings(base, variant.assignments)
      for key in Settings.all where key.value(changed) != key.value(try settings(base, [])) {
        #expect(key.value(changed) == key.value(goal), "\(variant.label): \(key.name)")
      }
    }
  }
}
