import Files
import Foundation

/// Runs the program in Python that reads images by Pillow.
enum ImagePacker {
  /// - Parameters:
  ///   - arguments: The program's.
  ///   - source: What is read, for errors.
  ///   - input: What it reads on standard input.
  /// - Returns: The path of the description that it wrote.
  /// - Throws: ``DataError`` with what it says.
  static func run(
    _ arguments: [String], of source: String, input: String = ""
  ) throws(DataError) -> String {
    for python in Python.candidates("images-python") {
      if let result = try run(python, arguments, source, input) { return result }
    }
    throw .unreadable(
      file: source,
      reason: "images are read by Pillow, a package for Python, which is not there: "
        + "'python3 -m pip install pillow' gets it, or 'make images' in the package's own folder")
  }

  /// `nil` where this Python has no Pillow.
  private static func run(
    _ python: String, _ arguments: [String], _ source: String, _ input: String
  ) throws(DataError) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    let program = String(decoding: PackageResources.pack_images_py, as: UTF8.self)
    process.arguments = ["-c", program] + arguments
    let (output, errors, words) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = words
    do { try process.run() } catch {
      throw .unreadable(file: python, reason: error.localizedDescription)
    }
    // A thread of its own, for the program may speak before it has read everything.
    let text = Data(input.utf8)
    Thread.detachNewThread {
      try? words.fileHandleForWriting.write(contentsOf: text)
      try? words.fileHandleForWriting.close()
    }
    var (ready, complaint): (String?, String?)
    forEachLine(of: output.fileHandleForReading) { line in
      guard let event = try? JSONDecoder().decode(Event.self, from: line) else { return }
      ready = event.ready ?? ready
      complaint = event.error ?? complaint
      if let done = event.done, let total = event.total { DataProgress.report(done, of: total) }
    }
    let trace = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    if process.terminationStatus == 3 { return nil }
    if let complaint { throw .unreadable(file: source, reason: complaint) }
    guard process.terminationStatus == 0, let ready else {
      let last = String(decoding: trace, as: UTF8.self).split(separator: "\n").last
      throw .unreadable(
        file: source,
        reason: "\(python) could not read the images: \(last ?? "it does not say why")")
    }
    return ready
  }

  private struct Event: Decodable {
    var done: Int?
    var total: Int?
    var ready: String?
    var error: String?
  }

  private static func forEachLine(of file: FileHandle, _ body: (Data) -> Void) {
    var lines = LineBuffer()
    while true {
      let piece = file.availableData
      if piece.isEmpty { break }
      lines.append(piece).forEach(body)
    }
  }
}
