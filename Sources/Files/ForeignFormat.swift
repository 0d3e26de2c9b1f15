/// What a file is that people take for text, as far as its first bytes show; `nil` where they do not.
package func foreignFormat(of bytes: [UInt8]) -> String? {
  func starts(_ text: String, at offset: Int = 0) -> Bool {
    bytes.count >= offset && bytes[offset...].starts(with: text.utf8)
  }
  if starts("PK\u{3}\u{4}") || starts("PK\u{5}\u{6}") {
    let head = String(decoding: bytes.prefix(1 << 16), as: UTF8.self)
    let tail = String(decoding: bytes.suffix(1 << 16), as: UTF8.self)
    func has(_ name: String) -> Bool { head.contains(name) || tail.contains(name) }
    if has("xl/workbook") || has("xl/worksheets") { return "an Excel workbook (.xlsx)" }
    if has("opendocument.spreadsheet") { return "an OpenDocument spreadsheet (.ods)" }
    if has("Index/Document.iwa") { return "a Numbers spreadsheet" }
    return "a zip archive; unpack it first"
  }
  let signatures: [([UInt8], String)] = [
    ([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], "an Excel workbook (.xls)"),
    (Array("PAR1".utf8), "a Parquet file"), (Array("ARROW1".utf8), "an Arrow file"),
    (Array("SQLite format 3\0".utf8), "a SQLite database"),
    ([0x89] + Array("HDF".utf8), "an HDF5 file"), ([0x93] + Array("NUMPY".utf8), "a NumPy array"),
    (Array("BZh".utf8) + [0x31], "a bzip2 archive; unpack it first"),
    (Array("BZh9".utf8), "a bzip2 archive; unpack it first"),
    ([0xfd] + Array("7zXZ".utf8), "an xz archive; unpack it first"),
    ([0x28, 0xb5, 0x2f, 0xfd], "a Zstandard archive; unpack it first"),
    ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "a 7-Zip archive; unpack it first"),
    (Array("Rar!".utf8), "a RAR archive; unpack it first"), (Array("%PDF-".utf8), "a PDF file"),
    (Array("$FL2".utf8), "an SPSS file"), (Array("<stata_dta>".utf8), "a Stata file"),
    ([0x80, 0x04, 0x95], "a Python pickle"), ([0x80, 0x05, 0x95], "a Python pickle"),
    ([0x89] + Array("PNG".utf8), "a PNG image"), ([0xff, 0xd8, 0xff], "a JPEG image"),
  ]
  if let match = signatures.first(where: { bytes.starts(with: $0.0) }) { return match.1 }
  if starts("ustar", at: 257) { return "a tar archive; unpack it first" }
  let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
  let text = bytes.prefix(256).drop(while: isBlank)
  let start = String(decoding: text.prefix(32), as: UTF8.self).lowercased()
  for (mark, name) in [
    ("<!doctype html", "an HTML page"), ("<html", "an HTML page"), ("<?xml", "an XML file"),
  ]
  where start.hasPrefix(mark) { return name }
  let isJSON =
    switch text.first {
    case UInt8(ascii: "{"): text.dropFirst().drop(while: isBlank).first == UInt8(ascii: "\"")
    case UInt8(ascii: "["):
      [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(
        text.dropFirst().drop(while: isBlank).first ?? 0)
    default: false
    }
  return isJSON ? "a JSON file" : nil
}
