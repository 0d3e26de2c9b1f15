import CTorch

extension ProcessGroup {
  /// How long ranks may take to join with their devices, in seconds.
  private static let limit = 120.0

  /// Gets ready for sums of what lies on a device: by NCCL, where each rank has a GPU of its own and a
  /// libtorch that brings NCCL. Otherwise they go by the processor's memory, with the same results up to
  /// rounding.
  ///
  /// Every rank calls it, with its own device; a `Fit` of several ranks does. NCCL's sums have been
  /// tried with a replacement of NCCL alone, and not on GPUs.
  ///
  /// - Parameter device: Where the rank computes.
  /// - Returns: Why NCCL is not used; `nil` where it is, and for ``Device/cpu``.
  @discardableResult
  public func prepare(for device: Device) -> String? {
    let known = handle.withLock { $0.prepared.map { (device: $0.device, reason: $0.reason) } }
    if let known, known.device == device { return known.reason }
    let (joined, failure) = join(with: device)
    let reason = device == .cpu ? nil : failure
    handle.withLock {
      if let former = $0.prepared?.nccl { ct_nccl_leave(former) }
      $0.prepared = (device, joined?.handle, reason)
    }
    return reason
  }

  private func join(with device: Device) -> (joined: Joined?, reason: String?) {
    var identity = ct_nccl_identity()
    var reason = agree { () throws(TorchError) in
      if device == .cpu { throw TorchError("the processor has none") }
      try device.prepare()
      try TorchError.check(ct_nccl_find())
    }
    reason =
      reason
      ?? agree { () throws(TorchError) in
        if rank == 0 { try TorchError.check(ct_nccl_make_identity(&identity)) }
      }
    if let reason { return (nil, reason) }
    share(&identity)
    var joined: ct_nccl?
    reason = agree { () throws(TorchError) in
      try TorchError.check(
        ct_nccl_join(
          identity, Int32(rank), Int32(size), device.number, Self.limit, &joined))
    }
    guard let joined else { return (nil, reason) }
    if reason == nil { return (Joined(handle: joined), nil) }
    ct_nccl_leave(joined)
    return (nil, reason)
  }

  private struct Joined: @unchecked Sendable { let handle: ct_nccl }

  /// Does what all must have succeeded in to go on.
  ///
  /// - Returns: Why one failed.
  private func agree(_ body: () throws(TorchError) -> Void) -> String? {
    var reason: String?
    do { try body() } catch { reason = error.description }
    let failures = gather([reason == nil ? 0 : 1])
    guard let first = failures.firstIndex(of: [1]) else { return nil }
    return reason ?? "rank \(first) cannot use it"
  }

  /// Gives all ranks what rank 0 has.
  private func share(_ identity: inout ct_nccl_identity) {
    withUnsafeMutableBytes(of: &identity) { bytes in
      let all = sum([], bytes.map { rank == 0 ? Double($0) : 0 })
      for (place, number) in all.enumerated() { bytes[place] = UInt8(number) }
    }
  }

  /// Whether sums of tensors go by NCCL.
  func usesNCCL(for tensors: [Tensor]) -> Bool {
    let device = handle.withLock { $0.prepared?.nccl == nil ? nil : $0.prepared?.device }
    return !tensors.isEmpty && tensors.allSatisfy { $0.device == device }
  }

  func sumByNCCL(_ tensors: [Tensor]) {
    withExtendedLifetime(tensors) {
      collect { handle in
        guard let nccl = handle.prepared?.nccl else { return nil }
        return ct_nccl_sum(nccl, tensors.map(\.handle), Int32(tensors.count))
      }
    }
  }
}
