import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch
import Foundation
import Testing

@Suite("Training of a model on mini-batches")
struct FitTests {
  /// Points in the plane, of three classes: the sector that they are in.
  private static func sectors(_ count: Int, seed: UInt64) -> Batch {
    var generator = SeededGenerator(seed: seed)
    let points = (0..<count).map { _ in (generator.normal(), generator.normal()) }
    let labels = points.map { Int64(min(2, (atan2($0.1, $0.0) / .pi + 1) * 1.5)) }
    return Batch(
      inputs: Tensor(points.flatMap { [Float($0.0), Float($0.1)] }, shape: [count, 2]),
      targets: Tensor(labels))
  }

  /// With everything that a run has to keep: running statistics, and masks of dropout.
  private static func makeModel() -> Model {
    Model(
      Sequential(
        Dense(2, 16), BatchNormalization(16, activation: .relu), Dropout(0.1),
        Dense(16, 3)))
  }

  private static func makeFit(
    _ method: Method = .adamQLR(), epochs: Int = 10, seed: UInt64 = 3
  ) throws -> Fit<MiniBatches> {
    let examples = sectors(300, seed: 1)
    return try Fit(
      makeModel(), SoftmaxCrossEntropy(), method,
      on: MiniBatches(inputs: examples.inputs, targets: examples.targets, batchSize: 32),
      epochs: epochs, seed: seed)
  }

  private static func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appending(path: "fit-\(UUID()).safetensors").path
  }

  @Test("A classifier learns, and is judged as it is used")
  func learns() throws {
    let test = Self.sectors(500, seed: 2)
    var fit = try Self.makeFit()
    #expect(fit.batches.batchCount == 10 && fit.totalSteps == 100)
    let before = fit.score(on: test)
    var losses: [Double] = []
    while let loss = try fit.trainEpoch() {
      losses.append(loss)
      #expect(fit.epoch == losses.count && fit.step == 10 * losses.count)
    }
    let after = fit.score(on: test)
    #expect(losses.count == 10 && losses[9] < 0.5 * losses[0])
    #expect(after.loss < 0.4 * before.loss && (after.accuracy ?? 0) > 0.9)
    // The outputs are those of the weights, in evaluation.
    let weights = fit.weights
    let outputs = fit.model(
      test.inputs, at: weights.parameters, statistics: weights.statistics)
    #expect(fit.outputs(for: test.inputs).doubles == outputs.doubles)
    let whole = SoftmaxCrossEntropy().evaluate(outputs, targets: test.targets)
    #expect(abs(whole.loss - after.loss) < 1e-6 * whole.loss)
    #expect(whole.correct.map { Double($0) / 500 } == after.accuracy)
    // The average of the last steps was no step's parameters.
    #expect(weights.parameters.doubles != fit.parameters.doubles)
  }

  @Test(
    "A run goes on from its file to the bit",
    arguments: [Method.adamQLR(), .paperAdamQLR(), .scheduleFreeAdamW(), .kfac(), .adam()])
  func resumes(_ method: Method) throws {
    let path = Self.temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var whole = try Self.makeFit(method, epochs: 4)
    while whole.step < 17 { try whole.trainStep() }
    try whole.save(to: path)
    var resumed = try Self.makeFit(method, epochs: 4, seed: 3)
    try resumed.resume(from: path)
    #expect(resumed.step == 17)
    // What was learned is in the file under the model's names.
    let file = try Safetensors(Data(contentsOf: URL(fileURLWithPath: path)))
    for (name, tensor) in whole.weights.tensors(of: whole.model) {
      #expect(file.tensors[name]?.doubles == tensor.doubles)
    }
    while let loss = try whole.trainEpoch() { #expect(try resumed.trainEpoch() == loss) }
    #expect(resumed.isOver && resumed.parameters.doubles == whole.parameters.doubles)
    #expect(resumed.weights.parameters.doubles == whole.weights.parameters.doubles)
    #expect(resumed.weights.statistics.doubles == whole.weights.statistics.doubles)
  }

  @Test("A file of something else is refused, and nothing changes")
  func refusals() throws {
    let path = Self.temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var fit = try Self.makeFit(.adam())
    try fit.trainStep()
    let untouched = fit.parameters.doubles
    func expectRefusal(_ reason: String, from path: String) {
      let error = #expect(throws: FitFileError.self) { try fit.resume(from: path) }
      #expect(
        error?.path == path && error?.description.contains(reason) == true,
        "\(String(describing: error))")
      #expect(fit.step == 1 && fit.parameters.doubles == untouched)
    }
    expectRefusal("exist", from: path)
    try Self.makeFit(.adamQLR()).save(to: path)
    expectRefusal("another method", from: path)
    try Self.makeFit(.adam()).save(to: path)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.dropLast().write(to: URL(fileURLWithPath: path))
    expectRefusal("has the place", from: path)
    let weights = fit.weights
    var written = Data()
    try Safetensors(weights.tensors(of: fit.model)).write { written.append(contentsOf: $0) }
    try written.write(to: URL(fileURLWithPath: path))
    expectRefusal("Fit.save", from: path)
    let other = Model(Sequential(Dense(2, 3)))
    let examples = Self.sectors(20, seed: 1)
    let batches = MiniBatches(
      inputs: examples.inputs, targets: examples.targets, batchSize: 10)
    try Fit(other, SoftmaxCrossEntropy(), .adam(), on: batches, epochs: 1).save(to: path)
    expectRefusal("but must be float32[2, 16]", from: path)
  }

  @Test(
    "An epoch has every example once, in an order of its own, whichever step is asked for first")
  func batches() {
    let numbers = Tensor((0..<10).map(Double.init), shape: [10, 1])
    func epoch(_ number: Int, _ batches: MiniBatches, _ steps: some Sequence<Int>) -> [[Double]] {
      let drawn = steps.map { ($0, batches.batch(ofStep: 3 * number + $0).inputs.doubles) }
      return drawn.sorted { $0.0 < $1.0 }.map(\.1)
    }
    let batches = MiniBatches(inputs: numbers, targets: numbers, batchSize: 4, seed: 2)
    let (first, second) = (epoch(0, batches, 0..<3), epoch(1, batches, 0..<3))
    #expect(first.map(\.count) == [4, 3, 3] && first != second)
    for each in [first, second] { #expect(each.joined().sorted() == numbers.doubles) }
    let other = MiniBatches(inputs: numbers, targets: numbers, batchSize: 4, seed: 2)
    #expect(epoch(1, other, [2, 0, 1]) == second && epoch(0, other, [1, 2, 0]) == first)
  }

  @Test("Micro-batches and double precision give the steps of whole batches")
  func microBatches() throws {
    let examples = Self.sectors(60, seed: 4)
    let batches = MiniBatches(
      inputs: examples.inputs.to(.float64), targets: examples.targets, batchSize: 20)
    let model = Model(Sequential(Dense(2, 8, activation: .tanh), Dense(8, 3)))
    func parameters(_ parts: Int) throws -> [Double] {
      var fit = try Fit(
        model, SoftmaxCrossEntropy(), on: batches, totalSteps: 9, type: .float64,
        microBatches: parts)
      while !fit.isOver { try fit.trainStep() }
      return fit.weights.parameters.doubles
    }
    let (whole, parts) = (try parameters(1), try parameters(3))
    #expect(zip(whole, parts).allSatisfy { abs($0 - $1) < 1e-9 })
  }
}

@Suite("What users bring and ask for")
struct OwnLossTests {
  /// ``SquaredError`` by its formula alone.
  private struct PlainSquaredError: Loss {
    func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
      let difference = outputs - targets
      return 0.5 * (difference * difference).mean()
    }
  }

  /// √(1 + r²) − 1.
  private struct SmoothAbsolute: Loss {
    func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
      let r = outputs - targets
      return ((r * r + 1).squareRoot()).mean()
    }
  }

  /// Linear in the outputs, so that its curvature is 0.
  private struct MeanOutput: Loss {
    func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor { outputs.mean() }
  }

  private func makeProblem(_ loss: any Loss) -> SmallProblem {
    SmallProblem(
      Sequential(Dense(4, 5, activation: .tanh), Dense(5, 3)), loss, inputShape: [6, 4],
      outputs: 3)
  }

  @Test("A loss of one's own needs its formula alone")
  func formulaAlone() throws {
    let (own, known) = (makeProblem(PlainSquaredError()), makeProblem(SquaredError()))
    let (d, e) = (own.direction(1), own.direction(2))
    let (a, b) = (
      own.objective.linearize(at: own.parameters), known.objective.linearize(at: own.parameters)
    )
    #expect(abs(a.loss - b.loss) < 1e-12)
    var (g, h) = (own.parameters.zeros(), own.parameters.zeros())
    a.formGradient(&g)
    b.formGradient(&h)
    #expect(zip(g.doubles, h.doubles).allSatisfy { abs($0 - $1) < 1e-12 })
    for curvature in [Curvature.fisher, .hessian] {
      let (p, q) = (
        a.curvatureProducts(of: [d, e], curvature), b.curvatureProducts(of: [d, e], curvature)
      )
      #expect(zip(p.joined(), q.joined()).allSatisfy { abs($0 - $1) < 1e-11 * abs($1) })
    }
    #expect(abs(a.loss(at: d, displacement: nil) - b.loss(at: d, displacement: nil)) < 1e-12)
  }

  @Test("C·d is the matrix that dᵀCd is made of", arguments: [Curvature.fisher, .hessian])
  func curvatureVectorProducts(_ curvature: Curvature) throws {
    for loss in [SquaredError(), SoftmaxCrossEntropy(), SmoothAbsolute()] as [any Loss] {
      let problem = makeProblem(loss)
      let (d, e) = (problem.direction(1), problem.direction(2))
      let linearized = problem.objective.linearize(at: problem.parameters)
      let products = linearized.curvatureProducts(of: [d, e], curvature)
      let (cd, ce) = (
        linearized.curvatureVectorProduct(d, curvature),
        linearized.curvatureVectorProduct(e, curvature)
      )
      for (found, expected) in [
        (d.dot(cd), products[0][0]), (e.dot(cd), products[1][0]), (d.dot(ce), products[0][1]),
        (e.dot(ce), products[1][1]),
      ] {
        #expect(abs(found - expected) < 1e-10 * max(abs(expected), 1), "\(loss)")
      }
    }
  }

  @Test("A loss without curvature has none")
  func linear() throws {
    let problem = makeProblem(MeanOutput())
    let linearized = problem.objective.linearize(at: problem.parameters)
    let d = problem.direction(1)
    #expect(linearized.curvatureProducts(of: [d], .fisher) == [[0]])
    #expect(linearized.curvatureVectorProduct(d).doubles.allSatisfy { $0 == 0 })
  }
}
