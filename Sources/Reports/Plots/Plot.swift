/// A plot, before it is drawn.
struct Plot {
  /// A line, perhaps with a band.
  struct Line {
    var label: String
    var style: PlotStyle
    var points: [CurvePoint]
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
  /// Whether lines are paths over Rosenbrock's function, of which contours are drawn.
  var showsRosenbrock = false
}
