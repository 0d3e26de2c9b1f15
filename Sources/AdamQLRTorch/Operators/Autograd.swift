import CTorch

/// libtorch's reverse-mode derivatives, for Hessian products, for operations without rules of their
/// own, and to check those that have them.
extension Tensor {
  /// A leaf that shares this tensor's elements and whose operations autograd follows.
  public func tracked() -> Tensor {
    Tensor(owning: Tensor.make { ct_track(handle, &$0) }, isTracked: true, on: device)
  }

  /// A tensor that shares the elements and is not followed.
  public func detached() -> Tensor {
    isTracked ? Tensor(owning: Tensor.make { ct_detach(handle, &$0) }, on: device) : self
  }

  /// The derivatives of ⟨cotangent, self⟩ by `inputs`; `nil` where self does not depend on one.
  ///
  /// - Parameters:
  ///   - inputs: Tracked tensors.
  ///   - cotangent: Shaped like self; 1 where self is a single number and none is given.
  ///   - isTracked: Whether the derivatives can be differentiated in turn; those that are constant are
  ///     not tracked even so, and have none.
  public func gradients(
    by inputs: [Tensor], cotangent: Tensor? = nil, isTracked: Bool = false
  ) -> [Tensor?] {
    guard self.isTracked else { return inputs.map { _ in nil } }
    let outputs: [ct_tensor?] = [handle]
    let cotangents: [ct_tensor?] = [cotangent?.handle]
    let leaves: [ct_tensor?] = inputs.map(\.handle)
    var results: [ct_tensor?] = Array(repeating: nil, count: inputs.count)
    trapping { () throws(TorchError) in
      try TorchError.check(
        ct_gradients(
          outputs, cotangents, 1, leaves, Int32(inputs.count), isTracked, &results))
    }
    withExtendedLifetime((self, cotangent, inputs)) {}
    return results.map { result in
      result.map { Tensor(owning: $0, isTracked: isTracked && ct_is_tracked($0), on: device) }
    }
  }
}
