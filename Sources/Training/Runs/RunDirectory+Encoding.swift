import Foundation
import Tasks

extension RunDirectory {
  /// The path of a table's encoding.
  public var encodingPath: String { path + "/encoding.json" }

  /// Reads how the table was encoded that the run learns from, so that other files can be encoded
  /// in the same way.
  ///
  /// - Throws: ``FileError`` where there is none, as of a run that learns from no table, or it is
  ///   damaged.
  public func encoding() throws(FileError) -> TableEncoding {
    guard let data = FileManager.default.contents(atPath: encodingPath) else {
      throw FileError(encodingPath, "no such file; only runs of the task 'table' have one")
    }
    do {
      return try StateCoding.decoder().decode(TableEncoding.self, from: data)
    } catch {
      throw FileError(encodingPath, "the file is damaged")
    }
  }

  /// Keeps a table's encoding, or compares it with the one that is kept already.
  ///
  /// - Returns: What was damaged, and has been mended.
  /// - Throws: ``FileError`` where the table is no longer what it was when the run began.
  func keep(_ encoding: TableEncoding, of table: String) throws -> FileError? {
    var damage: FileError?
    if FileManager.default.fileExists(atPath: encodingPath) {
      let kept = Result { () throws(FileError) in try self.encoding() }
      switch kept {
      case .success(encoding):
        return nil
      case .success:
        throw FileError(
          table, "the table has changed since the run in \(path) began; train anew to learn from it"
        )
      case .failure(let error):
        damage = error
      }
    }
    try replaceFile(at: encodingPath, with: try StateCoding.encoder().encode(encoding))
    return damage
  }
}
