import Files
import Foundation
import Tasks

extension RunDirectory {
  /// The path of a table's or a text's encoding.
  public var encodingPath: String { path + "/encoding.json" }

  /// Reads how the table was encoded that the run learns from, so that other files can be encoded
  /// in the same way.
  ///
  /// - Throws: ``FileError`` where there is none, as of a run that learns from no table, or it is
  ///   damaged.
  public func encoding() throws(FileError) -> TableEncoding {
    try readEncoding(ofTasks: "only runs of the task 'table' have one")
  }

  /// Reads how the text became tokens that the run learns from, so that other texts can become
  /// tokens in the same way.
  ///
  /// - Parameter settings: The run's.
  /// - Throws: ``FileError`` where the run learns from no text, or the file is absent or damaged.
  public func textEncoding(_ settings: Settings) throws(FileError) -> TextEncoding {
    guard settings.task.inputKind == .tokens else {
      throw FileError(path, "the run's task is '\(settings.task.rawValue)', which is no text")
    }
    return try readEncoding(ofTasks: "runs that learn from a text have one")
  }

  /// Reads how images of one's own become inputs.
  ///
  /// - Throws: ``FileError`` where there is none, as of a run that learns from others, or it is damaged.
  public func imageEncoding() throws(FileError) -> ImageEncoding {
    try readEncoding(ofTasks: "only runs of the task 'images' have one")
  }

  /// Keeps the encoding of a table, a text or images, or compares it with the one that is kept already.
  ///
  /// - Returns: What was damaged, and has been mended.
  /// - Throws: ``FileError`` where the data are no longer what they were when the run began.
  func keepEncoding(of problem: Problem, _ settings: Settings) throws -> FileError? {
    if let encoding = problem.encoding {
      return try keep(encoding, of: settings.table.path, named: "table")
    }
    if let encoding = problem.textEncoding {
      let file = problem.task == .text ? settings.text.path : settings.directory
      return try keep(encoding, of: file, named: "text")
    }
    if let encoding = problem.imageEncoding {
      return try keep(encoding, of: settings.images.path, named: "folder")
    }
    return nil
  }

  private func keep<Encoding: Codable & Equatable>(
    _ encoding: Encoding, of file: String, named name: String
  ) throws -> FileError? {
    var damage: FileError?
    if FileManager.default.fileExists(atPath: encodingPath) {
      let kept: Result<Encoding, FileError> = Result { () throws(FileError) in
        try readEncoding(ofTasks: "")
      }
      switch kept {
      case .success(encoding):
        return nil
      case .success:
        throw FileError(
          file,
          "the \(name) has changed since the run in \(path) began; train anew to learn from it")
      case .failure(let error):
        damage = error
      }
    }
    try replaceFile(at: encodingPath, with: try StateCoding.encoder().encode(encoding))
    return damage
  }

  private func readEncoding<Encoding: Decodable>(
    ofTasks owners: String
  ) throws(FileError) -> Encoding {
    guard let data = FileManager.default.contents(atPath: encodingPath) else {
      throw FileError(encodingPath, "no such file; \(owners)", .unreadable)
    }
    do {
      return try StateCoding.decoder().decode(Encoding.self, from: data)
    } catch {
      throw FileError(encodingPath, "the file is damaged")
    }
  }
}
