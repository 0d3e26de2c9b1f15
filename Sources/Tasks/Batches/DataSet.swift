import Requirements

/// What a task learns from and is judged by: examples ready to train on.
public struct DataSet<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The examples that train.
  public let training: Examples<Scalar>
  /// The examples that settings are chosen by; `nil` where the task has none.
  public let validation: Examples<Scalar>?
  /// The examples that the result is judged by.
  public let test: Examples<Scalar>
  /// What one example's inputs are.
  public let example: ExampleShape
  /// What the inputs were normalized by: each of them, or each channel of a color image.
  public let inputNormalization: Normalization
  /// What the targets were normalized by; `nil` for classes.
  public let targetNormalization: Normalization?

  /// The number of inputs of one example.
  public var featureCount: Int { example.count }
}

/// Inputs and what should come of them.
public struct Examples<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The number of examples.
  public let count: Int
  /// The inputs, example after example.
  public let inputs: [Scalar]
  /// What should come of them.
  public let targets: Targets<Scalar>

  /// Makes examples.
  ///
  /// - Precondition: Inputs and targets fill whole examples.
  public init(count: Int, inputs: [Scalar], targets: Targets<Scalar>) {
    require(
      count > 0 ? inputs.count % count == 0 : inputs.isEmpty,
      "\(inputs.count) inputs do not fill \(count) examples")
    require(targets.count == count, "\(targets.count) targets for \(count) examples")
    self.count = count
    self.inputs = inputs
    self.targets = targets
  }
}

/// What should come of examples.
public enum Targets<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// A class for each, counted from 0, and how many classes there are.
  case classes([Int64], count: Int)
  /// Numbers for each, example after example, and how many there are for one.
  case values([Scalar], columns: Int)

  /// The number of examples.
  public var count: Int {
    switch self {
    case .classes(let classes, _): classes.count
    case .values(let values, let columns): values.count / columns
    }
  }

  /// The number of outputs that a network needs: one for each class, or for each number.
  public var outputCount: Int {
    switch self {
    case .classes(_, let count): count
    case .values(_, let columns): columns
    }
  }
}
