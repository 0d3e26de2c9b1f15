import Commands
import Fetching
import Tasks

/// Shows what is fetched: a live line on a terminal, a line every ten seconds elsewhere.
final class FetchReporter {
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant
  private var start: (time: ContinuousClock.Instant, size: Int)
  private var isLive = false
  private var isRetry = false

  init() {
    lastShown = clock.now
    start = (clock.now, 0)
  }

  func report(_ event: DataFetcher.Event) {
    switch event {
    case .present(let file):
      line("\(file.name) is there already")
    case .started(let file, let size):
      start = (clock.now, size)
      lastShown = clock.now
      let rest = size > 0 ? ", from byte \(size.grouped) on" : ""
      if !isRetry || size > 0 { line("fetching \(file.url) (\(file.size.megabytes))\(rest)") }
      isRetry = false
    case .progress(let file, let received, let total):
      let pause = clock.now - lastShown
      guard pause > (Output.isTerminal ? .milliseconds(200) : .seconds(10)) else { return }
      lastShown = clock.now
      let text = progress(file, received, total)
      if Output.isTerminal {
        isLive = true
        Output.rewrite(text)
      } else {
        Output.line(text)
      }
    case .retrying(_, let error, let pause):
      isRetry = true
      line("\(error); trying again in \((pause / .seconds(1)).short) s")
    case .unpacking(let file):
      line("unpacking \(file.name)")
    case .finished(let file):
      line("\(file.name): \(file.summaryOfCheck)")
    }
  }

  /// Leaves the live line.
  func finish() {
    if isLive { Output.rewrite("") }
    isLive = false
  }

  private func line(_ text: String) {
    finish()
    Output.line(text)
  }

  private func progress(_ file: PublishedFile, _ received: Int, _ total: Int) -> String {
    let seconds = (clock.now - start.time) / .seconds(1)
    let rate = Double(received - start.size) / seconds
    var text = "\(file.name)  \(received.megabytes) of \(total.megabytes)"
    if total > 0 { text += "  \((100 * received / total)) %" }
    if rate > 0 {
      text += "  \(Int(rate).megabytes)/s"
      text += "  \(Int((Double(total - received) / rate).rounded(.up))) s left"
    }
    return text
  }
}

extension Int {
  /// The number of bytes, in megabytes or kilobytes.
  var megabytes: String {
    self < 1_000_000
      ? "\((Double(self) / 1e3).short) kB" : "\((Double(self) / 1e6).short) MB"
  }
}
