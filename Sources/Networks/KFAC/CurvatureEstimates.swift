import Torch

/// What one batch says about the curvature: a pullback of each of some cotangents of the outputs,
/// without the products that the gradient would need.
final class CurvatureEstimates {
  /// What the averages of products of cotangents are multiplied by.
  let outputScale: Double
  private let record: Record
  private let exampleCount: Int
  private let outputCotangents: [Tensor]
  private let pulledParameters: [Int]
  private let products: [Int: FactoredProduct]
  // Of each product the cotangents, one for each of the outputs'.
  private let cotangents: [Int: [Tensor]]
  private var pulledSquares: [Int: Tensor]?

  /// - Parameter outputCotangents: The derivatives of the examples' losses by the outputs, not
  ///   divided by the number of examples; the curvature is the sum over them.
  init(
    _ linearization: NetworkObjective.Linearized, _ outputCotangents: [Tensor],
    _ structure: BlockStructure, outputScale: Double
  ) {
    record = linearization.record
    exampleCount = linearization.exampleCount
    self.outputCotangents = outputCotangents
    self.outputScale = outputScale
    pulledParameters = structure.pulledParameters
    products = Dictionary(
      uniqueKeysWithValues: record.products.map { ($0.number, $0.product) })
    let nothing: [Tensor?] = Array(repeating: nil, count: record.parameterCount)
    var noted: [Int: [Tensor]] = [:]
    for cotangent in outputCotangents {
      record.pullback(cotangent, into: nothing) { noted[$0, default: []].append($1) }
    }
    cotangents = noted
  }

  /// a of a product, [rows, inputs].
  func factor(ofProduct number: Int) -> Tensor {
    guard let product = products[number] else { fatalError("there is no product \(number)") }
    return product.factor()
  }

  /// The cotangents of a product, each [rows, outputs].
  func cotangents(ofProduct number: Int) -> [Tensor] { cotangents[number] ?? [] }

  /// The average over examples of the squared derivatives by a parameter, shaped like it.
  func squares(of parameter: Int, shape: [Int], _ uses: [ProductUse]?) -> Tensor {
    guard let uses else {
      if pulledSquares == nil { pulledSquares = makePulledSquares() }
      guard let squares = pulledSquares?[parameter] else {
        fatalError("parameter \(parameter) was not pulled back")
      }
      return squares
    }
    let sum = Tensor.zeros(shape, record.value(ofParameter: parameter).type)
    // As many examples at a time as fit a few million numbers.
    let size = max(shape.reduce(1, *), 1)
    let piece = min(max((1 << 22) / size, 1), exampleCount)
    for source in outputCotangents.indices {
      for start in stride(from: 0, to: exampleCount, by: piece) {
        let examples = start..<min(start + piece, exampleCount)
        var derivatives: Tensor?
        for use in uses {
          // A use that the outputs do not depend on has no cotangents.
          guard let part = self.derivatives(use, source, examples) else { continue }
          derivatives = derivatives.map { $0 + part } ?? part
        }
        guard let derivatives else { continue }
        Kernels.formLinearCombination(
          1, sum, 1 / Double(exampleCount),
          (derivatives * derivatives).sum(over: [0]).reshaped(shape).contiguous(), into: sum)
      }
    }
    return sum
  }

  /// The derivatives of some examples by a parameter through one of its uses, [examples] + its
  /// shape.
  private func derivatives(_ use: ProductUse, _ source: Int, _ examples: Range<Int>) -> Tensor? {
    guard let cotangents = cotangents[use.number] else { return nil }
    func rows(_ matrix: Tensor) -> Tensor {
      let width = matrix.size(matrix.rank - 1)
      return matrix.reshaped([exampleCount, -1, width]).narrowed(
        0, from: examples.lowerBound, count: examples.count)
    }
    let b = rows(cotangents[source])
    return use.isBias
      ? b.sum(over: [1]) : rows(factor(ofProduct: use.number)).transposed().matmul(b)
  }

  /// The same for the parameters that enter other operations, an example at a time.
  private func makePulledSquares() -> [Int: Tensor] {
    let gradient: [Tensor?] = (0..<record.parameterCount).map { parameter in
      guard pulledParameters.contains(parameter) else { return nil }
      let value = record.value(ofParameter: parameter)
      return Tensor(uninitialized: value.shape, value.type)
    }
    let sums = pulledParameters.map { parameter in
      let value = record.value(ofParameter: parameter)
      return Tensor.zeros(value.shape, value.type)
    }
    for cotangent in outputCotangents {
      for example in 0..<exampleCount {
        let own = Tensor.zeros(cotangent.shape, cotangent.type)
        own.rows(example..<(example + 1)).overwrite(
          with: cotangent.rows(example..<(example + 1)))
        record.pullback(own, into: gradient)
        for (parameter, sum) in zip(pulledParameters, sums) {
          guard let part = gradient[parameter] else { continue }
          Kernels.formProduct(part, part, into: part)
          Kernels.formLinearCombination(1, sum, 1 / Double(exampleCount), part, into: sum)
        }
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(pulledParameters, sums))
  }
}
