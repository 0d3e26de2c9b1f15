import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch

/// Training steps of small networks.
extension DeviceCheck {
  static let training =
    methods.map { name, method in
      Comparison(name: "steps of \(name)", tolerances: trainingTolerances) { o in
        try steps(
          method,
          Sequential(Dense(6, 12, activation: .relu), Dense(12, 5, activation: .tanh), Dense(5, 4)),
          SoftmaxCrossEntropy(), o.normals(24, 6), o.integers(below: 4, 24), &o)
      }
    } + networks

  private static let trainingTolerances: [DataType: Double] = [.float32: 2e-3, .float64: 1e-8]

  private static let methods: [(String, Method)] = [
    ("AdamQLR", .adamQLR(batchesPerEpoch: nil)), ("Adam", .adam()),
    ("AdamQLR with the Hessian matrix", .adamQLR(batchesPerEpoch: nil, curvature: .hessian)),
    ("K-FAC, empirical", .kfac(KFAC(estimation: .empirical))),
    ("K-FAC, exact", .kfac(KFAC(estimation: .exact))),
    ("K-FAC by eigenvalues", .kfac(KFAC(estimation: .exact, usesExactInverses: true))),
    ("Muon", .muon()), ("Shampoo", .shampoo()),
    // The bases of the larger sides, whose factors are singular, are what rounding makes them.
    ("SOAP", .soap(SOAP(isOneSided: true))),
    ("SOAP with the paper's bases", .soap(SOAP(refresh: .powerIteration, isOneSided: true))),
  ]

  /// AdamQLR whose direction hardly has what is rounding's alone, as the derivatives by the biases of an
  /// attention's keys are, which are 0 in exact arithmetic: Adam makes ±1 of them.
  private static let steadyAdamQLR = Method.adamQLR(Adam(epsilon: 1e-3), batchesPerEpoch: nil)

  private static let networks: [Comparison] = [
    Comparison(name: "a regression by AdamQLR", tolerances: trainingTolerances) { o in
      try steps(
        .adamQLR(batchesPerEpoch: nil), Sequential(Dense(5, 9, activation: .relu), Dense(9, 2)),
        SquaredError(),
        o.normals(30, 5), o.normals(30, 2), &o)
    },
    Comparison(
      name: "a convolutional network by AdamQLR", tolerances: trainingTolerances
    ) { o in
      try steps(
        .adamQLR(batchesPerEpoch: nil),
        Sequential(
          Convolution(2, 6, kernel: 3, hasBias: false), BatchNormalization(6, activation: .relu),
          MaxPooling(2), Convolution(6, 4, kernel: 3, stride: 2), GlobalAveragePooling(),
          Dense(4, 3)), SoftmaxCrossEntropy(), o.normals(8, 8, 8, 2), o.integers(below: 3, 8), &o)
    },
    Comparison(name: "an LSTM by AdamQLR", tolerances: trainingTolerances) { o in
      try steps(
        steadyAdamQLR, LSTMLanguageModel(vocabulary: 7, embedding: 5, units: 6, layers: 2),
        SoftmaxCrossEntropy(), o.integers(below: 7, 4, 5), o.integers(below: 7, 4, 5), &o)
    },
    Comparison(name: "GPT-2 by AdamQLR", tolerances: trainingTolerances) { o in
      try steps(
        steadyAdamQLR, GPT2(vocabulary: 11, context: 6, layers: 2, heads: 2, embedding: 8),
        SoftmaxCrossEntropy(), o.integers(below: 11, 3, 6), o.integers(below: 11, 3, 6), &o)
    },
    Comparison(
      name: "a convolutional network by K-FAC", tolerances: trainingTolerances
    ) { o in
      try steps(
        .kfac(KFAC(estimation: .empirical)),
        Sequential(
          Convolution(2, 6, kernel: 3), BatchNormalization(6, activation: .relu),
          Convolution(6, 4, kernel: 3, stride: 2, groups: 2), GlobalAveragePooling(), Dense(4, 3)),
        SoftmaxCrossEntropy(), o.normals(8, 8, 8, 2), o.integers(below: 3, 8), &o)
    },
    Comparison(name: "an LSTM by K-FAC", tolerances: trainingTolerances) { o in
      try steps(
        .kfac(KFAC(estimation: .empirical)),
        LSTMLanguageModel(vocabulary: 7, embedding: 5, units: 6, layers: 2),
        SoftmaxCrossEntropy(), o.integers(below: 7, 4, 5), o.integers(below: 7, 4, 5), &o)
    },
    Comparison(name: "GPT-2 by K-FAC", tolerances: trainingTolerances) { o in
      try steps(
        .kfac(KFAC(estimation: .empirical)),
        GPT2(vocabulary: 11, context: 6, layers: 2, heads: 2, embedding: 8),
        SoftmaxCrossEntropy(), o.integers(below: 11, 3, 6), o.integers(below: 11, 3, 6), &o)
    },
    // What is drawn on a device is the same on every one but the processor.
    Comparison(
      name: "dropout by AdamQLR", tolerances: trainingTolerances, reference: .simulated
    ) { o in
      try steps(
        .adamQLR(batchesPerEpoch: nil),
        Sequential(Dense(6, 20, activation: .relu), Dropout(0.3), Dense(20, 3)),
        SoftmaxCrossEntropy(), o.normals(24, 6), o.integers(below: 3, 24), &o)
    },
    Comparison(
      name: "K-FAC with sampled targets", tolerances: trainingTolerances, reference: .simulated
    ) { o in
      try steps(
        .kfac(), Sequential(Dense(6, 8, activation: .relu), Dense(8, 3)), SoftmaxCrossEntropy(),
        o.normals(24, 6), o.integers(below: 3, 24), &o)
    },
    Comparison(
      name: "K-FAC with sampled numbers", tolerances: trainingTolerances, reference: .simulated
    ) { o in
      try steps(
        .kfac(), Sequential(Dense(6, 8, activation: .tanh), Dense(8, 2)), SquaredError(),
        o.normals(24, 6), o.normals(24, 2), &o)
    },
  ]

  /// Makes a few steps, and returns what they said of themselves, the parameters in the end, and the
  /// outputs there.
  private static func steps(
    _ method: Method, _ layer: some Layer, _ loss: some Loss, _ inputs: Tensor, _ targets: Tensor,
    _ o: inout Operands
  ) throws -> [Tensor] {
    let model = Model(layer)
    var generator = o.split()
    var parameters = model.initialParameters(using: &generator, o.type).to(o.device)
    var statistics = model.initialStatistics(o.type).to(o.device)
    var optimizer = try Optimizer(method, for: parameters, layout: model.layout)
    var numbers: [Double] = []
    for step in 0..<4 {
      let objective = NetworkObjective(
        model, loss, inputs: inputs, targets: targets, seed: UInt64(step))
      let report = try optimizer.step(&parameters, on: objective)
      if report.isTaken { objective.updateStatistics(&statistics) }
      numbers += [
        report.loss, report.slope, report.learningRate, report.curvature ?? 0,
        report.newLoss ?? 0, report.nextDamping,
      ]
    }
    let outputs = model(inputs, at: parameters, statistics: statistics)
    return [Tensor(numbers), parameters.tensor, statistics.tensor, outputs]
  }
}
