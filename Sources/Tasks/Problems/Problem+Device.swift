import AdamQLRNetworks
import AdamQLRTorch

extension Problem {
  /// The problem for training on a device: examples are copied there, and products computed as asked
  /// for.
  ///
  /// Examples of more than 2 GiB stay where they are; a batch is to be copied when its turn comes.
  public func placed(on device: Device, products: ProductPrecision = .float) -> Problem {
    func placed(_ examples: ExampleSet) -> ExampleSet {
      examples.placed(on: device, largest: 1 << 31)
    }
    var problem = self
    problem.model.products = products
    problem.training = placed(training)
    problem.validation = validation.map(placed)
    problem.test = test.map(placed)
    return problem
  }
}
