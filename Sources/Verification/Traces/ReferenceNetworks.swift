import AdamQLRNetworks
import AdamQLRTorch

/// The small residual network for images of the reference traces.
struct ReferenceConvnet: Layer {
  private let first: Convolution
  private let firstNorm: BatchNormalization
  private let second: Convolution
  private let secondNorm: BatchNormalization
  private let shortcut: Convolution
  private let output: Dense

  /// The parameters' names in the traces, in the order of the layout.
  static let names = [
    "conv0.w", "bn0.scale", "bn0.offset", "conv1.w", "bn1.scale", "bn1.offset", "shortcut.w",
    "dense.w", "dense.b",
  ]

  init(inputs: Int, channels: (Int, Int), classes: Int) {
    first = Convolution(inputs, channels.0, kernel: 3, hasBias: false)
    firstNorm = BatchNormalization(channels.0, activation: .relu)
    second = Convolution(channels.0, channels.1, kernel: 3, stride: 2, hasBias: false)
    secondNorm = BatchNormalization(channels.1, activation: .relu)
    shortcut = Convolution(channels.0, channels.1, kernel: 1, stride: 2, hasBias: false)
    output = Dense(channels.1, classes)
  }

  func callAsFunction(_ x: Variable) -> Variable {
    let h = firstNorm(first(x))
    return output(GlobalAveragePooling()(secondNorm(second(h), adding: shortcut(h))))
  }
}
