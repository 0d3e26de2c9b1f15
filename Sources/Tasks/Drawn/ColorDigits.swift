import Requirements
import AdamQLRTorch

/// Color images of the ten digits, 32 × 32 × 3 (red, green, blue), drawn by the program itself, so
/// that a convolutional network has something to classify without anything to download.
///
/// Each digit is drawn as those of ``Digits``, in one color on a
/// background that changes from one color to another, with noise. Colors tell nothing of the digit,
/// and it may be brighter or darker than what is behind it.
///
/// The seed determines every byte, on every machine.
public struct ColorDigits: Hashable, Sendable {
  /// The number of rows and of columns of an image.
  public static let side = 32

  /// What determines the images.
  public let seed: UInt64

  /// The digits of a seed.
  public init(seed: UInt64 = 0) { self.seed = seed }

  /// Draws the images of a part, in random order.
  ///
  /// - Parameters:
  ///   - part: The part.
  ///   - count: How many; the first of many are the same as few. Default all.
  /// - Precondition: The count is not negative.
  public func images(_ part: Digits.Part, count: Int? = nil) -> LabeledImages {
    let count = count ?? part.count
    require(count >= 0, "the count is \(count), but must not be negative")
    var generator = SeededGenerator(seed: seed, stream: "digits-color/\(part.rawValue)")
    var canvas = StrokeCanvas(side: Self.side)
    var labels: [UInt8] = []
    labels.reserveCapacity(count)
    let size = 3 * Self.side * Self.side
    let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { buffer, filled in
      for i in 0..<count {
        let digit = generator.integer(below: 10)
        labels.append(UInt8(digit))
        Digits.draw(digit, on: &canvas, with: &generator)
        let look = Look(with: &generator)
        let palette = Palette(with: &generator)
        palette.develop(
          canvas, look, to: buffer.extracting((i * size)..<((i + 1) * size)), noise: &generator)
      }
      filled = count * size
    }
    return LabeledImages(
      rows: Self.side, columns: Self.side, channels: 3, pixels: pixels, labels: labels)
  }
}

/// The colors of one image.
private struct Palette {
  /// The color of the strokes.
  private let ink: SIMD3<Float>
  /// The color behind them in the first corner, and how it changes by column and row.
  private let ground, byColumn, byRow: SIMD3<Float>
  /// The greatest change of a value by noise.
  private let noise: Float

  /// The least sum of the differences between ink and ground.
  private static let contrast: Float = 160

  init(with generator: inout SeededGenerator) {
    func color(_ generator: inout SeededGenerator) -> SIMD3<Float> {
      let bits = generator.next()
      return [Float(bits & 0xff), Float((bits >> 8) & 0xff), Float((bits >> 16) & 0xff)]
    }
    let middle = color(&generator)
    var ink = color(&generator)
    while (0..<3).reduce(Float(0), { $0 + abs(ink[$1] - middle[$1]) }) < Self.contrast {
      ink = color(&generator)
    }
    self.ink = ink
    func slope(_ generator: inout SeededGenerator) -> SIMD3<Float> {
      [generator.spread(2), generator.spread(2), generator.spread(2)]
    }
    byColumn = slope(&generator)
    byRow = slope(&generator)
    ground = middle - (byColumn + byRow) * (Float(ColorDigits.side - 1) / 2)
    noise = 30 + generator.spread(30)
  }

  /// Writes the values of a drawing's pixels, with noise.
  func develop(
    _ canvas: StrokeCanvas, _ look: Look, to result: UnsafeMutableBufferPointer<UInt8>,
    noise generator: inout SeededGenerator
  ) {
    for row in 0..<canvas.side {
      for column in 0..<canvas.side {
        let index = row * canvas.side + column
        let behind = ground + byColumn * Float(column) + byRow * Float(row)
        let cover = canvas.cover(ofPixel: index, look)
        // The differences of two random bytes, of which each draw yields eight.
        var bits = generator.next()
        for channel in 0..<3 {
          let grain = Float(Int(bits & 0xff) - Int((bits >> 8) & 0xff)) / 255
          bits >>= 16
          let value = behind[channel] + cover * (ink[channel] - behind[channel]) + noise * grain
          result[3 * index + channel] = UInt8(max(0, min(255, value)))
        }
      }
    }
  }
}
