import Studies
import Testing
import Training

@Suite("Descriptions of optimizers")
struct ContenderTests {
  @Test("A list is read with labels, files, settings, lists and exponents")
  func list() throws {
    let list = try ContenderDescription.list(
      "adamqlr,memory=adamqlr+learning-rate.memory=0.99+acceptance.kind=only-decreases,some/mine.yaml,"
        + "adam+learning-rate.value=1e+3+learning-rate.boundaries=[3, 5],b=mine.yml+seed=1")
    #expect(
      list.map(\.label) == [
        "adamqlr", "memory", "mine",
        "adam+learning-rate.value=1e+3+learning-rate.boundaries=[3, 5]", "b",
      ])
    #expect(list.map(\.preset) == [.adamQLR, .adamQLR, nil, .adam, nil])
    #expect(list.map(\.file) == [nil, nil, "some/mine.yaml", nil, "mine.yml"])
    #expect(list[1].assignments == ["learning-rate.memory=0.99", "acceptance.kind=only-decreases"])
    #expect(list[3].assignments == ["learning-rate.value=1e+3", "learning-rate.boundaries=[3, 5]"])
  }

  @Test(
    "What cannot be is said to be so",
    arguments: [
      ("magic", ["'magic'", "adamqlr", ".yaml"]), ("", ["''"]), ("adam,adam", ["two", "'adam'"]),
      ("a/b=adam", ["'a/b'", "directory"]), ("..=adam", ["'..'"]), ("=adam", ["''"]),
      ("a\u{7}=adam", ["directory"]), ("adam+x", ["'adam+x'"]),
    ])
  func mistakes(_ text: String, _ parts: [String]) {
    let error = #expect(throws: SettingsError.self) { try ContenderDescription.list(text) }
    for part in parts { #expect(error?.description.contains(part) == true, "\(part)") }
  }
}
