import Foundation
import Testing

/// Another package that depends on this one by version, as a user's does. SwiftPM refuses unsafe flags
/// in such a dependency.
@Suite("A package that depends on this one by version")
struct ConsumerTests {
  @Test("Both libraries build and run: heuristics of one's own, and the README's program")
  func libraries() throws {
    let classifier = try String(
      contentsOf: Consumer.root.appendingPathComponent("Examples/Classifier/main.swift"),
      encoding: .utf8)
    let programs =
      [
        Consumer.Program(name: "Line", product: "AdamQLR", source: Self.leastSquares),
        Consumer.Program(name: "Classifier", product: "AdamQLRNetworks", source: classifier),
      ] + (try Self.articles("AdamQLR") + Self.articles("AdamQLRNetworks"))
    #expect(programs.count == 7, "\(programs.map(\.name))")
    try Consumer.with(programs) { consumer in
      let build = try consumer.swift(
        "build", "--disable-index-store", "-debug-info-format", "none")
      try #require(build.status == 0, "\(build.output)")
      try checkLine(consumer.swift("run", "--skip-build", "Line"))
      let run = try consumer.swift("run", "--skip-build", "Classifier")
      try #require(run.status == 0, "\(run.output)")
      let accuracy = try #require(run.output.split(whereSeparator: \.isWhitespace).last)
      #expect(try #require(Double(accuracy)) > 0.95, "\(run.output)")
    }
  }

  private func checkLine(_ run: Consumer.Result) throws {
    try #require(run.status == 0, "\(run.output)")
    let line = try #require(run.output.split(separator: "\n").last)
    let numbers = line.split(separator: " ").compactMap { Double($0) }
    try #require(numbers.count == 3, "\(run.output)")
    // The line y = 1 + 2x, and no residual.
    #expect(abs(numbers[0] - 1) < 1e-6 && abs(numbers[1] - 2) < 1e-6)
    #expect(numbers[2] < 1e-12)
    // A direction, a rate, a momentum and a damping of the consumer's own.
    let lines = run.output.split(separator: "\n").filter { $0.hasPrefix("own") }
    #expect(lines.count == 2, "\(run.output)")
    for line in lines {
      let loss = try #require(line.split(separator: " ").last.flatMap { Double($0) })
      #expect(loss < 1e-3, "\(line)")
    }
  }

  /// The articles of a product as programs, which have to compile: of each all of its Swift but manifests.
  private static func articles(_ product: String) throws -> [Consumer.Program] {
    let folder = Consumer.root.appendingPathComponent("Sources/\(product)/\(product).docc")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    // The page of a module has a fragment.
    return try names.filter { $0 != "\(product).md" }.compactMap { name in
      let text = try String(
        contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      let blocks = text.matches(of: /```swift\n((?s:.*?))```/).map { String($0.output.1) }
        .filter { !$0.hasPrefix("// Package.swift") }
      guard !blocks.isEmpty else { return nil }
      return Consumer.Program(
        name: String(name.dropLast(".md".count)), product: product,
        source: blocks.joined(separator: "\n"))
    }
  }

  private static let leastSquares = """
    import AdamQLR

    let (x, y) = ([0.0, 1, 2, 3], [1.0, 3, 5, 7])
    let line = LeastSquaresObjective<[Double]>(
      residuals: { p in zip(x, y).map { p[0] + p[1] * $0 - $1 } },
      jacobianVectorProduct: { _, d in x.map { d[0] + d[1] * $0 } },
      vectorJacobianProduct: { _, r in [r.reduce(0, +), zip(x, r).map(*).reduce(0, +)] })

    /// The gradient over its norm.
    struct NormalizedGradient: Direction {
      func advance<V: ParameterVector>(
        _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
        direction: inout V
      ) -> DirectionProducts {
        let norm = input.gradient.norm
        direction.formLinearCombination(norm > 0 ? 1 / norm : 0, input.gradient, 0, input.gradient)
        return input.gradient.products(withDirection: direction)
      }
    }

    /// Polyak's rate where the least loss is 0, never more than twice the last one.
    struct PolyakRate: LearningRate {
      var last = Double.infinity
      mutating func rate(_ model: inout QuadraticModel) -> Double {
        last = min(model.loss / model.slope, 2 * last)
        return last
      }
    }

    /// A momentum that rises to ½.
    struct RisingMomentum: Momentum {
      func momentum(_ model: QuadraticModel, learningRate: Double) -> Double {
        0.5 * (1 - 1 / Double(model.step + 1))
      }
    }

    /// λ doubles where the loss rose, and halves where it fell.
    struct LossDamping: Damping {
      var value = 1e-3
      func damping(at step: Int) -> Double { value }
      func needs(at step: Int) -> DampingNeeds { .newLoss }
      mutating func adapt(to judgment: Judgment) -> Adaptation {
        value *= judgment.trueChange > 0 ? 2 : 0.5
        return Adaptation()
      }
    }

    for rate in [PolyakRate(), QuadraticRate()] as [any LearningRate] {
      var method = Method(
        direction: NormalizedGradient(), learningRate: QuadraticRate(), damping: LossDamping())
      method.learningRate = rate
      if rate is PolyakRate { method.momentum = RisingMomentum() }
      var (own, point) = (try Optimizer(method, for: [0.0, 0.0]), [0.0, 0.0])
      for _ in 0..<300 { try own.step(&point, on: line) }
      print("own", line.linearize(at: point).loss)
    }

    var parameters = [0.0, 0.0]
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters)
    for _ in 0..<200 { try optimizer.step(&parameters, on: line) }
    print(parameters[0], parameters[1], line.linearize(at: parameters).loss)

    """
}

/// A package in a folder of its own, beside a repository that has this package's files under a tag.
private struct Consumer {
  struct Result {
    var status: Int32
    /// Standard output and errors.
    var output: String
  }

  private static let name = "adamqlr-swift"
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  let folder: URL

  struct Program {
    var name: String
    /// The library that it uses.
    var product: String
    var source: String
  }

  /// Makes both, runs `body`, and removes them.
  static func with(_ programs: [Program], _ body: (Consumer) throws -> Void) throws {
    let parent = FileManager.default.temporaryDirectory
      .appendingPathComponent("consumer-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: parent) }
    let repository = parent.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: repository, withIntermediateDirectories: true)
    for item in ["Package.swift", "Sources", "Tests", "Examples"] {
      try FileManager.default.copyItem(
        at: root.appendingPathComponent(item), to: repository.appendingPathComponent(item))
    }
    let author = ["-c", "user.name=Tests", "-c", "user.email=tests@localhost"]
    for arguments in [
      ["init", "--quiet"], ["add", "--all"],
      author + ["-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "Release"],
      ["-c", "tag.gpgsign=false", "tag", "0.2.0"],
    ] {
      let result = try run(["git"] + arguments, in: repository)
      try #require(result.status == 0, "git \(arguments): \(result.output)")
    }

    let folder = parent.appendingPathComponent("Consumer")
    for program in programs {
      let sources = folder.appendingPathComponent("Sources/\(program.name)")
      try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: true)
      try Data(program.source.utf8).write(to: sources.appendingPathComponent("main.swift"))
    }
    let targets = programs.map {
      """
          .executableTarget(
            name: "\($0.name)", dependencies: [.product(name: "\($0.product)", package: "\(name)")])
      """
    }
    let manifest = """
      // swift-tools-version: 6.1
      import PackageDescription

      let package = Package(
        name: "Consumer",
        dependencies: [.package(url: "\(repository.absoluteString)", from: "0.2.0")],
        targets: [
      \(targets.joined(separator: ",\n"))
        ])

      """
    try Data(manifest.utf8).write(to: folder.appendingPathComponent("Package.swift"))
    try body(Consumer(folder: folder))
  }

  /// Runs a subcommand of `swift` in the consumer's folder.
  ///
  /// SwiftPM keeps its caches there too: the user's would otherwise gain a repository with each run.
  func swift(_ subcommand: String, _ arguments: String...) throws -> Result {
    let caches = ["cache", "security"].flatMap {
      ["--\($0)-path", folder.appendingPathComponent(".\($0)").path]
    }
    return try Self.run(
      ["swift", subcommand] + caches + arguments, in: folder,
      environment: Self.localDependencies.merging(Self.libtorch) { $1 })
  }

  /// Where libtorch is, to build and to run.
  private static let libtorch: [String: String] = {
    let folder =
      ProcessInfo.processInfo.environment["PKG_CONFIG_PATH"]?.split(separator: ":").first
      .map(String.init) ?? root.appendingPathComponent(".libtorch").path
    return ["PKG_CONFIG_PATH": folder, "LD_LIBRARY_PATH": "\(folder)/torch/lib"]
  }()

  /// Makes git fetch this package's own dependencies, which a consumer resolves too, from the
  /// clones that building this package left, so that no network is needed.
  private static let localDependencies: [String: String] = {
    let clones = root.appendingPathComponent(".build/repositories")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: clones.path)) ?? []
    let environment = ProcessInfo.processInfo.environment
    var count = environment["GIT_CONFIG_COUNT"].flatMap(Int.init) ?? 0
    var variables: [String: String] = [:]
    for url in ["https://github.com/apple/swift-argument-parser", "https://github.com/jpsim/Yams"] {
      let name = url.split(separator: "/").last.map(String.init) ?? url
      guard let clone = names.first(where: { $0.hasPrefix(name + "-") }) else { continue }
      variables["GIT_CONFIG_KEY_\(count)"] =
        "url.\(clones.appendingPathComponent(clone).path).insteadOf"
      variables["GIT_CONFIG_VALUE_\(count)"] = url
      count += 1
    }
    variables["GIT_CONFIG_COUNT"] = String(count)
    return variables
  }()

  private static func run(
    _ command: [String], in folder: URL, environment: [String: String] = [:]
  ) throws -> Result {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
  }
}
