import Tasks

/// The settings of texts.
extension SettingsKey {
  static let text: [SettingsKey] = [
    SettingsKey(
      "text.path", \.text.optionalPath, "a file, or null",
      "Text: its file, compressed (.gz) or not."),
    SettingsKey("text.vocabulary", \.text.vocabulary, "Text: what a token is."),
    SettingsKey(
      "text.max-words", \.text.maximumWords, "a whole number from 3, or null",
      "Text of words: most tokens, the unknown word and the end of a line among them; null: no limit.",
      where: { $0 ?? 3 >= 3 }),
    positiveWhole(
      "text.min-count", \.text.minimumCount,
      "Text of words: how often a word must be there to train to have a token of its own."),
    positiveWhole(
      "text.context", \.text.context, "Text, Penn Treebank: positions of a sequence, an example."),
    number(
      "text.test", \.text.testFraction, below: 1,
      "Text: share of tokens that test, the last ones; without effect beside text.test-path."),
    number(
      "text.validation", \.text.validationFraction, below: 1,
      "Text: share of the other tokens that validate, the last of them."),
    SettingsKey(
      "text.test-path", \.text.testPath, "a file, or null",
      "Text: a file that tests; null: the end of text.path's."),
  ]
}

extension TextSource {
  fileprivate var optionalPath: String? {
    get { path.isEmpty ? nil : path }
    set { path = newValue ?? "" }
  }
}
