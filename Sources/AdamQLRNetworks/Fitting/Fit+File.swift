import AdamQLR
import AdamQLRTorch
import Foundation

extension Fit {
  /// Writes a file that ``resume(from:)`` goes on from, and that other programs read the weights from:
  /// one in the safetensors format, with what was learned under the model's names, and the rest under
  /// names that begin with `fit/`.
  ///
  /// It is written under another name first and then renamed, so that a file that is there is whole.
  ///
  /// - Throws: What the system says, or `EncodingError` where a rule of the method is not registered
  ///   (`HeuristicRegistry`).
  public func save(to path: String) throws {
    let (store, encoder) = (TensorStore(), JSONEncoder())
    encoder.userInfo[.tensorStore] = store
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    let state = try encoder.encode(state)
    let weights = weights
    var tensors = weights.tensors(of: model)
    for (name, tensor) in store.tensors { tensors[FitFile.prefix + name] = tensor }
    let file = Safetensors(
      tensors,
      metadata: [
        "format": "pt", FitFile.step: String(weights.step),
        FitFile.state: String(decoding: state, as: UTF8.self),
      ])
    var bytes = Data()
    try file.write { bytes.append(contentsOf: $0) }
    try bytes.write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// Goes on from a file of ``save(to:)``: what follows is, to the bit, what would have followed there.
  ///
  /// - Throws: ``FitFileError`` where it is not one of a run of this model, method and type; nothing
  ///   changes then.
  public mutating func resume(from path: String) throws(FitFileError) {
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw FitFileError(path, error.localizedDescription)
    }
    let tensors: [String: Tensor]
    let state: State
    let weights: Weights
    do {
      let file = try Safetensors(bytes)
      tensors = file.tensors.mapValues { $0.to(parameters.device) }
      guard let text = file.metadata[FitFile.state], let step = file.metadata[FitFile.step],
        let step = Int(step)
      else { throw FitFileError(path, "this is no file that Fit.save(to:) wrote") }
      let isOwn = { (name: String) in name.hasPrefix(FitFile.prefix) }
      let decoder = JSONDecoder()
      decoder.userInfo[.tensorStore] = TensorStore(
        Dictionary(
          uniqueKeysWithValues: tensors.filter { isOwn($0.key) }
            .map { (String($0.key.dropFirst(FitFile.prefix.count)), $0.value) }))
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
      state = try decoder.decode(State.self, from: Data(text.utf8))
      weights = try Weights(
        step: step, joining: tensors.filter { !isOwn($0.key) }, of: model, parameters.type)
    } catch let error as FitFileError {
      throw error
    } catch {
      throw FitFileError(path, "\(error)")
    }
    guard restore(state, weights) else {
      throw FitFileError(path, "this is the state of a run with another method, type or model")
    }
  }
}

private enum FitFile {
  static let prefix = "fit/"
  static let state = "fit-state"
  static let step = "step"
}

/// Why a run cannot go on from a file, in one line.
public struct FitFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// The reason.
  public let reason: String

  /// The file and the reason.
  public var description: String { "\(path): \(reason)" }

  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }
}

extension Weights {
  /// Parameters and running statistics by name.
  public func tensors(of model: Model) -> [String: Tensor] {
    let tensors = model.tensors(of: parameters) + model.tensors(ofStatistics: statistics)
    return Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) })
  }

  /// Weights from tensors by name; the other way round, ``tensors(of:)``.
  ///
  /// - Throws: ``ParameterMismatch`` where one is missing, is not of this model, or has another
  ///   shape or type.
  public init(
    step: Int, joining tensors: [String: Tensor], of model: Model, _ type: DataType
  ) throws(ParameterMismatch) {
    let isStatistic = { (name: String) in model.statisticsLayout[name] != nil }
    self.init(
      step: step,
      parameters: try model.parameters(joining: tensors.filter { !isStatistic($0.key) }, type),
      statistics: try model.statistics(joining: tensors.filter { isStatistic($0.key) }, type))
  }
}
