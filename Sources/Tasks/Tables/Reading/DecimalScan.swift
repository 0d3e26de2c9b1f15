/// The grammar of decimal numbers (`-12.5e-3`), and the value of short ones.
///
/// Standard conversions are slower by far, and accept more: hexadecimals, infinities, `nan`.
struct DecimalScan {
  private enum State { case start, sign, whole, point, fraction, exponent, exponentSign, power }

  private var state = State.start
  private var isNegative = false
  private var hasDigits = false
  private var digits: UInt64 = 0
  private var digitCount = 0
  private var fractionCount = 0
  private var power = 0
  private var isPowerNegative = false
  private(set) var isValid = true

  mutating func take(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      takeDigit(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "."):
      isValid = isValid && (state == .start || state == .sign || state == .whole)
      state = .point
    case UInt8(ascii: "-"), UInt8(ascii: "+"):
      switch state {
      case .start: (state, isNegative) = (.sign, byte == UInt8(ascii: "-"))
      case .exponent: (state, isPowerNegative) = (.exponentSign, byte == UInt8(ascii: "-"))
      default: isValid = false
      }
    case UInt8(ascii: "e"), UInt8(ascii: "E"):
      isValid = isValid && hasDigits && (state == .whole || state == .point || state == .fraction)
      state = .exponent
    default:
      isValid = false
    }
  }

  private mutating func takeDigit(_ digit: UInt8) {
    switch state {
    case .start, .sign, .whole, .point, .fraction:
      if state == .point || state == .fraction {
        state = .fraction
        fractionCount += 1
      } else {
        state = .whole
      }
      hasDigits = true
      if digits > 0 || digit > 0 { digitCount += 1 }
      digits = digits &* 10 &+ UInt64(digit)
    case .exponent, .exponentSign, .power:
      state = .power
      power = min(power * 10 + Int(digit), 99_999)
    }
  }

  /// Whether what was taken is a decimal number.
  var isNumber: Bool {
    isValid && hasDigits && state != .exponent && state != .exponentSign
  }

  /// The value, where it takes a single rounding: at most 15 digits, and a power of ten that is
  /// exact (Clinger 1990). Otherwise `nil`.
  var exactValue: Double? {
    guard isNumber, digitCount <= 15 else { return nil }
    let scale = (isPowerNegative ? -power : power) - fractionCount
    guard abs(scale) < powersOfTen.count else { return nil }
    let whole = isNegative ? -Double(digits) : Double(digits)
    return scale < 0 ? whole / powersOfTen[-scale] : whole * powersOfTen[scale]
  }
}

/// The powers of ten that are exact in double precision.
private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]
