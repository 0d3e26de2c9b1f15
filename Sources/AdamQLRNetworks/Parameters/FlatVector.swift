import AdamQLR
import Requirements
import Synchronization
import AdamQLRTorch

/// All parameters of a model in one piece of the engine's memory, and every vector laid out like
/// them.
///
/// A value type: copies are independent, and share memory until one of them changes. Each operation
/// is one pass over memory.
public struct FlatVector: ParameterVector {
  private var storage: Storage

  /// A vector with the elements of `tensor`, whose memory it takes over.
  ///
  /// - Precondition: `tensor` is contiguous, of a floating-point type, and written to by nobody
  ///   else from here on.
  public init(takingOver tensor: Tensor) {
    require(
      tensor.type.isFloatingPoint, "parameters must be floating-point numbers, not \(tensor.type)")
    storage = Storage(tensor.contiguous())
  }

  /// A vector of zeros.
  public init(zeros count: Int, _ type: DataType) {
    self.init(takingOver: .zeros([count], type))
  }

  /// A vector of zeros of the type and on the device of a tensor.
  public init(zeros count: Int, like other: Tensor) {
    self.init(takingOver: .zeros([count], like: other))
  }

  /// A vector with these elements.
  public init(_ elements: [Double], _ type: DataType = .float64) {
    self.init(takingOver: type == .float64 ? Tensor(elements) : Tensor(elements.map(Float.init)))
  }

  /// The elements as a one-dimensional tensor, not to be written to.
  public var tensor: Tensor { storage.elements }

  /// The type of the elements.
  public var type: DataType { storage.elements.type }

  /// The device that the elements lie on.
  public var device: Device { storage.elements.device }

  /// A copy on another device; the vector itself where it lies there already.
  public func to(_ device: Device) -> FlatVector {
    device == self.device ? self : FlatVector(takingOver: storage.elements.to(device))
  }

  /// The elements as numbers of double precision.
  public var doubles: [Double] { storage.elements.doubles }
}

extension FlatVector {
  public var count: Int { storage.elements.count }

  public var ulpOfOne: Double {
    type == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
  }

  public func zeros() -> FlatVector { FlatVector(zeros: count, like: tensor) }

  public func elements(every stride: Int) -> FlatVector {
    let rows = count / stride
    let first = tensor.slice(from: 0, shape: [rows, stride]).narrowed(1, from: 0, count: 1)
    let last = tensor.slice(from: rows * stride, shape: [rows * stride == count ? 0 : 1])
    return FlatVector(takingOver: .joining([first.reshaped([rows]), last], over: 0))
  }

  public func deferredFiniteness() -> Deferred<Bool>? {
    if device == .cpu { return nil }
    let largest = Kernels.largestMagnitude(of: tensor)
    return Deferred { largest.value.isFinite }
  }

  public func dot(_ other: FlatVector) -> Double { Kernels.dot(tensor, other.tensor) }

  public func deferredDot(_ other: FlatVector) -> Deferred<Double> {
    let product = Kernels.deferredDot(tensor, other.tensor)
    return Deferred { product.value }
  }

  @discardableResult
  public mutating func formLinearCombination(
    _ a: Double, _ x: FlatVector, _ b: Double, _ y: FlatVector
  ) -> Bool {
    Kernels.formLinearCombination(a, x.tensor, b, y.tensor, into: overwritten())
  }

  @discardableResult
  public mutating func formLinearCombination(
    _ a: Double, _ x: FlatVector, selfTimes b: Double
  ) -> Bool {
    let elements = mutated()
    return Kernels.formLinearCombination(a, x.tensor, b, elements, into: elements)
  }

  @discardableResult
  public mutating func formLinearCombination(
    selfTimes a: Double, _ b: Double, _ y: FlatVector
  ) -> Bool {
    let elements = mutated()
    return Kernels.formLinearCombination(a, elements, b, y.tensor, into: elements)
  }

  public mutating func scale(by a: Double) {
    let elements = mutated()
    Kernels.formLinearCombination(a, elements, 0, elements, into: elements)
  }

  @discardableResult
  public mutating func add(_ x: FlatVector, scaledBy a: Double, in ranges: [Range<Int>]?) -> Bool {
    let elements = mutated()
    guard let ranges else {
      return Kernels.formLinearCombination(1, elements, a, x.tensor, into: elements)
    }
    return ranges.reduce(true) { isFinite, range in
      let part = elements.slice(from: range.lowerBound, shape: [range.count])
      let other = x.tensor.slice(from: range.lowerBound, shape: [range.count])
      return Kernels.formLinearCombination(1, part, a, other, into: part) && isFinite
    }
  }

  public mutating func formProduct(_ x: FlatVector, _ y: FlatVector) {
    Kernels.formProduct(x.tensor, y.tensor, into: overwritten())
  }

  public mutating func formQuotient(_ x: FlatVector, _ y: FlatVector, plus offset: Double) {
    Kernels.formQuotient(x.tensor, y.tensor, plus: offset, into: overwritten())
  }

  public mutating func formSquareRoot(of x: FlatVector, plus offset: Double) {
    Kernels.formSquareRoot(of: x.tensor, plus: offset, into: overwritten())
  }

  public mutating func clamp(to range: ClosedRange<Double>) {
    Kernels.clamp(mutated(), to: range)
  }

  public mutating func formSign(of x: FlatVector) {
    Kernels.formSign(of: x.tensor, into: overwritten())
  }

  public func products(withDirection direction: FlatVector) -> DirectionProducts {
    Kernels.directionProducts(gradient: tensor, direction: direction.tensor).fetched {
      DirectionProducts(
        gradientDotDirection: $0.gd, directionDotDirection: $0.dd, gradientDotGradient: $0.gg)
    }
  }

  public mutating func formAdamDirection(
    _ coefficients: AdamCoefficients, gradient: FlatVector, first: FlatVector, second: FlatVector
  ) -> DirectionProducts {
    let products = Kernels.formAdamDirection(
      Kernels.AdamScalars(coefficients), gradient: gradient.tensor, first: first.tensor,
      second: second.tensor, direction: overwritten())
    return momentProducts(products)
  }

  public mutating func formScaledGradient(
    _ coefficients: AdamCoefficients, gradient: FlatVector, second: FlatVector
  ) -> DirectionProducts {
    let products = Kernels.formScaledGradient(
      Kernels.AdamScalars(coefficients), gradient: gradient.tensor, second: second.tensor,
      direction: overwritten())
    return momentProducts(products)
  }

  public static func advanceMoments(
    _ coefficients: AdamCoefficients, gradient: FlatVector, first: inout FlatVector,
    second: inout FlatVector
  ) {
    Kernels.advanceMoments(
      Kernels.AdamScalars(coefficients), gradient: gradient.tensor, first: first.mutated(),
      second: second.mutated())
  }

  public static func advanceSecondMoment(
    _ coefficients: AdamCoefficients, gradient: FlatVector, second: inout FlatVector
  ) {
    Kernels.advanceMoments(
      Kernels.AdamScalars(coefficients), gradient: gradient.tensor, first: nil,
      second: second.mutated())
  }

  // Called behind the kernel: as a call around it, this vector would be held while the kernel asks
  // for memory of its own, and get a new piece at every step.
  private func momentProducts(_ products: Kernels.DirectionProducts) -> DirectionProducts {
    let greatest =
      type == .float64 ? Double.greatestFiniteMagnitude : Double(Float.greatestFiniteMagnitude)
    return products.fetched {
      DirectionProducts(
        gradientDotDirection: $0.gd, directionDotDirection: $0.dd,
        adamGradientDotGradient: $0.gg, greatestMoment: greatest)
    }
  }
}

extension Kernels.DirectionProducts {
  /// What `body` makes of the numbers, deferred as they are.
  fileprivate func fetched(
    _ body: @escaping @Sendable (Kernels.DirectionProducts.Numbers) -> DirectionProducts
  ) -> DirectionProducts {
    switch self {
    case .known(let numbers): body(numbers)
    case .deferred: DirectionProducts(deferred: { body(self.numbers) })
    }
  }
}

extension Kernels.AdamScalars {
  /// The coefficients as the kernels take them.
  init(_ k: AdamCoefficients) {
    self.init(
      beta1: k.beta1, firstGain: k.firstGain, beta2: k.beta2, secondGain: k.secondGain,
      epsilon: k.epsilon, epsilonRoot: k.epsilonRoot, firstCorrection: k.firstCorrection,
      secondCorrection: k.secondCorrection, gradientWeight: k.gradientWeight)
  }
}

extension FlatVector {
  /// The parameters as tensors that share memory with this vector, in the order of `shapes`.
  func views(_ shapes: ParameterShapes) -> [Tensor] { storage.views(shapes) }

  /// As ``views(_:)``, to be overwritten altogether.
  mutating func overwrittenViews(_ shapes: ParameterShapes) -> [Tensor] {
    _ = overwritten()
    return storage.views(shapes)
  }

  /// As ``views(_:)``, to be changed.
  mutating func mutatedViews(_ shapes: ParameterShapes) -> [Tensor] {
    _ = mutated()
    return storage.views(shapes)
  }

  /// Whether both are the same memory, which neither can change while the other exists.
  func isIdentical(to other: FlatVector) -> Bool { storage === other.storage }

  /// Memory of this vector's own whose content does not matter.
  mutating func overwritten() -> Tensor {
    if !isKnownUniquelyReferenced(&storage) {
      storage = Storage(Tensor(uninitialized: [count], like: storage.elements))
    }
    return storage.elements
  }

  /// Memory of this vector's own with its elements.
  mutating func mutated() -> Tensor {
    if !isKnownUniquelyReferenced(&storage) {
      let source = storage.elements
      overwritten().overwrite(with: source)
    }
    return storage.elements
  }

  private final class Storage: Sendable {
    let elements: Tensor
    // Views are made once for a piece of memory: optimizers swap their vectors, so that the same few
    // pieces come round at every step.
    private let cache = Mutex<(shapes: ParameterShapes, views: [Tensor])?>(nil)

    init(_ elements: Tensor) { self.elements = elements }

    func views(_ shapes: ParameterShapes) -> [Tensor] {
      cache.withLock { cache in
        if let cache, cache.shapes === shapes { return cache.views }
        let views = shapes.views(of: elements)
        cache = (shapes, views)
        return views
      }
    }
  }
}

/// Encoded as type and elements, or as the name under which a ``TensorStore`` has them.
extension FlatVector: Codable {
  private enum CodingKeys: String, CodingKey { case type, elements, tensor }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let name = try container.decodeIfPresent(String.self, forKey: .tensor) {
      let store = decoder.userInfo[.tensorStore] as? TensorStore
      guard let tensor = store?.take(name), tensor.type.isFloatingPoint, tensor.rank == 1 else {
        throw DecodingError.dataCorruptedError(
          forKey: .tensor, in: container, debugDescription: "there is no vector '\(name)'")
      }
      self.init(takingOver: tensor)
      return
    }
    let type = try container.decode(DataType.self, forKey: .type)
    guard type.isFloatingPoint else {
      throw DecodingError.dataCorruptedError(
        forKey: .type, in: container,
        debugDescription: "parameters must be float32 or float64, not \(type.rawValue)")
    }
    self.init(try container.decode([Double].self, forKey: .elements), type)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    if let store = encoder.userInfo[.tensorStore] as? TensorStore {
      try container.encode(store.add(tensor, at: encoder.codingPath), forKey: .tensor)
    } else {
      try container.encode(type, forKey: .type)
      try container.encode(doubles, forKey: .elements)
    }
  }
}

/// The places and shapes of a model's parameters in its flat vector.
final class ParameterShapes: Sendable {
  private let parts: [(offset: Int, shape: [Int])]

  init(_ layout: ParameterLayout) {
    parts = layout.entries.map { ($0.offset, $0.shape) }
  }

  func views(of elements: Tensor) -> [Tensor] {
    parts.map { elements.slice(from: $0.offset, shape: $0.shape) }
  }

  /// Views that autograd follows back to `elements`.
  func trackedViews(of elements: Tensor) -> [Tensor] {
    parts.map {
      elements.narrowed(0, from: $0.offset, count: $0.shape.reduce(1, *)).reshaped($0.shape)
    }
  }
}
