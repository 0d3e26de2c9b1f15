import Foundation

/// A plot that gnuplot drew as SVG, fit to be part of a page.
struct EmbeddedPlot {
  /// The `svg` element.
  let element: String

  /// Takes what is drawn out of a file, and draws black as the page's color of text.
  init(svg: String, title: String) {
    var text = svg
    if let start = text.range(of: "<svg") { text.removeSubrange(..<start.lowerBound) }
    // Identifiers would clash with those of other plots, and nothing drawn refers to them.
    for (pattern, replacement) in Self.replacements {
      text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
    }
    element = text.replacingOccurrences(
      of: "<svg", with: "<svg role=\"img\" aria-label=\"\(title.html)\""
    )
    .replacingOccurrences(of: " +>", with: ">", options: .regularExpression)
    .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static let replacements = [
    // A point refers to a shape that is taken out.
    (
      #"<use [^>]*translate\(([0-9.]+),([0-9.]+)\)[^>]*color='([^']*)'/>"#,
      #"<circle cx="$1" cy="$2" r="1.8" stroke="none" fill="$3" fill-opacity="0.6"/>"#
    ),
    (#"(?s)<defs>.*?</defs>"#, ""),
    (#"(?s)<(title|desc)>.*?</\1>"#, ""),
    (#"<rect [^>]*fill="none"/>"#, ""),
    (#" (id|class)=("[^"]*"|'[^']*')"#, ""),
    (#" xmlns(:xlink)?="[^"]*""#, ""),
    (#" color="[a-z]*""#, ""),
    (#"width="[0-9]+" height="[0-9]+""#, ""),
    (#"(stroke|fill) ?= ?["']black["']"#, "$1=\"currentColor\""),
    (#"rgb\( *0, *0, *0\)"#, "currentColor"),
    (#"stroke='rgb\(221, 221, 221\)'"#, "stroke=\"currentColor\" stroke-opacity=\"0.13\""),
    (#"\s*\n\s*"#, " "),
    (#"<g [^>]*>\s*</g>"#, ""),
  ]
}
