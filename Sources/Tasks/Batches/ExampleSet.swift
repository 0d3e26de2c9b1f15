import AdamQLRNetworks
import AdamQLRTorch

/// All examples of a part of a task: those that train, validate or test. Batches are taken from it in
/// the shape and type that the model takes, whatever the examples are kept as.
public struct ExampleSet: Sendable {
  private enum Storage {
    /// In the engine's memory, ready for the model.
    case tensors(Batch)
    /// Images as bytes.
    case images(ImageExamples, type: DataType)
  }

  private let storage: Storage
  /// The sizes of one example's inputs.
  private let dimensions: [Int]

  /// Examples in the engine's memory.
  public init(_ tensors: Batch) {
    storage = .tensors(tensors)
    dimensions = Array(tensors.inputs.shape.dropFirst())
  }

  /// Images, of which a batch becomes numbers of this type.
  public init(_ images: ImageExamples, _ type: DataType) {
    storage = .images(images, type: type)
    dimensions = [images.store.rows, images.store.columns, images.store.channels]
  }

  private init(_ storage: Storage, _ dimensions: [Int]) {
    self.storage = storage
    self.dimensions = dimensions
  }

  /// The same examples, each one's inputs in this shape.
  package func shaped(_ dimensions: [Int]) -> ExampleSet {
    if dimensions == self.dimensions { return self }
    guard case .tensors(let tensors) = storage else { return ExampleSet(storage, dimensions) }
    return ExampleSet(
      Batch(
        inputs: tensors.inputs.reshaped([count] + dimensions), targets: tensors.targets))
  }

  /// The number of examples.
  public var count: Int {
    switch storage {
    case .tensors(let tensors): tensors.count
    case .images(let images, _): images.count
    }
  }

  /// The number of elements of one example's inputs.
  public var inputCount: Int { dimensions.reduce(1, *) }

  /// Whether examples are varied at random in training.
  public var isVaried: Bool {
    if case .images(let images, _) = storage { return images.augmentation != nil }
    return false
  }

  /// Whether examples are in the host's memory, not on another device.
  public var isOnHost: Bool {
    if case .tensors(let tensors) = storage { return tensors.inputs.device == .cpu }
    return true
  }

  /// The examples on a device, unless they take more bytes than that, or are kept as bytes: then a
  /// batch is to be copied when its turn comes.
  func placed(on device: Device, largest: Int) -> ExampleSet {
    guard case .tensors(let tensors) = storage, tensors.byteCount <= largest else { return self }
    return ExampleSet(tensors.to(device))
  }

  /// All examples, as they are.
  public var all: Batch { rows(0..<count) }

  /// Some neighboring examples, as they are.
  public func rows(_ range: Range<Int>) -> Batch {
    switch storage {
    case .tensors(let tensors):
      (range.count == count ? tensors : tensors.rows(range)).widened
    case .images: selecting(range)
    }
  }

  /// Goes over what tells these examples from others: all that lie in memory, a few thousand at a time;
  /// of images that are kept as bytes about a thousand, evenly spread.
  package func sample(_ body: (Batch) throws -> Void) rethrows {
    switch storage {
    case .tensors:
      let size = 4096
      for start in stride(from: 0, to: count, by: size) {
        try body(rows(start..<min(start + size, count)))
      }
    case .images:
      try body(selecting(Array(stride(from: 0, to: count, by: max(count / 1000, 1)))))
    }
  }

  /// Some of the examples, to train on.
  ///
  /// - Parameters:
  ///   - places: Their places, in the order wanted.
  ///   - generator: What variations are drawn from; `nil`: there are none.
  ///   - skipped: The number of examples whose variations are drawn before, and not used.
  public func selecting(
    _ places: some Collection<Int>, varying generator: SeededGenerator? = nil,
    skipping skipped: Int = 0
  ) -> Batch {
    switch storage {
    case .tensors(let tensors):
      return tensors.selecting(Tensor(places.map(Int64.init))).widened
    case .images(let images, let type):
      let shape = [places.count] + dimensions
      let generator = generator.map { images.skipping(skipped, $0) }
      let inputs =
        type == .float64
        ? Tensor(filling: shape) { (values: UnsafeMutableBufferPointer<Double>) in
          images.fill(values, with: Array(places), generator)
        }
        : Tensor(filling: shape) { (values: UnsafeMutableBufferPointer<Float>) in
          images.fill(values, with: Array(places), generator)
        }
      return Batch(inputs: inputs, targets: Tensor(images.classes(at: places)))
    }
  }
}
