import AdamQLRTorch
import Requirements

/// How another package names the weights of a model, and lays them out.
///
///     let layout = PackageLayout.torchvision(.eighteen)
///     let notes = try layout.read(Safetensors(data).tensors, into: &weights, of: model)
public struct PackageLayout: Sendable {
  /// How a weight's dimensions are arranged.
  public enum Arrangement: Sendable {
    /// As here.
    case same
    /// Of a dense layer, [outputs, inputs] instead of [inputs, outputs].
    case transposed
    /// Of a convolution, [outputs, inputs, height, width] instead of [height, width, inputs, outputs].
    case convolution
    /// With a dimension of one before all others.
    case leadingOne
    /// With two dimensions of one before all others.
    case twoLeadingOnes
  }

  /// One weight under both names.
  public struct Entry: Sendable {
    /// The name in the model's layout, of a parameter or a running statistic.
    public let name: String
    /// The name in the package.
    public let packageName: String
    /// How the package arranges it.
    public let arrangement: Arrangement
  }

  /// The package's name.
  public let package: String
  /// The weights.
  public private(set) var entries: [Entry] = []
  /// Those whose shapes follow from what is predicted, by our names: they are drawn anew where the
  /// package's are of another size.
  public private(set) var head: Set<String> = []
  /// Names in files that begin so count from behind that.
  private var prefix = ""
  /// Endings of names in files that stand for nothing here.
  private var ignoredEndings: [String] = []

  private init(_ package: String) { self.package = package }

  private mutating func add(
    _ name: String, _ packageName: String, _ arrangement: Arrangement = .same
  ) {
    entries.append(Entry(name: name, packageName: packageName, arrangement: arrangement))
  }

  /// A dense layer with a bias.
  private mutating func addDense(
    _ name: String, _ packageName: String, _ arrangement: Arrangement = .transposed
  ) {
    add(name + ".weight", packageName + ".weight", arrangement)
    add(name + ".bias", packageName + ".bias")
  }

  private mutating func addLayerNorm(_ name: String, _ packageName: String) {
    add(name + ".scale", packageName + ".weight")
    add(name + ".offset", packageName + ".bias")
  }

  private mutating func addBatchNorm(_ name: String, _ packageName: String) {
    addLayerNorm(name, packageName)
    add(name + ".runningMean", packageName + ".running_mean")
    add(name + ".runningVariance", packageName + ".running_var")
  }
}

extension PackageLayout {
  /// torchvision's `resnet18` and `resnet50`, for a ``ResNet`` with ImageNet's stem.
  public static func torchvision(_ depth: ResNet.Depth) -> PackageLayout {
    var layout = PackageLayout("torchvision")
    layout.ignoredEndings = [".num_batches_tracked"]
    layout.head = ["output.weight", "output.bias"]
    layout.add("stem.weight", "conv1.weight", .convolution)
    layout.addBatchNorm("stemNorm", "bn1")
    let counts = depth == .eighteen ? [2, 2, 2, 2] : [3, 4, 6, 3]
    var number = 0
    for (stage, count) in counts.enumerated() {
      for index in 0..<count {
        let (own, other) = ("blocks.\(number)", "layer\(stage + 1).\(index)")
        for i in 0..<(depth == .eighteen ? 2 : 3) {
          layout.add(
            "\(own).convolutions.\(i).weight", "\(other).conv\(i + 1).weight", .convolution)
          layout.addBatchNorm("\(own).norms.\(i)", "\(other).bn\(i + 1)")
        }
        // The first block of a stage changes the shape, but of ResNet-18's first stage.
        if index == 0, stage > 0 || depth == .fifty {
          layout.add("\(own).shortcut.weight", "\(other).downsample.0.weight", .convolution)
          layout.addBatchNorm("\(own).shortcutNorm", "\(other).downsample.1")
        }
        number += 1
      }
    }
    layout.addDense("output", "fc")
    return layout
  }

  /// timm's `vit_small_patch16_…` and its like, for a ``VisionTransformer`` with a class token.
  public static func timm(layers: Int) -> PackageLayout {
    var layout = PackageLayout("timm")
    layout.head = ["output.weight", "output.bias"]
    layout.add("classToken", "cls_token", .twoLeadingOnes)
    layout.add("positions", "pos_embed", .leadingOne)
    layout.add("patches.weight", "patch_embed.proj.weight", .convolution)
    layout.add("patches.bias", "patch_embed.proj.bias")
    for i in 0..<layers {
      let (own, other) = ("blocks.\(i)", "blocks.\(i)")
      layout.addLayerNorm(own + ".attentionNorm", other + ".norm1")
      layout.addDense(own + ".attention.input", other + ".attn.qkv")
      layout.addDense(own + ".attention.output", other + ".attn.proj")
      layout.addLayerNorm(own + ".perceptronNorm", other + ".norm2")
      layout.addDense(own + ".hidden", other + ".mlp.fc1")
      layout.addDense(own + ".output", other + ".mlp.fc2")
    }
    layout.addLayerNorm("norm", "norm")
    layout.addDense("output", "head")
    return layout
  }

  /// Hugging Face transformers' `GPT2Model` and `GPT2LMHeadModel`, for a ``GPT2``.
  public static func transformers(layers: Int) -> PackageLayout {
    var layout = PackageLayout("transformers")
    layout.prefix = "transformer."
    layout.ignoredEndings = [".attn.bias", ".attn.masked_bias", "lm_head.weight"]
    layout.head = ["tokens.weight"]
    layout.add("tokens.weight", "wte.weight")
    layout.add("positions.weight", "wpe.weight")
    for i in 0..<layers {
      let (own, other) = ("blocks.\(i)", "h.\(i)")
      layout.addLayerNorm(own + ".attentionNorm", other + ".ln_1")
      // Their layers for this have their weights the other way round, as ours.
      layout.addDense(own + ".attention.input", other + ".attn.c_attn", .same)
      layout.addDense(own + ".attention.output", other + ".attn.c_proj", .same)
      layout.addLayerNorm(own + ".perceptronNorm", other + ".ln_2")
      layout.addDense(own + ".hidden", other + ".mlp.c_fc", .same)
      layout.addDense(own + ".output", other + ".mlp.c_proj", .same)
    }
    layout.addLayerNorm("norm", "ln_f")
    return layout
  }

  /// Our own names, as checkpoints have them.
  public static func own(_ model: Model, head: Set<String>) -> PackageLayout {
    var layout = PackageLayout("adamqlr")
    layout.head = head
    for entry in model.layout.entries + model.statisticsLayout.entries {
      layout.add(entry.name, entry.name)
    }
    return layout
  }
}

/// Why weights do not fit a model, in one line.
public struct PretrainedError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The line.
  public let description: String

  init(_ description: String) { self.description = description }
}

extension PackageLayout {
  /// Whether tensors have this package's names, more of them than not.
  public func matches(_ names: some Collection<String>) -> Bool {
    let known = Set(entries.map(\.packageName))
    return names.count { known.contains(stripped($0)) } * 2 > entries.count
  }

  /// Puts weights of the package into those of a model.
  ///
  /// - Parameters:
  ///   - tensors: The package's, by name.
  ///   - weights: Receives them.
  ///   - model: The model.
  /// - Returns: What was not taken from there, in a line each.
  /// - Throws: ``PretrainedError`` where some are missing, unknown, or of other shapes.
  public func read(
    _ tensors: [String: Tensor], into weights: inout Weights, of model: Model
  ) throws(PretrainedError) -> [String] {
    var rest: [String: Tensor] = [:]
    for (name, tensor) in tensors where !ignoredEndings.contains(where: { name.hasSuffix($0) }) {
      rest[stripped(name)] = tensor
    }
    var own = Dictionary(
      uniqueKeysWithValues: weights.tensors(of: model).map { ($0.key, $0.value) })
    var notes: [String] = []
    var missing: [String] = []
    for entry in entries {
      guard let target = own[entry.name] else { continue }
      guard let found = rest.removeValue(forKey: entry.packageName) else {
        if head.contains(entry.name) {
          notes.append("'\(entry.packageName)' is not in the file: \(entry.name) is drawn anew")
        } else {
          missing.append(entry.packageName)
        }
        continue
      }
      guard let tensor = arranged(found, entry.arrangement), tensor.shape == target.shape else {
        if let first = rows(of: found, entry, target) {
          own[entry.name] = first.to(target.type)
          notes.append(
            "of '\(entry.packageName)' the first \(target.shape[0]) of \(found.shape[0]) rows")
          continue
        }
        guard head.contains(entry.name) else { throw misfit(entry, found, target) }
        notes.append(
          "'\(entry.packageName)' is \(found.shape) in the file and \(target.shape) here: drawn anew"
        )
        continue
      }
      own[entry.name] = tensor.to(target.type)
    }
    guard missing.isEmpty else {
      throw PretrainedError("\(Self.listed(missing)) missing, which \(package)'s weights have")
    }
    guard rest.isEmpty else {
      throw PretrainedError(
        "\(Self.listed(rest.keys.sorted())) unknown in \(package)'s weights of this model")
    }
    do {
      weights = try Weights(
        step: weights.step, joining: own, of: model, weights.parameters.type)
    } catch {
      throw PretrainedError("\(error)")
    }
    return notes
  }

  /// The weights of a model as the package has them.
  public func write(_ weights: Weights, of model: Model) -> [String: Tensor] {
    let own = weights.tensors(of: model)
    var result: [String: Tensor] = [:]
    for entry in entries {
      guard let tensor = own[entry.name] else { continue }
      result[prefix + entry.packageName] = restored(tensor, entry.arrangement)
    }
    return result
  }

  private func stripped(_ name: String) -> String {
    !prefix.isEmpty && name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
  }

  /// The first rows of a table of positions that is longer than the model's.
  private func rows(of tensor: Tensor, _ entry: Entry, _ target: Tensor) -> Tensor? {
    guard entry.name == "positions.weight", entry.arrangement == .same, tensor.rank == 2,
      tensor.shape[1] == target.shape[1], tensor.shape[0] > target.shape[0]
    else { return nil }
    return tensor.narrowed(0, from: 0, count: target.shape[0]).contiguous()
  }

  private func arranged(_ tensor: Tensor, _ arrangement: Arrangement) -> Tensor? {
    switch arrangement {
    case .same: tensor
    case .transposed: tensor.rank == 2 ? tensor.permuted([1, 0]).contiguous() : nil
    case .convolution: tensor.rank == 4 ? tensor.permuted([2, 3, 1, 0]).contiguous() : nil
    case .leadingOne:
      tensor.shape.first == 1 ? tensor.reshaped(Array(tensor.shape.dropFirst())) : nil
    case .twoLeadingOnes:
      tensor.shape.starts(with: [1, 1]) ? tensor.reshaped(Array(tensor.shape.dropFirst(2))) : nil
    }
  }

  private func restored(_ tensor: Tensor, _ arrangement: Arrangement) -> Tensor {
    switch arrangement {
    case .same: tensor
    case .transposed: tensor.permuted([1, 0]).contiguous()
    case .convolution: tensor.permuted([3, 2, 0, 1]).contiguous()
    case .leadingOne: tensor.reshaped([1] + tensor.shape)
    case .twoLeadingOnes: tensor.reshaped([1, 1] + tensor.shape)
    }
  }

  private func misfit(_ entry: Entry, _ found: Tensor, _ target: Tensor) -> PretrainedError {
    let advice =
      switch entry.name {
      case "stem.weight": "; the stem for ImageNet's images has a kernel of 7×7, CIFAR's of 3×3"
      case "positions": "; positions are those of images of one size"
      default: ""
      }
    return PretrainedError(
      "'\(entry.packageName)' is \(found.shape), but the model's \(entry.name) "
        + "is \(target.shape)\(advice)")
  }

  private static func listed(_ names: [String]) -> String {
    let shown = names.prefix(6).map { "'\($0)'" }.joined(separator: ", ")
    let rest = names.count > 6 ? " and \(names.count - 6) more" : ""
    return shown + rest + (names.count == 1 ? " is" : " are")
  }
}
