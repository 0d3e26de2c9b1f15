/// μ as a function of the step's number.
public struct ScheduledMomentum: Momentum, Codable {
  /// The function.
  public var schedule: Schedule

  /// Makes the rule.
  public init(_ schedule: Schedule) { self.schedule = schedule }

  public static let settings = Schedule.settings(
    in: \ScheduledMomentum.schedule, peak: "value", "Fixed μ, or the schedule's peak.")

  public var problem: String? { schedule.problem }

  public func resolved(for run: RunShape) -> ScheduledMomentum {
    ScheduledMomentum(schedule.resolved(for: run))
  }

  public func knownMomentum(at step: Int) -> Double? { schedule.value(at: step) }
  public func momentum(_ model: QuadraticModel, learningRate: Double) -> Double {
    schedule.value(at: model.step)
  }
}
