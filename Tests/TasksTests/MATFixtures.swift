/// A MATLAB file of version 5 made without any library: a head, and the variables.
func matFile(_ variables: [UInt8]..., isCompressed: Bool = false) -> [UInt8] {
  let text = "MATLAB 5.0 MAT-file, made by a test"
  var head = [UInt8](repeating: UInt8(ascii: " "), count: 116)
  head.replaceSubrange(0..<text.utf8.count, with: text.utf8)
  head += [UInt8](repeating: 0, count: 8) + [0, 1] + Array("IM".utf8)
  return head
    + variables.flatMap { variable in
      guard isCompressed else { return variable }
      let packed = zlibStored(variable)
      return little(15) + little(packed.count) + packed
    }
}

/// A variable of bytes, the first dimension's elements neighbors.
func matBytes(_ name: String, _ dimensions: [Int], _ values: [UInt8]) -> [UInt8] {
  matVariable(name, dimensions, classType: 9, matElement(2, values))
}

/// A variable of numbers of double precision.
func matNumbers(_ name: String, _ dimensions: [Int], _ values: [Double]) -> [UInt8] {
  let bytes = values.flatMap { value in
    (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }
  return matVariable(name, dimensions, classType: 6, matElement(9, bytes))
}

private func matVariable(
  _ name: String, _ dimensions: [Int], classType: UInt8, _ values: [UInt8]
) -> [UInt8] {
  let contents =
    matElement(6, [classType, 0, 0, 0, 0, 0, 0, 0]) + matElement(5, dimensions.flatMap(little))
    + matElement(1, Array(name.utf8)) + values
  return little(14) + little(contents.count) + contents
}

/// An element: its kind, size and contents, filled up to whole groups of 8 bytes.
private func matElement(_ kind: Int, _ contents: [UInt8]) -> [UInt8] {
  little(kind) + little(contents.count) + contents
    + [UInt8](repeating: 0, count: (8 - contents.count % 8) % 8)
}

private func little(_ number: Int) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// A zlib stream (RFC 1950) of blocks that are stored, not compressed.
private func zlibStored(_ contents: [UInt8]) -> [UInt8] {
  var (a, b): (UInt32, UInt32) = (1, 0)
  for byte in contents {
    a = (a + UInt32(byte)) % 65521
    b = (b + a) % 65521
  }
  return [0x78, 0x01] + storedBlocks(contents) + (b << 16 | a).bytes
}
