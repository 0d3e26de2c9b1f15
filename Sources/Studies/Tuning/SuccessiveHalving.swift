import Foundation

/// Asynchronous successive halving of the stopping kind (Li et al. 2020, Algorithm 2, as Ray's
/// `AsyncHyperBandScheduler` with one bracket has it): a trial goes on behind a rung only if its loss is
/// in the best part of those that came to that rung before it; the first goes on.
///
///     rungs at first, first·η, first·η², …; a trial goes on at one if its loss ≤ the 1/η-quantile
///
/// With rungs in steps or epochs, "before" is by the trials' numbers, as if they were made one after the
/// other: what comes out does not depend on how many are made at a time, on their speed or on
/// interruptions. With rungs in seconds it is by the time at which they arrive.
public struct SuccessiveHalving: Hashable, Sendable {
  /// What rungs are counted in.
  public enum Unit: String, CaseIterable, Sendable {
    case seconds, steps, epochs
  }

  /// What rungs are counted in.
  public var unit: Unit
  /// The first rung: no trial ends before it.
  public var first: Double
  /// η: the rungs' ratio, and how many come to one for each that goes on.
  public var factor: Double

  /// Rungs.
  public init(unit: Unit, first: Double, factor: Double = 4) {
    self.unit = unit
    self.first = first
    self.factor = factor
  }

  /// Where a rung is, counted from 0.
  public func position(ofRung rung: Int) -> Double { first * pow(factor, Double(rung)) }

  /// Where a job pauses that makes a trial up to a rung.
  func pause(atRung rung: Int) -> Job.Pause {
    let position = position(ofRung: rung)
    return switch unit {
    case .seconds: .seconds(position)
    case .steps: .steps(Int(position.rounded()))
    case .epochs: .epochs(Int(position.rounded()))
    }
  }

  /// Whether the order of trials decides rather than that of their arrival.
  public var isOrdered: Bool { unit != .seconds }

  /// Whether a trial goes on behind a rung.
  ///
  /// - Parameters:
  ///   - loss: Its loss there.
  ///   - others: The losses of those before it at this rung.
  public func goesOn(_ loss: Double, _ others: [Double]) -> Bool {
    guard loss.isFinite else { return false }
    let finite = others.map { $0.isNaN ? .infinity : $0 }.sorted()
    guard !finite.isEmpty else { return true }
    // Linear between order statistics, as NumPy's percentiles are.
    let place = Double(finite.count - 1) / factor
    let low = Int(place)
    let (a, b) = (finite[low], finite[min(low + 1, finite.count - 1)])
    let share = place - Double(low)
    return loss <= (share == 0 || a == b ? a : a + share * (b - a))
  }
}
