/// Values of which the least is at hand.
struct Heap<Element: Comparable> {
  private var elements: [Element] = []

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0, elements[child] < elements[(child - 1) / 2] {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popMin() -> Element? {
    guard let least = elements.first, let last = elements.popLast() else { return nil }
    guard !elements.isEmpty else { return least }
    elements[0] = last
    var parent = 0
    while true {
      let first = 2 * parent + 1
      let children = first..<max(min(first + 2, elements.count), first)
      guard let child = children.min(by: { elements[$0] < elements[$1] }),
        elements[child] < elements[parent]
      else { return least }
      elements.swapAt(child, parent)
      parent = child
    }
  }
}
