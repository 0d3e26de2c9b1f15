import AdamQLR
import Foundation
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// What holds of SOAP whatever the figures of ``MatrixPackageTests`` say.
@Suite("SOAP")
struct SOAPTests {
  private static func problem(_ type: DataType = .float64) -> SmallProblem {
    SmallProblem(
      Sequential(Dense(4, 3, activation: .tanh), Dense(3, 5, activation: .tanh), Dense(5, 2)),
      SoftmaxCrossEntropy(), inputShape: [6, 4], outputs: 2, type)
  }

  private func optimizer(
    _ direction: some Direction, _ problem: SmallProblem, rate: Double = 0.05
  ) throws -> Optimizer<FlatVector> {
    try Optimizer(
      Method(direction: direction, learningRate: FixedRate(rate)), for: problem.parameters,
      layout: problem.model.layout)
  }

  /// The elements of a state's vector as a square matrix.
  private func square(_ vector: FlatVector) -> Plain {
    Plain(vector.doubles, Int(Double(vector.count).squareRoot().rounded()))
  }

  /// The symmetric matrix of an upper triangle.
  private func symmetric(_ upper: Plain) -> Plain {
    var result = upper
    for i in 0..<upper.rows { for j in 0..<i { result[i, j] = upper[j, i] } }
    return result
  }

  /// The largest element of QᵀQ − I.
  private func skew(_ q: Plain) -> Double {
    (q.transposed * q + -1 * Plain.identity(q.rows, 1)).elements.map(abs).max() ?? 0
  }

  /// The largest element of QᵀMQ off its diagonal, over M's trace.
  private func rest(_ m: Plain, in q: Plain) -> Double {
    let image = q.transposed * m * q
    let trace = (0..<m.rows).reduce(0) { $0 + m[$1, $1] }
    let off = image.elements.indices.filter { !$0.isMultiple(of: m.rows + 1) }
    return (off.map { abs(image.elements[$0]) }.max() ?? 0) / trace
  }

  @Test(
    "Bases are orthogonal and those of the factors, and keep the sum of the second moments",
    arguments: SOAP.Refresh.allCases, [DataType.float32, .float64])
  func bases(_ refresh: SOAP.Refresh, _ type: DataType) throws {
    let problem = Self.problem(type)
    let tolerance = type == .float64 ? 1e-12 : 1e-4
    var (point, gradient) = (problem.parameters, problem.parameters.zeros())
    var optimizer = try optimizer(SOAP(basisInterval: 1, refresh: refresh), problem)
    var sum = 0.0
    for step in 1...12 {
      let before = optimizer.state.direction
      problem.objective.linearize(at: point).formGradient(&gradient)
      try optimizer.step(&point, on: problem.objective)
      sum = 0.95 * sum + 0.05 * gradient.dot(gradient)
      let state = optimizer.state.direction
      #expect(deviation(state.vectors[1].doubles.reduce(0, +), sum) < tolerance)
      // Six sides: bases, then factors.
      #expect(state.vectors.count == 14)
      for side in 2..<8 {
        let basis = square(state.vectors[side])
        #expect(skew(basis) < tolerance)
        if step == 1 { #expect(basis.elements == Plain.identity(basis.rows, 1).elements) }
        guard step > 1, refresh == .eigendecomposition else { continue }
        #expect(rest(symmetric(square(before.vectors[side + 6])), in: basis) < tolerance)
      }
    }
  }

  @Test("Orthogonal iteration comes to the eigenvectors of a factor that stays")
  func iteration() throws {
    var generator = SeededGenerator(seed: 3)
    let x = Plain((0..<35).map { _ in generator.normal() }, 5)
    let m = x.transposed * x
    let matrix = Tensor(m.elements, shape: [5, 5])
    var basis = Tensor(Plain.identity(5, 1).elements, shape: [5, 5])
    for _ in 0..<400 { basis = try Eigenbasis.iterated(matrix, from: basis).vectors }
    let q = Plain(basis.doubles, 5)
    #expect(skew(q) < 1e-13 && rest(m, in: q) < 1e-12)
    // By falling eigenvalue, so that the order is one that lasts.
    let order = try Eigenbasis.iterated(matrix, from: basis).order
    #expect(order.doubles == [0, 1, 2, 3, 4])
    let values = (q.transposed * m * q).elements
    #expect((0..<4).allSatisfy { values[6 * $0] > values[6 * ($0 + 1)] })
  }

  @Test(
    "Where the factors are diagonal it is Adam, though eigenvalues pass one another",
    arguments: SOAP.Refresh.allCases, [1, 3])
  func diagonal(_ refresh: SOAP.Refresh, _ interval: Int) throws {
    // Each input has an output of its own, so that gradients have nothing off the diagonal.
    let model = Model(Dense(4, 4, hasBias: false))
    let objective = NetworkObjective(
      model, SquaredError(),
      inputs: Tensor([3.0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.7], shape: [4, 4]),
      targets: Tensor([1.0, 0, 0, 0, 0, -1.4, 0, 0, 0, 0, 2.5, 0, 0, 0, 0, -2], shape: [4, 4]))
    // A large ε, since what is rounding's alone in an element is scaled up without.
    let adam = Adam(beta1: 0.9, beta2: 0.95, relativeEpsilon: 1)
    func run(_ direction: some Direction) throws -> (point: FlatVector, orders: Set<[Int]>) {
      var point = FlatVector(zeros: 16, .float64)
      var optimizer = try Optimizer(
        Method(direction: direction, learningRate: FixedRate(0.1)), for: point, layout: model.layout
      )
      var orders: Set<[Int]> = []
      for _ in 0..<40 {
        #expect(try optimizer.step(&point, on: objective).isTaken)
        guard let factor = optimizer.state.direction.vectors.last, factor.count == 16 else {
          continue
        }
        let values = factor.doubles
        orders.insert((0..<4).sorted { values[5 * $0] < values[5 * $1] })
      }
      return (point, orders)
    }
    let soap = try run(
      SOAP(adam: adam, factorDecay: 0.8, basisInterval: interval, refresh: refresh))
    #expect(soap.orders.count > 2)
    #expect(deviation(soap.point.doubles, try run(adam).point.doubles) < 1e-12)
  }

  @Test("Without a side that has a basis it is Adam to the last bit", arguments: [0.0, 0.1])
  func noSides(_ relativeEpsilon: Double) throws {
    let adam = Adam(relativeEpsilon: .constant(relativeEpsilon))
    for type in [DataType.float32, .float64] {
      let problem = Self.problem(type)
      var (one, other) = (problem.parameters, problem.parameters)
      var soap = try optimizer(SOAP(adam: adam, largestSide: 1), problem)
      var plain = try optimizer(adam, problem)
      for _ in 0..<25 {
        try soap.step(&one, on: problem.objective)
        try plain.step(&other, on: problem.objective)
      }
      #expect(one.doubles == other.doubles)
    }
  }

  @Test("The first step is Adam's, though the first gradient has a basis of its own")
  func first() throws {
    let problem = Self.problem()
    var (one, other) = (problem.parameters, problem.parameters)
    var soap = try optimizer(SOAP(), problem)
    var adam = try optimizer(Adam(beta1: 0.95, beta2: 0.95), problem)
    try soap.step(&one, on: problem.objective)
    try adam.step(&other, on: problem.objective)
    #expect(one.doubles == other.doubles)
    try soap.step(&one, on: problem.objective)
    try adam.step(&other, on: problem.objective)
    #expect(deviation(one.doubles, other.doubles) > 1e-3)
  }

  @Test("Which sides have a basis")
  func sides() throws {
    let model = Model(Sequential(Dense(4, 3), Dense(3, 5), Dense(5, 5), Dense(5, 1)))
    let parameters = FlatVector(zeros: model.layout.count, .float32)
    func sizes(_ soap: SOAP) throws -> [Int] {
      let optimizer = try Optimizer(.soap(soap), for: parameters, layout: model.layout)
      let counts = optimizer.state.direction.vectors.map(\.count)
      #expect(counts[..<2] == [parameters.count, parameters.count])
      let sides = (counts.count - 2) / 2
      #expect(counts[2..<(2 + sides)] == counts[(2 + sides)...])
      return counts[2..<(2 + sides)].map { Int(Double($0).squareRoot()) }
    }
    #expect(try sizes(SOAP()) == [4, 3, 3, 5, 5, 5, 5])
    #expect(try sizes(SOAP(largestSide: 4)) == [4, 3, 3])
    #expect(try sizes(SOAP(isOneSided: true)) == [3, 3, 5])
    #expect(try sizes(SOAP(largestSide: 4, isOneSided: true)) == [3, 3])
    #expect(try sizes(SOAP(largestSide: 0)).isEmpty)
  }

  @Test(
    "A step that is taken back leaves no trace, where bases were due either",
    arguments: SOAP.Refresh.allCases)
  func takenBack(_ refresh: SOAP.Refresh) throws {
    for type in [DataType.float32, .float64] {
      let problem = Self.problem(type)
      let soap = SOAP(
        adam: Adam(relativeEpsilon: 0.1), basisInterval: 2, refresh: refresh)
      func run(_ scales: [Double]) throws -> ([Double], [[Double]]) {
        var (point, optimizer) = (problem.parameters, try optimizer(soap, problem))
        for scale in scales {
          let objective = NetworkObjective(
            problem.model, problem.loss, inputs: scale * problem.inputs, targets: problem.targets)
          #expect(try optimizer.step(&point, on: objective).isTaken == (scale == 1))
        }
        let state = optimizer.state.direction
        return (point.doubles, state.vectors.map(\.doubles) + [state.scalars])
      }
      let plain = try run([1, 1, 1, 1, 1])
      let disturbed = try run([.nan, 1, .infinity, 1, .nan, .nan, 1, 1, .nan, 1])
      #expect(plain.0 == disturbed.0 && plain.1 == disturbed.1)
    }
  }

  @Test("A gradient whose square no second moment can hold is not one to go along")
  func overflow() throws {
    let problem = SmallProblem(
      Dense(4, 3), SquaredError(), inputShape: [6, 4], outputs: 3, .float32)
    let objective = NetworkObjective(
      problem.model, problem.loss, inputs: problem.inputs, targets: 1e20 * problem.targets)
    var (point, optimizer) = (problem.parameters, try optimizer(SOAP(), problem))
    for _ in 0..<3 {
      #expect(try optimizer.step(&point, on: objective).events.contains(.nonFiniteGradient))
    }
    #expect(point.doubles == problem.parameters.doubles)
  }

  @Test("Singular factors in single precision, on which LAPACK may fail")
  func singular() throws {
    var generator = SeededGenerator(seed: 5)
    let (n, rank) = (100, 8)
    var failures = 0
    for number in 0..<250 {
      // Half of the inputs are 0 in all examples.
      let isPresent = (0..<n).map { _ in generator.normal() > 0 }
      let x = Tensor(
        (0..<(rank * n)).map { isPresent[$0 % n] ? Float(generator.normal()) : 0 },
        shape: [rank, n])
      let matrix = Tensor.zeros([n, n])
      Kernels.multiply(x, x, into: matrix, transposesA: true)
      var attempts = 0
      let q = try Eigenbasis.vectors(of: matrix) {
        attempts += 1
        return try $0.eigendecomposition().vectors
      }
      failures += attempts - 1
      #expect(q.type == .float32)
      let (gram, image) = (q.transposed().matmul(q), q.transposed().matmul(matrix).matmul(q))
      let (grams, images, trace) = (gram.doubles, image.doubles, Kernels.trace(matrix))
      let isOff = (0..<(n * n)).map { !$0.isMultiple(of: n + 1) }
      let skew = zip(grams, isOff).map { abs($0 - ($1 ? 0 : 1)) }.max() ?? 0
      let rest = zip(images, isOff).map { $1 ? abs($0) : 0 }.max() ?? 0
      #expect(skew < 1e-5 && rest < 1e-5 * trace, "\(number)")
    }
    // About a fiftieth by LAPACK of libtorch 2.13 on x86-64; another one may do better.
    print("LAPACK failed \(failures) times")
  }

  @Test("What is tried before a factor has no basis")
  func attempts() throws {
    let matrix = Tensor([4 as Float, 0, 0, 0, 2, 0, 0, 0, 0], shape: [3, 3])
    var tried: [Tensor] = []
    func basis(failing count: Int) throws -> Tensor {
      tried = []
      return try Eigenbasis.vectors(of: matrix) {
        tried.append($0)
        guard tried.count <= count else { return try $0.eigendecomposition().vectors }
        // It fails in either way.
        if tried.count == 1 { return .nan * $0 }
        throw TorchError("does not converge")
      }
    }
    for count in 0...2 {
      #expect(try basis(failing: count).type == .float32)
      #expect(tried.count == count + 1)
    }
    #expect(tried.map(\.type) == [.float32, .float32, .float64])
    #expect(tried[0].doubles == matrix.doubles)
    let shift = 2 * Double(Float.ulpOfOne)
    for diagonal in tried[1...].map({ matrix in (0..<3).map { matrix.doubles[4 * $0] } }) {
      #expect(diagonal[2] > 0.9 * shift && diagonal[2] < 1.1 * shift && diagonal[0] >= 4)
    }
    #expect(throws: TorchError.self) { try basis(failing: 3) }
    #expect(tried.count == 3)
    let error = SOAPError.basisNotFound(parameter: "0.weight", size: 3, "does not converge")
    #expect("\(error)".contains("'0.weight'") && "\(error)".contains("does not converge"))
  }
}
