import Files
import Foundation

/// Makes jobs on a Ray cluster, through a driver in Python.
final class RayEngine: JobEngine {
  private let options: RayOptions
  private let folder: String
  /// The Pythons that have not been tried yet.
  private var pythons: ArraySlice<String>
  private var driver: LineProcess?
  /// The number of jobs that the cluster has room for; `nil` as long as the driver has not said.
  private var room: Int?
  /// When the jobs that have not ended were given.
  private var started: [Int: ContinuousClock.Instant] = [:]

  /// Prepares the driver, which starts with the first job.
  ///
  /// - Parameter folder: Where the driver's program, and what it complains of, are written; it is
  ///   there.
  init(_ options: RayOptions, folder: String) {
    self.options = options
    self.folder = folder
    pythons = (options.python.map { [$0] } ?? Python.candidates("ray-python"))[...]
    signal(SIGPIPE, SIG_IGN)
  }

  var active: [(job: Int, share: Double, seconds: Double)] {
    started.map { (job: $0, share: 0, seconds: (.now - $1).seconds) }.sorted { $0.job < $1.job }
  }

  func start(_ job: Job, number: Int) throws -> Bool {
    if driver == nil { try startDriver() }
    guard let driver, let room, started.count < options.count ?? max(room, 1) else { return false }
    driver.say(try JobWorker.line(Order(number: number, job: job)))
    started[number] = .now
    return true
  }

  func ended() throws -> [(job: Int, seconds: Double, message: JobMessage)] {
    guard let driver, driver.isReady(within: .milliseconds(200)) else {
      if driver == nil { usleep(50_000) }
      return []
    }
    guard let lines = driver.listen() else {
      // The next Python may have Ray.
      if driver.status == Self.statusWithoutRay, room == nil {
        self.driver = nil
        return []
      }
      throw RayError("its driver has ended: \(driver.complaint)")
    }
    return try lines.compactMap { line in
      guard let answer = try? JobWorker.decoder.decode(Answer.self, from: line) else {
        throw RayError("the driver's answer is damaged: \(String(decoding: line, as: UTF8.self))")
      }
      if let error = answer.error { throw RayError(error) }
      room = answer.room ?? room
      guard let number = answer.number, let message = answer.message,
        let start = started.removeValue(forKey: number)
      else { return nil }
      return (number, (.now - start).seconds, message)
    }
  }

  func stop() { driver?.closeInput() }

  func finish() {
    if let driver {
      driver.closeInput()
      // It may be waiting for a cluster that does not answer.
      if room == nil { driver.kill() }
      let end = ContinuousClock.now + Self.patience
      while driver.isReady(within: end - .now), driver.listen() != nil {}
      driver.finish()
    }
    for path in [programPath, errorPath] { try? FileManager.default.removeItem(atPath: path) }
  }

  /// How long the driver may take to leave the cluster.
  private static let patience = Duration.seconds(60)
  /// The status with which the driver ends where there is no Ray.
  private static let statusWithoutRay: Int32 = 3

  private var programPath: String { folder + "/ray_driver.py" }
  private var errorPath: String { folder + "/ray_driver.log" }

  private func startDriver() throws {
    guard let python = pythons.popFirst() else {
      throw RayError(
        "it is not installed: 'make ray' in the package's own folder gets it, or "
          + "'python3 -m pip install ray'; ADAMQLR_PYTHON can name the Python that has it")
    }
    try replaceFile(at: programPath, with: Data(PackageResources.ray_driver_py))
    let driver = try LineProcess(python, [programPath], errorPath: errorPath)
    driver.say(
      try JobWorker.line(
        Configuration(
          program: options.executable, arguments: options.arguments, address: options.address,
          cpus: options.cpus, gpus: options.gpus, waits: options.count != nil)))
    self.driver = driver
  }

  private struct Configuration: Encodable {
    var program: String
    var arguments: [String]
    var address: String?
    var cpus: Int
    var gpus: Double
    /// Whether runs wait for room where there is none.
    var waits: Bool
  }

  private struct Order: Encodable {
    var number: Int
    var job: Job
  }

  private struct Answer: Decodable {
    var room: Int?
    var error: String?
    var number: Int?
    var message: JobMessage?
  }
}

/// Why runs cannot be made on Ray, in one line.
public struct RayError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason.
  public let description: String

  init(_ reason: String) { description = "Ray: \(reason)" }
}
