import Foundation

/// A run of a reference implementation on a tiny problem, step by step, from a file.
public struct ReferenceTrace: Decodable, Sendable {
  /// The model family, the optimizer and its variant.
  public let name: String
  /// The model.
  public let model: Model
  /// The loss in words.
  public let loss: String
  /// The parameters before the first step.
  public let initialParameters: [String: Array]
  /// The parameters after the last step.
  public let finalParameters: [String: Array]
  /// The examples.
  public let inputs: Array
  /// What should come of them: numbers, or the numbers of classes.
  public let targets: Array
  /// The optimizer's settings under the reference implementation's own names.
  public let optimizer: [String: Value]
  /// The rows of the examples that each step sees.
  public let batches: [[Int]]
  /// The figures of each step.
  public let steps: [[String: Double?]]

  /// Numbers with a shape, row-major.
  public struct Array: Decodable, Sendable {
    /// The shape.
    public let shape: [Int]
    /// The numbers.
    public let values: [Double]

    /// Whether there are as many numbers as the shape says.
    fileprivate var isWhole: Bool {
      guard shape.allSatisfy({ $0 >= 0 && $0 <= Int(Int32.max) }) else { return false }
      var count = 1
      for size in shape {
        let (product, overflows) = count.multipliedReportingOverflow(by: size)
        if overflows { return false }
        count = product
      }
      return count == values.count
    }
  }

  /// What a model is described by.
  public struct Model: Decodable, Sendable {
    /// The family: `mlp`, `rosenbrock`, `residual-convnet`, `gpt2` or `lstm`, or one that is not
    /// supported.
    public let kind: String
    /// The sizes of an `mlp`'s layers, inputs and outputs included.
    public let sizes: [Int]?
    /// An `mlp`'s activation.
    public let activation: String?
    /// The height, width and channels of a `residual-convnet`'s images.
    public let input: [Int]?
    /// The channels of a `residual-convnet`'s convolutions.
    public let channels: [Int]?
    /// The number of a `residual-convnet`'s classes.
    public let classes: Int?
    /// The number of blocks of a `gpt2`, of layers of an `lstm`.
    public let layers: Int?
    /// The number of a `gpt2`'s attention heads.
    public let heads: Int?
    /// The size of the vectors that stand for tokens.
    public let embedding: Int?
    /// The number of an `lstm`'s units.
    public let hidden: Int?
    /// The number of tokens.
    public let vocabulary: Int?
    /// The number of positions of a `gpt2`.
    public let context: Int?
  }

  /// A setting's value.
  public enum Value: Decodable, Hashable, Sendable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([Value])

    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .list(try container.decode([Value].self))
      }
    }
  }

  private enum CodingKeys: String, CodingKey {
    case name, model, loss, inputs, targets, optimizer, batches, steps
    case initialParameters = "initial_parameters"
    case finalParameters = "final_parameters"
  }

  /// Reads a file.
  ///
  /// - Throws: ``TraceError``.
  public init(file path: String) throws(TraceError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw .unreadable("the file cannot be read: \(error.localizedDescription)")
    }
    do {
      self = try JSONDecoder().decode(ReferenceTrace.self, from: data)
    } catch let error as DecodingError {
      throw .unreadable("no reference trace: \(error.summary)")
    } catch {
      throw .unreadable("no reference trace: \(error)")
    }
    try check()
  }

  /// Whether the parts fit together.
  private func check() throws(TraceError) {
    let arrays = initialParameters.merging(finalParameters) { first, _ in first }
      .merging(["inputs": inputs, "targets": targets]) { first, _ in first }
    for (name, array) in arrays where !array.isWhole {
      throw .unreadable(
        "'\(name)' has \(array.values.count) values, but the shape \(array.shape)")
    }
    guard steps.count <= batches.count else {
      throw .unreadable("there are \(steps.count) steps, but only \(batches.count) batches")
    }
    let rows = inputs.shape.first ?? 0
    for (step, batch) in batches.enumerated() {
      if let row = batch.first(where: { !(0..<rows).contains($0) }) {
        throw .unreadable("batch \(step) has row \(row), but there are \(rows) rows")
      }
    }
    guard Set(initialParameters.keys) == Set(finalParameters.keys) else {
      throw .unreadable("initial_parameters and final_parameters have different names")
    }
  }
}

/// Why a trace cannot be replayed.
public enum TraceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file is not there, or is no trace.
  case unreadable(String)
  /// The trace asks for something that this project does not have.
  case unsupported(String)

  /// The reason in one line.
  public var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .unsupported(let reason): "unsupported: \(reason)"
    }
  }
}

extension DecodingError {
  /// What is wrong and at which key, in one line.
  fileprivate var summary: String {
    func at(_ context: Context, _ key: (any CodingKey)? = nil) -> String {
      let path = (context.codingPath + (key.map { [$0] } ?? [])).map {
        $0.intValue.map { "[\($0)]" } ?? $0.stringValue
      }
      return path.isEmpty ? "the file" : "'\(path.joined(separator: "."))'"
    }
    switch self {
    case .keyNotFound(let key, let context): return "\(at(context, key)) is missing"
    case .typeMismatch(let type, let context): return "\(at(context)) is no \(type)"
    case .valueNotFound(_, let context): return "\(at(context)) is null"
    case .dataCorrupted(let context): return "\(at(context)): \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}
