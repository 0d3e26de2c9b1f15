import AdamQLRNetworks

// A thousand points in the plane; a point's class is the quadrant that it lies in.
var generator = SeededGenerator(seed: 0)
let points = (0..<2000).map { _ in Float(generator.normal()) }
let quadrants = (0..<1000).map {
  Int64(points[2 * $0] > 0 ? 1 : 0) + (points[2 * $0 + 1] > 0 ? 2 : 0)
}
let (inputs, labels) = (Tensor(points, shape: [1000, 2]), Tensor(quadrants))
let validation = Batch(inputs: inputs.rows(800..<1000), targets: labels.rows(800..<1000))
let batches = MiniBatches(
  inputs: inputs.rows(0..<800), targets: labels.rows(0..<800), batchSize: 32)

let model = Model(Sequential(Dense(2, 32, activation: .relu), Dense(32, 4)))
var fit = try Fit(model, SoftmaxCrossEntropy(), on: batches, epochs: 5)
while let loss = try fit.trainEpoch() {
  print(fit.epoch, loss, fit.score(on: validation).loss)
}
try fit.save(to: "classifier.safetensors")

// Later, or elsewhere: five epochs more.
var more = try Fit(model, SoftmaxCrossEntropy(), on: batches, epochs: 10)
try more.resume(from: "classifier.safetensors")
while try more.trainEpoch() != nil {}
print("accuracy", more.score(on: validation).accuracy ?? 0)
