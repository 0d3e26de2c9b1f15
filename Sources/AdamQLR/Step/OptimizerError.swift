/// What an optimizer cannot be made for, or go on without.
public enum OptimizerError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A setting is out of its range, or settings do not go together; in words.
  case unusableMethod(String)
  /// This part of the method has to know the layout of the parameters.
  case layoutMissing(String)
  /// This direction works on vectors of one type alone, but was given others.
  case vectorUnsupported(String, expected: String, found: String)
  /// The layout is not one of as many parameters.
  case layoutMismatch(expected: Int, found: Int)
  /// The objective cannot answer for this curvature.
  case curvatureUnavailable(Curvature)
  /// The method draws its curvature from an independent batch, but a step was given none.
  case independentBatchMissing
  /// The method's reduction ratio uses the direction's own curvature, but the direction has none.
  case directionCurvatureUnavailable
  /// The parameters are not as many as the optimizer was made for.
  case countMismatch(expected: Int, found: Int)
  /// The objective's gradient has not as many elements as there are parameters.
  case gradientCountMismatch(expected: Int, found: Int)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .unusableMethod(let problem):
      problem
    case .layoutMissing(let part):
      "\(part) needs the layout of the parameters: make the optimizer with layout:"
    case .vectorUnsupported(let part, let expected, let found):
      "\(part) works on parameters of the type \(expected), not on \(found)"
    case .layoutMismatch(let expected, let found):
      "the layout has \(found) elements, the parameters \(expected)"
    case .curvatureUnavailable(let curvature):
      "the objective has no \(curvature.rawValue) curvature; give it a curvature–vector product, "
        + "or use a method that needs none: a given learning rate, and no Levenberg–Marquardt damping"
    case .independentBatchMissing:
      "the method uses an independent batch: pass one to step(_:on:independent:)"
    case .directionCurvatureUnavailable:
      "the reduction ratio is to use the direction's own curvature, but this direction has none; "
        + "K-FAC does"
    case .countMismatch(let expected, let found):
      "the optimizer was made for \(expected) parameters, but was given \(found)"
    case .gradientCountMismatch(let expected, let found):
      "the objective's gradient has \(found) elements, but there are \(expected) parameters"
    }
  }
}
