import AdamQLRTorch

/// Where an operation's pullback puts the cotangents of its inputs.
///
/// The cotangent of a parameter is its part of the gradient, into which a pullback can write
/// directly.
public final class Cotangents {
  private let record: Record
  private let gradient: [Tensor?]
  /// Whether the cotangents that curvature is made of are wanted.
  let notesFactors: Bool
  private var isWritten: [Bool]
  private var pending: [Tensor?]
  /// The variables that are inputs of the operation whose turn it is.
  var inputs: [Int] = []
  /// The cotangent that the operation whose turn it is noted.
  private var noted: Tensor?

  /// - Parameters:
  ///   - gradient: Where the parameters' cotangents go; `nil` for those of no use.
  ///   - accumulates: Whether they are added to what is there.
  ///   - notesFactors: Whether the cotangents that curvature is made of are wanted.
  init(
    record: Record, gradient: [Tensor?], accumulates: Bool, nodeCount: Int, notesFactors: Bool
  ) {
    self.record = record
    self.gradient = gradient
    self.notesFactors = notesFactors
    isWritten = Array(repeating: accumulates, count: gradient.count)
    pending = Array(repeating: nil, count: nodeCount)
  }

  /// Whether the cotangent of this input is of use.
  public func isNeeded(_ input: Int) -> Bool {
    let node = inputs[input]
    if let parameter = record.parameter(at: node) { return gradient[parameter] != nil }
    return record.dependsOnParameters(node)
  }

  /// Notes b, the cotangent that the operation's ``FactoredProduct`` and ``ParameterUse``s refer to.
  ///
  /// - Parameter cotangent: A contiguous tensor, which must not be written to afterwards.
  public func noteFactor(_ cotangent: @autoclosure () -> Tensor) {
    if notesFactors { noted = cotangent() }
  }

  /// Adds to the cotangent of an input.
  public func add(_ cotangent: Tensor, to input: Int) {
    guard isNeeded(input) else { return }
    let node = inputs[input]
    if let parameter = record.parameter(at: node), let part = gradient[parameter] {
      if isWritten[parameter] {
        Kernels.formLinearCombination(1, part, 1, cotangent.contiguous(), into: part)
      } else {
        part.overwrite(with: cotangent)
        isWritten[parameter] = true
      }
    } else if let earlier = pending[node] {
      pending[node] = earlier + cotangent
    } else {
      pending[node] = cotangent
    }
  }

  /// Lets `body` write the cotangent of an input where it belongs, unless it is of no use.
  ///
  /// - Parameters:
  ///   - input: The number of the input.
  ///   - body: Gets memory shaped like the input, and whether to add to what is there instead of
  ///     overwriting it.
  public func write(_ input: Int, _ body: (_ destination: Tensor, _ accumulates: Bool) -> Void) {
    guard isNeeded(input) else { return }
    let node = inputs[input]
    if let parameter = record.parameter(at: node), let part = gradient[parameter] {
      body(part, isWritten[parameter])
      isWritten[parameter] = true
    } else if pending[node] != nil {
      let more = Tensor(uninitialized: record.value(at: node).shape, like: record.value(at: node))
      body(more, false)
      add(more, to: input)
    } else {
      let value = record.value(at: node)
      let destination = Tensor(uninitialized: value.shape, like: value)
      body(destination, false)
      pending[node] = destination
    }
  }

  /// Where the cotangent of an input that is a parameter belongs, and whether to add to what is
  /// there; `nil` if it is of no use. Whoever asks has to write it.
  func destination(ofParameter input: Int) -> (Tensor, accumulates: Bool)? {
    guard let parameter = record.parameter(at: inputs[input]), let part = gradient[parameter]
    else { return nil }
    defer { isWritten[parameter] = true }
    return (part, isWritten[parameter])
  }

  func start(_ cotangent: Tensor, at node: Int) {
    inputs = [node]
    add(cotangent, to: 0)
  }

  /// The cotangent of a variable, given up.
  func take(_ node: Int) -> Tensor? { pending[node].take() }

  /// What was noted, given up.
  func takeNoted() -> Tensor? { noted.take() }

  /// Sets the parts of the gradient on which nothing depends to zero.
  func finish() {
    for case (let part?, false) in zip(gradient, isWritten) {
      part.overwrite(with: .zeros(part.shape, like: part))
    }
  }
}
