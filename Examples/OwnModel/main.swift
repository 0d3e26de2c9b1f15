import AdamQLR
import Networks
import Torch

// A model of one's own is a type whose properties are layers.
struct Product: Layer {
  let hidden = Dense(2, 32, activation: .tanh)
  let output = Dense(32, 1)
  func callAsFunction(_ x: Variable) -> Variable { output(hidden(x)) }
}

// 1,000 pairs of numbers; their product is to be learned.
var generator = SeededGenerator(seed: 0)
let pairs = (0..<2000).map { _ in 2 * generator.uniform() - 1 }
let products = (0..<1000).map { pairs[2 * $0] * pairs[2 * $0 + 1] }
let inputs = Tensor(pairs, shape: [1000, 2])
let targets = Tensor(products, shape: [1000, 1])

let model = Model(Product())
var parameters = model.initialParameters(using: &generator, .float64)
var optimizer = try Optimizer(.adamQLR(batchesPerEpoch: 1), for: parameters, layout: model.layout)
let objective = NetworkObjective(model, SquaredError(), inputs: inputs, targets: targets)
for epoch in 1...300 {
  let report = try optimizer.step(&parameters, on: objective)
  if epoch % 100 == 0 { print(epoch, report.loss, report.learningRate) }
}
let learned = optimizer.evaluationPoint(for: parameters) ?? parameters
let guess = model(Tensor([0.5, -0.8], shape: [1, 2]), at: learned).item
print("0.5 × -0.8 is about", guess)
