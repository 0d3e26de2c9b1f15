/// How far a step goes along its direction: the α of θ ← θ − αd.
public enum LearningRate: Hashable, Codable, Sendable {
  /// The same α at every step.
  case fixed(Double)
  /// α as a function of the step's number.
  case schedule(Schedule)
  /// α learned by gradient descent on itself (Baydin et al. 2018): α ← α + β·g_tᵀd_{t−1}, from
  /// `initial`, with β the `rate`.
  case hypergradient(initial: Double, rate: Double)
  /// α from the quadratic model of the loss along d.
  case quadraticModel(QuadraticModel)
}
