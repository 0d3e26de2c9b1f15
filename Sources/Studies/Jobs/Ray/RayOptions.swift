/// How the runs of a study are made on a Ray cluster.
public struct RayOptions: Hashable, Sendable {
  /// The path of the program, which is sent to the nodes with its libraries.
  public var executable: String
  /// What makes it serve as a ``JobWorker``.
  public var arguments: [String]
  /// Ray's address; `nil`: the cluster that this machine is in, or else a Ray of its own.
  public var address: String?
  /// The processors of a run.
  public var cpus = 1
  /// The GPUs of a run, or the part of one.
  public var gpus = 0.0
  /// The most runs at a time, which also wait for a cluster to grow; `nil`: as many as it has room for.
  public var count: Int?
  /// The Python that has Ray; `nil`: it is looked for.
  public var python: String?

  /// The defaults for everything else.
  public init(executable: String, arguments: [String]) {
    self.executable = executable
    self.arguments = arguments
  }
}
