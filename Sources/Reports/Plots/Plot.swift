/// A plot, before it is drawn.
struct Plot {
  /// A line, perhaps with a band.
  struct Line {
    var label: String
    var style: PlotStyle
    var points: [CurvePoint]
    /// Whether points are drawn by themselves, without a line through them.
    var isScattered = false
  }

  /// The name of its file, without extension.
  var name: String
  /// What it shows, in a line.
  var title: String
  var x: Axis
  var y: Axis
  var lines: [Line]
  /// Values of y at which a thin line lies.
  var guides: [Double] = []
  /// Whether a page's legend does not say what its lines are.
  var hasOwnLegend = false
  /// Whether lines are paths over Rosenbrock's function, of which contours are drawn.
  var showsRosenbrock = false
}
