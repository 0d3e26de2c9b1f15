import AdamQLR

extension HeuristicRegistry {
  /// Gives the directions of this module their names: `kfac`, `shampoo`, `muon` and `soap`.
  public static func registerNetworkDirections() {
    register(.direction("kfac", KFAC(), group: "direction", usualRate: 0.05))
    register(.direction("shampoo", Shampoo(), usualRate: 0.05))
    register(.direction("muon", Muon(), usualRate: 0.02))
    register(.direction("soap", SOAP(), usualRate: 3e-3))
  }
}
