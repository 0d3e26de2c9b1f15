import Foundation
import Tasks
import Testing
import AdamQLRTorch

@Suite("Normalization")
struct NormalizationTests {
  /// Mean and population standard deviation, as the textbook has them.
  private func moments(_ column: [Double]) -> (mean: Double, deviation: Double) {
    let mean = column.reduce(0, +) / Double(column.count)
    let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
    return (mean, variance == 0 ? 1 : variance.squareRoot())
  }

  private func column<Scalar: BinaryFloatingPoint>(
    _ j: Int, of columns: Int, _ values: [Scalar], _ rows: Range<Int>
  ) -> [Double] {
    rows.map { Double(values[$0 * columns + j]) }
  }

  private func check<Scalar: BinaryFloatingPoint>(
    _ type: Scalar.Type, rows: Int, columns: Int, measured: Range<Int>
  ) {
    var generator = SeededGenerator(seed: UInt64(rows * columns))
    let values = (0..<(rows * columns)).map { i in
      Scalar(generator.normal() * Double(i % columns + 1) + 100 * Double(i % columns))
    }
    let normalization = Normalization(of: values, columns: columns, rows: measured)
    let result: [Double] = normalization.normalized(values)
    for j in 0..<columns {
      let (mean, deviation) = moments(column(j, of: columns, values, measured))
      #expect(abs(normalization.means[j] - mean) < 1e-12 * (1 + abs(mean)))
      #expect(abs(normalization.deviations[j] - deviation) < 1e-11 * deviation)
      let normalized = moments(column(j, of: columns, result, measured))
      #expect(abs(normalized.mean) < 1e-10)
      #expect(measured.count == 1 || abs(normalized.deviation - 1) < 1e-10)
    }
    // What is not measured is normalized all the same.
    let some: [Float] = normalization.normalized(values, rows: 1..<rows)
    #expect(some == result[columns...].map { Float($0) })
    let restored = normalization.restored(result)
    #expect(zip(restored, values).allSatisfy { abs($0 - Double($1)) < 1e-10 })
  }

  @Test(
    "Columns are normalized as by the textbook",
    arguments: [(2, 1), (7, 3), (100, 8), (513, 17)])
  func textbook(_ rows: Int, _ columns: Int) {
    for measured in [0..<rows, 0..<(rows - 1), 1..<rows] {
      check(Float.self, rows: rows, columns: columns, measured: measured)
      check(Double.self, rows: rows, columns: columns, measured: measured)
    }
  }

  @Test("A constant column stays finite", arguments: [0.1, -3.7, 1e300, 0])
  func constant(_ value: Double) {
    let values = [Double](repeating: value, count: 1001)
    let normalization = Normalization(of: values, columns: 1)
    #expect(normalization.means == [value])
    #expect(normalization.deviations == [1])
    #expect(normalization.normalized(values, as: Float.self) == [Float](repeating: 0, count: 1001))
  }

  @Test("Small differences beside a large mean are not lost")
  func largeMean() {
    let normalization = Normalization(of: [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3], columns: 1)
    #expect(normalization.means == [1e9 + 1.5])
    #expect(abs(normalization.deviations[0] - 1.25.squareRoot()) < 1e-12)
  }

  @Test("Gray values are normalized as the numbers they stand for")
  func pixels() {
    var generator = SeededGenerator(seed: 7)
    let columns = 13
    let pixels = (0..<(50 * columns)).map { i in
      i % columns == 4 ? 255 : i % columns == 5 ? 0 : UInt8(truncatingIfNeeded: generator.next())
    }
    let values = pixels.map { Double($0) / 255 }
    let ofPixels = Normalization(ofPixels: pixels, columns: columns, rows: 3..<41)
    let ofValues = Normalization(of: values, columns: columns, rows: 3..<41)
    for j in 0..<columns {
      #expect(abs(ofPixels.means[j] - ofValues.means[j]) < 1e-14)
      #expect(abs(ofPixels.deviations[j] - ofValues.deviations[j]) < 1e-13)
    }
    #expect(ofPixels.deviations[4] == 1 && ofPixels.deviations[5] == 1)
    let (a, b): ([Double], [Double]) = (
      ofPixels.normalizedPixels(pixels, rows: 2..<50), ofValues.normalized(values, rows: 2..<50)
    )
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 })
    let c: [Float] = ofPixels.normalizedPixels(pixels, rows: 2..<50)
    #expect(c == a.map { Float($0) })
  }

  @Test("Columns can be taken apart")
  func columns() {
    let all = Normalization(of: [1.0, 10, 100, 3, 30, 300], columns: 3)
    #expect(all.columns == 3)
    #expect(all[1..<3] == Normalization(of: [10.0, 100, 30, 300], columns: 2))
  }

  @Test("Encoded and decoded, it is the same")
  func coding() throws {
    let normalization = Normalization(of: [0.1, 0.2, 0.7, 0.3], columns: 2)
    let data = try JSONEncoder().encode(normalization)
    #expect(try JSONDecoder().decode(Normalization.self, from: data) == normalization)
  }
}

@Suite("Splits")
struct SplitTests {
  @Test(
    "The first round(n·(1 − p)) rows train",
    arguments: [
      (692, 0.15, 588), (41_157, 0.15, 34_983), (60_000, 1.0 / 6, 50_000), (50_000, 0.1, 45_000),
      (800, 1.0 / 6, 667), (10_000, 0.2, 8000), (0, 0.5, 0), (1, 0, 1), (1, 1, 0), (9, 0.15, 8),
    ] as [(Int, Double, Int)])
  func sizes(_ count: Int, _ fraction: Double, _ training: Int) {
    let split = Split(count: count, validationFraction: fraction)
    #expect(split.training == 0..<training)
    #expect(split.validation == training..<count)
  }

  @Test("A share that is none is refused with words")
  func share() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Split(count: 10, validationFraction: 2)
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("Tasks/Split.swift"), "\(text)")
    #expect(text.contains("the validation fraction is 2.0"), "\(text)")
  }
}
