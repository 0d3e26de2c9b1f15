import AdamQLR
import Foundation
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// Shampoo and Muon against their algorithms in plain loops.
@Suite("Directions of matrices")
struct MatrixDirectionTests {
  private static func problem(_ type: DataType = .float64) -> SmallProblem {
    SmallProblem(
      Sequential(
        Dense(4, 3, activation: .tanh), Dense(3, 5, activation: .tanh), Dense(5, 2)),
      SoftmaxCrossEntropy(), inputShape: [6, 4], outputs: 2, type)
  }

  /// Compares fourteen steps with those along what `reference` makes of the gradient of each
  /// parameter, by its place, as a matrix.
  private func check(
    _ direction: some Direction, rate: Double, reference: (Int, Plain, Int) -> Plain
  ) throws {
    let problem = Self.problem()
    var ours = problem.parameters
    var theirs = ours.doubles
    var optimizer = try Optimizer(
      Method(direction: direction, learningRate: FixedRate(rate)), for: ours,
      layout: problem.model.layout)
    let start = problem.objective.evaluate(at: ours).loss
    for t in 1...14 {
      var gradient = ours.zeros()
      problem.objective.linearize(at: FlatVector(theirs)).formGradient(&gradient)
      let g = gradient.doubles
      for (index, entry) in problem.model.layout.entries.enumerated() {
        let columns = entry.shape.last ?? 1
        let d = reference(index, Plain(Array(g[entry.range]), columns), t).elements
        for (i, d) in zip(entry.range, d) { theirs[i] -= rate * d }
      }
      try optimizer.step(&ours, on: problem.objective)
      #expect(deviation(ours.doubles, theirs) < 1e-12, "step \(t)")
    }
    #expect(problem.objective.evaluate(at: ours).loss < start)
  }

  @Test(
    "Shampoo",
    arguments: [
      Shampoo(), .init(epsilon: 0.1, rootInterval: 3), .init(rootInterval: 1),
      .init(epsilon: 1e-2, rootInterval: 2, largestSide: 3), .init(largestSide: 0),
    ])
  func shampoo(_ direction: Shampoo) throws {
    var (left, right, roots): ([Int: Plain], [Int: Plain], [Int: (Plain, Plain)]) = ([:], [:], [:])
    var sums: [Int: [Double]] = [:]
    func root(_ m: Plain) -> Plain {
      let diagonal = m.columns > direction.largestSide
      return m.fourthRootInverse(isDiagonal: diagonal)
    }
    try check(direction, rate: 0.1) { index, g, t in
      guard index.isMultiple(of: 2) else {
        var sum = sums[index] ?? g.elements.map { _ in 0 }
        for i in sum.indices { sum[i] += g.elements[i] * g.elements[i] }
        sums[index] = sum
        return Plain(
          zip(g.elements, sum).map { $0 / ($1 + direction.epsilon).squareRoot() }, g.columns)
      }
      let l = (left[index] ?? .identity(g.rows, direction.epsilon)) + g * g.transposed
      let r = (right[index] ?? .identity(g.columns, direction.epsilon)) + g.transposed * g
      (left[index], right[index]) = (l, r)
      let k = direction.rootInterval
      if t <= k || t % k == 1 || k == 1 { roots[index] = (root(l), root(r)) }
      return roots[index].map { $0.0 * g * $0.1 } ?? g
    }
  }

  @Test(
    "Muon",
    arguments: [
      Muon(), .init(momentum: 0.7, isNesterov: false, iterations: 3, adamRatio: 0.3),
      .init(includesOutput: true, adam: Adam(beta1: 0.5, beta2: 0.8, epsilon: 0.1)),
    ])
  func muon(_ direction: Muon) throws {
    var (buffers, first, second): ([Int: Plain], [Int: [Double]], [Int: [Double]]) = ([:], [:], [:])
    let adam = direction.adam
    try check(direction, rate: 0.05) { index, g, t in
      guard index == 0 || index == 2 || (index == 4 && direction.includesOutput) else {
        var (m, v) = (
          first[index] ?? g.elements.map { _ in 0 }, second[index] ?? g.elements.map { _ in 0 }
        )
        for i in m.indices {
          m[i] = adam.beta1 * m[i] + (1 - adam.beta1) * g.elements[i]
          v[i] = adam.beta2 * v[i] + (1 - adam.beta2) * g.elements[i] * g.elements[i]
        }
        (first[index], second[index]) = (m, v)
        let (c1, c2) = (1 - pow(adam.beta1, Double(t)), 1 - pow(adam.beta2, Double(t)))
        return Plain(
          zip(m, v).map {
            direction.adamRatio * ($0 / c1) / (($1 / c2).squareRoot() + adam.epsilon)
          }, g.columns)
      }
      let b = direction.momentum * (buffers[index] ?? 0 * g) + g
      buffers[index] = b
      var x = direction.isNesterov ? g + direction.momentum * b : b
      let norm = x.elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
      x = 1 / (norm + 1e-7) * x
      for _ in 0..<direction.iterations {
        let a = x * x.transposed
        x = 3.4445 * x + (-4.775 * a + 2.0315 * (a * a)) * x
      }
      return max(1, Double(g.columns) / Double(g.rows)).squareRoot() * x
    }
  }

  @Test("Of one row, Shampoo's first direction is the gradient over √(ε + ‖g‖²)")
  func row() throws {
    let problem = SmallProblem(
      Dense(1, 6, hasBias: false), SquaredError(), inputShape: [5, 1], outputs: 6)
    var (point, gradient) = (problem.parameters, problem.parameters.zeros())
    problem.objective.linearize(at: point).formGradient(&gradient)
    var optimizer = try Optimizer(
      .shampoo(learningRate: 1, Shampoo(epsilon: 0.5)), for: point, layout: problem.model.layout)
    try optimizer.step(&point, on: problem.objective)
    let (g, start) = (gradient.doubles, problem.parameters.doubles)
    let norm = (0.5 + gradient.dot(gradient)).squareRoot()
    #expect(deviation(point.doubles, zip(start, g).map { $0 - $1 / norm }) < 1e-13)
  }

  @Test("Muon moves singular values near 1", arguments: [(7, 4), (4, 7), (5, 5)])
  func singularValues(_ inputs: Int, _ outputs: Int) throws {
    let problem = SmallProblem(
      Dense(inputs, outputs, hasBias: false), SquaredError(), inputShape: [20, inputs],
      outputs: outputs)
    var point = problem.parameters
    var optimizer = try Optimizer(
      .muon(learningRate: 1, Muon(includesOutput: true)), for: point, layout: problem.model.layout)
    try optimizer.step(&point, on: problem.objective)
    let d = zip(problem.parameters.doubles, point.doubles).map { $0 - $1 }
    let scale = max(1, Double(outputs) / Double(inputs)).squareRoot()
    let x = 1 / scale * Plain(d, outputs)
    let values = (inputs > outputs ? x.transposed * x : x * x.transposed).eigen.values
    #expect(values.allSatisfy { (0.6...1.3).contains($0.squareRoot()) }, "\(values)")
  }

  @Test("With the quadratic model's learning rate both descend")
  func quadraticModel() throws {
    for direction in [Shampoo(), Muon()] as [any Direction] {
      let problem = Self.problem()
      var point = problem.parameters
      var method = Method.paperAdamQLR()
      method.direction = direction
      var optimizer = try Optimizer(method, for: point, layout: problem.model.layout)
      let start = problem.objective.evaluate(at: point).loss
      for _ in 0..<15 {
        let report = try optimizer.step(&point, on: problem.objective)
        #expect(report.isTaken && report.curvature ?? 0 > 0)
      }
      #expect(problem.objective.evaluate(at: point).loss < 0.5 * start)
    }
  }

  @Test(
    "A run goes on from an encoded state to the last bit", arguments: [DataType.float32, .float64])
  func resumption(_ type: DataType) throws {
    for direction in [Shampoo(rootInterval: 3), Muon()] as [any Direction] {
      let problem = Self.problem(type)
      let method = Method(direction: direction, learningRate: FixedRate(0.05))
      var point = problem.parameters
      var optimizer = try Optimizer(method, for: point, layout: problem.model.layout)
      for _ in 0..<5 { try optimizer.step(&point, on: problem.objective) }
      var other = point
      var resumed = try Optimizer(method, for: point, layout: problem.model.layout)
      resumed.state = try JSONDecoder().decode(
        OptimizerState<FlatVector>.self, from: JSONEncoder().encode(optimizer.state))
      let copy = optimizer.state
      let before = copy.direction.vectors.map(\.doubles)
      for _ in 0..<4 {
        try optimizer.step(&point, on: problem.objective)
        try resumed.step(&other, on: problem.objective)
      }
      #expect(point.doubles == other.doubles)
      #expect(copy.direction.vectors.map(\.doubles) == before)
    }
  }

  @Test("A gradient of zero and one that is not finite leave parameters finite")
  func extremes() throws {
    for direction in [Shampoo(), Shampoo(largestSide: 1), Muon()] as [any Direction] {
      for scale in [0.0, 1e-20, .nan, .infinity] {
        let problem = Self.problem(.float32)
        let method = Method(direction: direction, learningRate: FixedRate(0.1))
        let objective = NetworkObjective(
          problem.model, problem.loss, inputs: scale * problem.inputs, targets: problem.targets)
        var point = problem.parameters
        var optimizer = try Optimizer(method, for: point, layout: problem.model.layout)
        for _ in 0..<3 {
          let report = try optimizer.step(&point, on: objective)
          #expect(scale.isFinite == report.isTaken)
        }
        #expect(point.doubles.allSatisfy { $0.isFinite })
        #expect(
          optimizer.state.direction.vectors.allSatisfy { $0.doubles.allSatisfy { $0.isFinite } })
      }
    }
  }

  @Test("Vectors of another type, and a layout that is missing, are refused before the first step")
  func refusals() throws {
    let layout = Self.problem().model.layout
    let directions: [(any Direction, String)] = [(Shampoo(), "Shampoo"), (Muon(), "Muon")]
    for (direction, name) in directions {
      let method = Method(direction: direction, learningRate: FixedRate(0.1))
      let plain = #expect(throws: OptimizerError.self) {
        try Optimizer(method, for: Array(repeating: 1.0, count: layout.count), layout: layout)
      }
      #expect(
        plain == .vectorUnsupported(name, expected: "FlatVector", found: "Array<Double>"))
      #expect(plain?.description.contains("\(name) works on parameters of the type") == true)
      #expect(throws: OptimizerError.layoutMissing(name)) {
        try Optimizer(method, for: FlatVector(zeros: layout.count, .float64))
      }
    }
  }

  @Test("A state that was saved is accepted by its shapes, known before the first step")
  func acceptance() throws {
    let layout = Self.problem().model.layout
    var other = ParameterLayout()
    other.append(name: "weight", shape: [layout.count, 1], role: .weight)
    let point = FlatVector(zeros: layout.count, .float64)
    for direction in [Shampoo(), Shampoo(largestSide: 0), Muon(), Muon(includesOutput: true)]
      as [any Direction]
    {
      let own = try direction.makeState(for: point, layout: layout)
      #expect(!own.vectors.isEmpty && direction.accepts(own, inPlaceOf: own))
      let theirs = try direction.makeState(for: point, layout: other)
      #expect(!direction.accepts(theirs, inPlaceOf: own))
    }
    let (few, many) = (
      try Shampoo(largestSide: 0).makeState(for: point, layout: layout),
      try Shampoo().makeState(for: point, layout: layout)
    )
    #expect(!Shampoo().accepts(few, inPlaceOf: many))
  }

  @Test("They work on any objective over vectors with a layout")
  func closures() throws {
    // ½‖θ − 1‖²
    let objective = ClosureObjective<FlatVector>(
      loss: { $0.doubles.reduce(0) { $0 + 0.5 * ($1 - 1) * ($1 - 1) } },
      gradient: { FlatVector($0.doubles.map { $0 - 1 }) })
    var layout = ParameterLayout()
    layout.append(name: "weight", shape: [3, 4], role: .weight)
    layout.append(name: "bias", shape: [4], role: .bias)
    for direction in [Shampoo(), Muon(includesOutput: true, adamRatio: 1)] as [any Direction] {
      var point = FlatVector(zeros: layout.count, .float64)
      var optimizer = try Optimizer(
        Method(direction: direction, learningRate: FixedRate(0.1)), for: point, layout: layout)
      var loss = try optimizer.step(&point, on: objective).loss
      #expect(loss == 8)
      if direction is Shampoo {
        // G has the singular value √12 alone.
        let expected = Array(repeating: 0.1 / (12 + 1e-4).squareRoot(), count: 12)
        #expect(deviation(Array(point.doubles[..<12]), expected) < 1e-12)
      }
      for _ in 0..<20 {
        let next = try optimizer.step(&point, on: objective).loss
        #expect(next < loss)
        loss = next
      }
    }
  }

  @Test("A step that is not taken leaves the state as it was")
  func takenBack() throws {
    for direction in [Shampoo(), Muon()] as [any Direction] {
      let problem = Self.problem()
      let broken = NetworkObjective(
        problem.model, problem.loss, inputs: .nan * problem.inputs, targets: problem.targets)
      var (point, undisturbed) = (problem.parameters, problem.parameters)
      var a = try Optimizer(
        Method(direction: direction, learningRate: FixedRate(0.05)), for: point,
        layout: problem.model.layout)
      var b = a
      for step in 1...6 {
        try a.step(&point, on: problem.objective)
        try b.step(&undisturbed, on: problem.objective)
        if step.isMultiple(of: 2) { #expect(try !a.step(&point, on: broken).isTaken) }
        #expect(
          a.state.direction.vectors.map(\.doubles) == b.state.direction.vectors.map(\.doubles))
        #expect(point.doubles == undisturbed.doubles)
      }
    }
  }
}

/// A matrix of numbers and its products by plain loops.
struct Plain {
  var elements: [Double]
  let columns: Int
  var rows: Int { elements.count / columns }

  init(_ elements: [Double], _ columns: Int) { (self.elements, self.columns) = (elements, columns) }

  static func identity(_ size: Int, _ scale: Double) -> Plain {
    Plain((0..<(size * size)).map { $0 % (size + 1) == 0 ? scale : 0 }, size)
  }

  subscript(i: Int, j: Int) -> Double {
    get { elements[i * columns + j] }
    set { elements[i * columns + j] = newValue }
  }

  var transposed: Plain {
    Plain((0..<columns).flatMap { j in (0..<rows).map { self[$0, j] } }, rows)
  }

  static func + (a: Plain, b: Plain) -> Plain {
    Plain(zip(a.elements, b.elements).map { $0 + $1 }, a.columns)
  }

  static func * (a: Double, b: Plain) -> Plain { Plain(b.elements.map { a * $0 }, b.columns) }

  static func * (a: Plain, b: Plain) -> Plain {
    var c = Plain(Array(repeating: 0, count: a.rows * b.columns), b.columns)
    for i in 0..<a.rows {
      for j in 0..<b.columns { for k in 0..<a.columns { c[i, j] += a[i, k] * b[k, j] } }
    }
    return c
  }

  /// Eigenvalues and eigenvectors by columns, by Jacobi's rotations.
  var eigen: (values: [Double], vectors: Plain) {
    var (a, q) = (self, Plain.identity(rows, 1))
    for _ in 0..<60 {
      for i in 0..<rows {
        for j in 0..<i where a[i, j] != 0 {
          let theta = 0.5 * atan2(2 * a[i, j], a[j, j] - a[i, i])
          var rotation = Plain.identity(rows, 1)
          (rotation[i, i], rotation[j, j]) = (cos(theta), cos(theta))
          (rotation[i, j], rotation[j, i]) = (sin(theta), -sin(theta))
          a = rotation.transposed * a * rotation
          q = q * rotation
        }
      }
    }
    return ((0..<rows).map { a[$0, $0] }, q)
  }

  /// M^(−¼), or that of its diagonal.
  func fourthRootInverse(isDiagonal: Bool) -> Plain {
    if isDiagonal {
      var result = Plain.identity(rows, 0)
      for i in 0..<rows { result[i, i] = pow(self[i, i], -0.25) }
      return result
    }
    let (values, vectors) = eigen
    var scaled = vectors
    for i in 0..<rows { for j in 0..<rows { scaled[i, j] *= pow(values[j], -0.25) } }
    return scaled * vectors.transposed
  }
}
