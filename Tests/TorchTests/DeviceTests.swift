import Foundation
import Testing
import AdamQLRTorch

@Suite("Devices")
struct DeviceTests {
  private let numbers = Tensor([1.5, -2, 3, 0.25], shape: [2, 2])

  @Test("Names of devices")
  func names() {
    #expect(Device("cpu") == .cpu)
    #expect(Device("cuda") == .cuda(0))
    #expect(Device("cuda:3") == .cuda(3))
    #expect(Device("simulated") == .simulated)
    for name in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1000", "CUDA", "cuda1"] {
      #expect(Device(name) == nil, "\(name)")
    }
    for device in [Device.cpu, .cuda(0), .cuda(12), .simulated] {
      #expect(Device(device.description) == device)
    }
  }

  @Test("A GPU that is not there is an error that says why")
  func missing() {
    let error = #expect(throws: TorchError.self) { try Device.cuda(99).prepare() }
    let text = error?.description ?? ""
    #expect(text.contains("cuda:99"), "\(text)")
    // Without CUDA, without a GPU, and with fewer than a hundred of them.
    #expect(
      ["no libtorch_cuda.so", "do not load", "no GPU", "there is no cuda:99"].contains {
        text.contains($0)
      }, "\(text)")
  }

  @Test("Tensors move to a device and back, and what is made of them stays there")
  func moving() {
    let there = numbers.to(.simulated)
    #expect(there.device == .simulated && there.to(.simulated) === there)
    #expect(there.doubles == numbers.doubles)
    #expect(there.to(.cpu).device == .cpu)
    for derived in [
      there + 1, there * there, there.transposed(), there.slice(from: 1, shape: [3]),
      there.rows(0..<1), .zeros([2], like: there), Tensor(uninitialized: [2], like: there),
      there.tracked(), there.tracked().detached(), there.to(.float32),
      there.transposed().contiguous(),
    ] {
      #expect(derived.device == .simulated)
    }
    #expect(there.transposed().elements(Double.self) == [1.5, 3, -2, 0.25])
    // A copy has its own elements.
    there.fill(7)
    #expect(numbers.doubles == [1.5, -2, 3, 0.25])
    let tracked = numbers.to(.simulated).tracked()
    let gradient = (tracked * tracked).sum().gradients(by: [tracked])[0]
    #expect(gradient?.device == .simulated)
    #expect(gradient?.doubles == [3, -4, 6, 0.5])
  }

  @Test("Operands on two devices are refused, single numbers aside")
  func mixing() throws {
    let there = numbers.to(.simulated)
    let add = Operator("aten::add", overload: "Tensor")
    let error = #expect(throws: TorchError.self) {
      try add.call([.tensor(numbers), .tensor(there)])
    }
    #expect(error?.description.contains("on cpu and simulated") == true)
    #expect(throws: TorchError.self) {
      try Operator("aten::cat").call([.tensors([there, numbers]), .int(0)])
    }
    let sum = try add.call([.tensor(there), .tensor(.scalar(1, .float64))])
    #expect(sum.doubles == [2.5, -1, 4, 1.25])
  }

  @Test("Kernels refuse operands on two devices")
  func mixingInKernels() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor([1.0, 2])
      _ = Kernels.dot(x, x.to(.simulated))
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("on one device") && text.contains("simulated"), "\(text)")
  }

  @Test("Labels that are no classes are named, on a device when a number is asked for")
  func labels() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let logits = Tensor.zeros([3, 4]).to(.simulated)
      let labels = Tensor([Int64](arrayLiteral: 3, 0, 4)).to(.simulated)
      let loss = Kernels.crossEntropy(
        logits, labels: labels, probabilities: .zeros([3, 4], like: logits)
      ).loss
      // Fetched with another number, and asked for afterwards.
      print(Kernels.dot(logits, logits), loss.value)
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("the label of row 2 is 4"), "\(text)")
  }

  @Test("Numbers of a device are fetched together")
  func fetching() {
    let (x, y) = (Tensor([1.0, 2]).to(.simulated), Tensor([3.0, 4]).to(.simulated))
    let sums = [Kernels.deferredDot(x, x), Kernels.deferredDot(x, y).divided(by: 2)]
    _ = Kernels.deferredDot(y, y)  // nobody asks for it
    #expect(sums[1].value == 5.5)
    #expect(sums[0].value == 5)
    #expect(DeferredNumber(3).divided(by: 4).value == 0.75)
  }

  @Test("Files take tensors from a device")
  func files() throws {
    var bytes = Data()
    try Safetensors(["x": numbers.to(.simulated)]).write { bytes.append(contentsOf: $0) }
    let read = try Safetensors(bytes)
    #expect(read.tensors["x"]?.device == .cpu)
    #expect(read.tensors["x"]?.doubles == numbers.doubles)
  }

  @Test("Random tensors follow from the generator, and are as random on a device")
  func random() {
    for device in [Device.cpu, .simulated] {
      func draw(_ seed: UInt64) -> (Tensor, Tensor, Tensor) {
        var generator = SeededGenerator(seed: seed)
        return (
          .uniforms([20_000], on: device, using: &generator),
          .normals([20_000], .float64, on: device, using: &generator),
          .dropoutMask([200, 100], .float32, probability: 0.3, on: device, using: &generator)
        )
      }
      let (uniforms, normals, mask) = draw(1)
      #expect(uniforms.device == device && normals.device == device && mask.device == device)
      #expect(draw(1).0.doubles == uniforms.doubles && draw(1).2.doubles == mask.doubles)
      #expect(draw(2).0.doubles != uniforms.doubles)
      #expect(uniforms.doubles.allSatisfy { (0..<1).contains($0) })
      // Five standard deviations of the estimates.
      func expect(_ values: [Double], _ mean: Double, _ deviation: Double) {
        let count = Double(values.count)
        let found = values.reduce(0, +) / count
        #expect(abs(found - mean) < 5 * deviation / count.squareRoot(), "\(device): \(found)")
      }
      expect(uniforms.doubles, 0.5, 0.2887)
      expect(uniforms.doubles.map { $0 * $0 }, 1.0 / 3, 0.2981)
      expect(zip(uniforms.doubles, uniforms.doubles.dropFirst()).map(*), 0.25, 0.2205)
      expect(normals.doubles, 0, 1)
      expect(normals.doubles.map { $0 * $0 }, 1, 1.4142)
      expect(normals.doubles.map { $0 * $0 * $0 * $0 }, 3, 9.798)
      expect(zip(normals.doubles, normals.doubles.dropFirst()).map(*), 0, 1)
      #expect(Set(mask.doubles).count == 2 && mask.doubles.contains(0))
      expect(mask.doubles, 1, 0.6547)
    }
  }

  @Test("Products of layers are rounded where that is asked for, and nothing else is")
  func precision() throws {
    var generator = SeededGenerator(seed: 3)
    let (x, w) = (
      Tensor.normals([30, 20], using: &generator), Tensor.normals([20, 9], using: &generator)
    )
    func product() -> [Double] {
      let out = Tensor.zeros([30, 9])
      Kernels.multiply(x, w, into: out)
      return out.doubles
    }
    let exact = product()
    let rounded = ProductPrecision.bf16.computing { product() }
    let largest = exact.map(abs).max() ?? 0
    let deviation = (zip(exact, rounded).map { abs($0 - $1) }.max() ?? 0) / largest
    #expect(deviation > 1e-4 && deviation < 2e-2)
    #expect(product() == exact)
    // Double precision is not rounded.
    let wide = Tensor.zeros([30, 9], .float64)
    ProductPrecision.bf16.computing {
      Kernels.multiply(x.to(.float64), w.to(.float64), into: wide)
    }
    #expect(zip(wide.doubles, exact).allSatisfy { abs($0 - $1) < 1e-5 * largest })
    let geometry = ConvolutionGeometry(stride: [1, 1], padding: [1, 1])
    let (image, kernel) = (
      Tensor.normals([2, 6, 6, 4], using: &generator),
      Tensor.normals([5, 3, 3, 4], using: &generator)
    )
    let convolved = ProductPrecision.bf16.computing { image.convolved(with: kernel, geometry) }
    let plain = image.convolved(with: kernel, geometry)
    #expect(convolved.type == .float32 && convolved.shape == plain.shape)
    let distance = zip(convolved.doubles, plain.doubles).map { abs($0 - $1) }.max() ?? 0
    #expect(distance > 1e-4 && distance < 0.2)
  }
}
