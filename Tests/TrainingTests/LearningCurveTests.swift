import AdamQLRNetworks
import Foundation
import Testing
import Training

@Suite("Learning curves")
struct LearningCurveTests {
  /// A curve of validation losses, with test losses of a hundred times as much; `nil`: none.
  private func curve(_ losses: Double?...) -> LearningCurve {
    LearningCurve(
      losses.enumerated().map { index, loss in
        LearningCurve.Evaluation(
          epoch: index + 1, step: 10 * (index + 1), seconds: Double(index), trainingLoss: 1,
          validation: loss.map { Score(loss: $0, accuracy: nil) },
          test: loss.map { Score(loss: 100 * $0, accuracy: nil) })
      })
  }

  @Test("The lowest is the first of the least finite losses")
  func lowest() {
    #expect(curve().lowest == nil && curve().countSinceLowest == 0)
    #expect(curve(nil, nil).lowest == nil)
    #expect(curve(.nan, .infinity, .nan).lowest == nil)
    #expect(curve(.nan, .infinity, .nan).countSinceLowest == 3)
    let some = curve(3, 2, .nan, 2, 4)
    #expect(some.lowest?.step == 20 && some.lowest?.test?.loss == 200)
    #expect(some.countSinceLowest == 3)
    #expect(curve(3, 2, -.infinity, 1).lowest?.step == 40)
    #expect(curve(3, 2, 1).countSinceLowest == 0)
  }

  @Test("The first evaluation that reaches a loss is found")
  func reaching() {
    let some = curve(4, .nan, 3, 3.5, 1)
    #expect(some.first(withValidationLossAtMost: 3)?.step == 30)
    #expect(some.first(withValidationLossAtMost: 3)?.seconds == 2)
    #expect(some.first(withValidationLossAtMost: 5)?.step == 10)
    #expect(some.first(withValidationLossAtMost: 0.5) == nil)
  }

  @Test("It is an array in JSON, and comes back")
  func coding() throws {
    let some = curve(4, nil, 0.1, 3)
    let data = try JSONEncoder().encode(some)
    #expect(try JSONSerialization.jsonObject(with: data) is [Any])
    let back = try JSONDecoder().decode(LearningCurve.self, from: data)
    #expect(back == some && back.lowest == some.lowest && back.countSinceLowest == 1)
  }
}
