import Testing
import AdamQLRTorch

@Suite("Tensors")
struct TensorTests {
  @Test("Elements come back as they went in")
  func elements() {
    #expect(Tensor([1.5, -2]).elements() == [1.5, -2])
    #expect(Tensor([Float(0.1)]).elements() == [Float(0.1)])
    #expect(Tensor([Int64(3), 4], shape: [2, 1]).elements() == [Int64(3), 4])
    #expect(Tensor([UInt8(255)]).elements() == [UInt8(255)])
    #expect(Tensor([true, false]).elements() == [true, false])
    #expect(Tensor([Double]()).elements() == [Double]())
    #expect(Tensor.scalar(2.5, .float64).shape == [])
    #expect(Tensor.scalar(2.5).item == 2.5)
  }

  @Test("Operations compute what their names say")
  func operations() {
    let a = Tensor([1.0, 2, 3, 4], shape: [2, 2])
    let b = Tensor([10.0, 20])
    #expect((a + b).doubles == [11, 22, 13, 24])
    #expect((a - b).doubles == [-9, -18, -7, -16])
    #expect((a * a).doubles == [1, 4, 9, 16])
    #expect((b / b).doubles == [1, 1])
    #expect((-b).doubles == [-10, -20])
    #expect((2 * b + 1).doubles == [21, 41])
    #expect(a.matmul(a).doubles == [7, 10, 15, 22])
    #expect(a.transposed().doubles == [1, 3, 2, 4])
    #expect(a.transposed().shape == [2, 2])
    #expect(a.reshaped([4, -1]).shape == [4, 1])
    #expect(a.narrowed(1, from: 1, count: 1).doubles == [2, 4])
    #expect(a.sum().item == 10)
    #expect(a.mean().item == 2.5)
    #expect(a.sum(over: [0]).doubles == [4, 6])
    #expect(a.sum(over: [1], keepsDimensions: true).shape == [2, 1])
    #expect(Tensor([-1.0, 2]).relu().doubles == [0, 2])
    #expect(Tensor([-1.0, 0, 2]).positiveMask().doubles == [0, 0, 1])
    #expect(a.selectingRows(Tensor([Int64(1), 1, 0])).doubles == [3, 4, 3, 4, 1, 2])
    #expect(a.argmax(over: 1).elements() == [Int64(1), 1])
    #expect(Tensor([4.0, 9]).squareRoot().doubles == [2, 3])
    #expect(Tensor([0.0]).exp().log().doubles == [0])
    #expect(a.to(.float32).type == .float32)
    #expect(a.rows(1..<2).doubles == [3, 4])
  }

  @Test("Derivatives are autograd's")
  func gradients() {
    let x = Tensor([2.0, 3]).tracked()
    let y = (x * x * x).sum()
    let gradient = y.gradients(by: [x], isTracked: true)[0]
    #expect(gradient?.doubles == [12, 27])
    let second = gradient?.gradients(by: [x], cotangent: Tensor([1.0, 10]))[0]
    #expect(second?.doubles == [12, 180])
    let unused = Tensor([1.0]).tracked()
    #expect(y.gradients(by: [unused])[0] == nil)
    // A constant derivative has none of its own, nor has what is not tracked.
    let constant = x.sum().gradients(by: [x], isTracked: true)[0]
    #expect(constant?.doubles == [1, 1] && constant?.isTracked == false)
    #expect(constant?.gradients(by: [x], cotangent: Tensor([1.0, 1]))[0] == nil)
  }

  @Test("What libtorch refuses becomes an error with operation, shapes and reason")
  func errors() {
    let error = #expect(throws: TorchError.self) {
      try Operator("aten::mm").call([
        .tensor(Tensor([1.0, 2], shape: [1, 2])), .tensor(Tensor([1.0, 2, 3], shape: [1, 3])),
      ])
    }
    let text = error?.description ?? ""
    #expect(text.contains("aten::mm") && text.contains("Double[1, 2]"), "\(text)")
    #expect(text.contains("cannot be multiplied"), "\(text)")
    #expect(throws: TorchError.self) { try Operator("aten::tanh").call([]) }
    #expect(throws: TorchError.self) {
      try Operator("aten::tanh").call([.tensor(Tensor([1.0])), .tensor(Tensor([1.0])), .int(1)])
    }
    #expect(error?.isOutOfMemory == false)
  }

  @Test("Where memory is missing, the error says so, and how much was asked for")
  func outOfMemory() {
    let error = #expect(throws: TorchError.self) {
      try Operator("aten::ones").call([.ints([1 << 23, 1 << 23])])
    }
    #expect(error?.isOutOfMemory == true)
    let text = error?.description ?? ""
    #expect(text.contains("aten::ones([8388608, 8388608])"), "\(text)")
    #expect(text.contains("281474976710656 bytes"), "\(text)")
  }

  @Test("A trap says what did not fit")
  func traps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0, 2, 3]) + Tensor([1.0, 2])
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("aten::add") && text.contains("Double[3]"), "\(text)")
    let product = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let a = Tensor([1.0, 2], shape: [1, 2])
      Kernels.multiply(a, a, into: Tensor.zeros([1, 1], .float64))
    }
    let reason = String(decoding: product?.standardErrorContent ?? [], as: UTF8.self)
    #expect(reason.contains("matrix product of [1, 2] and [1, 2]"), "\(reason)")
  }

  @Test("A number of threads that cannot be is refused with words")
  func threadCount() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Runtime.threadCount = 0
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("Torch/Runtime.swift"), "\(text)")
    #expect(text.contains("the thread count is 0"), "\(text)")
  }
}
