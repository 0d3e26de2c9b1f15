import AdamQLRTorch

/// The tangents of a result z that is linear in the parameters, along the directions of the last
/// question: where nothing else moves, z at θ + Σ cᵢdᵢ is z + Σ cᵢżᵢ.
final class Displacements {
  private var tangents: [Tensor] = []
  private var areExact = true

  /// Notes the tangent along the direction of `source`.
  ///
  /// - Parameter isExact: Whether nothing but parameters moves.
  func note(_ tangent: Tensor, _ source: Tangents, isExact: Bool) {
    if source.direction == 0 {
      tangents.removeAll(keepingCapacity: true)
      areExact = true
    }
    areExact = areExact && isExact
    // Where they are of no use they are not kept: deep in a network that would be all of them.
    if areExact {
      tangents.append(tangent)
    } else {
      tangents.removeAll(keepingCapacity: true)
    }
  }

  /// z + Σ cᵢżᵢ, and its negative elements set to 0 where `rectifies`; `nil` where it is not known.
  func displaced(_ z: Tensor, by coefficients: [Double], rectifies: Bool = false) -> Tensor? {
    guard areExact, tangents.count == coefficients.count else { return nil }
    let out = Tensor(uninitialized: z.shape, like: z)
    Kernels.displace(z, along: tangents, by: coefficients, rectifies: rectifies, into: out)
    return out
  }
}
