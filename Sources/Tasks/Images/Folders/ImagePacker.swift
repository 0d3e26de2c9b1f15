import Files
import Foundation

/// Runs the program in Python that reads images by Pillow.
package enum ImagePacker {
  /// - Parameters:
  ///   - arguments: The program's.
  ///   - source: What is read, for errors.
  ///   - input: What it reads on standard input.
  ///   - pythons: The Pythons that may have Pillow.
  ///   - patience: How long it may say nothing; of reading it tells every 64 images.
  /// - Returns: The path of the description that it wrote.
  /// - Throws: ``DataError`` with what it says.
  package static func run(
    _ arguments: [String], of source: String, input: String = "",
    pythons: [String] = Python.candidates("images-python"), patience: Duration = .seconds(600)
  ) throws(DataError) -> String {
    for python in pythons {
      if let result = try run(python, arguments, source, input, patience) { return result }
    }
    throw .unreadable(
      file: source,
      reason: "images are read by Pillow, a package for Python, which is not there: "
        + "'python3 -m pip install pillow' gets it, or 'make images' in the package's own folder")
  }

  /// `nil` where this Python has no Pillow.
  private static func run(
    _ python: String, _ arguments: [String], _ source: String, _ input: String,
    _ patience: Duration
  ) throws(DataError) -> String? {
    let program = String(decoding: PackageResources.pack_images_py, as: UTF8.self)
    let errorPath = FileManager.default.temporaryDirectory
      .appendingPathComponent("adamqlr-images-\(UUID().uuidString).log").path
    defer { try? FileManager.default.removeItem(atPath: errorPath) }
    let process: LineProcess
    do {
      process = try LineProcess(python, ["-c", program] + arguments, errorPath: errorPath)
    } catch {
      throw .unreadable(file: python, reason: error.localizedDescription)
    }
    process.sayAll(Data(input.utf8))
    var (ready, complaint): (String?, String?)
    while true {
      guard process.isReady(within: patience) else {
        process.kill()
        process.finish()
        throw .unreadable(
          file: source,
          reason: "\(python), which reads the images, has said nothing for "
            + "\(Int(patience / .seconds(1))) seconds, and was ended")
      }
      guard let lines = process.listen() else { break }
      for line in lines {
        guard let event = try? JSONDecoder().decode(Event.self, from: line) else { continue }
        ready = event.ready ?? ready
        complaint = event.error ?? complaint
        if let done = event.done, let total = event.total { DataProgress.report(done, of: total) }
      }
    }
    if process.status == 3 { return nil }
    if let complaint { throw .unreadable(file: source, reason: complaint) }
    guard process.status == 0, let ready else {
      throw .unreadable(
        file: source, reason: "\(python) could not read the images: \(process.complaint)")
    }
    return ready
  }

  private struct Event: Decodable {
    var done: Int?
    var total: Int?
    var ready: String?
    var error: String?
  }
}
