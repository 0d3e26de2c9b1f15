import CTorch

/// One of libtorch's operators, found by the name in its schema ("aten::tanh").
///
/// Any operator can be called, so a new operation on tensors takes a line:
///
///     extension Operator { static let erf = Operator("aten::erf") }
///     let y = try Operator.erf.call([.tensor(x)])
public struct Operator: Sendable {
  /// The name in the schema.
  public let name: String
  private nonisolated(unsafe) let handle: ct_operator

  /// Finds an operator.
  ///
  /// - Precondition: libtorch has it.
  public init(_ name: String, overload: String = "") {
    self.name = name
    Runtime.start()
    var handle: ct_operator?
    trapping { () throws(TorchError) in
      try TorchError.check(ct_find_operator(name, overload, &handle))
    }
    guard let handle else { fatalError("libtorch has no operator \(name)") }
    self.handle = handle
  }

  /// An operand: what a schema's argument can be.
  public enum Operand {
    /// No value, for an optional argument.
    case none
    /// A tensor.
    case tensor(Tensor)
    /// A whole number.
    case int(Int)
    /// A number.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// Whole numbers, a shape for instance.
    case ints([Int])
    /// Truth values.
    case bools([Bool])
    /// Tensors.
    case tensors([Tensor])
    /// A word, the name of a mode for instance.
    case string(String)
    /// An element type.
    case type(DataType)
  }

  /// Calls the operator; operands left out take the schema's defaults.
  ///
  /// Autograd follows the call if a tensor among the operands is tracked.
  ///
  /// - Parameters:
  ///   - operands: The arguments.
  ///   - isProduct: Whether it is a product of a layer, which ``ProductPrecision`` is about.
  /// - Returns: The tensors among the results.
  /// - Throws: ``TorchError`` with the operands' shapes and libtorch's reason.
  public func callForAll(
    _ operands: [Operand], isProduct: Bool = false
  ) throws(TorchError) -> [Tensor] {
    let tracks = operands.contains { $0.isTracked }
    let device = try device(of: operands)
    var results: [ct_tensor?] = Array(repeating: nil, count: 4)
    var resultCount = Int32(results.count)
    let message = withArguments(operands) { arguments in
      ct_call(
        handle, arguments.baseAddress, Int32(arguments.count), tracks, isProduct, &results,
        &resultCount)
    }
    try TorchError.check(message)
    return results.prefix(Int(resultCount)).compactMap { $0 }.map {
      Tensor(owning: $0, isTracked: tracks, on: device)
    }
  }

  /// The device of all tensors among the operands, single numbers aside.
  private func device(of operands: [Operand]) throws(TorchError) -> Device {
    var found: Device?
    func note(_ tensor: Tensor) throws(TorchError) {
      guard let device = found else {
        found = tensor.device
        return
      }
      if tensor.device == device || tensor.device.isCPU && tensor.rank == 0 { return }
      throw TorchError(
        "\(name) of tensors on \(device) and \(tensor.device): to(_:) copies one of them to the "
          + "other's device")
    }
    for operand in operands {
      switch operand {
      case .tensor(let tensor): try note(tensor)
      case .tensors(let tensors): for tensor in tensors { try note(tensor) }
      default: break
      }
    }
    return found ?? .cpu
  }

  /// As ``callForAll(_:isProduct:)``, for an operator with one result.
  public func call(_ operands: [Operand]) throws(TorchError) -> Tensor {
    guard let result = try callForAll(operands).first else {
      throw TorchError("\(name) returned no tensor")
    }
    return result
  }

  /// Calls the operator; traps where ``callForAll(_:isProduct:)`` throws.
  func all(_ operands: Operand...) -> [Tensor] {
    trapping { () throws(TorchError) in try callForAll(operands) }
  }

  /// As ``all(_:)``, for a product of a layer; see ``ProductPrecision``.
  func product(_ operands: Operand...) -> [Tensor] {
    trapping { () throws(TorchError) in try callForAll(operands, isProduct: true) }
  }

  /// Calls the operator; traps where ``call(_:)`` throws.
  func callAsFunction(_ tensors: Tensor..., options: Operand...) -> Tensor {
    trapping { () throws(TorchError) in try call(tensors.map(Operand.tensor) + options) }
  }

  /// Lays the operands out as the C interface takes them, for as long as `body` runs.
  private func withArguments<Result>(
    _ operands: [Operand], _ body: (UnsafeBufferPointer<ct_argument>) -> Result
  ) -> Result {
    var integers: [Int64] = []
    var tensors: [ct_tensor?] = []
    var strings: [UnsafeMutablePointer<CChar>] = []
    defer { strings.forEach { $0.deallocate() } }
    for operand in operands {
      switch operand {
      case .ints(let values): integers += values.map(Int64.init)
      case .bools(let values): integers += values.map { $0 ? 1 : 0 }
      default: break
      }
    }
    for case .tensors(let values) in operands { tensors += values.map(\.handle) }
    return withExtendedLifetime(operands) {
      integers.withUnsafeBufferPointer { integers in
        tensors.withUnsafeBufferPointer { tensors in
          var (integerOffset, tensorOffset) = (0, 0)
          let arguments = operands.map { operand in
            var argument = ct_argument()
            switch operand {
            case .none:
              argument.kind = CT_ARGUMENT_NONE
            case .tensor(let tensor):
              argument.kind = CT_ARGUMENT_TENSOR
              argument.tensor = tensor.handle
            case .int(let value):
              argument.kind = CT_ARGUMENT_INT
              argument.integer = Int64(value)
            case .double(let value):
              argument.kind = CT_ARGUMENT_DOUBLE
              argument.real = value
            case .bool(let value):
              argument.kind = CT_ARGUMENT_BOOL
              argument.integer = value ? 1 : 0
            case .ints(let values):
              argument.kind = CT_ARGUMENT_INT_LIST
              argument.integer = Int64(values.count)
              argument.integers = integers.baseAddress.map { $0 + integerOffset }
              integerOffset += values.count
            case .bools(let values):
              argument.kind = CT_ARGUMENT_BOOL_LIST
              argument.integer = Int64(values.count)
              argument.integers = integers.baseAddress.map { $0 + integerOffset }
              integerOffset += values.count
            case .tensors(let values):
              argument.kind = CT_ARGUMENT_TENSOR_LIST
              argument.integer = Int64(values.count)
              argument.tensors = tensors.baseAddress.map { $0 + tensorOffset }
              tensorOffset += values.count
            case .string(let value):
              argument.kind = CT_ARGUMENT_STRING
              let copy = Self.copyOfCString(value)
              strings.append(copy)
              argument.string = UnsafePointer(copy)
            case .type(let type):
              argument.kind = CT_ARGUMENT_DTYPE
              argument.integer = Int64(type.code.rawValue)
            }
            return argument
          }
          return arguments.withUnsafeBufferPointer(body)
        }
      }
    }
  }

  private static func copyOfCString(_ string: String) -> UnsafeMutablePointer<CChar> {
    let characters = string.utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: characters.count)
    characters.withUnsafeBufferPointer {
      if let source = $0.baseAddress { copy.initialize(from: source, count: $0.count) }
    }
    return copy
  }
}

extension Operator.Operand {
  var isTracked: Bool {
    switch self {
    case .tensor(let tensor): tensor.isTracked
    case .tensors(let tensors): tensors.contains(where: \.isTracked)
    default: false
    }
  }
}
