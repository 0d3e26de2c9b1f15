import Foundation

/// Cuts what arrives in pieces into lines.
package struct LineBuffer {
  private var rest = Data()

  package init() {}

  /// Adds a piece.
  ///
  /// - Returns: The lines that it completes, without their newlines.
  package mutating func append(_ piece: Data) -> [Data] {
    rest += piece
    var lines: [Data] = []
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      lines.append(Data(rest[..<end]))
      rest = Data(rest[(end + 1)...])
    }
    return lines
  }
}
