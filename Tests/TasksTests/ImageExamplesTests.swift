import AdamQLRNetworks
import Tasks
import Testing
import AdamQLRTorch

@Suite("Images as bytes")
struct ImageExamplesTests {
  private static let (rows, columns) = (3, 4)

  private static func images(_ count: Int) -> LabeledImages {
    var generator = SeededGenerator(seed: 5)
    return LabeledImages(
      rows: rows, columns: columns, channels: 3,
      pixels: (0..<(36 * count)).map { _ in UInt8(generator.integer(below: 256)) },
      labels: (0..<count).map { UInt8($0 % 10) })
  }

  private func dataSet(_ augmentation: ImageAugmentation? = nil) -> ImageDataSet {
    ImageDataSet(
      Self.images(10), Split(count: 10, validationFraction: 0.2), test: Self.images(2),
      augmentation: augmentation)
  }

  @Test("Values are those of the normalization, in the order asked for")
  func values() {
    let data = dataSet()
    let all = Self.images(10)
    let expected: [Float] = data.normalization.normalizedPixels(all.pixels)
    let training: [Float] = data.training.values(at: [4, 0, 4])
    let place = { (image: Int) in expected[(36 * image)..<(36 * (image + 1))] }
    #expect(training == Array(place(4) + place(0) + place(4)))
    #expect(data.training.classes(at: [4, 0, 4]) == [4, 0, 4])
    let validation: [Float]? = data.validation?.values(at: [1])
    #expect(validation == Array(place(9)))
    #expect(data.validation?.classes(at: [1]) == [9])
  }

  @Test("Sets of either kind give the same batches", arguments: [DataType.float32, .float64])
  func sets(_ type: DataType) {
    let examples = dataSet().training
    let bytes = ExampleSet(examples, type)
    let inputs: [Double] = examples.values(at: 0..<8)
    let numbers = ExampleSet(
      Batch(
        inputs: Tensor(inputs, shape: [8, 3, 4, 3]).to(type),
        targets: Tensor(examples.classes(at: 0..<8))))
    #expect(bytes.count == 8 && bytes.inputCount == 36 && !bytes.isVaried)
    for (one, other) in [
      (bytes.selecting([3, 7, 0]), numbers.selecting([3, 7, 0])),
      (bytes.rows(2..<5), numbers.rows(2..<5)), (bytes.all, numbers.all),
    ] {
      #expect(one.inputs.shape == other.inputs.shape && one.inputs.type == type)
      #expect(one.inputs.doubles == other.inputs.doubles)
      #expect(one.targets.doubles == other.targets.doubles)
    }
  }

  /// What is seen of an image that is cut out elsewhere and perhaps mirrored, found by painting it
  /// on black first.
  private func varied(
    _ image: [Float], _ black: [Float], _ down: Int, _ right: Int, _ mirrors: Bool
  )
    -> [Float]
  {
    let (rows, columns) = (Self.rows, Self.columns)
    var sheet: [[[Float]]] = Array(
      repeating: Array(repeating: black, count: columns + 4), count: rows + 4)
    for row in 0..<rows {
      for column in 0..<columns {
        let start = 3 * (row * columns + column)
        sheet[row + 2][column + 2] = Array(image[start..<(start + 3)])
      }
    }
    return (0..<rows).flatMap { row -> [Float] in
      let cut = Array(sheet[row + down][right..<(right + columns)])
      return (mirrors ? cut.reversed() : cut).flatMap(\.self)
    }
  }

  @Test("Varied images are cut out at every place, and mirrored every other time")
  func variations() {
    let data = dataSet(ImageAugmentation(padding: 2, mirrors: true))
    let black: [Float] = data.normalization.normalizedPixels([0, 0, 0])
    let plain: [Float] = data.training.values(at: [6])
    var expected: [[Float]: Int] = [:]
    for down in 0..<5 {
      for right in 0..<5 {
        for mirrors in [false, true] {
          expected[varied(plain, black, down, right, mirrors)] = 0
        }
      }
    }
    #expect(expected.count == 50)
    let count = 4000
    let values: [Float] = data.training.values(
      at: Array(repeating: 6, count: count), varying: SeededGenerator(seed: 1))
    for image in 0..<count {
      let one = Array(values[(36 * image)..<(36 * (image + 1))])
      let seen = expected[one]
      #expect(seen != nil)
      expected[one] = (seen ?? 0) + 1
    }
    // 80 times each; six standard deviations are 54.
    #expect(expected.values.allSatisfy { abs($0 - 80) < 54 }, "\(expected.values.sorted())")
    let again: [Float] = data.training.values(
      at: Array(repeating: 6, count: count), varying: SeededGenerator(seed: 1))
    #expect(again == values)
  }

  @Test("Without a generator nothing is varied; a shift of nothing shows the image")
  func unvaried() {
    let (varied, plain) = (
      dataSet(ImageAugmentation(padding: 0, mirrors: false)), dataSet(.cifar)
    )
    let expected: [Float] = dataSet().training.values(at: 0..<8)
    let one: [Float] = varied.training.values(at: 0..<8, varying: SeededGenerator(seed: 0))
    let other: [Float] = plain.training.values(at: 0..<8)
    #expect(one == expected && other == expected)
  }
}
