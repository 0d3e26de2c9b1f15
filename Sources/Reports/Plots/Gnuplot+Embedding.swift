import Foundation

extension Gnuplot {
  /// Draws the plots of a page.
  ///
  /// - Returns: They by their names.
  /// - Throws: ``ReportError``.
  func embeddedPlots(_ plots: [Plot]) throws -> [String: EmbeddedPlot] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("adamqlr-page-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ plot: Plot) -> URL { folder.appendingPathComponent("\(plot.name).svg") }
    try draw(
      plots.map {
        PlotScript($0, .svg, to: file($0).path, isEmbedded: true, hasLegend: $0.hasOwnLegend)
      })
    var result: [String: EmbeddedPlot] = [:]
    for plot in plots {
      let svg = try String(contentsOf: file(plot), encoding: .utf8)
      result[plot.name] = EmbeddedPlot(svg: svg, title: plot.title)
    }
    return result
  }
}
