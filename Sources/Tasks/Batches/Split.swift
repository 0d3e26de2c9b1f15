import Requirements

/// How rows are divided between training and validation: of n rows, the first round(n·(1 − p))
/// train, the rest validate.
public struct Split: Hashable, Codable, Sendable {
  /// The rows that train.
  public let training: Range<Int>
  /// The rows that validate.
  public let validation: Range<Int>

  /// Divides the rows.
  ///
  /// - Parameters:
  ///   - count: n, their number.
  ///   - validationFraction: p, the share of them that validates.
  /// - Precondition: n ≥ 0, 0 ≤ p ≤ 1.
  public init(count: Int, validationFraction: Double) {
    require(count >= 0, "the count is \(count), but must not be negative")
    require(
      (0...1).contains(validationFraction),
      "the validation fraction is \(validationFraction), but must be from 0 to 1")
    let trainingCount = Int((Double(count) * (1 - validationFraction)).rounded())
    training = 0..<trainingCount
    validation = trainingCount..<count
  }

  /// Rows that are divided already.
  init(_ training: Range<Int>, _ validation: Range<Int>) {
    self.training = training
    self.validation = validation
  }
}
