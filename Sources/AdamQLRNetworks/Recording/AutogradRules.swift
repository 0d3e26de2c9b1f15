import AdamQLRTorch

/// The derivatives of an operation at one point by libtorch's autograd.
final class AutogradRules {
  private let inputs: [Tensor]
  private let output: Tensor
  // ȳ and Jᵀȳ as a function of it, made when first asked for.
  private var transposed: (cotangent: Tensor, products: [Tensor?])?

  init(_ operation: some Operation, _ inputs: [Tensor]) {
    self.inputs = inputs.map { $0.type.isFloatingPoint ? $0.tracked() : $0 }
    output = operation.plainValue(self.inputs)
  }

  var linearized: LinearizedOperation {
    LinearizedOperation(
      output.detached().contiguous(), pushforward: { self.pushforward($0) },
      pullback: { self.pullback($0, $1) })
  }

  private var leaves: [Int] { inputs.indices.filter { inputs[$0].isTracked } }

  private func pullback(_ cotangent: Tensor, _ cotangents: Cotangents) {
    let leaves = leaves.filter(cotangents.isNeeded)
    guard !leaves.isEmpty else { return }
    let products = output.gradients(by: leaves.map { inputs[$0] }, cotangent: cotangent)
    for (leaf, product) in zip(leaves, products) {
      if let product { cotangents.add(product.contiguous(), to: leaf) }
    }
  }

  /// Jẋ as the derivative of ⟨Jᵀȳ, ẋ⟩ by ȳ, on which it depends linearly.
  private func pushforward(_ tangents: Tangents) -> Tensor? {
    let transposed = self.transposed ?? makeTransposed()
    self.transposed = transposed
    var result: Tensor?
    for (leaf, product) in zip(leaves, transposed.products) {
      guard let product, product.isTracked, let tangent = tangents[leaf] else { continue }
      guard
        let part = product.gradients(by: [transposed.cotangent], cotangent: tangent)[0]
      else { continue }
      result = result.map { $0 + part } ?? part
    }
    return result?.contiguous()
  }

  private func makeTransposed() -> (cotangent: Tensor, products: [Tensor?]) {
    let cotangent = Tensor.zeros(output.shape, like: output).tracked()
    let products = output.gradients(
      by: leaves.map { inputs[$0] }, cotangent: cotangent, isTracked: true)
    return (cotangent, products)
  }
}
