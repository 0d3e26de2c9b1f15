import Files
import Foundation

/// Images of any size and format, read by Pillow once and kept as bytes of one size.
package struct PackedImages {
  /// The names of the classes; none of single images.
  package let classes: [String]
  /// The class of each image.
  let labels: [UInt16]
  /// The folder above each image's class: `train`, `validation`, `test`, or nothing.
  let parts: [String]
  /// The paths, where single images were asked for.
  package let names: [String]
  /// What tells these images from any others.
  let digest: String
  /// The images that are broken, and what else is worth knowing, in a line each.
  package let notes: [String]
  private let size: Int
  private let path: String

  /// The number of images.
  package var count: Int { labels.count }

  /// The images of a folder, a folder a class.
  ///
  /// - Throws: ``DataError`` where there are none, or what reads images is not there.
  init(folder: String, size: Int) throws(DataError) {
    let place = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    let key = SHA256.hexadecimal(of: Array("\(place)\0\(size)".utf8)).prefix(16)
    let name = UserCache.path("images/\(URL(fileURLWithPath: place).lastPathComponent)-\(key)")
    try self.init(
      ImagePacker.run(["folder", place, "\(size)", name], of: folder), size: size, named: name,
      of: folder)
  }

  /// Single images, or those below folders.
  ///
  /// - Parameters:
  ///   - paths: Their paths.
  ///   - name: The path without its ending that they are packed at.
  /// - Throws: ``DataError`` where one is not there, or what reads images is not there.
  package init(files paths: [String], size: Int, at name: String) throws(DataError) {
    let place = paths.first ?? "images"
    try self.init(
      ImagePacker.run(
        ["files", "\(size)", name], of: place, input: paths.map { $0 + "\n" }.joined()),
      size: size, named: name, of: place)
  }

  private struct Content: Decodable {
    struct Broken: Decodable {
      var path: String
      var reason: String
    }
    var classes: [String]
    var labels: [UInt16]
    var parts: [String]
    var names: [String]
    var digest: String
    var size: Int
    var others: Int
    var broken: [Broken]

    /// Whether its lists fit each other: single images have no classes, others no names.
    func isWhole(_ expectedSize: Int) -> Bool {
      size == expectedSize && parts.count == labels.count && classes.count <= 1 << 16
        && labels.allSatisfy { $0 < max(classes.count, 1) }
        && (names.isEmpty || names.count == labels.count)
    }
  }

  /// Images that have been packed.
  ///
  /// - Parameters:
  ///   - description: The path of what describes them.
  ///   - size: Their height and width.
  ///   - name: The path without its ending that they are packed at.
  ///   - source: What was read, for notes.
  package init(
    _ description: String, size: Int, named name: String, of source: String
  ) throws(DataError) {
    guard let data = FileManager.default.contents(atPath: description),
      let content = try? JSONDecoder().decode(Content.self, from: data), content.isWhole(size)
    else { throw .unreadable(file: description, reason: "the packed images are damaged") }
    (classes, labels, parts) = (content.classes, content.labels, content.parts)
    (names, digest, path) = (content.names, content.digest, name + ".pack")
    self.size = size
    var notes: [String] = []
    if !content.broken.isEmpty {
      let most = 10
      notes.append("\(counted(content.broken.count, "image")) cannot be read, and are left out:")
      notes += content.broken.prefix(most).map { "  \($0.path): \($0.reason)" }
      if content.broken.count > most {
        notes.append("  and \(content.broken.count - most) more, in \(description)")
      }
    }
    if content.others > 0 {
      notes.append("\(counted(content.others, "other file")) in \(source) left out")
    }
    let present = Set(labels)
    for (index, name) in classes.enumerated() where !present.contains(UInt16(index)) {
      notes.append("the class '\(printable(name))' has no images")
    }
    self.notes = notes
  }

  /// The images as bytes.
  func store() throws(DataError) -> ImageStore {
    let file = try MappedFile(path)
    guard file.bytes.count == size * size * 3 * labels.count else {
      throw .unreadable(file: path, reason: "the packed images are damaged; remove the file")
    }
    return ImageStore(file, size: size, labels: labels)
  }

  /// The images as examples, normalized as an encoding has it.
  package func examples(_ encoding: ImageEncoding) throws(DataError) -> ImageExamples {
    ImageExamples(try store(), Array(labels.indices), encoding.normalization)
  }

  /// The classes with their counts, for a reader.
  var classWords: String {
    var counts = [Int](repeating: 0, count: classes.count)
    for label in labels { counts[Int(label)] += 1 }
    let words = zip(classes, counts).map { "\($0) (\($1))" }
    return words.prefix(12).joined(separator: ", ") + (words.count > 12 ? ", …" : "")
  }
}
