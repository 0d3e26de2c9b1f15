import AdamQLRTorch

/// A square of pixels on which a pen draws: it keeps how far each pixel is from the nearest stroke,
/// and makes gray values of that at the end.
struct StrokeCanvas {
  /// The number of rows and of columns.
  let side: Int
  /// The squared distance of each pixel's center from the nearest stroke, in pixels; exact up to
  /// the reach, and at least that beyond.
  private var squares: [Float]

  /// Farther than this from a stroke, no pixel is touched.
  private static let reach: Float = 3
  /// The straight pieces into which a curve is cut between two of its points.
  private static let piecesPerSpan = 5

  init(side: Int) {
    self.side = side
    squares = [Float](repeating: Self.reach * Self.reach, count: side * side)
  }

  /// Removes all strokes.
  mutating func clear() {
    for i in squares.indices { squares[i] = Self.reach * Self.reach }
  }

  /// Draws straight lines from point to point.
  mutating func drawLines(_ points: [SIMD2<Float>]) {
    for (start, end) in zip(points, points.dropFirst()) { drawSegment(from: start, to: end) }
  }

  /// Draws a smooth curve through the points (Catmull and Rom).
  mutating func drawCurve(_ points: [SIMD2<Float>]) {
    guard points.count > 1 else { return }
    for i in 0..<(points.count - 1) {
      let (start, end) = (points[i], points[i + 1])
      let before = i > 0 ? points[i - 1] : start
      let after = i + 2 < points.count ? points[i + 2] : end
      var last = start
      for piece in 1...Self.piecesPerSpan {
        let t = Float(piece) / Float(Self.piecesPerSpan)
        let cubic = (3 * (start - end) + after - before) * t
        let square = 2 * before - 5 * start + 4 * end - after
        let next = start + 0.5 * t * ((cubic + square) * t + (end - before))
        drawSegment(from: last, to: next)
        last = next
      }
    }
  }

  private mutating func drawSegment(from start: SIMD2<Float>, to end: SIMD2<Float>) {
    let along = end - start
    let lengthSquare = max(along.x * along.x + along.y * along.y, 1e-6)
    let columns = pixels(between: start.x, and: end.x)
    let rows = pixels(between: start.y, and: end.y)
    squares.withUnsafeMutableBufferPointer { squares in
      for row in rows {
        let y = Float(row) + 0.5 - start.y
        for column in columns {
          let x = Float(column) + 0.5 - start.x
          let t = max(0, min(1, (x * along.x + y * along.y) / lengthSquare))
          let (dx, dy) = (x - t * along.x, y - t * along.y)
          let i = row * side + column
          squares[i] = min(squares[i], dx * dx + dy * dy)
        }
      }
    }
  }

  /// The rows or columns that a stroke between two coordinates may touch.
  private func pixels(between a: Float, and b: Float) -> Range<Int> {
    let limit = Float(side)
    let low = max(0, min(limit, min(a, b) - Self.reach))
    let high = max(0, min(limit, max(a, b) + Self.reach))
    return Int(low)..<max(Int(low), Int(high.rounded(.up)))
  }

  /// How much of a pixel strokes cover, 0 to 1.
  ///
  /// - Parameter index: The pixel's place, row after row.
  @inline(__always)
  func cover(ofPixel index: Int, _ look: Look) -> Float {
    max(0, min(1, 0.5 + (look.radius - squares[index].squareRoot()) / look.edge))
  }

  /// Writes the gray values of the strokes, with noise.
  ///
  /// - Parameters:
  ///   - result: Where they go, row after row.
  ///   - look: The thickness of the strokes, and so on.
  ///   - generator: What draws the noise.
  func develop(
    to result: UnsafeMutableBufferPointer<UInt8>, look: Look,
    noise generator: inout SeededGenerator
  ) {
    var bits: UInt64 = 0
    for i in squares.indices {
      // The difference of two random bytes, of which each draw yields eight.
      if i % 4 == 0 { bits = generator.next() }
      let grain = Float(Int(bits & 0xff) - Int((bits >> 8) & 0xff)) / 255
      bits >>= 16
      let gray = look.ink * cover(ofPixel: i, look) + look.noise * grain
      result[i] = UInt8(max(0, min(255, gray)))
    }
  }
}
