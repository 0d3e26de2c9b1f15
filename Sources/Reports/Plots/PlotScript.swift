import Foundation

/// The kinds of files that plots are written as.
public enum PlotFormat: String, CaseIterable, Sendable {
  case svg, pdf, png
}

/// One plot in gnuplot's language, its data inside.
struct PlotScript {
  private let plot: Plot
  private let format: PlotFormat
  private let isEmbedded: Bool
  private let hasLegend: Bool
  /// The file it is written to.
  let path: String

  /// Prepares a plot.
  ///
  /// - Parameters:
  ///   - isEmbedded: Whether it becomes part of a page.
  ///   - hasLegend: Whether it has title and legend itself. Default: unless it is embedded.
  init(
    _ plot: Plot, _ format: PlotFormat, to path: String, isEmbedded: Bool = false,
    hasLegend: Bool? = nil
  ) {
    self.plot = plot
    self.format = format
    self.path = path
    self.isEmbedded = isEmbedded
    self.hasLegend = hasLegend ?? !isEmbedded
  }

  /// The commands.
  var text: String {
    var lines = ["reset", terminal, "set output \(Self.quoted(path))"]
    lines.append("set border 3 lc rgb '#000000'")
    lines.append("set grid xtics ytics lt 1 lw 1 dt 1 lc rgb '#dddddd'")
    lines.append("set style fill transparent solid 0.16 noborder")
    lines.append("set clip two")
    lines += commands(for: plot.x, "x") + commands(for: plot.y, "y")
    if !hasLegend {
      lines.append("set key off")
    } else {
      lines.append("set title \(Self.quoted(plot.title))")
      lines.append("set key outside center bottom horizontal Left reverse samplen 3 width 1")
    }
    if plot.showsRosenbrock { lines += contours }
    lines += plot.lines.enumerated().map { "$d\($0) << EOD\n\(data($1))\nEOD" }
    lines.append("plot " + elements.joined(separator: ", \\\n  "))
    lines.append("undefine $*")
    return lines.joined(separator: "\n") + "\n"
  }

  private var terminal: String {
    // Room for the legend below: gnuplot makes its columns as wide as the longest label needs.
    let columns = max(360 / (8 * (labels.map(\.count).max() ?? 0) + 60), 1)
    let rows = !hasLegend ? 0 : (labels.count - 1) / columns + 1
    let (width, height) = (440, (plot.showsRosenbrock ? 440 : 320) + 22 * rows)
    return switch format {
    case .svg:
      "set terminal svg noenhanced size \(width),\(height) font 'sans-serif,13'"
        + (isEmbedded ? "" : " background rgb 'white'")
    case .pdf:
      "set terminal pdfcairo noenhanced color size \(Double(width) / 96)in,"
        + "\(Double(height) / 96)in font 'sans-serif,9'"
    case .png:
      "set terminal pngcairo noenhanced color size \(2 * width),\(2 * height) "
        + "fontscale 2 linewidth 2 font 'sans-serif,10'"
    }
  }

  private var labels: [String] {
    var labels: [String] = []
    for line in plot.lines where !labels.contains(line.label) { labels.append(line.label) }
    return labels
  }

  private func commands(for axis: Axis, _ letter: String) -> [String] {
    // The text of a tick is a format.
    let ticks = axis.ticks.map { tick in
      "\(Self.quoted(tick.text.replacingOccurrences(of: "%", with: "%%"))) \(tick.position)"
    }
    var lines = [
      "set \(letter)label \(Self.quoted(axis.label))\(letter == "x" ? " offset 0,0.3" : "")",
      "set \(letter)range [\(axis.range.lowerBound):\(axis.range.upperBound)]",
      "set \(letter)tics nomirror scale 0.5 (\(ticks.joined(separator: ", ")))",
    ]
    if axis.isLogarithmic { lines.append("set logscale \(letter)") }
    return lines
  }

  /// The contours of Rosenbrock's function as the task has it, ¼ of the textbook's.
  private var contours: [String] {
    let levels = [0.05, 0.25, 1, 2.5, 6, 12, 25, 50, 100, 200, 400].map(\.description)
    let (x, y) = (plot.x.range, plot.y.range)
    return [
      "set isosamples 100, 100", "set samples 100", "set contour base", "unset surface",
      "set cntrparam levels discrete \(levels.joined(separator: ", "))", "set table $contours",
      "splot [\(x.lowerBound):\(x.upperBound)] [\(y.lowerBound):\(y.upperBound)] "
        + "0.25*((1-x)**2 + 100*(y-x*x)**2)",
      "unset table", "set surface", "unset contour",
      "set label '+' at 1,1 center front font ',16'", "set label '○' at 1,-1 center front",
    ]
  }

  private var elements: [String] {
    var elements: [String] = []
    if plot.showsRosenbrock {
      elements.append("$contours using 1:2 with lines lw 0.7 lc rgb '#aaaaaa' notitle")
    }
    elements += plot.guides.map { "\($0) with lines lw 1 dt (2,3) lc rgb '#999999' notitle" }
    for (index, line) in plot.lines.enumerated() where line.points.contains(where: hasBand) {
      elements.append(
        "$d\(index) using 1:3:4 with filledcurves lc rgb '\(line.style.color)' notitle")
    }
    for (index, line) in plot.lines.enumerated() {
      let dashes = line.style.dashes.map(String.init).joined(separator: ",")
      let isFirst = !plot.lines[..<index].contains { $0.label == line.label }
      let way =
        line.isScattered
        ? "1:2 with points pt 7 ps 0.4"
        : "1:2 with lines lw 2 dt \(dashes.isEmpty ? "1" : "(\(dashes))")"
      elements.append(
        "$d\(index) using \(way) lc rgb '\(line.style.color)' "
          + (isFirst && hasLegend ? "title \(Self.quoted(line.label))" : "notitle"))
    }
    return elements
  }

  private func hasBand(_ point: CurvePoint) -> Bool { point.low < point.high }

  private func data(_ line: Plot.Line) -> String {
    var points = line.points
    if points.count == 1, !line.isScattered {
      // A line of one point would not be seen.
      points = [0.98, 1.02].map { factor in
        var point = points[0]
        point.x *= factor
        return point
      }
    }
    return points.map { point in
      let band = [point.low, point.high].map(clamped)
      return "\(number(point.x)) \(number(point.median)) \(number(band[0])) \(number(band[1]))"
    }.joined(separator: "\n")
  }

  private func clamped(_ value: Double) -> Double {
    min(max(value, plot.y.range.lowerBound), plot.y.range.upperBound)
  }

  /// Enough digits for any plot; an infinite value interrupts the line.
  private func number(_ value: Double) -> String {
    value.isFinite ? String(format: "%.6g", value) : "NaN"
  }

  /// A string in which gnuplot substitutes nothing.
  static func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars.filter { $0.properties.generalCategory != .control }
    let line = String(String.UnicodeScalarView(scalars))
    return "'" + line.replacingOccurrences(of: "'", with: "''") + "'"
  }
}
