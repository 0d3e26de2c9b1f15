import Foundation

/// A port of this machine that nobody listens at.
public func freePort() throws -> Int {
  let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(number) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isFound = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(number, $0, size) == 0 && getsockname(number, $0, &size) == 0
    }
  }
  guard isFound else { throw CocoaError(.featureUnsupported) }
  return Int(UInt16(bigEndian: address.sin_port))
}
