import Files

/// The Penn Treebank as Mikolov et al. (2010) prepared it: words in lower case, 10,000 of them the
/// unknown one and the end of a line included, in files of a training, a validation and a test part.
public enum PennTreebank {
  /// The files, in the order of the parts.
  static let files = ["ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"]

  /// The number of tokens of the published files.
  public static let vocabularySize = 10_000

  /// Reads the files from the directory of all data sets, and cuts each into sequences.
  ///
  /// - Parameters:
  ///   - directory: The directory of all data sets.
  ///   - context: The number of positions of a sequence.
  /// - Throws: ``DataError`` where a file is missing, is not UTF-8, or is shorter than a sequence.
  public static func load(
    from directory: String, context: Int
  ) throws(DataError) -> TextData {
    let folder = DataSource.pennTreebank.folder(in: directory)
    var paths: [String] = []
    for file in files { paths.append(try folder.path(of: file)) }
    let training = try NumberedWords(file: paths[0])
    let vocabulary = Vocabulary(words: training.frequencies(in: 0..<training.numbers.count))
    let parts: [TextParts.Part] = [
      (TextParts.training, paths[0], training.tokens(of: vocabulary)),
      (TextParts.validation, paths[1], try vocabulary.tokens(ofFile: paths[1])),
      (TextParts.test, paths[2], try vocabulary.tokens(ofFile: paths[2])),
    ]
    // The unknown words are part of the published text, and no news.
    return try TextParts(parts: parts, vocabulary: vocabulary, notesUnknown: false)
      .data(context: context)
  }
}
