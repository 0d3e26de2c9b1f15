import CTorch

/// How the matrix products and convolutions of a network's layers are computed, where the numbers are
/// of type float32. Everything else keeps full precision: losses, curvature, the parameters and their
/// updates.
public enum ProductPrecision: String, Codable, CaseIterable, Sendable {
  /// In single precision.
  case float
  /// On a GPU's tensor cores, with factors rounded to 10 bits behind the point; results are in single
  /// precision. CUDA alone.
  case tf32
  /// With factors and results rounded to bfloat16, 7 bits behind the point.
  case bf16

  private var code: ct_products {
    switch self {
    case .float: CT_PRODUCTS_FLOAT
    case .tf32: CT_PRODUCTS_TF32
    case .bf16: CT_PRODUCTS_BFLOAT16
    }
  }

  /// Computes the products of layers inside `body`, in this thread, this way.
  @inline(__always)
  public func computing<Result>(_ body: () throws -> Result) rethrows -> Result {
    // What is inside a call of its own, such as an optimizer's products, is not a layer's.
    if self == .float { return try body() }
    let before = ct_set_products(code)
    defer { _ = ct_set_products(before) }
    return try body()
  }
}
