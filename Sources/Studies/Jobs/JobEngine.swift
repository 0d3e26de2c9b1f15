/// Where jobs are made: processes of this machine, or a cluster.
protocol JobEngine: AnyObject {
  /// The jobs under way, with the part that is behind and the time that it took.
  var active: [(job: Int, share: Double, seconds: Double)] { get }

  /// Begins a job.
  ///
  /// - Returns: Whether there is room for it.
  /// - Throws: What starting a process throws.
  func start(_ job: Job, number: Int) throws -> Bool

  /// How jobs have ended since it was last asked; waits for some while, but not for long.
  ///
  /// - Throws: What makes all further jobs impossible.
  func ended() throws -> [(job: Int, seconds: Double, message: JobMessage)]

  /// Asks the jobs under way to stop after their steps.
  func stop()

  /// Lets all processes end when they have nothing to do, and waits for that.
  func finish()
}
