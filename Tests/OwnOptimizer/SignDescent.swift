import AdamQLR
import Training

/// An optimizer of somebody's own, in one file: steps of the same length along every axis.
struct SignDescent: Direction, Codable {
  /// The length of a step along an axis over the learning rate.
  var length = 1.0

  static let settings = [
    Setting<SignDescent>("length", \.length, .positive, "Length of a step along an axis over α.")
  ]

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    direction.formSign(of: input.gradient)
    direction.scale(by: length)
    return input.gradient.products(withDirection: direction)
  }

  static let preset = Preset(
    "sign-descent", "the sign of the gradient",
    Method(direction: SignDescent(), learningRate: FixedRate(1e-3)))
}
