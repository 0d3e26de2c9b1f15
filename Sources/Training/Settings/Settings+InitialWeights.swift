import AdamQLRNetworks
import AdamQLRTorch
import Files
import Foundation
import Tasks

extension Settings {
  /// The parameters that do not move.
  ///
  /// - Throws: ``SettingsError`` where a name is none, or nothing is left to move.
  func frozenNames(of model: Model) throws(SettingsError) -> Set<String> {
    var frozen: Set<String> = []
    let names = model.layout.entries.map(\.name)
    for item in self.frozen {
      let found = names.filter { $0 == item || $0.hasPrefix(item + ".") }
      guard !found.isEmpty else {
        throw SettingsError(
          "frozen: there is no parameter '\(item)'; there are \(names.joined(separator: ", "))")
      }
      frozen.formUnion(found)
    }
    guard frozen.count < names.count || names.isEmpty else {
      throw SettingsError("frozen has all parameters, so there is nothing to learn")
    }
    return frozen
  }

  /// Starts a fit from the weights of a file.
  ///
  /// - Returns: What was not read from there, in a line each.
  /// - Throws: ``FileError`` where the file cannot be read, or its weights do not fit.
  func readInitialWeights(into fit: inout Fit<BatchStream>) throws(FileError) -> [String] {
    guard let initialWeights else { return [] }
    let path = (initialWeights as NSString).expandingTildeInPath
    let tensors: [String: Tensor]
    do {
      tensors = try Safetensors(try readFile(at: path)).tensors
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(path, "\(error)")
    }
    let model = fit.model
    let package = self.model.packageLayout(for: task)
    let own = PackageLayout.own(model, head: package?.head ?? [])
    guard let layout = [own, package].compactMap({ $0 }).first(where: { $0.matches(tensors.keys) })
    else {
      let names = tensors.keys.sorted().prefix(4).map { "'\($0)'" }.joined(separator: ", ")
      throw FileError(
        path,
        "its weights (\(names), …) are not those of the model '\(modelKind?.rawValue ?? "")'"
          + (package.map { " as \($0.package) or a run has them" } ?? " as a run has them"))
    }
    do {
      var weights = Weights(
        step: 0, parameters: fit.parameters.to(.cpu), statistics: fit.statistics.to(.cpu))
      let notes = try layout.read(tensors, into: &weights, of: model)
      try fit.start(from: weights)
      return notes.map { "\(path): \($0)" }
    } catch {
      throw FileError(path, "\(error)" + hint("\(error)"))
    }
  }

  /// The setting that a misfit is most likely about.
  private func hint(_ error: String) -> String {
    let hints = [
      "'conv1.weight'": "network.stem=imagenet",
      "'pos_embed'": model.pooling == .mean ? "network.pooling=class-token" : "images.size",
      "'wpe.weight'": "network.context",
    ]
    return hints.first { error.contains($0.key) }.map { " (\($0.value))" } ?? ""
  }
}
