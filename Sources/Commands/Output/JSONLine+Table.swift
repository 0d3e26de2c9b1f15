import Tasks

extension JSONLine {
  /// What was understood of a table.
  package init(_ summary: TableSummary) {
    self.init()
    add("file", summary.file)
    add("header", summary.hasHeader)
    add("rows", summary.rowCount)
    add("rows_without_target", summary.droppedCount)
    add("train_rows", summary.rows.training)
    add("validation_rows", summary.rows.validation)
    add("test_rows", summary.rows.test)
    add("target", summary.target?.name)
    add("target_column", summary.target?.number)
    if let range = summary.range {
      add("kind", "regression")
      add("least", range.least)
      add("mean", range.mean)
      add("greatest", range.greatest)
    } else if !summary.classes.isEmpty {
      add("kind", "classification")
      add(
        "classes",
        summary.classes.map {
          var line = JSONLine()
          line.add("class", $0.name)
          line.add("rows", $0.count)
          return line
        })
    }
    add(
      "columns",
      summary.columns.map {
        var line = JSONLine()
        line.add("name", $0.name)
        line.add("role", $0.role.rawValue)
        line.add("inputs", $0.width)
        return line
      })
    add("notes", summary.notes)
    add("problems", summary.problems)
  }
}
