/// How much of the previous update a step repeats: the μ of u = −αd + μv, with u the update and v
/// the one before, 0 at first.
///
/// This is momentum of the *step*, for any direction; ``StochasticGradientDescent/momentum`` is part
/// of a direction and averages gradients.
public enum Momentum: Hashable, Codable, Sendable {
  /// No v.
  case none
  /// The same μ at every step (Polyak 1964).
  case fixed(Double)
  /// μ as a function of the step's number.
  case schedule(Schedule)
  /// The μ that minimizes the quadratic model of the loss, together with α where that comes from the
  /// model too (Martens and Grosse 2015, §7). Where the two directions cannot be told apart in
  /// working precision, or the model has no minimum along them, μ is 0.
  case quadraticModel
}
