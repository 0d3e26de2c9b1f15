import AdamQLRNetworks
import AdamQLR
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
  private let run: TrainingRun
  private var trainer: Trainer { run.trainer }

  init(_ run: TrainingRun) { self.run = run }

  func start() {
    var line = JSONLine(event: "start")
    line.add("task", trainer.settings.task.rawValue)
    line.add("model", trainer.settings.modelKind?.rawValue)
    line.add("optimizer", trainer.settings.optimizer.name)
    line.add("parameters", trainer.parameters.count)
    line.add("examples", trainer.problem.training.count)
    line.add("steps_per_epoch", trainer.stepsPerEpoch)
    line.add("total_steps", trainer.totalSteps)
    line.add("seed", trainer.settings.seed)
    line.add("rank", trainer.group?.rank ?? 0)
    line.add("ranks", trainer.group?.size ?? 1)
    line.add("examples_per_rank", trainer.examplesPerRank)
    line.add("step", trainer.step)
    line.add("directory", run.directory.path)
    if let summary = trainer.problem.tableSummary { line.add("data", JSONLine(summary)) }
    line.print()
  }

  func report(_ event: TrainingEvent) {
    if case .diverged(_, let divergence) = event {
      var line = JSONLine(event: "diverged")
      line.add("step", divergence.step)
      line.add("loss", divergence.loss)
      line.add("cause_step", divergence.cause?.step)
      line.add("learning_rate", divergence.cause?.learningRate)
      line.add("damping", divergence.cause?.damping)
      line.add("reduction_ratio", divergence.cause?.reductionRatio)
      line.print()
    }
    guard case .epoch(let epoch) = event else { return }
    var line = JSONLine(event: "epoch")
    line.add("epoch", epoch.number)
    line.add("steps", epoch.step)
    line.add("train_loss", epoch.trainingLoss)
    line.add("validation_loss", epoch.validation?.loss)
    line.add("validation_accuracy", epoch.validation?.accuracy)
    line.add("test_loss", epoch.test?.loss)
    line.add("test_accuracy", epoch.test?.accuracy)
    line.add("learning_rate", epoch.last.learningRate)
    line.add("applied_learning_rate", epoch.last.appliedLearningRate)
    line.add("damping", epoch.last.nextDamping)
    line.add("reduction_ratio", epoch.last.reductionRatio)
    line.add("seconds", epoch.seconds)
    line.add("lowest", epoch.isLowest)
    line.print()
    if let stop = epoch.earlyStop {
      var line = JSONLine(event: "early_stop")
      line.add("step", stop.step)
      line.add("evaluations", stop.evaluations)
      line.add("best_step", trainer.best?.step)
      line.print()
    }
  }

  func finish(_ summary: TrainingSummary) {
    let isText = trainer.problem.textEncoding != nil
    var line = JSONLine(event: "summary")
    line.add(
      training: summary.training, validation: summary.validation, test: summary.test,
      isText: isText)
    line.add(
      training: summary.best?.training, validation: summary.best?.validation,
      test: summary.best?.test, isText: isText, prefix: "best_")
    line.add("best_epoch", summary.best?.epoch)
    line.add("best_step", summary.best?.step)
    line.add("steps", summary.steps)
    line.add("seconds", summary.seconds)
    line.add("complete", summary.isComplete)
    line.add("diverged", summary.divergence != nil)
    line.add("stopped_early", summary.earlyStop != nil)
    var events = JSONLine()
    for (name, count) in summary.events.sorted(by: { $0.key < $1.key }) {
      events.add(name, count)
    }
    line.add("events", events)
    if let metrics = summary.metrics { line.add("metrics", JSONLine(metrics)) }
    line.print()
  }
}

/// A live line on a terminal, a line every so many epochs elsewhere, and a table at the end.
final class TextReporter: TrainingReporter {
  private let run: TrainingRun
  private let epochs: Int?
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant
  private var validation: Score?
  private var trainer: Trainer { run.trainer }

  init(_ run: TrainingRun) {
    self.run = run
    let stepsPerEpoch = run.trainer.stepsPerEpoch
    epochs = run.trainer.totalSteps.map { ($0 - 1) / stepsPerEpoch + 1 }
    lastShown = clock.now
  }

  func start() {
    trainer.problem.summaryLines.forEach(Output.line)
    let batches = trainer.stepsPerEpoch == 1 ? "1 batch" : "\(trainer.stepsPerEpoch) batches"
    Output.line(
      "\(trainer.settings.optimizer.name) on \(trainer.settings.task.rawValue)"
        + (trainer.settings.modelKind.map { " with \($0.rawValue): " } ?? ": ")
        + "\(trainer.problem.training.count.grouped) examples in \(batches), "
        + "\(trainer.parameters.count.grouped) parameters, seed \(trainer.settings.seed)"
        + (trainer.group.map {
          ", rank \($0.rank) of \($0.size) with \(trainer.examplesPerRank.grouped) examples a batch"
        } ?? ""))
    if trainer.step > 0 { Output.line("going on after step \(trainer.step.grouped)") }
  }

  func report(_ event: TrainingEvent) {
    switch event {
    case .step(let report):
      guard Output.isTerminal else { return }
      let now = clock.now
      guard (now - lastShown).seconds > 0.1 else { return }
      lastShown = now
      Output.rewrite(
        line(epoch: (trainer.step - 1) / trainer.stepsPerEpoch + 1, loss: report.loss, report))
    case .epoch(let epoch):
      validation = epoch.validation
      let interval = max((epochs ?? 0) / 20, 1)
      let isLast = trainer.isOver
      guard epoch.number % interval == 0 || epoch.number == 1 || isLast else { return }
      if epochs == nil, !isLast, (clock.now - lastShown).seconds < 1 { return }
      lastShown = clock.now
      if Output.isTerminal { Output.rewrite("") }
      Output.line(line(epoch: epoch.number, loss: epoch.trainingLoss, epoch.last))
    case .diverged(_, let divergence):
      if Output.isTerminal { Output.rewrite("") }
      Output.line(divergence.text)
    }
  }

  func finish(_ summary: TrainingSummary) {
    if Output.isTerminal { Output.rewrite("") }
    if !summary.isComplete {
      let total = trainer.totalSteps.map { " of \($0.grouped)" } ?? ""
      Output.line("stopped after step \(summary.steps.grouped)\(total)")
    }
    if let stop = summary.earlyStop { Output.line(stop.description) }
    Output.line("")
    TextTable(scores: summary.training, summary.validation, summary.test, trainer.problem).lines
      .forEach(Output.line)
    if let best = summary.best { show(best, last: summary.steps) }
    if let metrics = summary.metrics { show(metrics) }
    let rate = Double(summary.steps) / summary.seconds
    Output.line(
      "\n\(summary.steps.grouped) steps in \(summary.seconds.short) s, \(rate.short) steps/s")
    if !summary.events.isEmpty {
      let events = summary.events.sorted { $0.key < $1.key }
      Output.line(
        "out of the ordinary: "
          + events.map { "\($0.key) in \($0.value) steps" }.joined(separator: ", "))
    }
    Output.line("the run is in \(run.directory.path)")
  }

  /// Shows the scores of the weights with the lowest validation loss.
  private func show(_ best: BestScores, last: Int) {
    if best.step == last {
      return Output.line("\nthe validation loss was never lower than at the end")
    }
    Output.line(
      "\nlowest validation loss after epoch \(best.epoch.grouped), step \(best.step.grouped):")
    TextTable(scores: best.training, best.validation, best.test, trainer.problem).lines
      .forEach(Output.line)
    switch trainer.settings.weights {
    case .best:
      Output.line("evaluate, predict and generate take these weights unless told --weights last")
    case .last:
      Output.line("evaluate, predict and generate take the last unless told --weights best")
    }
  }

  /// Shows how good predictions are: of numbers always, of classes where they are one's own.
  private func show(_ metrics: FinalMetrics) {
    if case .classification = metrics.values, trainer.problem.summaryLines.isEmpty { return }
    Output.line("")
    metrics.values.lines(
      of: metrics.part.rawValue, target: trainer.problem.encoding?.targetName
    ).forEach(Output.line)
  }

  private func line(epoch: Int, loss: Double, _ report: StepReport) -> String {
    var parts = [
      "epoch \(epoch)" + (epochs.map { "/\($0)" } ?? ""), "loss \(loss.short)",
    ]
    if let validation, trainer.problem.textEncoding != nil {
      parts.append("validation \(validation.loss.short)  perplexity \(validation.perplexity.short)")
    } else if let accuracy = validation?.accuracy {
      parts.append("validation \(accuracy.percent)")
    } else if let validation {
      parts.append("validation \(validation.loss.short)")
    }
    let applied = report.appliedLearningRate ?? report.learningRate
    parts.append(
      "α \(report.learningRate.short)"
        + (applied.short == report.learningRate.short ? "" : " (applied \(applied.short))"))
    if trainer.isDamped { parts.append("λ \(report.nextDamping.short)") }
    if let ratio = report.reductionRatio { parts.append("ρ \(ratio.short)") }
    parts.append("\((Double(trainer.step) / trainer.seconds).short) steps/s")
    return parts.joined(separator: "  ")
  }
}

extension Divergence {
  /// When the run diverged, and with which α, λ, ρ.
  var text: String {
    let start = "diverged at step \(step) with loss \(loss.short)"
    guard let cause else { return start + ": there was no finite loss" }
    let ratio = cause.reductionRatio.map { ", ρ \($0.short)" } ?? ""
    return start + "; losses exploded after step \(cause.step), with "
      + "α \(cause.learningRate.short), λ \(cause.damping.short)\(ratio)"
  }
}
