import Tasks
import Testing

@Suite("Color digits")
struct ColorDigitsTests {
  @Test("The same seed draws the same bytes, on every machine")
  func golden() {
    let images = ColorDigits(seed: 0).images(.train, count: 100)
    #expect(images == ColorDigits(seed: 0).images(.train, count: 100))
    #expect(images.rows == 32 && images.columns == 32 && images.channels == 3)
    #expect(hash(images.pixels) == 0xa54a_2497_a0da_c2aa)
  }

  @Test("Few images are the first of many; seeds and parts draw different ones")
  func differences() {
    let (few, many) = (
      ColorDigits().images(.test, count: 5), ColorDigits().images(.test, count: 20)
    )
    #expect(many.pixels.starts(with: few.pixels) && many.labels.starts(with: few.labels))
    var hashes: Set<UInt64> = []
    for seed: UInt64 in 0..<2 {
      for part in Digits.Part.allCases {
        hashes.insert(hash(ColorDigits(seed: seed).images(part, count: 2).pixels))
      }
    }
    #expect(hashes.count == 6)
  }

  @Test("Colors tell nothing of the digit: the mean color is alike for all")
  func colors() {
    let images = ColorDigits(seed: 1).images(.validation)
    var sums = [Double](repeating: 0, count: 10)
    var counts = sums
    for (i, label) in images.labels.enumerated() {
      let pixels = images.pixels[(i * 3072)..<((i + 1) * 3072)]
      sums[Int(label)] += Double(pixels.reduce(0) { $0 + Int($1) }) / 3072
      counts[Int(label)] += 1
    }
    // One image's mean spreads by about 45, so that of 200 by about 3.
    let means = zip(sums, counts).map { $0 / $1 }
    #expect(means.allSatisfy { abs($0 - 127) < 16 }, "\(means)")
    #expect(counts.allSatisfy { abs($0 - 200) < 67 })
  }

  @Test("As a data set, each channel has mean 0 and variance 1 where it trains and validates")
  func normalization() throws {
    let data: DataSet<Float> = try DataSource.digitsColor.load(from: "/nowhere")
    #expect(data.example == .image(height: 32, width: 32, channels: 3))
    #expect(data.training.count == 12_000 && data.validation?.count == 2000)
    #expect(data.test.count == 2000 && data.inputNormalization.columns == 3)
    let values = data.training.inputs + (data.validation?.inputs ?? [])
    for channel in 0..<3 {
      var (sum, squares) = (0.0, 0.0)
      for place in stride(from: channel, to: values.count, by: 3) {
        sum += Double(values[place])
        squares += Double(values[place]) * Double(values[place])
      }
      let count = Double(values.count / 3)
      #expect(abs(sum / count) < 1e-6 && abs(squares / count - 1) < 1e-6)
    }
  }
}
