import AdamQLR
import AdamQLRNetworks
import Testing
import AdamQLRTorch

@Suite("Precision of products")
struct ProductPrecisionTests {
  private func losses(_ layer: some Layer, _ products: ProductPrecision) throws -> [Double] {
    var model = Model(layer)
    model.products = products
    var generator = SeededGenerator(seed: 4)
    let inputs = Tensor.normals([64, 6, 6, 2], using: &generator)
    let labels = Tensor((0..<64).map { _ in Int64(generator.integer(below: 3)) })
    var parameters = model.initialParameters(using: &generator)
    var optimizer = try Optimizer(.adamQLR(batchesPerEpoch: nil), for: parameters)
    let objective = NetworkObjective(
      model, SoftmaxCrossEntropy(), inputs: inputs, targets: labels)
    return try (0..<25).map { _ in try optimizer.step(&parameters, on: objective).loss }
  }

  @Test("In bfloat16, training goes almost as in single precision")
  func bfloat16() throws {
    func layer() -> Sequential {
      Sequential(
        Convolution(2, 8, kernel: 3, activation: .relu), MaxPooling(2), Flatten(),
        Dense(72, 20, activation: .relu), Dense(20, 3))
    }
    let (exact, rounded) = (try losses(layer(), .float), try losses(layer(), .bf16))
    #expect(exact[0] != rounded[0])
    #expect(abs(exact[0] - rounded[0]) < 0.02)
    #expect(exact[24] < 0.5 * exact[0])
    #expect(rounded[24] < 0.5 * rounded[0])
  }

  @Test("Using a model keeps single precision")
  func evaluation() {
    var model = Model(Dense(30, 4))
    var generator = SeededGenerator(seed: 5)
    let parameters = model.initialParameters(using: &generator)
    let inputs = Tensor.normals([9, 30], using: &generator)
    let outputs = model(inputs, at: parameters).doubles
    model.products = .bf16
    #expect(model(inputs, at: parameters).doubles == outputs)
  }
}
