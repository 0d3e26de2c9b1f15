import AdamQLR
import AdamQLRTorch

/// The sides of a model's matrices on which each is to be multiplied by a square matrix of its own.
struct MatrixSides {
  /// A parameter, with the numbers of its sides among those of all.
  struct Part {
    /// Where it lies.
    let entry: ParameterLayout.Entry
    /// The number of its rows' side, if that is one.
    var left: Int?
    /// The number of its columns' side.
    var right: Int?
  }

  /// All parameters, those without sides among them.
  private(set) var parts: [Part] = []
  /// The sizes of the sides.
  private(set) var sizes: [Int] = []

  /// Finds the sides.
  ///
  /// - Parameter isOne: Whether the side of a matrix of these rows and columns is one: 0 for its rows.
  init(_ layout: ParameterLayout, where isOne: (_ shape: [Int], _ side: Int) -> Bool) {
    for entry in layout.entries {
      var numbers: [Int?] = [nil, nil]
      if entry.isMatrix {
        let shape = entry.matrixShape
        for side in 0..<2 where isOne(shape, side) {
          numbers[side] = sizes.count
          sizes.append(shape[side])
        }
      }
      parts.append(Part(entry: entry, left: numbers[0], right: numbers[1]))
    }
  }
}

extension MatrixSides.Part {
  /// Writes AᵀXB, or AXBᵀ, for the parameter's matrix X in a vector of all parameters; X itself where it
  /// has no sides.
  ///
  /// - Parameters:
  ///   - vector: The vector.
  ///   - a: A, the left side's matrix, if there is that side.
  ///   - b: B, the right side's.
  ///   - result: Another vector of all parameters, or the same.
  ///   - isBack: Whether it is AXBᵀ.
  func multiply(
    _ vector: Tensor, _ a: Tensor?, _ b: Tensor?, into result: Tensor, isBack: Bool = false
  ) {
    let (x, y) = (entry.matrix(in: vector), entry.matrix(in: result))
    guard a != nil || b != nil else {
      if vector !== result { y.overwrite(with: x) }
      return
    }
    let image = Tensor(uninitialized: x.shape, like: x)
    if let a {
      Kernels.multiply(a, x, into: image, transposesA: !isBack)
    } else {
      image.overwrite(with: x)
    }
    if let b {
      Kernels.multiply(image, b, into: y, transposesB: isBack)
    } else {
      y.overwrite(with: image)
    }
  }
}
