import Foundation
import Synchronization

/// An HTTP server on 127.0.0.1 that answers as a test wants: also late, wrong, or not to the end.
public final class LocalServer: Sendable {
  /// What a client asked for.
  public struct Request: Sendable {
    /// The path.
    public let path: String
    /// The header's fields, their names in lower case.
    public let fields: [String: String]

    /// The byte from which on the file is asked for; 0 where no range is.
    public var firstByte: Int {
      let range = fields["range"]?.split { $0 == "=" || $0 == "-" }
      return range.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0
    }
  }

  /// The connection to a client. It is closed when the answer returns.
  public struct Connection: Sendable {
    fileprivate let descriptor: Int32

    /// Sends bytes; returns whether the client still takes any.
    @discardableResult
    public func send(_ bytes: some Collection<UInt8>) -> Bool {
      var rest = Array(bytes)[...]
      while !rest.isEmpty {
        let sent = rest.withUnsafeBytes {
          Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent > 0 else { return false }
        rest = rest.dropFirst(sent)
      }
      return true
    }

    /// Sends the head of an answer.
    public func sendHead(_ status: String, _ fields: [String: String] = [:]) {
      let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
      send("HTTP/1.1 \(status)\r\n\(lines)Connection: close\r\n\r\n".utf8)
    }

    /// Sends a file as a server should: with an ETag, and the rest of it where that is asked for.
    ///
    /// - Parameter count: How many bytes are sent before the connection breaks; `nil`: all.
    public func sendFile(
      _ bytes: [UInt8], to request: Request, tag: String = "\"1\"", count: Int? = nil
    ) {
      let first = request.firstByte
      guard first == 0 || request.fields["if-range"].map({ $0 == tag }) ?? true else {
        return sendWhole(bytes, tag: tag, count: count)
      }
      if first == 0 { return sendWhole(bytes, tag: tag, count: count) }
      guard first < bytes.count else {
        return sendHead(
          "416 Range Not Satisfiable",
          ["Content-Range": "bytes */\(bytes.count)", "Content-Length": "0"])
      }
      sendHead(
        "206 Partial Content",
        [
          "Content-Range": "bytes \(first)-\(bytes.count - 1)/\(bytes.count)",
          "Content-Length": "\(bytes.count - first)", "ETag": tag,
        ])
      send(bytes[first...].prefix(count ?? bytes.count))
    }

    private func sendWhole(_ bytes: [UInt8], tag: String, count: Int?) {
      sendHead("200 OK", ["Content-Length": "\(bytes.count)", "ETag": tag])
      send(bytes.prefix(count ?? bytes.count))
    }
  }

  /// Its address, without a slash at the end.
  public let address: String
  private let descriptor: Int32
  private let received = Mutex<[Request]>([])

  /// The requests so far.
  public var requests: [Request] { received.withLock { $0 } }

  /// Starts it. Each request is answered on a thread of its own, given how many came before it.
  public init(_ answer: @escaping @Sendable (Request, Int, Connection) -> Void) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = descriptor
    let isOpen = withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
      return bind(listener, pointer, size) == 0 && listen(listener, 16) == 0
        && getsockname(listener, pointer, &size) == 0
    }
    guard isOpen else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    self.address = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    Thread.detachNewThread { [weak self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        guard let self else { break }
        Thread.detachNewThread {
          if let request = Self.request(from: client) {
            let count = self.received.withLock {
              $0.append(request); return $0.count - 1
            }
            answer(request, count, Connection(descriptor: client))
          }
          shutdown(client, Int32(SHUT_WR))
          close(client)
        }
      }
    }
  }

  deinit { stop() }

  /// Takes no more requests.
  public func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private static func request(from client: Int32) -> Request? {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard read(client, &byte, 1) == 1 else { return nil }
      head.append(byte)
    }
    let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count == 3 else { return nil }
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return Request(path: String(words[1]), fields: fields)
  }
}
