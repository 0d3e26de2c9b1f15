import CTorch

/// Kernels of losses.
extension Kernels {
  /// The mean cross entropy of the softmax of `logits` [.., classes] with `labels` [..] of type
  /// int64, accumulated in double precision.
  ///
  /// - Parameters:
  ///   - logits: The outputs [N, …, classes].
  ///   - labels: The class of each, of type int64.
  ///   - probabilities: Shaped like the logits. Receives the softmax where `cotangent` is given; is
  ///     scratch otherwise.
  ///   - cotangent: Receives the derivative by the logits, (softmax − one-hot)/N.
  /// - Returns: The loss, and the number of rows whose largest logit is the label's.
  /// - Precondition: The labels are classes. On a device that is found out when one of the results is
  ///   asked for.
  public static func crossEntropy(
    _ logits: Tensor, labels: Tensor, probabilities: Tensor, cotangent: Tensor? = nil
  ) -> (loss: DeferredNumber, correct: DeferredNumber) {
    guard logits.rank >= 2, labels.type == .int64, labels.count == logits.rowCount,
      labels.device == logits.device
    else {
      fatalError(
        "cross entropy of logits \(logits.place) and labels \(labels.place): expected [.., classes] "
          + "and int64[..] on one device")
    }
    check("cross entropy", logits, probabilities, cotangent)
    guard logits.device.isCPU else {
      let labels = labels.contiguous()
      let numbers = DeferredNumbers(
        on: logits.device,
        check: { numbers in
          if numbers[2] > 0 { refuseLabels(labels, classCount: logits.columnCount) }
        },
        {
          ct_device_cross_entropy(
            logits.handle, labels.handle, probabilities.handle, cotangent?.handle, &$0)
        })
      return (DeferredNumber(numbers, 0), DeferredNumber(numbers, 1))
    }
    var correct: Int64 = 0
    let loss = ct_cross_entropy(
      logits.isDouble, Int64(logits.rowCount), Int64(logits.columnCount), logits.data,
      labels.data.assumingMemoryBound(to: Int64.self), probabilities.data, cotangent?.data,
      &correct)
    if correct < 0 { refuseLabels(labels, classCount: logits.columnCount) }
    return (DeferredNumber(loss), DeferredNumber(Double(correct)))
  }

  private static func refuseLabels(_ labels: Tensor, classCount: Int) {
    let labels = labels.elements(Int64.self)
    let row = labels.firstIndex { $0 < 0 || $0 >= classCount } ?? 0
    fatalError(
      "cross entropy: the label of row \(row) is \(labels[row]), but there are only the classes "
        + "0..<\(classCount)")
  }

  /// (1/N) Σ aᵀ(diag p − ppᵀ)b over the rows of [N, classes] tensors: the Fisher product of softmax
  /// cross entropy.
  public static func crossEntropyFisher(
    probabilities: Tensor, _ a: Tensor, _ b: Tensor
  ) -> DeferredNumber {
    check("Fisher product", probabilities, a, b)
    guard a.device.isCPU else {
      return number(on: a.device) {
        ct_device_cross_entropy_fisher(probabilities.handle, a.handle, b.handle, &$0)
      }
    }
    return DeferredNumber(
      ct_cross_entropy_fisher(
        a.isDouble, Int64(a.rowCount), Int64(a.columnCount), probabilities.data, a.data, b.data))
  }

  /// ½·mean (z − y)² over all elements, accumulated in double precision; with `cotangent`, its
  /// derivative (z − y)/count.
  public static func squaredError(_ z: Tensor, _ y: Tensor, cotangent: Tensor? = nil)
    -> DeferredNumber
  {
    guard z.count == y.count else {
      fatalError("squared error of outputs \(z.shape) and targets \(y.shape): the shapes differ")
    }
    check("squared error", z, y, cotangent)
    guard z.device.isCPU else {
      return number(on: z.device) {
        ct_device_squared_error(z.handle, y.handle, cotangent?.handle, &$0)
      }
    }
    return DeferredNumber(
      ct_squared_error(z.isDouble, Int64(z.count), z.data, y.data, cotangent?.data))
  }
}
