import Torch

/// All examples of a part of a task: those that train, validate or test. Batches are taken from it in
/// the shape and type that the model takes.
public struct ExampleSet: Sendable {
  private let tensors: ExampleTensors

  /// The number of examples.
  public var count: Int { tensors.count }

  /// Examples in the engine's memory, ready for the model.
  public init(_ tensors: ExampleTensors) { self.tensors = tensors }

  /// The examples on a device, unless they take more bytes than that.
  func placed(on device: Device, largest: Int) -> ExampleSet {
    tensors.byteCount <= largest ? ExampleSet(tensors.to(device)) : self
  }

  /// Some neighboring examples.
  public func rows(_ range: Range<Int>) -> ExampleTensors { tensors.rows(range).widened }

  /// All examples.
  public var all: ExampleTensors { tensors.widened }

  /// Some of the examples, copied, to train on.
  ///
  /// - Parameter places: Their places, in the order wanted.
  public func selecting(_ places: some Collection<Int>) -> ExampleTensors {
    tensors.selecting(Tensor(places.map(Int64.init))).widened
  }
}
