import AdamQLRNetworks
import AdamQLRTorch

/// Rosenbrock's function as nonlinear least squares: the residuals a − x and √b·(y − x²) of a
/// position (x, y), with a = 1 and b = 100.
///
/// With ``SquaredError`` and zero targets the loss is the mean of their halved squares, ¼ of the
/// textbook function. Its input is not looked at.
public struct Rosenbrock: Layer {
  /// Where a run starts.
  public enum Start: String, CaseIterable, Codable, Sendable {
    /// At (1, −1), the paper's point.
    case fixed
    /// At two numbers drawn from the standard normal distribution, as in the paper's search.
    case normal
  }

  /// (x, y).
  public let position: Parameter

  /// Makes the function.
  ///
  /// - Parameter start: Where a run starts. Default: (1, −1).
  public init(from start: Start = .fixed) {
    position = Parameter(
      shape: [2], role: .other,
      initializer: start == .fixed ? .values([1, -1]) : .normal(standardDeviation: 1))
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    input.record.variable(position).applying(Residuals())
  }

  private struct Residuals: Operation {
    func value(_ inputs: [Tensor]) -> Tensor {
      let x = inputs[0].narrowed(0, from: 0, count: 1)
      let y = inputs[0].narrowed(0, from: 1, count: 1)
      return Tensor.joining([-x + 1, 10 * (y - x * x)], over: 0).reshaped([1, 2])
    }
  }
}
