/// λ as a function of the step's number.
public struct ScheduledDamping: Damping, Codable {
  /// The function.
  public var schedule: Schedule

  /// Makes the rule.
  public init(_ schedule: Schedule) { self.schedule = schedule }

  public static let settings = Schedule.settings(
    in: \ScheduledDamping.schedule, peak: "initial",
    "λ at the start, constant λ, or the schedule's peak.")

  public var problem: String? { schedule.problem }

  public func resolved(for run: RunShape) -> ScheduledDamping {
    ScheduledDamping(schedule.resolved(for: run))
  }

  public func damping(at step: Int) -> Double { schedule.value(at: step) }
}
