/// How a text file of cells (CSV) is read.
public struct TableFormat: Hashable, Codable, Sendable {
  /// What stands between cells. Default: found out.
  public var delimiter = Delimiter.auto
  /// Whether the first line names the columns. Default: found out.
  public var header = Header.auto
  /// What stands before the decimals of a number. Default: found out.
  public var decimal = Decimal.auto
  /// What sets groups of a number's digits apart. Default: found out.
  public var thousands = Thousands.auto
  /// How cells say that they have no value, beside the usual spellings. Default: in no other way.
  public var missingValues: [String] = []
  /// Whether the usual spellings say so: `NA`, `N/A`, `NaN`, `null`, `None`, `?`, `-`, `.`, `#N/A` and
  /// the like, in any case. An empty cell always does. Default: they do.
  public var keepsDefaultMissing = true
  /// The number of lines before the table that are no part of it. Default 0.
  public var skippedLines = 0

  /// The defaults.
  public init() {}

  /// Reads a format that was stored, perhaps by a version that had fewer choices.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func value<Value: Decodable>(_ key: CodingKeys, _ fallback: Value) throws -> Value {
      try container.decodeIfPresent(Value.self, forKey: key) ?? fallback
    }
    delimiter = try value(.delimiter, delimiter)
    header = try value(.header, header)
    decimal = try value(.decimal, decimal)
    thousands = try value(.thousands, thousands)
    missingValues = try value(.missingValues, missingValues)
    keepsDefaultMissing = try value(.keepsDefaultMissing, keepsDefaultMissing)
    skippedLines = try value(.skippedLines, skippedLines)
  }

  /// What stands between cells.
  public enum Delimiter: String, Codable, CaseIterable, Sendable {
    /// That of the others which divides the first lines into equally many cells, with the most columns
    /// of numbers, and the most cells.
    case auto
    case comma, semicolon, tab, pipe
    /// Blanks and tabs, however many.
    case whitespace

    /// The character; `nil` where it has to be found out, or may be one of several.
    var byte: UInt8? {
      switch self {
      case .auto, .whitespace: nil
      case .comma: UInt8(ascii: ",")
      case .semicolon: UInt8(ascii: ";")
      case .tab: UInt8(ascii: "\t")
      case .pipe: UInt8(ascii: "|")
      }
    }
  }

  /// Whether the first line names the columns.
  public enum Header: String, Codable, CaseIterable, Sendable {
    /// It does if none of its cells is a number, if it has a word over a column of numbers, or if it
    /// counts the columns.
    case auto
    /// It does.
    case present = "true"
    /// It does not; columns are called by their numbers, from 1.
    case absent = "false"
  }

  /// What stands before the decimals of a number.
  public enum Decimal: String, Codable, CaseIterable, Sendable {
    /// A point, unless the numbers of the file show that it is a comma.
    case auto
    case point, comma
  }

  /// What sets groups of a number's digits apart, as in 1,234,567.
  public enum Thousands: String, Codable, CaseIterable, Sendable {
    /// A blank, an apostrophe, and a comma or point where it surely is no decimal.
    case auto
    /// Nothing.
    case none
    case comma, point, space, apostrophe

    /// `nil`: whatever does not stand before decimals.
    var separators: [NumberText.Separator]? {
      switch self {
      case .auto: nil
      case .none: []
      case .comma: [.comma]
      case .point: [.point]
      case .space: [.space]
      case .apostrophe: [.apostrophe]
      }
    }
  }

  /// How cells say that they have no value.
  var missingCells: MissingCellSpellings {
    MissingCellSpellings(missingValues, standard: keepsDefaultMissing)
  }
}
