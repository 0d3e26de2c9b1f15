import Foundation
import Training

/// What happened along a run, at so few points that the runs of a whole study fit in a file.
///
/// Points are evaluations: about half of them evenly spread over the run, half ever denser towards its
/// start. Numbers have three digits, steps and times as many as they need.
public struct RunCurve: Hashable, Codable, Sendable {
  /// What it has a number of at each point.
  public enum Quantity: String, CaseIterable, Codable, Sendable {
    /// The number of steps made.
    case step
    /// Their time in seconds, evaluation aside.
    case seconds
    /// The mean of the batches' losses since the evaluation before.
    case trainingLoss = "training-loss"
    /// The loss on the validation examples.
    case validationLoss = "validation-loss"
    /// The loss on the test examples.
    case testLoss = "test-loss"
    /// The share of validation examples classified correctly.
    case validationAccuracy = "validation-accuracy"
    /// The share of test examples classified correctly.
    case testAccuracy = "test-accuracy"
    /// The median of α over the steps that were logged since the point before.
    case learningRate = "learning-rate"
    /// Likewise, of λ.
    case damping
    /// Likewise, of ρ.
    case reductionRatio = "reduction-ratio"
    /// The first of two parameters, at points of its own: steps that were logged.
    case positionX = "x"
    /// The second of two parameters, likewise.
    case positionY = "y"

    /// Whether it counts as infinite where a run diverged.
    public var isLoss: Bool { [.trainingLoss, .validationLoss, .testLoss].contains(self) }
  }

  private var values: [Quantity: [Double]] = [:]

  /// The numbers of a quantity, one a point; NaN where there is none. Empty where there are none at
  /// all.
  public subscript(quantity: Quantity) -> [Double] {
    get { values[quantity] ?? [] }
    set { values[quantity] = newValue.isEmpty ? nil : newValue }
  }

  /// A curve without points.
  public init() {}

  /// The curve of a run.
  ///
  /// - Parameters:
  ///   - evaluations: Its evaluations.
  ///   - log: Its log, where there is one, for what happened between them.
  ///   - pointCount: About how many points there shall be.
  public init(_ evaluations: LearningCurve, log: EventFile?, pointCount: Int) {
    let all = evaluations.evaluations
    let points = Self.thinned(all.map(\.step), to: pointCount).map { all[$0] }
    self[.step] = points.map { Double($0.step) }
    self[.seconds] = points.map { Self.rounded($0.seconds, digits: 5) }
    note(.trainingLoss, points.map(\.trainingLoss))
    note(.validationLoss, points.map { $0.validation?.loss })
    note(.testLoss, points.map { $0.test?.loss })
    note(.validationAccuracy, points.map { $0.validation?.accuracy }, digits: 5)
    note(.testAccuracy, points.map { $0.test?.accuracy }, digits: 5)
    guard let log else { return }
    let steps = points.map(\.step)
    note(.learningRate, Self.medians(log[.learningRate], upTo: steps))
    note(.damping, Self.medians(log[.damping], upTo: steps))
    note(.reductionRatio, Self.medians(log[.reductionRatio], upTo: steps))
    let (x, y) = (log[.positionX], log[.positionY])
    guard !x.steps.isEmpty, x.steps == y.steps else { return }
    let places = Self.thinned(x.steps, to: 4 * pointCount)
    note(.positionX, places.map { Double(x.values[$0]) }, digits: 5)
    note(.positionY, places.map { Double(y.values[$0]) }, digits: 5)
  }

  private mutating func note(_ quantity: Quantity, _ numbers: [Double?], digits: Int = 3) {
    guard numbers.contains(where: { $0 != nil }) else { return }
    self[quantity] = numbers.map { $0.map { Self.rounded($0, digits: digits) } ?? .nan }
  }

  private static func rounded(_ number: Double, digits: Int) -> Double {
    Double(String(format: "%.\(digits)g", number)) ?? number
  }

  /// The places of about `count` of rising numbers, the last among them.
  private static func thinned(_ steps: [Int], to count: Int) -> [Int] {
    guard steps.count > count, let first = steps.first, let last = steps.last, first > 0 else {
      return Array(steps.indices)
    }
    let half = max(count / 2, 1)
    let ratio = Double(last) / Double(first)
    let wanted =
      (1...half).flatMap { index in
        let share = Double(index) / Double(half)
        return [share * Double(last), Double(first) * pow(ratio, share - 1 / Double(half))]
      }.sorted() + [Double(last)]
    var places: [Int] = []
    var place = 0
    for step in wanted {
      while place < steps.count - 1, Double(steps[place]) < step * (1 - 1e-9) { place += 1 }
      if places.last != place { places.append(place) }
    }
    return places
  }

  /// The medians of a log's figures between steps.
  private static func medians(_ series: EventFile.Series, upTo steps: [Int]) -> [Double?] {
    var place = 0
    return steps.map { step in
      var between: [Double] = []
      while place < series.steps.count, series.steps[place] <= step {
        if series.values[place].isFinite { between.append(Double(series.values[place])) }
        place += 1
      }
      between.sort()
      return between.isEmpty ? nil : between[between.count / 2]
    }
  }
}

extension RunCurve {
  /// The curve as cells of a row, one a quantity: numbers with blanks between, of numbers that are all
  /// the same only one.
  package var cells: [String] {
    Quantity.allCases.map { quantity in
      let numbers = self[quantity]
      if let first = numbers.first, numbers.allSatisfy({ $0 == first }) { return Self.text(first) }
      return numbers.map(Self.text).joined(separator: " ")
    }
  }

  /// Reads cells; `nil` where they are none.
  package init?(cells: [String]) {
    guard cells.count == Quantity.allCases.count else { return nil }
    for (quantity, cell) in zip(Quantity.allCases, cells) where !cell.isEmpty {
      let numbers = cell.split(separator: " ").map { Double($0) }
      guard numbers.allSatisfy({ $0 != nil }) else { return nil }
      let count = [.step, .positionX, .positionY].contains(quantity) ? 1 : self[.step].count
      let known = numbers.compactMap { $0 }
      self[quantity] =
        known.count == 1 && count > 1 ? Array(repeating: known[0], count: count) : known
    }
    let count = self[.step].count
    for quantity in Quantity.allCases
    where ![.positionX, .positionY].contains(quantity) && !self[quantity].isEmpty {
      guard self[quantity].count == count else { return nil }
    }
  }

  private static func text(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    let text =
      number == number.rounded() && abs(number) < 1e9
      ? String(Int(number)) : String(format: "%.6g", number)
    return text.hasPrefix("0.") ? String(text.dropFirst()) : text
  }
}
