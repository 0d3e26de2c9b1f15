import Foundation
import Testing
import AdamQLRTorch

@Suite("Safetensors")
struct SafetensorsTests {
  private func bytes(_ file: Safetensors) throws -> Data {
    var data = Data()
    try file.write { data.append(contentsOf: $0) }
    return data
  }

  private func file(_ header: String, _ elements: [UInt8] = []) -> Data {
    let text = Data(header.utf8)
    return Data((0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }) + text
      + Data(elements)
  }

  @Test("Tensors of all types are read back, with remarks")
  func roundTrip() throws {
    let tensors = [
      "a": Tensor([Float(1), -2.5, 3, .infinity], shape: [2, 2]), "b": Tensor([0.1, -0.0]),
      "c": Tensor([Int64.min, 7, 8], shape: [3, 1, 1]), "d": Tensor([true, false]),
      "e": Tensor([UInt8(255)], shape: []), "f": Tensor.zeros([0, 3]),
      "transposed": Tensor([Float(1), 2, 3, 4], shape: [2, 2]).transposed(),
    ]
    let read = try Safetensors(try bytes(Safetensors(tensors, metadata: ["x": "ä\"\\"])))
    #expect(read.metadata == ["x": "ä\"\\"])
    #expect(Set(read.tensors.keys) == Set(tensors.keys))
    for (name, tensor) in tensors {
      let other = try #require(read.tensors[name])
      #expect(other.type == tensor.type && other.shape == tensor.shape)
      #expect(other.doubles == tensor.doubles)
    }
  }

  @Test("The bytes are those that the format asks for")
  func format() throws {
    let data = try bytes(Safetensors(["w": Tensor([Float(1)])]))
    let header = #"{"w":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(data == file(padded, [0, 0, 0x80, 0x3f]))
  }

  @Test(
    "What is not in the format is refused",
    arguments: [
      (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, "place"),
      (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "shape"),
      (#"{"w":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, "F99"),
      (#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "shape"),
      (#"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, "shape"),
      (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, "place"),
      (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "begin at 0"),
      (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "place"),
      (#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, "place"),
      (
        #"{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        "begin at 4"
      ),
      (#"{"w":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, "3 bytes"),
      (#"{"w":{"a":"b"}}"#, "'w'"), (#"{"w":1}"#, "JSON"), (#"[]"#, "JSON"), ("", "JSON"),
      ("{}", "0 bytes"),
    ])
  func refusal(_ header: String, _ reason: String) throws {
    let error = #expect(throws: SafetensorsError.self) {
      try Safetensors(file(header, [0, 0, 0, 0]))
    }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  @Test("A file with any byte changed, or cut anywhere, does not crash the reader")
  func corruption() throws {
    let data = try bytes(
      Safetensors(["w": Tensor([Float(1), 2]), "b": Tensor([1.0])], metadata: ["step": "1"]))
    for position in data.indices {
      for bit in 0..<8 {
        var changed = data
        changed[position] ^= 1 << UInt8(bit)
        _ = try? Safetensors(changed)
      }
      #expect(throws: SafetensorsError.self) { try Safetensors(data[..<position]) }
    }
    // A slice whose indices do not start at 0.
    #expect(try Safetensors((Data([1, 2, 3]) + data)[3...]).tensors["w"]?.doubles == [1, 2])
  }
}
