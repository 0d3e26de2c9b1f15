/// How a text file of cells (CSV) is read.
public struct TableFormat: Hashable, Codable, Sendable {
  /// What stands between cells. Default: found out.
  public var delimiter = Delimiter.auto
  /// Whether the first line names the columns. Default: found out.
  public var header = Header.auto
  /// What stands before the decimals of a number. Default: a point.
  public var decimal = Decimal.point

  /// The defaults.
  public init() {}

  /// What stands between cells.
  public enum Delimiter: String, Codable, CaseIterable, Sendable {
    /// That of the others which divides the first lines into equally many cells, and the most.
    case auto
    case comma, semicolon, tab, pipe

    /// The character; `nil` where it has to be found out.
    var byte: UInt8? {
      switch self {
      case .auto: nil
      case .comma: UInt8(ascii: ",")
      case .semicolon: UInt8(ascii: ";")
      case .tab: UInt8(ascii: "\t")
      case .pipe: UInt8(ascii: "|")
      }
    }
  }

  /// Whether the first line names the columns.
  public enum Header: String, Codable, CaseIterable, Sendable {
    /// It does if none of its cells is a number.
    case auto
    /// It does.
    case present = "true"
    /// It does not; columns are called by their numbers, from 1.
    case absent = "false"
  }

  /// What stands before the decimals of a number.
  public enum Decimal: String, Codable, CaseIterable, Sendable {
    case point, comma
  }
}
