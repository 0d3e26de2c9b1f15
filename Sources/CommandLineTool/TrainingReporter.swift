import Tasks
import Training

/// Shows a training run.
protocol TrainingReporter {
  func start()
  func report(_ event: TrainingEvent)
  func finish(_ summary: TrainingSummary)
}

/// A JSON object a line.
struct JSONReporter: TrainingReporter {
  private let trainer: Trainer

  init(_ trainer: Trainer) { self.trainer = trainer }

  func start() {
    var line = JSONLine(event: "start")
    line.add("task", trainer.settings.task.rawValue)
    line.add("optimizer", trainer.settings.optimizer.rawValue)
    line.add("parameters", trainer.parameters.count)
    line.add("examples", trainer.problem.training.count)
    line.add("steps_per_epoch", trainer.stepsPerEpoch)
    line.add("total_steps", trainer.totalSteps)
    line.add("seed", trainer.settings.seed)
    line.print()
  }

  func report(_ event: TrainingEvent) {
    guard case .epoch(let epoch) = event else { return }
    var line = JSONLine(event: "epoch")
    line.add("epoch", epoch.number)
    line.add("steps", epoch.step)
    line.add("train_loss", epoch.trainingLoss)
    line.add("validation_loss", epoch.validation?.loss)
    line.add("validation_accuracy", epoch.validation?.accuracy)
    line.add("learning_rate", epoch.last.learningRate)
    line.add("damping", epoch.last.nextDamping)
    line.add("reduction_ratio", epoch.last.reductionRatio)
    line.add("seconds", epoch.seconds)
    line.print()
  }

  func finish(_ summary: TrainingSummary) {
    var line = JSONLine(event: "summary")
    line.add("train_loss", summary.training.loss)
    line.add("train_accuracy", summary.training.accuracy)
    line.add("validation_loss", summary.validation?.loss)
    line.add("validation_accuracy", summary.validation?.accuracy)
    line.add("test_loss", summary.test?.loss)
    line.add("test_accuracy", summary.test?.accuracy)
    line.add("steps", summary.steps)
    line.add("seconds", summary.seconds)
    line.add("complete", summary.isComplete)
    var events = JSONLine()
    for (name, count) in summary.events.sorted(by: { $0.key < $1.key }) {
      events.add(name, count)
    }
    line.add("events", events)
    line.print()
  }
}

/// A live line on a terminal, a line every so many epochs elsewhere, and a table at the end.
final class TextReporter: TrainingReporter {
  private let trainer: Trainer
  private let epochs: Int
  private let clock = ContinuousClock()
  private let start_: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant
  private var validation: Score?
  private var step = 0

  init(_ trainer: Trainer) {
    self.trainer = trainer
    epochs = (trainer.totalSteps - 1) / trainer.stepsPerEpoch + 1
    start_ = clock.now
    lastShown = start_
  }

  func start() {
    let batches = trainer.stepsPerEpoch == 1 ? "1 batch" : "\(trainer.stepsPerEpoch) batches"
    Output.line(
      "\(trainer.settings.optimizer.rawValue) on \(trainer.settings.task.rawValue): "
        + "\(trainer.problem.training.count.grouped) examples in \(batches), "
        + "\(trainer.parameters.count.grouped) parameters, seed \(trainer.settings.seed)")
  }

  func report(_ event: TrainingEvent) {
    switch event {
    case .step(let report):
      step += 1
      let now = clock.now
      guard Output.isTerminal, (now - lastShown).seconds > 0.1 else { return }
      lastShown = now
      let elapsed = (now - start_).seconds
      Output.rewrite(
        line(
          epoch: (step - 1) / trainer.stepsPerEpoch + 1, loss: report.loss, report.learningRate,
          report.nextDamping, report.reductionRatio, Double(step) / elapsed))
    case .epoch(let epoch):
      validation = epoch.validation
      let interval = max(epochs / 20, 1)
      guard epoch.number % interval == 0 || epoch.number == epochs || epoch.number == 1 else {
        return
      }
      let text = line(
        epoch: epoch.number, loss: epoch.trainingLoss, epoch.last.learningRate,
        epoch.last.nextDamping, epoch.last.reductionRatio, Double(epoch.step) / epoch.seconds)
      if Output.isTerminal { Output.rewrite("") }
      Output.line(text)
    }
  }

  func finish(_ summary: TrainingSummary) {
    if Output.isTerminal { Output.rewrite("") }
    if !summary.isComplete {
      Output.line("stopped after step \(summary.steps) of \(trainer.totalSteps)")
    }
    var table = TextTable("", "loss", "accuracy")
    for (name, score) in [
      ("training", summary.training), ("validation", summary.validation), ("test", summary.test),
    ] {
      if let score { table.add(name, score.loss.short, score.accuracy?.percent ?? "") }
    }
    Output.line("")
    table.lines.forEach(Output.line)
    let rate = Double(summary.steps) / summary.seconds
    Output.line(
      "\n\(summary.steps.grouped) steps in \(summary.seconds.short) s, \(rate.short) steps/s")
    if !summary.events.isEmpty {
      let events = summary.events.sorted { $0.key < $1.key }
      Output.line(
        "out of the ordinary: "
          + events.map { "\($0.key) in \($0.value) steps" }.joined(separator: ", "))
    }
  }

  private func line(
    epoch: Int, loss: Double, _ learningRate: Double, _ damping: Double, _ ratio: Double?,
    _ rate: Double
  ) -> String {
    var parts = ["epoch \(epoch)/\(epochs)", "loss \(loss.short)"]
    if let accuracy = validation?.accuracy {
      parts.append("validation \(accuracy.percent)")
    } else if let validation {
      parts.append("validation \(validation.loss.short)")
    }
    parts.append("α \(learningRate.short)")
    if trainer.isDamped { parts.append("λ \(damping.short)") }
    if let ratio { parts.append("ρ \(ratio.short)") }
    parts.append("\(rate.short) steps/s")
    return parts.joined(separator: "  ")
  }
}
