/// A day of the calendar, a time of day, or both, as a cell has them.
struct CalendarDate: Hashable, Sendable {
  /// Year, month from 1, and day from 1; `nil` where there is only a time.
  var day: (year: Int, month: Int, day: Int)?
  /// The seconds since midnight, by the clock of the place; `nil` where there is only a day.
  var seconds: Double?

  static func == (a: CalendarDate, b: CalendarDate) -> Bool {
    a.seconds == b.seconds && a.day?.year == b.day?.year && a.day?.month == b.day?.month
      && a.day?.day == b.day?.day
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(day?.year)
    hasher.combine(day?.month)
    hasher.combine(day?.day)
    hasher.combine(seconds)
  }

  /// Reads a date: `2024-03-01`, `2024/03/01 14:05`, `20240301`, `2024-03-01T14:05:09.5Z`,
  /// `01.03.2024`, `3/1/2024 2:05 PM`, `1-Mar-2024`, `Mar 1, 2024`, `14:05:09`. An offset from UTC
  /// is left out.
  ///
  /// - Parameter order: Of day and month, where both are numbers and the year is last; where it is to
  ///   be found out, the day is taken for the first if it can be.
  /// - Returns: `nil` where it is no date, or no day of the calendar in that order.
  init?(_ text: String, _ order: DateOrder) {
    guard (4...40).contains(text.utf8.count), text.utf8.allSatisfy({ $0 < 0x80 }) else {
      return nil
    }
    var words = Self.words(text)
    let (clock, rest) = Self.takeClock(&words)
    guard rest else { return nil }
    seconds = clock
    if words.isEmpty {
      guard clock != nil else { return nil }
      return
    }
    let day =
      order == .auto
      ? Self.day(words, .dayFirst) ?? Self.day(words, .monthFirst) : Self.day(words, order)
    guard let day else { return nil }
    self.day = day
  }

  /// Whether a date's two first numbers could each be the month: 03/04/2024.
  static func isAmbiguous(_ text: String) -> Bool {
    guard let a = CalendarDate(text, .dayFirst), let b = CalendarDate(text, .monthFirst) else {
      return false
    }
    return a != b
  }

  /// The number of the day in its year, from 1.
  var dayOfYear: Int? {
    day.map { Self.number($0.year, $0.month, $0.day) - Self.number($0.year, 1, 1) + 1 }
  }

  /// The day of the week, from 0 for Monday.
  var weekday: Int? {
    // The first of January of 1970 was a Thursday.
    day.map { ((Self.number($0.year, $0.month, $0.day) + 3) % 7 + 7) % 7 }
  }

  /// A number that grows with time: seconds since 1970, by the clock of the place.
  var instant: Double {
    (day.map { Double(Self.number($0.year, $0.month, $0.day)) * 86_400 } ?? 0) + (seconds ?? 0)
  }

  /// The number of a day, 0 for the first of January of 1970, in the Gregorian calendar.
  private static func number(_ year: Int, _ month: Int, _ day: Int) -> Int {
    // Years that begin in March end with the day that leap years have.
    let y = month > 2 ? year : year - 1
    let m = month > 2 ? month - 3 : month + 9
    let days = 365 * y + y / 4 - y / 100 + y / 400
    return days + (153 * m + 2) / 5 + day - 1 - 719_468
  }

  /// The numbers, words and signs of a text, blanks left out.
  private static func words(_ text: String) -> [Substring] {
    var result: [Substring] = []
    var rest = text[...]
    func kind(_ c: Character) -> Int { c.isNumber ? 0 : c.isLetter ? 1 : 2 }
    while let first = rest.first {
      let word = kind(first) == 2 ? rest.prefix(1) : rest.prefix { kind($0) == kind(first) }
      rest = rest.dropFirst(word.count)
      if first != " " { result.append(word) }
    }
    return result
  }

  /// Takes a time of day from the words. `false` where one begins that is none.
  private static func takeClock(_ words: inout [Substring]) -> (Double?, Bool) {
    guard let colon = words.firstIndex(of: ":"), colon > 0 else { return (nil, true) }
    var rest = words[(colon - 1)...]
    func number(_ limit: Int) -> Int? {
      guard let value = rest.first.flatMap({ Int($0) }), value < limit else { return nil }
      rest.removeFirst()
      return value
    }
    guard var hour = number(25), rest.popFirst() == ":", let minute = number(60) else {
      return (nil, false)
    }
    var seconds = 0.0
    if rest.first == ":" {
      rest.removeFirst()
      guard let whole = number(61) else { return (nil, false) }
      seconds = Double(whole)
      if rest.first == ".", let fraction = rest.dropFirst().first.flatMap({ Double("0.\($0)") }) {
        seconds += fraction
        rest = rest.dropFirst(2)
      }
    }
    switch rest.first?.lowercased() {
    case "am", "pm":
      guard (1...12).contains(hour) else { return (nil, false) }
      hour = hour % 12 + (rest.first?.lowercased() == "pm" ? 12 : 0)
      rest.removeFirst()
    default: break
    }
    let isOffset =
      rest.isEmpty || rest.map { $0.lowercased() } == ["z"]
      || rest.map { $0.lowercased() } == ["utc"]
      || (rest.first == "+" || rest.first == "-")
        && rest.dropFirst().allSatisfy { $0 == ":" || Int($0) != nil }
    guard isOffset else { return (nil, false) }
    words.removeSubrange((colon - 1)...)
    if words.last?.lowercased() == "t" { words.removeLast() }
    return (Double(hour * 3600 + minute * 60) + seconds, true)
  }

  private static func day(_ words: [Substring], _ order: DateOrder) -> (
    year: Int, month: Int, day: Int
  )? {
    var parts = words.filter { !["-", "/", ".", ","].contains($0) }
    // Between numbers stand one kind of sign and no more of them.
    let signs = words.filter { ["-", "/", "."].contains($0) }
    guard Set(signs).count <= 1, signs.isEmpty || signs.count == 2 else { return nil }
    if parts.count == 1, signs.isEmpty, parts[0].count == 8, Int(parts[0]) != nil {
      let text = parts[0]
      parts = [text.prefix(4), text.dropFirst(4).prefix(2), text.suffix(2)]
    } else if signs.isEmpty {
      guard parts.count == 3, parts.contains(where: { Int($0) == nil }) else { return nil }
    }
    guard parts.count == 3 else { return nil }
    let numbers = parts.map { Int($0) }
    let result: (Int?, Int?, Int?)
    if let month = numbers.firstIndex(of: nil) {
      let others = numbers.compactMap { $0 }
      guard others.count == 2, month < 2 else { return nil }
      // 1 March 2024, March 1 2024, or 2024 March 1.
      let isYearFirst = month == 1 && parts[0].count == 4
      result = (
        isYearFirst ? others[0] : others[1], monthNumber(parts[month]),
        isYearFirst ? others[1] : others[0]
      )
      guard (isYearFirst ? parts[0] : parts[2]).count == 4 else { return nil }
    } else if parts[0].count == 4 {
      result = (numbers[0], numbers[1], numbers[2])
    } else {
      guard parts[2].count == 4 else { return nil }
      result =
        order == .dayFirst
        ? (numbers[2], numbers[1], numbers[0]) : (numbers[2], numbers[0], numbers[1])
    }
    guard let year = result.0, let month = result.1, let day = result.2,
      (1...12).contains(month), (1...length(of: month, year)).contains(day), year > 0
    else { return nil }
    return (year, month, day)
  }

  private static func length(of month: Int, _ year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }

  private static func monthNumber(_ word: Substring) -> Int? {
    let names = [
      "january", "february", "march", "april", "may", "june", "july", "august", "september",
      "october", "november", "december",
    ]
    let word = word.lowercased()
    guard word.count >= 3 else { return nil }
    return names.firstIndex {
      $0 == word || $0.prefix(3) == word || word == "sept" && $0.hasPrefix(word)
    }
    .map { $0 + 1 }
  }
}
