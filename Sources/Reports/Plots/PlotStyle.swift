import Foundation

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

  /// The style of a value among others of one quantity: from blue to red as it rises.
  ///
  /// - Parameter share: Where the value is among them, from 0 to 1.
  init(share: Double) {
    let (low, high) = ([0x00, 0x72, 0xb2], [0xd5, 0x5e, 0x00])
    let mixed = zip(low, high).map { Int((Double($0) + share * Double($1 - $0)).rounded()) }
    color = "#" + mixed.map { String(format: "%02x", $0) }.joined()
    dashes = []
  }

  /// The palette of Okabe and Ito (2008) without black, which is the color of text, and yellow, which
  /// is faint on white; gray stands in.
  private static let colors = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777",
  ]

  // Five patterns and seven colors: 35 optimizers before a style comes twice.
  private static let dashes = [[], [9, 3], [3, 3], [10, 3, 2, 3], [5, 2, 2, 2, 2, 2]]
}

extension PlotStyle {
  /// A piece of its line, for a page in HTML.
  var swatch: String {
    let pattern = dashes.map(String.init).joined(separator: " ")
    return "<svg class=\"swatch\" viewBox=\"0 0 36 10\" aria-hidden=\"true\">"
      + "<line x1=\"0\" y1=\"5\" x2=\"36\" y2=\"5\" stroke=\"\(color)\" stroke-width=\"3\""
      + (pattern.isEmpty ? "" : " stroke-dasharray=\"\(pattern)\"") + "/></svg>"
  }
}
