/// A part of a page, whatever the format it is written in.
enum PageBlock {
  /// A heading; level 1 is the page's title.
  case heading(Int, String)
  /// A paragraph.
  case text(String)
  /// What a reader must know before anything else, a line each.
  case remark([String])
  /// A table below its head, the first column to the left.
  case table([[String]], caption: String)
  /// What the lines of the plots are, where those do not say it themselves.
  case legend([(label: String, style: PlotStyle)])
  /// Plots side by side.
  case plots([Plot])
  /// What is shown only if it is asked for.
  case details(String, [PageBlock])
  /// A command.
  case command(String)
  /// What a person wrote in a file, in Markdown.
  case prose(String)
}

extension [PageBlock] {
  /// The plots, in order.
  ///
  /// - Parameter hidden: Whether those are among them that are shown only if they are asked for.
  func plots(hidden: Bool) -> [Plot] {
    flatMap { block -> [Plot] in
      switch block {
      case .plots(let plots): plots
      case .details(_, let blocks) where hidden: blocks.plots(hidden: true)
      default: []
      }
    }
  }
}
