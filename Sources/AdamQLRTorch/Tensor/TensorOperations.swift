import CTorch

// Operations on tensors, a line each; see libtorch's documentation for broadcasting.

extension Operator {
  static let add = Operator("aten::add", overload: "Tensor")
  static let subtract = Operator("aten::sub", overload: "Tensor")
  static let multiply = Operator("aten::mul", overload: "Tensor")
  static let divide = Operator("aten::div", overload: "Tensor")
  static let addScalar = Operator("aten::add", overload: "Scalar")
  static let multiplyScalar = Operator("aten::mul", overload: "Scalar")
  static let negate = Operator("aten::neg")
  static let matmul = Operator("aten::matmul")
  static let transpose = Operator("aten::transpose", overload: "int")
  static let reshape = Operator("aten::reshape")
  static let permute = Operator("aten::permute")
  static let expand = Operator("aten::expand")
  static let contiguous = Operator("aten::contiguous")
  static let copy = Operator("aten::copy_")
  static let fill = Operator("aten::fill_", overload: "Scalar")
  static let narrow = Operator("aten::narrow")
  static let concatenate = Operator("aten::cat")
  static let toType = Operator("aten::to", overload: "dtype")
  static let sum = Operator("aten::sum")
  static let sumOverDimensions = Operator("aten::sum", overload: "dim_IntList")
  static let mean = Operator("aten::mean")
  static let meanOverDimensions = Operator("aten::mean", overload: "dim")
  static let exp = Operator("aten::exp")
  static let log = Operator("aten::log")
  static let squareRoot = Operator("aten::sqrt")
  static let inverseSquareRoot = Operator("aten::rsqrt")
  static let batchNorm = Operator("aten::batch_norm")
  static let relu = Operator("aten::relu")
  static let tanh = Operator("aten::tanh")
  static let sigmoid = Operator("aten::sigmoid")
  static let gelu = Operator("aten::gelu")
  static let tanhBackward = Operator("aten::tanh_backward")
  static let sigmoidBackward = Operator("aten::sigmoid_backward")
  static let geluBackward = Operator("aten::gelu_backward")
  static let greaterThanScalar = Operator("aten::gt", overload: "Scalar")
  static let crossEntropy = Operator("aten::cross_entropy_loss")
  static let indexSelect = Operator("aten::index_select")
  static let argmax = Operator("aten::argmax")
  static let upperTriangle = Operator("aten::triu")
  static let eigendecomposition = Operator("aten::linalg_eigh")
  static let qrDecomposition = Operator("aten::linalg_qr")
  static let indexAdd = Operator("aten::index_add_")
  static let lowerTriangle = Operator("aten::tril")
  static let softmax = Operator("aten::softmax", overload: "int")
}

extension Tensor {
  /// Element by element, with broadcasting.
  public static func + (a: Tensor, b: Tensor) -> Tensor { Operator.add(a, b) }
  /// Element by element, with broadcasting.
  public static func - (a: Tensor, b: Tensor) -> Tensor { Operator.subtract(a, b) }
  /// Element by element, with broadcasting.
  public static func * (a: Tensor, b: Tensor) -> Tensor { Operator.multiply(a, b) }
  /// Element by element, with broadcasting.
  public static func / (a: Tensor, b: Tensor) -> Tensor { Operator.divide(a, b) }
  /// Adds a number to each element.
  public static func + (a: Tensor, b: Double) -> Tensor {
    Operator.addScalar(a, options: .double(b))
  }
  /// Multiplies each element by a number.
  public static func * (a: Double, b: Tensor) -> Tensor {
    Operator.multiplyScalar(b, options: .double(a))
  }
  /// The negative of each element.
  public static prefix func - (a: Tensor) -> Tensor { Operator.negate(a) }

  /// The matrix product, batched over leading dimensions, as a layer's: see ``ProductPrecision``.
  public func layerProduct(_ other: Tensor) -> Tensor {
    Operator.matmul.product(.tensor(self), .tensor(other))[0]
  }
  /// The matrix product, batched over leading dimensions.
  public func matmul(_ other: Tensor) -> Tensor { Operator.matmul(self, other) }
  /// The tensor with two dimensions exchanged; negative numbers count from the last.
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor {
    Operator.transpose(self, options: .int(a), .int(b))
  }
  /// The same elements in another shape; one size may be −1.
  public func reshaped(_ shape: [Int]) -> Tensor { Operator.reshape(self, options: .ints(shape)) }
  /// The tensor with its dimensions in another order, sharing memory with this one.
  public func permuted(_ order: [Int]) -> Tensor { Operator.permute(self, options: .ints(order)) }
  /// The tensor with dimensions of size 1 repeated to another shape, sharing memory with this one.
  public func expanded(to shape: [Int]) -> Tensor { Operator.expand(self, options: .ints(shape)) }
  /// `count` entries of a dimension from `start` on.
  public func narrowed(_ dimension: Int, from start: Int, count: Int) -> Tensor {
    Operator.narrow(self, options: .int(dimension), .int(start), .int(count))
  }
  /// Tensors one after the other along a dimension.
  public static func joining(_ tensors: [Tensor], over dimension: Int) -> Tensor {
    trapping { () throws(TorchError) in
      try Operator.concatenate.call([.tensors(tensors), .int(dimension)])
    }
  }
  /// The elements converted to another type.
  public func to(_ type: DataType) -> Tensor {
    self.type == type ? self : Operator.toType(self, options: .type(type))
  }

  /// The sum of all elements.
  public func sum() -> Tensor { Operator.sum(self) }
  /// The sums over some dimensions.
  public func sum(over dimensions: [Int], keepsDimensions: Bool = false) -> Tensor {
    Operator.sumOverDimensions(self, options: .ints(dimensions), .bool(keepsDimensions))
  }
  /// The mean of all elements.
  public func mean() -> Tensor { Operator.mean(self) }
  /// The means over some dimensions.
  public func mean(over dimensions: [Int], keepsDimensions: Bool = false) -> Tensor {
    Operator.meanOverDimensions(self, options: .ints(dimensions), .bool(keepsDimensions))
  }
  /// eˣ, element by element.
  public func exp() -> Tensor { Operator.exp(self) }
  /// The natural logarithm, element by element.
  public func log() -> Tensor { Operator.log(self) }
  /// √x, element by element.
  public func squareRoot() -> Tensor { Operator.squareRoot(self) }
  /// 1/√x, element by element.
  public func inverseSquareRoot() -> Tensor { Operator.inverseSquareRoot(self) }
  /// The columns [N, channels] with mean 0 and variance 1, scaled and shifted by channel.
  public func batchNormalized(scale: Tensor, offset: Tensor, epsilon: Double) -> Tensor {
    Operator.batchNorm.all(
      .tensor(self), .tensor(scale), .tensor(offset), .none, .none, .bool(true), .double(0),
      .double(epsilon), .bool(false))[0]
  }
  /// max(x, 0), element by element.
  public func relu() -> Tensor { Operator.relu(self) }
  /// tanh x, element by element.
  public func tanh() -> Tensor { Operator.tanh(self) }
  /// 1/(1 + e⁻ˣ), element by element.
  public func sigmoid() -> Tensor { Operator.sigmoid(self) }
  /// x·Φ(x) with Φ the normal distribution function, or its approximation by tanh (Hendrycks and
  /// Gimpel 2016), element by element.
  public func gelu(approximatesByTanh: Bool = false) -> Tensor {
    Operator.gelu(self, options: .string(approximatesByTanh ? "tanh" : "none"))
  }
  /// (1 − y²)·self, with `output` y = tanh x.
  public func tanhPullback(output: Tensor) -> Tensor { Operator.tanhBackward(self, output) }
  /// y(1 − y)·self, with `output` y the sigmoid of x.
  public func sigmoidPullback(output: Tensor) -> Tensor { Operator.sigmoidBackward(self, output) }
  /// The derivative of ``gelu(approximatesByTanh:)`` at `input`, times self.
  public func geluPullback(input: Tensor, approximatesByTanh: Bool = false) -> Tensor {
    Operator.geluBackward(
      self, input, options: .string(approximatesByTanh ? "tanh" : "none"))
  }
  /// 1 where an element is positive, else 0, in the tensor's own type.
  public func positiveMask() -> Tensor {
    Operator.greaterThanScalar(self, options: .double(0)).to(type)
  }
  /// The mean cross entropy of the softmax of these logits [.., classes] with labels [..].
  public func crossEntropy(labels: Tensor) -> Tensor {
    Operator.crossEntropy(reshaped([-1, columnCount]), labels.reshaped([-1]))
  }
  /// The sum over rows of the cross entropy of the softmax of these logits [.., classes] with labels
  /// [..], each times the weight of its label [classes].
  public func crossEntropy(labels: Tensor, classWeights: Tensor) -> Tensor {
    trapping { () throws(TorchError) in
      try Operator.crossEntropy.call([
        .tensor(reshaped([-1, columnCount])), .tensor(labels.reshaped([-1])), .tensor(classWeights),
        .int(Self.sumReduction),
      ])
    }
  }
  /// libtorch's number for the reduction of a loss by a sum.
  private static let sumReduction = 2
  /// The rows of the first dimension that `indices`, of type int64, name.
  public func selectingRows(_ indices: Tensor) -> Tensor {
    trapping { () throws(TorchError) in
      try Operator.indexSelect.call([.tensor(self), .int(0), .tensor(indices)])
    }
  }
  /// The symmetric matrix whose upper triangle this is; what lies below the diagonal is not looked
  /// at.
  public func symmetrized() -> Tensor {
    let strict = Operator.upperTriangle(self, options: .int(1))
    return Operator.upperTriangle(self) + strict.transposed()
  }
  /// The eigenvalues, rising, and the eigenvectors by columns of the symmetric matrix whose upper
  /// triangle this is.
  ///
  /// - Throws: ``TorchError`` where the iteration does not converge, for a matrix that is not finite
  ///   for instance.
  public func eigendecomposition() throws(TorchError) -> (values: Tensor, vectors: Tensor) {
    let results = try Operator.eigendecomposition.callForAll([.tensor(self), .string("U")])
    return (results[0], results[1].contiguous())
  }
  /// The Q of the decomposition of a matrix QR, R an upper triangle: its columns are orthonormal, and
  /// the first k of them span what the first k of the matrix do.
  public func orthogonalFactor() throws(TorchError) -> Tensor {
    try Operator.qrDecomposition.callForAll([.tensor(self), .string("reduced")])[0].contiguous()
  }
  /// The rows of a matrix that `indices`, of type int64 and any shape, name.
  public func rows(at indices: Tensor) -> Tensor {
    selectingRows(indices.reshaped([-1])).reshaped(indices.shape + shape.dropFirst())
  }
  /// Adds rows to those that `indices` name, in order.
  public func addRows(_ rows: Tensor, at indices: Tensor) {
    guard device.isCPU else {
      let (rows, places) = (rows.reshaped([-1] + shape.dropFirst()), indices.reshaped([-1]))
      withExtendedLifetime((rows, places)) {
        onDevice { ct_device_add_rows(rows.handle, places.handle, handle) }
      }
      return
    }
    _ = Operator.indexAdd.all(
      .tensor(self), .int(0), .tensor(indices.reshaped([-1])),
      .tensor(rows.reshaped([-1] + shape.dropFirst())))
  }
  /// The matrices of the last two dimensions with 0 above the diagonal.
  public func lowerTriangle() -> Tensor { Operator.lowerTriangle(self) }
  /// eˣ over its sum along a dimension; negative numbers count from the last.
  public func softmax(over dimension: Int) -> Tensor {
    Operator.softmax(self, options: .int(dimension))
  }
  /// The place of the largest element along a dimension.
  public func argmax(over dimension: Int) -> Tensor {
    Operator.argmax(self, options: .int(dimension))
  }
}
