import Foundation

/// An axis with its range and the ticks that have a number.
struct Axis: Hashable {
  /// A tick and what stands at it.
  struct Tick: Hashable {
    var position: Double
    var text: String
  }

  var label: String
  var isLogarithmic: Bool
  var range: ClosedRange<Double>
  var ticks: [Tick]

  /// A linear axis.
  ///
  /// - Parameter format: How a number is written; the default is as short as can be.
  static func linear(
    _ label: String, _ range: ClosedRange<Double>,
    format: (Double) -> String = { String(format: "%.6g", $0) }
  ) -> Axis {
    let ticks = roundNumbers(in: range).map { Tick(position: $0, text: format($0)) }
    return Axis(label: label, isLogarithmic: false, range: range, ticks: ticks)
  }

  /// A logarithmic axis over some numbers, with a little room; those that are not positive and finite
  /// are left aside. `nil` where there are no others.
  ///
  /// Powers of ten alone would leave a short axis without a number, so that has others.
  static func logarithmic(_ label: String, covering numbers: some Sequence<Double>) -> Axis? {
    let valid = numbers.filter { $0 > 0 && $0.isFinite }
    guard var low = valid.min(), var high = valid.max() else { return nil }
    let room = high / low < 1.01 ? 1.5 : max(pow(high / low, 0.03), 1.02)
    low = max(low / room, 1e-300)
    high = min(high * room, 1e300)
    let decades = log10(high / low)
    var positions: [Double]
    let exponents = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    if exponents.count >= 5 {
      let exponents = exponents.dropFirst().dropLast()
      let stride = (exponents.count - 1) / 6 + 1
      let chosen = exponents.filter { $0.isMultiple(of: stride) }
      let areShort = chosen.allSatisfy { (-3...3).contains($0) }
      return Axis(
        label: label, isLogarithmic: true, range: low...high,
        ticks: chosen.map {
          Tick(
            position: pow(10, Double($0)),
            text: areShort ? String(format: "%.6g", pow(10, Double($0))) : "10" + $0.superscript)
        })
    } else if decades >= 0.75 {
      positions = exponents.flatMap { exponent in
        [1.0, 2, 5].map { $0 * pow(10, Double(exponent)) }
      }
    } else {
      positions = roundNumbers(in: low...high)
    }
    positions = positions.filter { (low...high).contains($0) }
    return Axis(
      label: label, isLogarithmic: true, range: low...high,
      ticks: positions.map { Tick(position: $0, text: String(format: "%.4g", $0)) })
  }

  /// Three to six multiples of a round number.
  private static func roundNumbers(in range: ClosedRange<Double>) -> [Double] {
    let width = range.upperBound - range.lowerBound
    guard width > 0, width.isFinite else { return [range.lowerBound] }
    let unit = pow(10, log10(width).rounded(.down))
    let step = [0.1, 0.2, 0.25, 0.5, 1, 2].map { $0 * unit }.first { width / $0 < 6 } ?? unit
    let first = Int((range.lowerBound / step - 1e-9).rounded(.up))
    let last = Int((range.upperBound / step + 1e-9).rounded(.down))
    return first <= last ? (first...last).map { Double($0) * step } : []
  }
}

extension Int {
  /// The number as an exponent.
  fileprivate var superscript: String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let text = String(magnitude).compactMap(\.wholeNumberValue).map { digits[$0] }
    return (self < 0 ? "⁻" : "") + String(text)
  }
}
