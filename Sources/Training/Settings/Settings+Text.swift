import AdamQLR
import Tasks

/// The settings of texts.
extension Settings {
  static let text: [Setting<Settings>] = [
    Setting(
      "text.path", \.text.optionalPath, SettingRange("a file, or null"),
      "Text: its file, compressed (.gz) or not."),
    Setting(
      "text.vocabulary", \.text.vocabulary,
      "Text: what a token is; bpe: pieces of words, as GPT-2 has them."),
    Setting(
      "text.tokenizer", \.text.tokenizer, SettingRange("a folder, or null"),
      "Text of bpe: the folder with vocab.json and merges.txt."),
    Setting(
      "text.max-words", \.text.maximumWords,
      SettingRange<Int?>("a whole number from 3, or null") { $0 ?? 3 >= 3 },
      "Text of words: most tokens, the unknown word and the end of a line among them; null: no limit."
    ),
    Setting(
      "text.min-count", \.text.minimumCount, .positive,
      "Text of words: how often a word must be there to train to have a token of its own."),
    Setting(
      "text.context", \.text.context, .positive,
      "Text, Penn Treebank: positions of a sequence, an example."),
    Setting(
      "text.test", \.text.testFraction, .decay,
      "Text: share of tokens that test, the last ones; without effect beside text.test-path."),
    Setting(
      "text.validation", \.text.validationFraction, .decay,
      "Text: share of the other tokens that validate, the last of them."),
    Setting(
      "text.test-path", \.text.testPath, SettingRange("a file, or null"),
      "Text: a file that tests; null: the end of text.path's."),
  ]
}

extension TextSource {
  fileprivate var optionalPath: String? {
    get { path.isEmpty ? nil : path }
    set { path = newValue ?? "" }
  }
}
