import Files
import AdamQLRNetworks
import Tasks
import AdamQLRTorch

/// What a run has learned from a table, ready to predict the target of other rows.
///
///     let predictor = try TablePredictor(RunDirectory(existing: "runs/houses"))
///     let prices = try predictor.predict("new-houses.csv").columns[0]
public struct TablePredictor {
  /// The checkpoints that are damaged, and were passed over.
  public let damage: [FileError]

  private let encoding: TableEncoding
  private let model: Model
  private let parameters: FlatVector
  private let statistics: FlatVector

  /// Reads a run's directory; the training file is not needed.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - device: Where to compute. Default: where the run did.
  ///   - weights: Which weights. Default: those that the run's settings say.
  /// - Throws: ``SettingsError`` and ``FileError``, also where the run learned from no table.
  public init(
    _ directory: RunDirectory, device: Device? = nil, weights: Weights.Choice? = nil
  ) throws {
    var settings = try directory.settings()
    settings.device = device ?? settings.device
    guard settings.task == .table else {
      throw FileError(
        directory.path,
        "predictions are of tables, but the run's task is "
          + "'\(settings.task.rawValue)'")
    }
    encoding = try directory.encoding()
    model = try settings.model.makeModel(
      for: .table,
      ProblemShape(.features(encoding.featureCount), outputs: encoding.outputCount))
    try settings.prepareDevice()
    let (found, _, damage) = try directory.weights(weights, of: model, settings)
    parameters = found.parameters
    statistics = found.statistics
    self.damage = damage
  }

  /// Predicts the target of a file's rows.
  ///
  /// - Parameters:
  ///   - path: A file with the training file's columns, in any order; it need not have the target.
  ///   - kept: Columns of the file that stand before the predictions as they are.
  /// - Returns: The predictions, row for row, in the target's own words or units; and what is worth
  ///   knowing of the file, in a line each.
  /// - Throws: `DataError`.
  public func predict(
    _ path: String, keeping kept: [String] = []
  ) throws(DataError) -> (columns: [TableEncoding.Prediction], notes: [String]) {
    let table = try encoding.readTable(path)
    let columns = try kept.map { name throws(DataError) in
      let place = try table.column(name)
      return TableEncoding.Prediction(
        name: table.columns[place],
        cells: (0..<table.rowCount).map { table.text(row: $0, column: place) })
    }
    let (predictions, notes) =
      parameters.type == .float64
      ? try predict(table, as: Double.self) : try predict(table, as: Float.self)
    let names = Set(columns.map(\.name))
    let renamed = predictions.map {
      names.contains($0.name)
        ? TableEncoding.Prediction(name: "predicted \($0.name)", cells: $0.cells) : $0
    }
    return (columns + renamed, table.notes + notes)
  }

  private func predict<Scalar: BinaryFloatingPoint & TensorElement>(
    _ table: CSVTable, as type: Scalar.Type
  ) throws(DataError) -> (columns: [TableEncoding.Prediction], notes: [String]) {
    let rows = try encoding.encode(table, as: type)
    let inputs = Tensor(rows.values, shape: [rows.count, encoding.featureCount])
      .to(parameters.device)
    let outputs = model(inputs, at: parameters, statistics: statistics).elements(type)
    return (encoding.decode(outputs), rows.unseenNotes(in: table.file))
  }
}
