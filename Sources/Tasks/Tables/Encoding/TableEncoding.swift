/// How the rows of a table become a network's inputs and targets, and its outputs become words and
/// numbers again.
///
/// It is fitted to a training file (``TableSource/load(as:)``) and, stored with a run, encodes other
/// files in the same way: their columns may come in any order, and need not have the target.
public struct TableEncoding: Hashable, Codable, Sendable {
  /// A column that is an input.
  public struct Input: Hashable, Codable, Sendable {
    /// The column's name.
    public let name: String
    /// Its place in the training file, counted from 0.
    public let place: Int
    /// How its cells are encoded.
    public let kind: Kind

    /// The number of inputs that it becomes.
    public var width: Int {
      switch kind {
      case .number, .boolean: 1
      case .category(let names, _): names.count
      case .date(_, let parts): parts.count
      }
    }
  }

  /// How the cells of an input are encoded.
  public enum Kind: Hashable, Codable, Sendable {
    /// Numbers, brought to mean 0 and standard deviation 1 on the rows that train; a missing one
    /// becomes the mean.
    case number(Scale)
    /// `true` or `yes` as 1, `false` or `no` as 0, normalized as numbers; a missing one becomes
    /// `usual`, the most frequent.
    case boolean(usual: Bool, scale: Scale)
    /// Words as one input for each, in sorted order, 1 for the word that it is and 0 for others;
    /// all 0 for a word that is none of these. A missing one becomes `usual`, the most frequent.
    case category(names: [String], usual: String)
    /// Dates or times as numbers, normalized; a missing one becomes their means.
    case date(order: DateOrder, parts: [DatePart])
  }

  /// A number that is made of a date.
  public struct DatePart: Hashable, Codable, Sendable {
    /// What it is.
    public let kind: Kind
    /// Its mean and deviation on the rows that train.
    public let scale: Scale

    /// What can be made of a date.
    public enum Kind: String, Hashable, Codable, CaseIterable, Sendable {
      /// The year.
      case year
      /// The day in the year, from 1.
      case dayOfYear = "day-of-year"
      /// The day in the week, from 0 for Monday.
      case weekday
      /// The seconds since midnight, by the clock of the place.
      case seconds
    }
  }

  /// What is predicted.
  public enum Target: Hashable, Codable, Sendable {
    /// A number, normalized.
    case number(Scale)
    /// One of several classes, in sorted order. Where all are numbers, `1.0` is the same as `1`.
    case classes(names: [String], areNumbers: Bool)
  }

  /// A mean and a standard deviation.
  public struct Scale: Hashable, Codable, Sendable {
    /// The mean.
    public let mean: Double
    /// The standard deviation, above 0.
    public let deviation: Double

    func normalized(_ value: Double) -> Double { (value - mean) / deviation }
    func restored(_ value: Double) -> Double { value * deviation + mean }
  }

  /// The columns that are inputs, in the order of the training file.
  public let inputs: [Input]
  /// The target's name.
  public let targetName: String
  /// The target's place in the training file, counted from 0.
  public let targetPlace: Int
  /// What is predicted.
  public let target: Target
  /// How much an example of each class counts in the loss; `nil` where all count the same.
  public let classWeights: [Double]?
  /// What becomes of missing cells.
  public let missing: MissingCells
  /// What becomes of rows without a target, where one is needed.
  public let missingTarget: MissingTarget
  /// How files are read; whether they have a header is settled.
  public let format: TableFormat
  /// The number of columns of the training file.
  public let columnCount: Int
  /// The SHA-256 of the training file's text, in hexadecimal; `nil` in a run of an earlier version.
  public let digest: String?

  /// The names under which it is stored.
  enum CodingKeys: String, CodingKey {
    case inputs, targetName, targetPlace, target, classWeights, missing, missingTarget, format
    case columnCount, digest
  }

  /// The number of inputs of one example.
  public var featureCount: Int { inputs.reduce(0) { $0 + $1.width } }

  /// The number of outputs of a network: one for each class, or one for a number.
  public var outputCount: Int {
    switch target {
    case .number: 1
    case .classes(let names, _): names.count
    }
  }

  /// Whether classes are predicted.
  public var isClassification: Bool {
    if case .classes = target { true } else { false }
  }
}

/// What becomes of missing cells: empty ones, and the spellings of ``TableFormat/missingValues`` and
/// ``TableFormat/keepsDefaultMissing``.
public enum MissingCells: String, Codable, CaseIterable, Sendable {
  /// They are an error that names line and column.
  case refuse
  /// A missing number becomes the mean of the rows that train, any other cell the most frequent.
  case impute
}

/// What becomes of rows whose target is missing.
public enum MissingTarget: String, Codable, CaseIterable, Sendable {
  /// They are an error that names line and column.
  case refuse
  /// They are left out.
  case drop
}

/// Which of the two numbers before a year is the month, as in 03/04/2024.
public enum DateOrder: String, Codable, CaseIterable, Sendable {
  /// As the dates of the column show; where they do not, they are an error.
  case auto
  /// The day comes first.
  case dayFirst = "day-first"
  /// The month comes first.
  case monthFirst = "month-first"
}
