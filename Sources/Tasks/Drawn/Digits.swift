import Requirements
import AdamQLRTorch

/// Images of the ten digits, 28 × 28 gray values drawn by the program itself, so that there is
/// something to classify without anything to download.
///
/// Each is drawn in strokes, in one of its digit's styles, with random place, size, slant, turn,
/// bend, thickness, blur and noise. A network with one hidden layer of 50 units classifies 96 % of
/// the test images correctly, a linear classifier 88 %.
///
/// The seed determines every byte, on every machine: drawing takes only arithmetic that IEEE 754
/// determines to the last bit.
public struct Digits: Hashable, Sendable {
  /// The parts of the data set; none has an image of another.
  public enum Part: String, CaseIterable, Sendable {
    case train, validation, test

    /// The number of images: 12,000, 2,000 and 2,000.
    public var count: Int {
      switch self {
      case .train: 12_000
      case .validation, .test: 2_000
      }
    }
  }

  /// The number of rows and of columns of an image.
  public static let side = 28

  /// What determines the images.
  public let seed: UInt64

  /// The digits of a seed.
  public init(seed: UInt64 = 0) {
    self.seed = seed
  }

  /// Draws the images of a part, in random order.
  ///
  /// - Parameters:
  ///   - part: The part.
  ///   - count: How many; the first of many are the same as few. Default all.
  /// - Precondition: The count is not negative.
  public func images(_ part: Part, count: Int? = nil) -> LabeledImages {
    let count = count ?? part.count
    require(count >= 0, "the count is \(count), but must not be negative")
    var generator = SeededGenerator(seed: seed, stream: "digits/\(part.rawValue)")
    var canvas = StrokeCanvas(side: Self.side)
    var labels: [UInt8] = []
    labels.reserveCapacity(count)
    let size = Self.side * Self.side
    let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { buffer, filled in
      for i in 0..<count {
        let digit = generator.integer(below: 10)
        labels.append(UInt8(digit))
        Self.draw(digit, on: &canvas, with: &generator)
        canvas.develop(
          to: buffer.extracting((i * size)..<((i + 1) * size)),
          look: Look(with: &generator), noise: &generator)
      }
      filled = count * size
    }
    return LabeledImages(rows: Self.side, columns: Self.side, pixels: pixels, labels: labels)
  }

  /// Draws the strokes of a digit in a random style and form.
  static func draw(
    _ digit: Int, on canvas: inout StrokeCanvas, with generator: inout SeededGenerator
  ) {
    let styles = DigitStyle.all[digit]
    let style = styles[generator.integer(below: styles.count)]
    let form = Form(side: canvas.side, with: &generator)
    canvas.clear()
    for stroke in style.strokes {
      let points = stroke.points.map { point in
        form.place(point + [generator.spread(0.3), generator.spread(0.3)])
      }
      stroke.isCurve ? canvas.drawCurve(points) : canvas.drawLines(points)
    }
  }
}

/// How a digit is placed and bent, from the grid of its style to pixels.
private struct Form {
  private var columnX, columnY, rowX, rowY: Float
  private var center: SIMD2<Float>
  private var bendX, bendY: SIMD3<Float>

  init(side: Int, with generator: inout SeededGenerator) {
    let height = 17.5 + generator.spread(3.5)
    let width = height * (1 + generator.spread(0.35))
    let slant = 0.1 + generator.spread(0.5)
    // A turn by the angle whose half has tangent t, without sine or cosine.
    let t = generator.spread(0.16)
    let (sine, cosine) = (2 * t / (1 + t * t), (1 - t * t) / (1 + t * t))
    columnX = cosine * width
    columnY = (-cosine * slant - sine) * height
    rowX = sine * width
    rowY = (cosine - sine * slant) * height
    let middle = Float(side) / 2
    center = [middle + generator.spread(3.2), middle + generator.spread(2.6)]
    bendX = [generator.spread(0.4), generator.spread(0.5), generator.spread(0.5)]
    bendY = [generator.spread(0.4), generator.spread(0.5), generator.spread(0.5)]
  }

  /// The place, in pixels, of a point of the grid 6 wide and 10 high.
  func place(_ point: SIMD2<Float>) -> SIMD2<Float> {
    let (u, v) = ((point.x - 3) / 10, (point.y - 5) / 10)
    // Less the squares' usual size, so that a bent digit stays in its place.
    let squares: SIMD3<Float> = [u * u - 0.03, u * v, v * v - 0.1]
    let (dx, dy) = (bendX * squares, bendY * squares)
    let x = u + dx.x + dx.y + dx.z
    let y = v + dy.x + dy.y + dy.z
    return center + [columnX * x + columnY * y, rowX * x + rowY * y]
  }
}

/// How the strokes look in the image.
struct Look {
  /// Half the thickness of a stroke, in pixels.
  var radius: Float
  /// The width of the edge over which a stroke fades, in pixels.
  var edge: Float
  /// The gray value of a stroke's middle.
  var ink: Float
  /// The greatest change of a gray value by noise.
  var noise: Float

  init(with generator: inout SeededGenerator) {
    radius = 1.15 + generator.spread(0.55)
    edge = 1.3 + generator.spread(0.5)
    ink = 215 + generator.spread(40)
    noise = 12 + generator.spread(12)
  }
}

extension SeededGenerator {
  /// Draws a number from −limit to limit, those near zero more often (a triangular distribution).
  mutating func spread(_ limit: Float) -> Float {
    let bits = next()
    let difference = Int64(bits & 0xffff_ffff) - Int64(bits >> 32)
    return Float(difference) * 0x1p-32 * limit
  }
}
