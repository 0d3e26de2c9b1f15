import Files
import Foundation
import Tasks
import Testing
import Training

@Suite("Settings as YAML")
struct SettingsFileTests {
  private func read(_ yaml: String) throws -> Settings {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("settings-\(UUID().uuidString).yaml")
    try Data(yaml.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Settings(file: file.path)
  }

  @Test("The settings of every preset are read back", arguments: Preset.all)
  func presets(_ preset: Preset) throws {
    let settings = Settings(preset)
    #expect(try read(settings.yaml) == settings)
  }

  @Test("Settings of a table are read back, whatever its columns are called")
  func table() throws {
    var sources = SettingsSources()
    for assignment in [
      "task=table", "data.path=a b: #c.csv", "data.target=1.50", "data.kind=classification",
      "data.ignore=[null, yes, # of 'b', 08, [x]]", "data.categorical=é", "data.test=0",
      "data.header=true", "data.delimiter=tab", "data.decimal=comma", "data.missing=impute",
      "data.validation=0.25", "data.test-path=t.csv.gz",
    ] { try sources.add(assignment, from: "test") }
    let settings = try sources.resolve()
    #expect(settings.table.path == "a b: #c.csv" && settings.table.target == "1.50")
    #expect(settings.table.ignored == ["null", "yes", "# of 'b'", "08", "[x]"])
    #expect(try read(settings.yaml) == settings)
  }

  @Test(
    "Settings of every kind are read back",
    arguments: [
      "data-dir=/a b/''c''\"d\": #e", "data-dir=12", "data-dir=no", "data-dir=true", "data-dir=08",
      "data-dir=- x", "data-dir=ä\n", "data-dir='null'", "direction.epsilon=1e-300",
      "clipping.update-norm=0.1", "loss.l2=0.1", "learning-rate.memory=0.99",
      "network.hidden=[]", "network.hidden=[3, 4]",
      "weight-decay.excluded-roles=[bias, normalization]", "weight-decay.excluded-names=[\"1\"]",
      "seconds=1.5", "steps=9", "model=mlp", "checkpoint-every=7", "divergence-factor=null",
    ])
  func values(_ assignment: String) throws {
    var sources = SettingsSources()
    try sources.add(assignment, from: "test")
    let settings = try sources.resolve()
    #expect(settings != Settings())
    #expect(try read(settings.yaml) == settings)
  }

  @Test("A model and its sizes are read back")
  func model() throws {
    var sources = SettingsSources()
    for assignment in [
      "task=digits-color", "model=vit-s16", "network.patch=8", "network.heads=2",
      "network.embedding=16", "network.layers=1", "network.dropout=0.5",
    ] { try sources.add(assignment, from: "test") }
    let settings = try sources.resolve()
    #expect(settings.modelKind == .vitS16 && settings.model[.patch] == 8)
    #expect(settings.model.dropout == 0.5 && settings.model[.width] == nil)
    #expect(try read(settings.yaml) == settings)
  }

  @Test("Files of 0.1.0, which have every setting, mean the same for tasks that have no table")
  func earlierDefaults() throws {
    let yaml = "task: uci-energy\ndata:\n  decimal: point\n  delimiter: auto\n  header: auto\n"
    let settings = try Settings(yaml: yaml, from: "settings.yaml")
    #expect(throws: SettingsError.self) {
      try Settings(yaml: yaml.replacing("point", with: "comma"), from: "settings.yaml")
    }
    var elsewhere = settings
    elsewhere.dataDirectory = "/nowhere"
    #expect { try elsewhere.makeProblem() } throws: { $0 is DataError }
  }

  @Test("Settings from before there were models mean a perceptron")
  func oldSettings() throws {
    let settings = try read(
      "task: digits\noptimizer: adam\nnetwork:\n  hidden: [8]\n  activation: tanh\n"
        + "  initializer: lecun\n")
    #expect(settings.modelKind == .mlp)
    #expect(settings.model.hiddenSizes == [8] && settings.model.activation == .tanh)
  }
}
