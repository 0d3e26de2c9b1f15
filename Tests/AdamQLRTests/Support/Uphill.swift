import AdamQLR

/// Against the descent.
struct Uphill: Direction {
  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    direction.formLinearCombination(-1, input.gradient, 0, input.gradient)
    return input.gradient.products(withDirection: direction)
  }
}
