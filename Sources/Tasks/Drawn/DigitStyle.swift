/// One way to write a digit, as strokes on a grid 6 wide and 10 high, y downwards.
struct DigitStyle {
  /// A movement of the pen.
  struct Stroke {
    /// The points the pen passes.
    let points: [SIMD2<Float>]
    /// Whether it passes them in a smooth curve, or in straight lines.
    let isCurve: Bool

    static func curve(_ points: SIMD2<Float>...) -> Stroke {
      Stroke(points: points, isCurve: true)
    }

    static func lines(_ points: SIMD2<Float>...) -> Stroke {
      Stroke(points: points, isCurve: false)
    }
  }

  let strokes: [Stroke]

  init(_ strokes: Stroke...) {
    self.strokes = strokes
  }

  /// The styles of each digit, 0 to 9.
  static let all: [[DigitStyle]] = [
    zero, one, two, three, four, five, six, seven, eight, nine,
  ]

  private static let zero = [
    // An oval.
    DigitStyle(
      .curve(
        [3, 0], [1.1, 1.5], [0.4, 5], [1.1, 8.5], [3, 10], [4.9, 8.5], [5.6, 5], [4.9, 1.5], [3, 0])
    ),
    // Narrow, its ends crossing.
    DigitStyle(
      .curve(
        [4.2, 1], [2.6, 0.1], [1.3, 2], [0.9, 5.5], [1.6, 9], [3.2, 10], [4.7, 8], [5, 4.5],
        [4.2, 1.4], [2.8, 0.3])
    ),
    // Round and small.
    DigitStyle(
      .curve(
        [3, 1.5], [0.9, 2.6], [0.1, 5.2], [0.9, 7.8], [3, 9], [5.1, 7.8], [5.9, 5.2], [5.1, 2.6],
        [3, 1.5])
    ),
  ]

  private static let one = [
    // A bare stem.
    DigitStyle(.lines([3, 0], [3, 10])),
    // With a flag.
    DigitStyle(.lines([1.2, 2.4], [3.3, 0], [3.3, 10])),
    // With a flag and a foot.
    DigitStyle(.lines([1.4, 2], [3.1, 0], [3.1, 10]), .lines([1.2, 10], [5, 10])),
  ]

  private static let two = [
    // A sharp corner at the foot.
    DigitStyle(
      .curve([0.6, 2.6], [1.4, 0.7], [3.2, 0], [5, 1], [5.2, 3.1], [3.8, 5.8], [0.5, 10]),
      .lines([0.5, 10], [5.7, 10])),
    // A loop at the foot.
    DigitStyle(
      .curve(
        [0.8, 2.2], [2, 0.3], [4.4, 0.4], [5, 2.7], [3.7, 6], [1.4, 9.3], [0.3, 8.9], [1.1, 7.9],
        [3.2, 9.1], [5.8, 9.7])),
    // A flat arch and a hanging foot.
    DigitStyle(
      .curve(
        [0.5, 1.2], [2.4, 0.2], [4.6, 0.5], [5.2, 2.4], [4.2, 4.6], [2.2, 7], [0.6, 9.3]),
      .curve([0.6, 9.3], [2.4, 8.8], [4, 9.6], [5.6, 9.4])),
  ]

  private static let three = [
    // Two bows.
    DigitStyle(
      .curve([0.8, 1.4], [2.4, 0], [4.5, 0.5], [4.9, 2.7], [2.5, 4.6]),
      .curve([2.5, 4.6], [5, 5.5], [5.3, 8.2], [3.1, 10], [0.6, 8.8])),
    // A flat top.
    DigitStyle(
      .lines([0.8, 0.1], [5, 0.1], [2.6, 4]),
      .curve([2.6, 4], [4.8, 4.7], [5.4, 7.3], [3.6, 9.8], [0.6, 9])),
    // A loop in the middle.
    DigitStyle(
      .curve(
        [0.8, 1], [3, 0], [4.9, 1.4], [4, 4], [2, 4.9], [1.8, 4.3], [3.6, 4.5], [5.3, 6.8],
        [4.2, 9.4], [1.8, 10], [0.4, 8.6])),
  ]

  private static let four = [
    // Closed.
    DigitStyle(.lines([4.2, 10], [4.2, 0], [0.4, 6.8], [5.8, 6.8])),
    // Open.
    DigitStyle(.lines([1.1, 0], [0.7, 5.4], [5.6, 5.2]), .lines([4.7, 0.4], [4.3, 10])),
    // Open and round.
    DigitStyle(
      .curve([0.9, 0.3], [0.6, 3], [1.4, 5], [3.2, 5.4], [4.9, 4.4]),
      .curve([5, 0], [4.9, 4.4], [4.2, 10])),
  ]

  private static let five = [
    // Square shoulders.
    DigitStyle(
      .lines([5.2, 0.1], [1.2, 0.1], [0.9, 4.5]),
      .curve([0.9, 4.5], [3.1, 3.6], [5.2, 5], [5.3, 8], [3, 10], [0.5, 9])),
    // The bar set apart.
    DigitStyle(
      .lines([1.4, 0.6], [5.6, 0.1]),
      .curve(
        [1.4, 0.6], [1, 3], [1.2, 4.5], [3.4, 4.3], [5.1, 6], [4.8, 8.6], [2.6, 10], [0.4, 9.2])),
    // In one curve.
    DigitStyle(
      .curve(
        [5.2, 0.3], [2.8, 0.2], [1.2, 1.6], [1.3, 3.8], [3.6, 4.7], [5.2, 6.6], [4.4, 9.2],
        [2.2, 10], [0.5, 8.8])),
  ]

  private static let six = [
    // A bowed stem.
    DigitStyle(
      .curve(
        [4.7, 0.2], [2.2, 2.2], [0.7, 5.6], [1, 8.8], [3.1, 10], [5.1, 8.7], [5, 6.2], [3, 5.1],
        [1, 6.6])),
    // A straight stem, a small loop.
    DigitStyle(
      .curve(
        [2.6, 0], [1.6, 3], [0.9, 6.4], [1.2, 9], [3, 10], [4.9, 9], [4.8, 7], [3.1, 6.2],
        [1.2, 7.4])),
    // A hook at the top.
    DigitStyle(
      .curve(
        [5.2, 1.6], [4, 0.1], [1.8, 1.4], [0.6, 5], [1, 8.6], [3, 10], [5.3, 8.4], [4.9, 5.6],
        [2.8, 4.8], [0.8, 6.4])),
  ]

  private static let seven = [
    // Plain.
    DigitStyle(.lines([0.5, 0.3], [5.5, 0.3], [2.4, 10])),
    // With a bar.
    DigitStyle(.lines([0.6, 0.4], [5.4, 0.2], [2.2, 10]), .lines([1.4, 5], [5, 4.8])),
    // A serif and a bowed stem.
    DigitStyle(
      .lines([0.7, 1.8], [0.7, 0.2], [5.4, 0.2]),
      .curve([5.4, 0.2], [3.6, 3.6], [2.7, 6.6], [2.5, 10])),
  ]

  private static let eight = [
    // In one movement.
    DigitStyle(
      .curve(
        [4.8, 1.2], [3, 0], [1.1, 1.1], [1.5, 3.4], [3.2, 4.8], [5.1, 6.8], [5, 9], [3, 10],
        [0.9, 9], [0.9, 6.8], [2.8, 4.8], [4.6, 3.2], [4.8, 1.2])),
    // Two rings.
    DigitStyle(
      .curve(
        [3, 0], [1.2, 0.7], [0.8, 2.3], [1.4, 4], [3, 4.6], [4.6, 4], [5.2, 2.3], [4.8, 0.7],
        [3, 0]),
      .curve(
        [3, 4.6], [1, 5.4], [0.4, 7.3], [1.1, 9.2], [3, 10], [4.9, 9.2], [5.6, 7.3], [5, 5.4],
        [3, 4.6])),
    // Open at the top.
    DigitStyle(
      .curve(
        [5.2, 0.6], [3, 0.2], [1, 1.4], [1.4, 3.6], [3.4, 5], [5, 7], [4.6, 9.2], [2.8, 10],
        [1, 8.8], [1.4, 6.6], [3.4, 4.4], [5.6, 1.2])),
  ]

  private static let nine = [
    // A straight stem.
    DigitStyle(
      .curve([5, 2.6], [3.9, 0.4], [1.7, 0.4], [0.6, 2.6], [1.6, 4.8], [3.8, 4.7], [5, 2.6]),
      .lines([5.1, 0.8], [4.7, 10])),
    // A curled tail.
    DigitStyle(
      .curve(
        [5, 2.2], [3.6, 0.1], [1.4, 0.7], [0.7, 3], [2, 5], [4.2, 4.4], [5.1, 2], [5.3, 5.6],
        [4.3, 9.2], [2.4, 10], [0.9, 9])),
    // A slanting tail.
    DigitStyle(
      .curve(
        [4.9, 1.6], [3, 0], [1.1, 1], [0.8, 3.4], [2.6, 4.9], [4.6, 3.8], [5.1, 1.4]),
      .curve([5.1, 1.4], [4.6, 5], [3, 10])),
  ]
}
