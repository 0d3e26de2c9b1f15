import AdamQLR

/// A network's loss on one batch, whichever way it is evaluated.
protocol BatchObjective: Objective<FlatVector> where Linearized: NetworkLinearization {
  /// The loss at these parameters as a training step sees it, without derivatives.
  func loss(at parameters: FlatVector) -> Double

  /// Moves the model's running statistics towards those of the batch, at the point where the objective
  /// was last linearized; to be called after a step that was taken.
  func updateStatistics(_ statistics: inout FlatVector)
}
