import AdamQLRTorch

/// What a batch, or a part of it, says about the curvature by one cotangent of the outputs: its pullback, without the
/// products that the gradient would need.
final class CurvatureEstimates {
  /// What averages over examples are multiplied by: the part's share of the batch.
  let share: Double
  private let record: Record
  private let exampleCount: Int
  private let outputCotangent: Tensor
  private let pulledParameters: [Int]
  // What operations noted, by their numbers; nothing where the outputs do not depend on one.
  private let cotangents: [Int: Tensor]
  private var pulledSquares: [Int: Tensor]?

  /// - Parameter outputCotangent: The derivatives of the examples' losses by the outputs, not divided
  ///   by the number of examples.
  init(
    _ linearization: NetworkObjective.Linearized, share: Double, _ outputCotangent: Tensor,
    _ structure: BlockStructure
  ) {
    self.share = share
    record = linearization.record
    exampleCount = linearization.exampleCount
    self.outputCotangent = outputCotangent
    pulledParameters = structure.pulledParameters
    let nothing: [Tensor?] = Array(repeating: nil, count: record.parameterCount)
    var noted: [Int: Tensor] = [:]
    record.pullback(outputCotangent, into: nothing) { number, cotangent in
      if structure.operations.contains(number) { noted[number] = cotangent }
    }
    cotangents = noted
  }

  /// b of an operation; `nil` where the outputs do not depend on it.
  func cotangent(ofOperation number: Int) -> Tensor? { cotangents[number] }

  /// The average over examples of the squared derivatives by a parameter, times the share, shaped
  /// like the parameter.
  ///
  /// - Parameter uses: All its uses; `nil` where they are not known.
  func squares(of parameter: Int, _ uses: [RecordedUse]?) -> Tensor {
    guard let uses else {
      if pulledSquares == nil { pulledSquares = makePulledSquares() }
      guard let squares = pulledSquares?[parameter] else {
        fatalError("parameter \(parameter) was not pulled back")
      }
      return squares
    }
    let value = record.value(ofParameter: parameter)
    let parts = uses.compactMap { use in cotangents[use.number].map { (use.use, $0) } }
    if parts.count == 1, let makeSquares = parts[0].0.makeSquares {
      return (share / Double(exampleCount)) * makeSquares(parts[0].1, exampleCount)
    }
    let sum = Tensor.zeros(value.shape, like: value)
    if parts.isEmpty { return sum }
    // As many examples at a time as fit a few million numbers.
    let piece = min(max((1 << 22) / max(value.count, 1), 1), exampleCount)
    for start in stride(from: 0, to: exampleCount, by: piece) {
      let examples = ExampleRange(start..<min(start + piece, exampleCount), of: exampleCount)
      let derivatives = Tensor.zeros([examples.count] + value.shape, like: value)
      for (use, cotangent) in parts { use.addDerivatives(cotangent, examples, derivatives) }
      Kernels.formProduct(derivatives, derivatives, into: derivatives)
      let part = examples.count == 1 ? derivatives : derivatives.sum(over: [0]).contiguous()
      Kernels.formLinearCombination(1, sum, share / Double(exampleCount), part, into: sum)
    }
    return sum
  }

  /// The same for the parameters whose uses are not known, an example at a time.
  private func makePulledSquares() -> [Int: Tensor] {
    let gradient: [Tensor?] = (0..<record.parameterCount).map { parameter in
      guard pulledParameters.contains(parameter) else { return nil }
      let value = record.value(ofParameter: parameter)
      return Tensor(uninitialized: value.shape, like: value)
    }
    let sums = pulledParameters.map { parameter in
      let value = record.value(ofParameter: parameter)
      return Tensor.zeros(value.shape, like: value)
    }
    for example in 0..<exampleCount {
      let own = Tensor.zeros(outputCotangent.shape, like: outputCotangent)
      own.rows(example..<(example + 1)).overwrite(
        with: outputCotangent.rows(example..<(example + 1)))
      record.pullback(own, into: gradient)
      for (parameter, sum) in zip(pulledParameters, sums) {
        guard let part = gradient[parameter] else { continue }
        Kernels.formProduct(part, part, into: part)
        Kernels.formLinearCombination(1, sum, share / Double(exampleCount), part, into: sum)
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(pulledParameters, sums))
  }
}
