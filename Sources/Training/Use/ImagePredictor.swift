import AdamQLRNetworks
import AdamQLRTorch
import Files
import Foundation
import Tasks

/// What a run has learned from images of one's own, ready to tell the class of others.
///
///     let predictor = try ImagePredictor(RunDirectory(existing: "runs/photos"))
///     let classes = try predictor.predict(["holiday/1.jpg", "more"]).columns[1]
public struct ImagePredictor {
  /// The checkpoints that are damaged, and were passed over.
  public let damage: [FileError]

  private let encoding: ImageEncoding
  private let model: Model
  private let weights: Weights
  /// The sizes of one image, as the model takes it.
  private let dimensions: [Int]
  private let piece: Int

  /// Reads a run's directory; the images that it learned from are not needed.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - device: Where to compute. Default: where the run did.
  ///   - weights: Which weights. Default: those that the run's settings say.
  /// - Throws: ``SettingsError`` and ``FileError``, also where the run learned from other things.
  public init(
    _ directory: RunDirectory, device: Device? = nil, weights: Weights.Choice? = nil
  ) throws {
    var settings = try directory.settings()
    settings.device = device ?? settings.device
    encoding = try directory.imageEncoding()
    let shape = ProblemShape(
      .image(height: encoding.size, width: encoding.size, channels: 3),
      outputs: encoding.classes.count)
    dimensions =
      settings.model.kind(for: .images)?.inputDimensions(shape.example) ?? shape.example.dimensions
    model = try settings.model.makeModel(for: .images, shape)
    try settings.prepareDevice()
    let (found, _, damage) = try directory.weights(weights, of: model, settings)
    self.weights = found
    self.damage = damage
    piece = max(16_000_000 / (encoding.size * encoding.size * 64), 1)
  }

  /// Tells the classes of images.
  ///
  /// - Parameter paths: Files, and folders whose images are taken at any depth.
  /// - Returns: The images' paths, their classes and the probability of each; and which are broken, in
  ///   a line each.
  /// - Throws: `DataError` where one is not there, or what reads images is not.
  public func predict(
    _ paths: [String]
  ) throws(DataError) -> (columns: [TableEncoding.Prediction], notes: [String]) {
    let name = NSTemporaryDirectory() + "adamqlr-\(UUID().uuidString)/images"
    defer {
      try? FileManager.default.removeItem(
        at: URL(fileURLWithPath: name).deletingLastPathComponent())
    }
    let pack = try PackedImages(files: paths, size: encoding.size, at: name)
    let type = weights.parameters.type
    let examples = ExampleSet(try pack.examples(encoding), type).shaped(dimensions)
    var outputs: [Double] = []
    for start in stride(from: 0, to: pack.count, by: piece) {
      let inputs = examples.rows(start..<min(start + piece, pack.count)).inputs
        .to(weights.parameters.device)
      outputs += model(inputs, at: weights.parameters, statistics: weights.statistics)
        .to(.float64).elements(Double.self)
    }
    return (
      [TableEncoding.Prediction(name: "image", cells: pack.names)]
        + TableEncoding.Prediction.classes(outputs, names: encoding.classes, title: "class"),
      pack.notes
    )
  }
}
