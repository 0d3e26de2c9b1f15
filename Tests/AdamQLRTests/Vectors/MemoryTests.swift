import AdamQLR
import Testing

@Suite("Memory")
struct MemoryTests {
  /// The vectors, the parameters among them, that a method holds between steps.
  static let methods: [(name: String, method: Method, vectors: Int)] = {
    var heavy = Method.sgd()
    heavy.momentum = FixedMomentum(0.5)
    var jointly = Method.paperAdamQLR()
    jointly.momentum = QuadraticMomentum()
    var rejecting = Method.adamW()
    rejecting.acceptance = OnlyDecreases()
    return [
      // θ, g, d.
      ("SGD", .sgd(), 3),
      // And b.
      ("SGD with momentum", .sgd(momentum: 0.9), 4),
      ("Nesterov", .sgd(momentum: 0.9, isNesterov: true, l2: 0.1), 4),
      // v and u.
      ("heavy ball", heavy, 5),
      // m and v.
      ("Adam", .adam(), 5), ("AdamW", .adamW(), 5), ("NAdam", .nadam(), 5),
      ("rejecting AdamW", rejecting, 5),
      ("RMSprop", .rmsprop(), 4), ("AdaGrad", .adaGrad(), 4), ("Lion", .lion(), 4),
      // v, δ and the next δ.
      ("Schedule-Free AdamW", .scheduleFreeAdamW(), 6),
      // m, v, s and the next s; and θ₀.
      ("D-Adaptation", .dAdaptation(), 7), ("Prodigy", .prodigy(), 8),
      // v, ḡ, and one to work on.
      ("centered RMSprop", .rmsprop(RMSprop(isCentered: true)), 6),
      // g, d and d before, in one of which θ is formed.
      ("Baydin SGD", .baydinSGD(), 5),
      // d is kept beside the parameters after the step.
      ("SGDQLR", .sgdQLR(), 4), ("AdamQLR of the paper", .paperAdamQLR(), 6),
      // And d before, and the average.
      ("untuned AdamQLR", .adamQLR(batchesPerEpoch: 10), 8),
      ("AdamQLR with all data", .adamQLR(batchesPerEpoch: 1), 7),
      ("α and μ together", jointly, 8),
    ]
  }()

  @Test("A step holds so many vectors, and makes none", arguments: methods.map(\.name))
  func vectors(_ name: String) throws {
    let (_, method, vectors) = try #require(Self.methods.first { $0.name == name })
    let census = CountedVector.Census()
    var parameters = CountedVector(WavyFit.start, census)
    var theirs = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    var other = try Optimizer(method, for: theirs)
    // What a direction works on is made at the first step.
    #expect(census.live <= vectors)
    for _ in 0..<3 { try optimizer.step(&parameters, on: CountedFit()) }
    let made = census.made
    #expect(census.live == vectors)
    for _ in 0..<12 { try optimizer.step(&parameters, on: CountedFit()) }
    #expect(census.made == made && census.live == vectors)
    for _ in 0..<15 { try other.step(&theirs, on: WavyFit().objective()) }
    #expect(areClose(parameters.elements, theirs, 1e-6))
    // Steps that break down make none either.
    for breakage in [CountedFit.Breakage.gradient, .loss] {
      let report = try optimizer.step(&parameters, on: CountedFit(breakage: breakage))
      #expect(!report.isTaken)
    }
    #expect(census.made == made && census.live == vectors)
  }

  @Test("What is held goes with the optimizer")
  func release() throws {
    let census = CountedVector.Census()
    do {
      var parameters = CountedVector(WavyFit.start, census)
      var optimizer = try Optimizer(.adamQLR(batchesPerEpoch: 10), for: parameters)
      try optimizer.step(&parameters, on: CountedFit())
      // A copy of the state is one more reference, and the next step leaves it alone.
      let state = optimizer.state
      let moments = state.direction.vectors.map(\.elements)
      try optimizer.step(&parameters, on: CountedFit())
      #expect(state.direction.vectors.map(\.elements) == moments)
      #expect(optimizer.state.direction.vectors.map(\.elements) != moments)
    }
    #expect(census.live == 0 && census.made > 7)
  }
}
