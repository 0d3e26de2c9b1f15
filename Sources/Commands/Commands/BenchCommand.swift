import Verification
import ArgumentParser
import Studies
import AdamQLRTorch
import Training

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures the time of a training step.",
    discussion: """
      The batch is in memory and stays the same; every \(StepBenchmark.stepsPerRun) steps the run \
      starts anew, outside the time that counts. The mean is over whole intervals of what is done \
      every few steps only, as with damping.interval=5.

        adamqlr bench --task fashion-mnist --batch-size 50 --random-data
        adamqlr bench --task text --model gpt2 --batch-size 8 --random-data
        adamqlr bench --task digits-color --model vit-s16 --batch-size 8 --random-data
      """)

  @OptionGroup var options: SettingsOptions

  @Flag(help: "Draw data of the task's shape instead of reading it.")
  var randomData = false

  @Option(help: ArgumentHelp("How long to measure.", valueName: "s"))
  var seconds = 2.0

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard seconds > 0, seconds.isFinite else {
      throw ValidationError("--seconds is \(seconds), but must be positive")
    }
  }

  func run() throws {
    let settings = try options.sources().resolve(needsData: !randomData)
    let benchmark = try StepBenchmark(settings, usesRandomData: randomData)
    let times = try benchmark.run(seconds: seconds)
    let (median, low, high) = (times.quantile(0.5), times.quantile(0.1), times.quantile(0.9))
    if json {
      var line = JSONLine()
      line.add("task", settings.task.rawValue)
      line.add("model", settings.modelKind?.rawValue)
      line.add("optimizer", settings.optimizer.name)
      line.add("batch_size", benchmark.batchSize)
      line.add("threads", Runtime.threadCount)
      line.add("device", settings.device.description)
      line.add("median_us", median)
      line.add("mean_us", times.mean)
      line.add("p10_us", low)
      line.add("p90_us", high)
      line.add("steps", times.count)
      line.add("peak_bytes", times.peakBytes)
      line.print()
    } else {
      Output.line(
        "\(settings.optimizer.name) on \(settings.task.rawValue)"
          + (settings.modelKind.map { " with \($0.rawValue)" } ?? "") + ", batch of "
          + "\(benchmark.batchSize.grouped): median \(median.short) µs a step, "
          + "mean \(times.mean.short), 10 % below \(low.short), 10 % above \(high.short); "
          + "\(times.count.grouped) steps")
    }
  }
}
