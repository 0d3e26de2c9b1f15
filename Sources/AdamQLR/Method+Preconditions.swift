extension Method {
  /// Traps, naming the setting and its range, on what cannot be meant.
  ///
  /// Settings are plain properties, so that nothing can be checked where they are set.
  func checkPreconditions() {
    func require(_ holds: Bool, _ name: String, _ value: Double?, _ range: String) {
      precondition(holds, "\(name) is \(value.map { "\($0)" } ?? "none"), but must \(range)")
    }
    func requirePositive(_ value: Double?, _ name: String) {
      require(value.map { $0 > 0 } ?? true, name, value, "be positive")
    }
    func requireDecay(_ value: Double?, _ name: String) {
      require(value.map { 0 <= $0 && $0 <= 1 } ?? true, name, value, "lie in 0...1")
    }
    requirePositive(clipping.gradientNorm, "clipping.gradientNorm")
    requirePositive(clipping.directionElement, "clipping.directionElement")
    requirePositive(clipping.updateNorm, "clipping.updateNorm")
    requirePositive(clipping.normConstraint, "clipping.normConstraint")
    require(
      l2 >= 0 && l2 < .infinity, "l2", l2, "be a number from 0")
    require(damping.initial >= 0, "the initial damping", damping.initial, "not be negative")
    guard case .quadraticModel(let model) = learningRate else { return }
    requirePositive(model.clipping, "clipping of the learning rate")
    requireDecay(model.memory, "memory")
    requirePositive(model.memoryOrder, "memoryOrder")
    require(
      model.memoryCap.map { $0 >= 1 } ?? true, "memoryCap", model.memoryCap, "be at least 1")
    requirePositive(model.plausibleDecrease, "plausibleDecrease")
    requireDecay(model.promiseAveraging, "promiseAveraging")
    requirePositive(model.memoryRelief, "memoryRelief")
    requireDecay(model.previousDirectionWeight, "previousDirectionWeight")
    requireDecay(model.averaging, "averaging")
    requireDecay(model.curvatureAveraging, "curvatureAveraging")
  }
}
