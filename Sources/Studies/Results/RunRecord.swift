import Tasks
import Training

/// A run read back from its directory, be it finished, under way, or damaged.
public struct RunRecord: Sendable {
  /// What has become of a run.
  public enum State: String, Sendable {
    /// It came to its end.
    case finished
    /// It ended because it diverged.
    case diverged
    /// It was asked to stop before its end.
    case stopped
    /// Its process is making steps.
    case running
    /// Its process is gone, and left it unfinished.
    case interrupted
  }

  /// Where it is.
  public let directory: RunDirectory
  /// What it was told.
  public let settings: Settings
  /// What has become of it.
  public let state: State
  /// How far it has come; `nil` where that cannot be read.
  public let status: RunStatus?
  /// Its log; `nil` where it cannot be read.
  public let log: EventFile?
  /// What is wrong with its files, a line each.
  public let damage: [String]

  /// Reads a run.
  ///
  /// Only the settings must be there; whatever else is missing or damaged is said in ``damage``.
  ///
  /// - Throws: `SettingsError` where its settings cannot be read.
  public init(_ directory: RunDirectory) throws(SettingsError) {
    self.directory = directory
    settings = try directory.settings()
    var damage: [String] = []
    var status: RunStatus?
    do {
      status = try directory.status()
    } catch {
      damage.append(error.description)
    }
    var log: EventFile?
    do {
      let file = try directory.log()
      damage += file.damage.map { "\(directory.logPath): \($0)" }
      log = file
    } catch {
      damage.append(error.description)
    }
    state =
      switch status?.state {
      case .finished: .finished
      case .diverged: .diverged
      case .stopped: .stopped
      case .running, nil: directory.isInUse ? .running : .interrupted
      }
    self.status = status
    self.log = log
    self.damage = damage
  }

  /// Whether nothing more will come of it.
  public var isOver: Bool { state == .finished || state == .diverged }

  /// The number of steps in an epoch; 1 where that cannot be read.
  public var stepsPerEpoch: Int { max(status?.stepsPerEpoch ?? 1, 1) }
}

extension RunRecord {
  /// A figure at the end of the run, or the latest of one that is not over.
  ///
  /// A run that diverged has infinite losses at its end, and no generalization gap; what it had at its
  /// lowest validation loss stays.
  public func value(_ figure: Figure) -> Double? {
    if figure == .generalizationGap {
      guard let test = value(.testLoss), let training = value(.trainingLoss) else { return nil }
      return test.isFinite && training.isFinite ? test - training : nil
    }
    guard let value = finalValue(figure) ?? latestValue(figure) else { return nil }
    if figure.isFinalLoss, state == .diverged { return .infinity }
    return value.isNaN ? nil : value
  }

  private func finalValue(_ figure: Figure) -> Double? {
    guard let summary = status?.summary else { return nil }
    return switch figure {
    case .trainingLoss: summary.training.loss
    case .validationLoss: summary.validation?.loss
    case .testLoss: summary.test?.loss
    case .validationAccuracy: summary.validation?.accuracy
    case .testAccuracy: summary.test?.accuracy
    case .generalizationGap: nil
    case .lowestValidationLoss: summary.curve?.lowest?.validation?.loss
    case .testLossAtLowest: summary.curve?.lowest?.test?.loss
    case .testAccuracyAtLowest: summary.curve?.lowest?.test?.accuracy
    case .rmse, .mae, .rSquared: summary.metrics.flatMap { metric(figure, $0.values) }
    case .lowestStep: (summary.curve?.lowest?.step).map(Double.init)
    case .steps: Double(summary.steps)
    case .seconds: summary.seconds
    }
  }

  private func metric(_ figure: Figure, _ metrics: TaskMetrics) -> Double? {
    guard case .regression(let metrics) = metrics else { return nil }
    return switch figure {
    case .rmse: metrics.rmse
    case .mae: metrics.mae
    default: metrics.rSquared
    }
  }

  private func latestValue(_ figure: Figure) -> Double? {
    guard let log else { return nil }
    func latest(_ metric: Metric) -> Double? { log[metric].values.last.map(Double.init) }
    func lowest(_ metric: Metric) -> Double? {
      let (validation, other) = (log[.validationLoss], log[metric])
      let finite = validation.values.indices.filter { validation.values[$0].isFinite }
      guard let least = finite.min(by: { validation.values[$0] < validation.values[$1] }) else {
        return nil
      }
      let step = validation.steps[least]
      return other.steps.firstIndex(of: step).map { Double(other.values[$0]) }
    }
    return switch figure {
    case .trainingLoss: latest(.meanTrainingLoss)
    case .validationLoss: latest(.validationLoss)
    case .testLoss: latest(.testLoss)
    case .validationAccuracy: latest(.validationAccuracy)
    case .testAccuracy: latest(.testAccuracy)
    case .generalizationGap, .rmse, .mae, .rSquared: nil
    case .lowestValidationLoss: lowest(.validationLoss)
    case .testLossAtLowest: lowest(.testLoss)
    case .testAccuracyAtLowest: lowest(.testAccuracy)
    case .lowestStep: nil
    case .steps: log[.trainingLoss].steps.last.map(Double.init)
    case .seconds: latest(.seconds)
    }
  }
}

/// What is compared.
public enum Figure: String, CaseIterable, Sendable {
  /// The loss on the training examples.
  case trainingLoss = "training loss"
  /// The loss on the validation examples.
  case validationLoss = "validation loss"
  /// The loss on the test examples.
  case testLoss = "test loss"
  /// The share of validation examples classified correctly.
  case validationAccuracy = "validation accuracy"
  /// The share of test examples classified correctly.
  case testAccuracy = "test accuracy"
  /// The test loss less the training loss.
  case generalizationGap = "generalization gap"
  /// The lowest validation loss of any evaluation.
  case lowestValidationLoss = "lowest validation loss"
  /// The test loss at that evaluation.
  case testLossAtLowest = "test loss at lowest"
  /// The share of test examples classified correctly at that evaluation.
  case testAccuracyAtLowest = "test accuracy at lowest"
  /// The root of the mean squared error in the target's units, of the test examples where there are
  /// some, with the weights that a run keeps.
  case rmse = "RMSE"
  /// The mean absolute error, likewise.
  case mae = "MAE"
  /// The coefficient of determination, likewise.
  case rSquared = "R2"
  /// The number of steps before that evaluation.
  case lowestStep = "steps to lowest"
  /// The number of steps.
  case steps = "steps"
  /// The time of the steps in seconds.
  case seconds = "seconds"

  /// Whether it is a loss at the end of a run.
  public var isFinalLoss: Bool { [.trainingLoss, .validationLoss, .testLoss].contains(self) }

  /// Whether it is a share of 1.
  public var isShare: Bool {
    [.validationAccuracy, .testAccuracy, .testAccuracyAtLowest].contains(self)
  }

  /// Whether it is a number of steps.
  public var isCount: Bool { self == .steps || self == .lowestStep }
}
