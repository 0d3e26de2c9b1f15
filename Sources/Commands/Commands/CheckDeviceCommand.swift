import Verification
import ArgumentParser
import Studies
import AdamQLRTorch
import Training

struct CheckDeviceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-device", abstract: "Compares what a device computes with the processor.",
    discussion: """
      Runs every kernel and some training steps on the device and on the processor, in single and in \
      double precision, with a line for each: the largest deviation, and what rounding may explain. \
      Then it counts what a step waits for and copies, and looks whether a gradient in single \
      precision stays as it is beside a thread that rounds factors. Exit 1 if anything deviates.

        adamqlr check-device cuda
        adamqlr check-device cpu

      'cpu' checks without a GPU: it computes on the processor the way a GPU would, by libtorch's \
      operators.
      """)

  @Argument(help: ArgumentHelp("cpu, cuda, or cuda:1 and so on.", valueName: "device"))
  var device: String

  func run() throws {
    let named = try Device(option: device)
    let check = try DeviceCheck(named == .cpu ? .simulated : named)
    var failures = 0
    try check.run { outcome in
      if !outcome.isPassed { failures += 1 }
      Output.line(
        "\(outcome.isPassed ? "ok  " : "FAIL") \(outcome.name): \(outcome.deviation.short) of "
          + outcome.tolerance.short)
    }
    for traffic in try check.traffic() {
      let isQuiet = traffic.copies == 0
      if !isQuiet { failures += 1 }
      Output.line(
        "\(isQuiet ? "ok  " : "FAIL") a step of \(traffic.name): waits "
          + "\(traffic.fetches) times for numbers, copies \(traffic.copies) tensors")
    }
    for beside in check.neighborhoods() {
      if beside.deviations > 0 { failures += 1 }
      Output.line(
        "\(beside.deviations == 0 ? "ok  " : "FAIL") float beside \(beside.neighbor.rawValue) in "
          + "another thread: \(beside.deviations) of \(beside.count) gradients differ"
          + (beside.isTelling
            ? "" : "; \(beside.neighbor.rawValue) makes no difference on this device"))
    }
    if failures > 0 {
      Output.warning("\(failures) comparisons failed on \(check.device)")
      throw ExitCode.failure
    }
  }
}
