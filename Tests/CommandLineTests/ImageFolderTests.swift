import Foundation
import Testing

/// Images of one's own, which Python's Pillow reads.
@Suite(
  "adamqlr train --task images", .enabled(if: Images.python != nil, "ADAMQLR_PYTHON is not set"))
struct ImageFolderTests {
  private func train(_ folder: String, _ options: String...) throws -> Tool.Result {
    try Tool.run(
      [
        "train", "--task", "images", "--set", "images.path=\(folder)", "--set", "images.size=16",
        "--model", "mlp",
      ] + options, cache: Images.cache)
  }

  @Test("A folder of images is learned, judged and predicted; what is broken is named")
  func folder() throws {
    let folder = try Images.make()
    let run = Tool.newPath("photos")
    let result = try train(folder, "--epochs", "30", "--json", "--output", run)
    #expect(result.status == 0, "\(result.errors)")
    for part in [
      "3 images cannot be read", "dark/b1.png", "bright/b2.jpg", "b3.webp", "1 other file",
    ] {
      #expect(result.errors.contains(part), "\(result.errors)")
    }
    let objects = try result.objects()
    #expect(objects.first?["examples"] as? Int == 69)
    let summary = try #require(objects.last)
    #expect(try #require(summary["test_accuracy"] as? Double) > 0.9)
    let metrics = try #require(summary["metrics"] as? [String: Any])
    #expect((metrics["classes"] as? [Any])?.count == 3)

    let evaluation = try Tool.run(["evaluate", run], cache: Images.cache)
    #expect(evaluation.status == 0 && evaluation.output.contains("balanced accuracy"))
    let prediction = try Tool.run(
      ["predict", run, folder + "/dark/0.png", folder + "/bright"], cache: Images.cache)
    try #require(prediction.status == 0, "\(prediction.errors)")
    #expect(
      prediction.lines[0]
        == "image,class,probability of bright,probability of dark,probability of red")
    #expect(prediction.lines.count == 1 + 1 + 30 && prediction.lines[1].contains("0.png,dark,"))
    #expect(prediction.lines.dropFirst(2).count { $0.contains(",bright,") } >= 28)
    #expect(prediction.errors.contains("b2.jpg"))

    // The same pictures, changed since.
    try FileManager.default.removeItem(atPath: folder + "/red/0.png")
    let changed = try Tool.run(["evaluate", run], cache: Images.cache)
    #expect(changed.status == 65 && changed.errors.contains("changed since the run began"))
  }

  @Test("Two that read the same images first, at the same time, both have them whole")
  func together() throws {
    let folder = try Images.make()
    let cache = Tool.newPath("shared-cache")
    let arguments = [
      "train", "--task", "images", "--set", "images.path=\(folder)", "--set", "images.size=16",
      "--model", "mlp", "--steps", "2", "--json",
    ]
    let runs = try (0..<3).map { _ in
      let (output, errors) = (Pipe(), Pipe())
      let process = try Tool.start(
        arguments + ["--output", Tool.newPath("together")], cache: cache, output: output,
        errors: errors)
      return (process, output, errors)
    }
    let losses = try runs.map { process, output, errors in
      let result = Tool.result(of: process, output, errors)
      #expect(result.status == 0, "\(result.errors)")
      return try result.objects().last?["train_loss"] as? Double
    }
    #expect(losses[0] != nil && Set(losses).count == 1)
  }

  @Test("Interrupted and resumed, a run on images ends as one that was not")
  func resumption() throws {
    let folder = try Images.make()
    let (whole, part) = (Tool.newPath("whole"), Tool.newPath("part"))
    let options = ["--set", "images.augmentation=crop-flip", "--batch-size", "16"]
    func run(_ path: String, _ steps: String) throws {
      let result = try Tool.run(
        [
          "train", "--task", "images", "--set", "images.path=\(folder)", "--set", "images.size=16",
          "--model", "mlp", "--steps", steps, "--output", path,
        ] + options, cache: Images.cache)
      #expect(result.status == 0, "\(result.errors)")
    }
    try run(whole, "9")
    try run(part, "4")
    let resumed = try Tool.run(["train", "--resume", part, "--steps", "9"], cache: Images.cache)
    #expect(resumed.status == 0, "\(resumed.errors)")
    func weights(_ path: String) throws -> Data {
      let name = "checkpoints/step-000000009/weights.safetensors"
      return try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
    }
    #expect(try weights(whole) == weights(part))
  }

  @Test("Folders train, validation and test divide images")
  func parts() throws {
    let folder = try Images.make(inParts: true)
    let result = try train(folder, "--steps", "1", "--output", Tool.newPath("parts"))
    #expect(result.output.contains("60 train, 18 validate, 12 test"), "\(result.output)")
  }

  @Test("Reading that was interrupted goes on where it was, to the same bytes")
  func interruptedReading() throws {
    let folder = try Images.make()
    func pack(_ name: String) throws -> String {
      let result = try Images.run([Images.packer, "folder", folder, "16", name])
      #expect(result.contains("ready"), "\(result)")
      return result
    }
    let (whole, part) = (Tool.newPath("whole") + "/x", Tool.newPath("part") + "/x")
    _ = try pack(whole)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: whole + ".pack"))
    let content =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: whole + ".json"))) as? [String: Any]
    let digest = try #require(content?["digest"] as? String)
    // What a process that was killed leaves: bytes beyond the journal, and a line that was cut off.
    try FileManager.default.createDirectory(
      atPath: (part as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    let journal = ([digest] + [String](repeating: "ok", count: 20) + ["o"]).joined(separator: "\n")
    try Data(journal.utf8).write(to: URL(fileURLWithPath: part + ".journal"))
    try (bytes.prefix(20 * 768) + Data(repeating: 7, count: 1000))
      .write(to: URL(fileURLWithPath: part + ".partial"))
    #expect(try pack(part).contains("\"done\": 20}"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: part + ".pack")) == bytes)
    // A second time there is nothing to read.
    #expect(try !pack(part).contains("done"))
  }

  @Test("What cannot be is named, and what is missing said")
  func complaints() throws {
    let folder = try Images.make()
    func expect(_ path: String, _ parts: String..., at location: SourceLocation = #_sourceLocation)
      throws
    {
      let result = try train(path, "--steps", "1", "--output", Tool.newPath("none"))
      #expect(result.status == 66, sourceLocation: location)
      for part in parts {
        #expect(result.errors.contains(part), "\(result.errors)", sourceLocation: location)
      }
    }
    try expect("/nowhere", "/nowhere", "no folder")
    try expect(folder + "/red", "no folders", "a folder for each class")
    let without = try Tool.run(
      ["train", "--task", "images", "--set", "images.path=\(folder)"], path: "/nowhere",
      python: "/nowhere/python", cache: Images.cache)
    #expect(without.status == 66 && without.errors.contains("pip install pillow"))
    let setting = try Tool.run("train", "--set", "images.size=32")
    #expect(setting.status == 64 && setting.errors.contains("--task images"))
  }
}

/// Makes folders of images with Pillow.
private enum Images {
  static let python = ProcessInfo.processInfo.environment["ADAMQLR_PYTHON"]
  static let cache = Tool.newPath("images-cache")
  static let packer = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources/Tasks/Images/Folders/pack_images.py").standardizedFileURL
    .path

  static func make(inParts: Bool = false) throws -> String {
    let folder = Tool.newPath("images")
    _ = try run(["-c", program, folder, inParts ? "parts" : ""])
    return folder
  }

  static func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python ?? "")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: text, as: UTF8.self)
  }

  /// Three classes of 30 images of mixed formats, modes and sizes, three broken ones and a text.
  private static let program = """
    import os, random, sys
    from PIL import Image
    root, in_parts = sys.argv[1], sys.argv[2]
    random.seed(3)
    colors = {"dark": (20, 30, 25), "bright": (230, 220, 240), "red": (220, 30, 20)}
    for name, color in colors.items():
        for i in range(30):
            part = ("train" if i < 20 else "validation" if i < 26 else "test") if in_parts else ""
            folder = os.path.join(root, part, name)
            os.makedirs(folder, exist_ok=True)
            size = (random.randint(9, 60), random.randint(9, 60))
            image = Image.new("RGB", size, tuple(c + random.randint(-15, 15) for c in color))
            suffix = ("png", "jpg", "webp", "gif")[i % 4]
            if suffix == "png" and i % 8 == 4:
                image = image.convert("RGBA")
            image.save(os.path.join(folder, "%d.%s" % (i, suffix)))
    if not in_parts:
        open(root + "/dark/b1.png", "wb").write(b"no image")
        open(root + "/bright/b2.jpg", "wb").close()
        data = open(root + "/red/2.webp", "rb").read()
        open(root + "/red/b3.webp", "wb").write(data[:len(data) // 2])
        open(root + "/red/notes.txt", "w").write("text")
    """
}
