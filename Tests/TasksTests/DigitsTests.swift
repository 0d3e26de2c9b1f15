import Tasks
import Testing

@Suite("Digits")
struct DigitsTests {
  @Test("The same seed draws the same bytes, on every machine")
  func golden() {
    let images = Digits(seed: 0).images(.train, count: 200)
    #expect(images == Digits(seed: 0).images(.train, count: 200))
    #expect(images.labels.prefix(12) == [3, 1, 5, 2, 7, 9, 5, 6, 5, 8, 7, 4])
    #expect(hash(images.pixels) == 0xd53c_36a6_2bb5_531d)
  }

  @Test("Few images are the first of many")
  func prefix() {
    let (few, many) = (Digits().images(.test, count: 10), Digits().images(.test, count: 50))
    #expect(many.pixels.starts(with: few.pixels))
    #expect(many.labels.starts(with: few.labels))
    #expect(Digits().images(.test, count: 0).count == 0)
  }

  @Test("Seeds and parts draw different images")
  func differences() {
    var hashes: Set<UInt64> = []
    for seed: UInt64 in 0..<3 {
      for part in Digits.Part.allCases {
        hashes.insert(hash(Digits(seed: seed).images(part, count: 5).pixels))
      }
    }
    #expect(hashes.count == 9)
  }

  @Test("Each digit comes about as often, in as many images as the part has")
  func balance() {
    let images = Digits(seed: 1).images(.test)
    #expect(images.count == 2000 && images.rows == 28 && images.columns == 28)
    for digit in 0..<10 {
      // Five standard deviations.
      #expect(abs(images.labels.count { $0 == digit } - 200) < 67)
    }
  }

  @Test("Every image has ink, most of it in the middle, and a dark border")
  func ink() {
    let images = Digits(seed: 2).images(.validation, count: 300)
    for i in 0..<images.count {
      let image = images.pixels[(i * 784)..<((i + 1) * 784)]
      let bright = image.count { $0 > 128 }
      #expect((15..<300).contains(bright))
      let inside = image.enumerated().count { place, gray in
        gray > 128 && (2..<26).contains(place / 28) && (2..<26).contains(place % 28)
      }
      #expect(Double(inside) > 0.7 * Double(bright))
    }
  }
}
