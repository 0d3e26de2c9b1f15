import Requirements

/// How often examples of each class were taken for which.
public struct ConfusionMatrix: Hashable, Codable, Sendable {
  /// The names of the classes.
  public let classes: [String]
  /// How many examples of a class, by row, were predicted to be of another, by column.
  public private(set) var counts: [[Int]]

  /// Counts predictions.
  ///
  /// - Parameters:
  ///   - classes: The names of the classes.
  ///   - predictions: The number of the class that was predicted, for each example.
  ///   - targets: The number of the class that it is.
  /// - Precondition: There are equally many, and all are numbers of classes.
  public init(classes: [String], predictions: [Int], targets: [Int]) {
    require(
      predictions.count == targets.count,
      "\(predictions.count) predictions of \(targets.count) targets")
    self.classes = classes
    counts = [[Int]](
      repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for (prediction, target) in zip(predictions, targets) { counts[target][prediction] += 1 }
  }

  /// The matrix of this one's examples and those of another.
  ///
  /// - Precondition: The classes are the same.
  public func adding(_ other: ConfusionMatrix) -> ConfusionMatrix {
    require(classes == other.classes, "matrices of different classes")
    var sum = self
    for i in classes.indices {
      for j in classes.indices { sum.counts[i][j] += other.counts[i][j] }
    }
    return sum
  }

  /// The number of examples.
  public var count: Int { counts.joined().reduce(0, +) }

  /// How many examples are of a class.
  public func support(_ index: Int) -> Int { counts[index].reduce(0, +) }

  /// Of the examples of a class, the share that was predicted to be; `nil` where there are none.
  public func recall(_ index: Int) -> Double? {
    let support = support(index)
    return support > 0 ? Double(counts[index][index]) / Double(support) : nil
  }

  /// Of the examples that were predicted to be of a class, the share that is; `nil` where there are
  /// none.
  public func precision(_ index: Int) -> Double? {
    let predicted = counts.reduce(0) { $0 + $1[index] }
    return predicted > 0 ? Double(counts[index][index]) / Double(predicted) : nil
  }

  /// 2·precision·recall/(precision + recall); 0 where no prediction of the class was right, `nil` where
  /// it has neither examples nor predictions.
  public func f1(_ index: Int) -> Double? {
    let predicted = counts.reduce(0) { $0 + $1[index] }
    let all = support(index) + predicted
    return all > 0 ? 2 * Double(counts[index][index]) / Double(all) : nil
  }

  /// The mean of the recalls of all classes that have examples.
  public var balancedAccuracy: Double? {
    let recalls = classes.indices.compactMap(recall)
    return recalls.isEmpty ? nil : recalls.reduce(0, +) / Double(recalls.count)
  }
}
