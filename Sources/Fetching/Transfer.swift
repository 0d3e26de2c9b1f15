import Foundation
import Synchronization
import Tasks

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One request for a file, or for the rest of it, written to a partial file as it comes
/// (RFC 9110, sections 13.1.5 and 14).
final class Transfer: NSObject, Sendable {
  /// Why a request did not bring the file.
  struct Failure: Error {
    /// What may help.
    enum Remedy { case none, another, startOver }

    var error: FetchError
    var remedy: Remedy
  }

  fileprivate struct State: Sendable {
    var partial: PartialFile
    /// The size of the whole file, as the server tells.
    var total: Int?
    var lastActivity = ContinuousClock.now
    var redirects = 0
    /// Set once; nothing is written after that.
    var failure: Failure?
    var isWhole = false
  }

  private let file: PublishedFile
  private let url: String
  private let state: Mutex<State>
  private let end = DispatchSemaphore(value: 0)

  /// Prepares to fetch what is missing of a file.
  init(_ file: PublishedFile, from url: String, into partial: PartialFile) {
    self.file = file
    self.url = url
    state = Mutex(State(partial: partial))
  }

  /// Fetches, and returns when the file is whole. `partial` is then what there is of it, also after
  /// an error.
  ///
  /// - Parameters:
  ///   - stallTimeout: How long nothing may come.
  ///   - isStopped: Asked a few times a second; when it is true, the transfer ends.
  ///   - progress: Told a few times a second how many bytes there are, and of how many if known.
  func run(
    updating partial: inout PartialFile, stallTimeout: Duration, isStopped: () -> Bool,
    progress: (Int, Int?) -> Void
  ) throws(Failure) {
    guard let address = URL(string: url),
      DataFetcher.follows(from: URL(string: "http:"), to: address)
    else { throw Failure(error: .address(url), remedy: .none) }
    var request = URLRequest(url: address)
    // A compressed transfer would make positions meaningless.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if partial.size > 0 {
      request.setValue("bytes=\(partial.size)-", forHTTPHeaderField: "Range")
      if let validator = partial.validator {
        request.setValue(validator, forHTTPHeaderField: "If-Range")
      }
    }
    let configuration = URLSessionConfiguration.ephemeral
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    // The loop below watches for stalls, to the fraction of a second.
    configuration.timeoutIntervalForRequest = stallTimeout.inSeconds.rounded(.up) + 60
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    let task = session.dataTask(with: request)
    task.resume()
    while end.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
      let (size, total, lastActivity) = state.withLock {
        ($0.partial.size, $0.total, $0.lastActivity)
      }
      progress(size, total)
      if isStopped() {
        fail(.stopped(file: file.name), .none)
        break
      }
      if ContinuousClock.now - lastActivity > stallTimeout {
        fail(.stalled(url: url, seconds: stallTimeout.inSeconds), .another)
        break
      }
    }
    session.invalidateAndCancel()
    let failure = state.withLock { state in
      if !state.isWhole, state.failure == nil {
        state.failure = Failure(
          error: .unreachable(url: url, reason: "the connection broke"), remedy: .another)
      }
      partial = state.partial
      return state.failure
    }
    if let failure { throw failure }
    progress(partial.size, partial.size)
  }

  private func fail(_ error: FetchError, _ remedy: Failure.Remedy) {
    state.withLock { $0.fail(error, remedy) }
  }
}

extension Transfer.State {
  fileprivate mutating func fail(_ error: FetchError, _ remedy: Transfer.Failure.Remedy) {
    if failure == nil, !isWhole { failure = Transfer.Failure(error: error, remedy: remedy) }
  }

  /// Takes the head of the server's answer.
  fileprivate mutating func take(_ response: HTTPURLResponse, of url: String) throws(FetchError) {
    let range = response.value(forHTTPHeaderField: "Content-Range").flatMap(ContentRange.init)
    switch response.statusCode {
    case 200:
      try partial.begin(validator: Self.validator(of: response))
      let length = response.value(forHTTPHeaderField: "Content-Length").flatMap { Int($0) }
      // Where there is a coding all the same, the length is that of another text.
      total = response.value(forHTTPHeaderField: "Content-Encoding") == nil ? length : nil
    case 206 where range?.first == partial.size:
      total = range?.total
    case 416 where range?.first == nil && range?.total == partial.size:
      // Everything had come, but was not given its name.
      isWhole = true
    case 206, 416:
      fail(.refused(url: url, status: response.statusCode), .startOver)
    case let status:
      let isPassing = status == 408 || status == 429 || status >= 500
      fail(.refused(url: url, status: status), isPassing ? .another : .none)
    }
  }

  /// A strong ETag, else a date.
  private static func validator(of response: HTTPURLResponse) -> String? {
    if let tag = response.value(forHTTPHeaderField: "ETag"), tag.hasPrefix("\"") { return tag }
    return response.value(forHTTPHeaderField: "Last-Modified")
  }
}

extension Transfer: URLSessionDataDelegate {
  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    let isFollowed = state.withLock { state in
      state.lastActivity = .now
      state.redirects += 1
      if state.redirects <= 10, DataFetcher.follows(from: response.url, to: request.url) {
        return true
      }
      let target = request.url?.absoluteString ?? "nowhere"
      state.fail(.redirected(url: url, to: target), .none)
      return false
    }
    completionHandler(isFollowed ? request : nil)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    let goesOn = state.withLock { state in
      state.lastActivity = .now
      guard state.failure == nil, let response = response as? HTTPURLResponse else { return false }
      do throws(FetchError) {
        try state.take(response, of: url)
      } catch {
        state.fail(error, .none)
      }
      return state.failure == nil && !state.isWhole
    }
    completionHandler(.allow)
    if !goesOn { dataTask.cancel() }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let goesOn = state.withLock { state in
      state.lastActivity = .now
      guard state.failure == nil, !state.isWhole else { return false }
      do throws(FetchError) {
        try state.partial.append(data)
      } catch {
        state.fail(error, .none)
      }
      // A server must not fill the disk.
      let most = state.total ?? 2 * file.size + 1 << 16
      if state.partial.size > most {
        let found = "more than \(most) bytes"
        state.fail(
          .wrong(
            url: url, reason: .malformed(file: file.name, found: found, expected: "\(file.size)")),
          .startOver)
      }
      return state.failure == nil
    }
    if !goesOn { dataTask.cancel() }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    state.withLock { state in
      if let error = error as? URLError {
        // Addresses and certificates do not mend by themselves.
        let isLasting =
          error.code == .unsupportedURL || error.code == .badURL
          || (-1206 ... -1200).contains(error.code.rawValue)
        state.fail(
          .unreachable(url: url, reason: error.localizedDescription), isLasting ? .none : .another)
      } else if let error {
        state.fail(.unreachable(url: url, reason: error.localizedDescription), .another)
      } else if let total = state.total, state.partial.size != total {
        state.fail(
          .unreachable(url: url, reason: "broke off at byte \(state.partial.size) of \(total)"),
          .another)
      } else if state.failure == nil {
        state.isWhole = true
      }
    }
    end.signal()
  }
}

/// The header field Content-Range: `bytes 5-9/10`, or `bytes */10` where a range is refused.
private struct ContentRange {
  let first: Int?
  let total: Int?

  init?(_ field: String) {
    let parts = field.split { $0 == " " || $0 == "/" }
    guard parts.count == 3, parts[0].lowercased() == "bytes" else { return nil }
    first = parts[1].split(separator: "-").first.flatMap { Int($0) }
    total = Int(parts[2])
  }
}

extension Duration {
  /// The duration in seconds.
  var inSeconds: Double { self / .seconds(1) }
}
