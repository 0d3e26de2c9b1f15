import Foundation
import Studies
import Testing
import Training

@Suite("Curves of runs")
struct RunCurveTests {
  private func curve(_ count: Int) -> LearningCurve {
    LearningCurve(
      (1...count).map { index in
        LearningCurve.Evaluation(
          epoch: index, step: 10 * index, seconds: 0.123456 * Double(index),
          trainingLoss: 1 / Double(index), test: .init(loss: 2 / Double(index), accuracy: 0.5))
      })
  }

  @Test("A short run keeps all points, a long one about as many as asked, its ends among them")
  func thinning() {
    #expect(RunCurve(curve(20), log: nil, pointCount: 30)[.step].count == 20)
    for count in [31, 200, 5000] {
      let steps = RunCurve(curve(count), log: nil, pointCount: 30)[.step]
      #expect((20...32).contains(steps.count))
      #expect(steps.first == 10 && steps.last == Double(10 * count))
      #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 })
    }
  }

  @Test("Read back from a row's cells, it is the same")
  func cells() throws {
    let curve = RunCurve(curve(100), log: nil, pointCount: 30)
    let read = try #require(RunCurve(cells: curve.cells))
    #expect(read == curve)
    #expect(curve[.testAccuracy].allSatisfy { $0 == 0.5 } && curve[.damping].isEmpty)
    // What is the same all along is there once.
    #expect(curve.cells[RunCurve.Quantity.allCases.firstIndex(of: .testAccuracy) ?? 0] == ".5")
    var damaged = curve.cells
    damaged[2] += " 1"
    #expect(RunCurve(cells: damaged) == nil)
    #expect(RunCurve(cells: Array(curve.cells.dropLast())) == nil)
  }
}

@Suite("Resampled medians")
struct ResampledMedianTests {
  @Test("They are near the bootstrap's own mean and deviation")
  func moments() {
    let values = (0..<50).map { Double($0 * 37 % 50) }
    let median = ResampledMedian(values, ResampledMedian.resamples(of: 50))
    // Of the median of 50 draws from 0…49: mean 24.5, deviation about 3.5; of 50 such, a tenth of it.
    #expect(abs(median.mean - 24.5) < 2)
    #expect((2.5...4.8).contains(median.deviation))
  }

  @Test("A minority of infinite values leaves it finite, a majority does not")
  func infinities() {
    let few = (0..<40).map { $0 < 4 ? Double.infinity : 1 }
    let many = (0..<40).map { $0 < 24 ? Double.infinity : 1 }
    let resamples = ResampledMedian.resamples(of: 40)
    #expect(ResampledMedian(few, resamples).mean == 1)
    #expect(ResampledMedian(many, resamples).mean == .infinity)
    #expect(ResampledMedian(many, resamples).deviation == 0)
    #expect(ResampledMedian([3], ResampledMedian.resamples(of: 1)).mean == 3)
  }
}
