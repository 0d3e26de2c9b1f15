import AdamQLR

/// A schedule's settings as a flat record; its peak is a setting of what follows it.
public struct ScheduleSettings: Hashable, Sendable {
  /// The shapes by name.
  public enum Shape: String, CaseIterable, Sendable {
    case constant, cosine, piecewise
  }

  /// What follows a schedule, by the name of its group of settings.
  enum Owner: String, CaseIterable, Sendable {
    case learningRate = "learning-rate"
    case momentum, damping
  }

  var shape = Shape.constant
  var warmUp = 0
  var total: Int?
  var final = 0.0
  var boundaries: [Int] = []
  var factors: [Double] = []

  /// The schedule.
  ///
  /// - Parameter totalSteps: The length of the run, at which a cosine ends that is given no end of
  ///   its own; `nil` where it is not known.
  func makeSchedule(peak: Double, totalSteps: Int?) -> Schedule {
    let shape: Schedule.Shape =
      switch shape {
      case .constant: .constant
      case .cosine: .cosine(total: total ?? totalSteps ?? .max, final: final)
      case .piecewise: .piecewise(zip(boundaries, factors).map(Schedule.Boundary.init))
      }
    return Schedule(peak: peak, warmUp: warmUp, shape: shape)
  }

  /// What is wrong with the settings taken together.
  func problem(_ owner: Owner, isUsed: Bool, totalSteps: Int?) -> String? {
    let group = owner.rawValue
    if boundaries.count != factors.count {
      return "\(group).boundaries has \(boundaries.count) steps, but \(group).factors "
        + "\(factors.count) factors; there must be one for each"
    }
    guard isUsed, shape == .cosine else { return nil }
    guard let end = total ?? totalSteps else {
      return
        "\(group).total is needed: a run whose length is given in seconds has no last step for "
        + "the cosine to end at"
    }
    if warmUp >= end {
      return "\(group).warm-up (\(warmUp)) must end before the cosine does, at step \(end)"
    }
    return nil
  }
}
