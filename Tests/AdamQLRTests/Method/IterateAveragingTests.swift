import AdamQLR
import Testing

@Suite("Averaging of iterates")
struct IterateAveragingTests {
  private static var fit: LeastSquaresObjective<[Double]> { WavyFit().objective() }

  private static func method(share: Double) -> Method {
    var method = Method.adam(learningRate: 0.05)
    method.averaging = IterateAveraging(share: share)
    return method
  }

  @Test("The average has the weights of polynomial decay", arguments: [1, 0.3, 0.05])
  func weights(_ share: Double) throws {
    var parameters = WavyFit.start
    var optimizer = try Optimizer(Self.method(share: share), for: parameters)
    #expect(optimizer.evaluationPoint(for: parameters) == nil)
    var iterates: [[Double]] = []
    for step in 1...30 {
      try optimizer.step(&parameters, on: Self.fit)
      iterates.append(parameters)
      // Shamir and Zhang's product form, from the last iterate backwards.
      var (expected, left) = ([Double](repeating: 0, count: parameters.count), 1.0)
      let eta = 1 / share - 1
      for (number, iterate) in zip((1...step).reversed(), iterates.reversed()) {
        let weight = number == 1 ? 1 : (eta + 1) / (Double(number) + eta)
        for i in expected.indices { expected[i] += left * weight * iterate[i] }
        left *= 1 - weight
      }
      let average = try #require(optimizer.evaluationPoint(for: parameters))
      for (found, expected) in zip(average, expected) { #expect(abs(found - expected) < 1e-14) }
    }
    if share == 1 {
      let average = try #require(optimizer.evaluationPoint(for: parameters))
      for i in average.indices {
        let mean = iterates.reduce(0) { $0 + $1[i] } / Double(iterates.count)
        #expect(abs(average[i] - mean) < 1e-14)
      }
    }
  }

  @Test("Steps are those of a method that averages nothing")
  func steps() throws {
    var (a, b) = (WavyFit.start, WavyFit.start)
    var averaging = try Optimizer(Self.method(share: 0.1), for: a)
    var plain = try Optimizer(.adam(learningRate: 0.05), for: b)
    for _ in 0..<20 {
      try averaging.step(&a, on: Self.fit)
      try plain.step(&b, on: Self.fit)
      #expect(a == b)
    }
    #expect(plain.evaluationPoint(for: b) == nil)
  }

  @Test("What is not taken has no part in it, and the first step taken is the average")
  func takenBack() throws {
    var parameters = WavyFit.start
    var optimizer = try Optimizer(Self.method(share: 0.1), for: parameters)
    let broken = ClosureObjective<[Double]>(loss: { _ in .nan }, gradient: { $0 })
    for _ in 0..<3 { #expect(try !optimizer.step(&parameters, on: broken).isTaken) }
    #expect(optimizer.evaluationPoint(for: parameters) == nil)
    try optimizer.step(&parameters, on: ClosureObjective(WavyFit()))
    #expect(optimizer.evaluationPoint(for: parameters) == parameters)
    let average = optimizer.evaluationPoint(for: parameters)
    #expect(try !optimizer.step(&parameters, on: broken).isTaken)
    #expect(optimizer.evaluationPoint(for: parameters) == average)
  }

  @Test("A share out of range is refused", arguments: [0, -0.1, 1.5, .nan])
  func range(_ share: Double) {
    #expect(throws: OptimizerError.self) {
      try Optimizer(Self.method(share: share), for: WavyFit.start)
    }
  }
}

extension ClosureObjective<[Double]> {
  fileprivate init(_ fit: WavyFit) {
    self.init(loss: { fit.loss($0) }, gradient: { fit.gradient($0) })
  }
}
