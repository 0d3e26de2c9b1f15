import Studies
import Tasks

/// How well each class was told, by optimizer, over all of its runs.
struct ClassResults {
  /// One optimizer's.
  struct Group {
    let label: String
    /// The examples of all runs together.
    let matrix: ConfusionMatrix
  }

  let groups: [Group]

  /// `nil` where no run has classes, or they differ.
  init?(_ results: TaskResults) {
    groups = results.groups.compactMap { group in
      let matrices = group.runs.compactMap { run -> ConfusionMatrix? in
        guard case .classification(let matrix)? = run.status?.summary?.metrics?.values else {
          return nil
        }
        return matrix
      }
      guard let first = matrices.first, matrices.allSatisfy({ $0.classes == first.classes }) else {
        return nil
      }
      return Group(
        label: group.label, matrix: matrices.dropFirst().reduce(first) { $0.adding($1) })
    }
    guard let first = groups.first,
      groups.allSatisfy({ $0.matrix.classes == first.matrix.classes })
    else { return nil }
  }

  static let note =
    "Of the test examples, or where there are none of those that validate, with the weights that a run "
    + "keeps; of several runs all together."

  /// Precision and recall of each class and optimizer, below a head.
  var rows: [[String]] {
    let classes = groups[0].matrix.classes
    let heads = groups.flatMap { group in
      groups.count == 1
        ? ["precision (%)", "recall (%)"]
        : ["\(group.label): precision (%)", "\(group.label): recall (%)"]
    }
    return [["class", "examples"] + heads]
      + classes.indices.map { i in
        [classes[i], "\(groups[0].matrix.support(i))"]
          + groups.flatMap { [share($0.matrix.precision(i)), share($0.matrix.recall(i))] }
      }
  }

  /// Of each optimizer the counts of predictions of each class; none of very many classes.
  var confusions: [(label: String, rows: [[String]])] {
    guard groups[0].matrix.classes.count <= 20 else { return [] }
    return groups.map { group in
      let classes = group.matrix.classes
      return (
        group.label,
        [["class"] + classes.map { "predicted \($0)" }]
          + zip(classes, group.matrix.counts).map { [$0] + $1.map(String.init) }
      )
    }
  }

  private func share(_ value: Double?) -> String {
    value.map { ResultFormat(.testAccuracy).text($0) } ?? "–"
  }
}
