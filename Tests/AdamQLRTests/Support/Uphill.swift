import AdamQLR

/// Against the descent.
struct Uphill: Direction {
  func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> { DirectionState() }
  func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) -> DirectionProducts {
    direction.formLinearCombination(-1, input.gradient, 0, input.gradient)
    return input.gradient.products(withDirection: direction)
  }
}
