import Files

/// The folder of one data set.
package struct DataFolder {
  /// The directory of all data sets.
  private let directory: String
  /// The name of the folder in it; empty for the directory itself.
  private let name: String
  /// The name that the folder should have.
  private let properName: String

  /// Finds the folder: of that name, or else the first of the others that there is.
  init(_ properName: String, or others: [String] = [], in directory: String) {
    self.directory = directory
    self.properName = properName
    let isFound = { (name: String) in PathKind(of: joined(directory, name)) == .directory }
    name = ([properName] + others).first(where: isFound) ?? properName
  }

  /// Its path.
  package var path: String { joined(directory, name) }

  /// The path of a file, compressed (`.gz`) or not.
  ///
  /// - Throws: ``DataError/missing(file:directory:)`` where it is not there.
  func path(of file: String) throws(DataError) -> String {
    if let path = pathIfAny(of: file) { return path }
    let published = file.hasSuffix("-ubyte") ? file + ".gz" : file
    throw .missing(file: joined(properName, published), directory: directory)
  }

  /// The path of a file, compressed (`.gz`) or not, where it is there.
  package func pathIfAny(of file: String) -> String? {
    pathIfPresent(of: file + ".gz") ?? pathIfPresent(of: file)
  }

  /// The path of a file under exactly that name, where it is there.
  func pathIfPresent(of file: String) -> String? {
    let path = joined(self.path, file)
    return PathKind(of: path) == .nothing ? nil : path
  }
}
