/// How an optimizer is drawn, in every plot alike: by color and by dashes, so that it can be told
/// from others in print and by the color-blind.
struct PlotStyle: Hashable, Sendable {
  /// The color as `#rrggbb`.
  var color: String
  /// Lengths of dashes and gaps; empty for a solid line.
  var dashes: [Int]

  /// The style of the optimizer with an index.
  init(_ index: Int) {
    color = Self.colors[index % Self.colors.count]
    dashes = Self.dashes[index % Self.dashes.count]
  }

  /// The palette of Okabe and Ito (2008) without black, which is the color of text, and yellow, which
  /// is faint on white; gray stands in.
  private static let colors = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777",
  ]

  // Five patterns and seven colors: 35 optimizers before a style comes twice.
  private static let dashes = [[], [9, 3], [3, 3], [10, 3, 2, 3], [5, 2, 2, 2, 2, 2]]
}
