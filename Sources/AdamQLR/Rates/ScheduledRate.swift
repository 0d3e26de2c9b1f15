/// α as a function of the step's number.
public struct ScheduledRate: LearningRate, Codable {
  /// The function.
  public var schedule: Schedule

  /// Makes the rule.
  public init(_ schedule: Schedule) { self.schedule = schedule }

  public static let settings = Schedule.settings(
    in: \ScheduledRate.schedule, peak: "value", "Fixed rate, schedule's peak, or start.")

  public var problem: String? { schedule.problem }

  public func resolved(for run: RunShape) -> ScheduledRate {
    ScheduledRate(schedule.resolved(for: run))
  }

  public func knownRate(at step: Int) -> Double? { schedule.value(at: step) }
  public func rate(_ model: inout QuadraticModel) -> Double { schedule.value(at: model.step) }
}
