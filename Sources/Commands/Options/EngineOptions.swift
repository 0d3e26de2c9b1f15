import ArgumentParser
import Foundation
import Studies

/// The options that say where the runs of a study are made.
struct EngineOptions: ParsableArguments {
  /// The kinds of places.
  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case local, ray
  }

  @Option(
    help: ArgumentHelp(
      "Where runs are made: local, in processes of this machine, or ray, on a Ray cluster.",
      discussion: "Default: local.", valueName: "engine"))
  var engine = Kind.local

  @Option(
    help: ArgumentHelp(
      "Ray's address, such as 10.0.0.1:6379.",
      discussion:
        "Default: $RAY_ADDRESS, else the cluster that this machine is in, else a Ray of its "
        + "own.", valueName: "address"))
  var address: String?

  @Option(
    help: ArgumentHelp(
      "The GPUs that Ray gives a run, or the part of one, such as 0.5. Default: 0.", valueName: "n")
  )
  var gpus: Double?

  func validate() throws {
    guard engine == .ray else {
      for (name, isGiven) in [("--address", address != nil), ("--gpus", gpus != nil)] where isGiven
      {
        throw ValidationError("\(name) goes with --engine ray")
      }
      return
    }
    if let gpus, !(gpus >= 0 && gpus.isFinite && (gpus <= 1 || gpus == gpus.rounded())) {
      throw ValidationError("--gpus is \(gpus), but must be from 0 to 1, or a whole number")
    }
  }

  /// The number of runs at a time where it is not given; `nil`: as many as there is room for.
  ///
  /// - Parameter threads: The threads of a run.
  func defaultCount(threads: Int) -> Int? {
    engine == .ray ? nil : max(ProcessInfo.processInfo.activeProcessorCount / threads, 1)
  }

  /// What makes the runs, with this program.
  ///
  /// - Parameters:
  ///   - count: The number at a time, or ``defaultCount(threads:)``.
  ///   - threads: The threads of a run.
  func make(count: Int?, threads: Int) -> Engine {
    let (path, arguments) = ("/proc/self/exe", ["study", "--worker"])
    guard engine == .ray else {
      return .local(executable: path, arguments: arguments, count: count ?? 1)
    }
    // Another process goes by the same name.
    var options = RayOptions(
      executable: URL(fileURLWithPath: path).resolvingSymlinksInPath().path, arguments: arguments)
    options.address = address
    options.cpus = threads
    options.gpus = gpus ?? 0
    options.count = count
    return .ray(options)
  }
}
