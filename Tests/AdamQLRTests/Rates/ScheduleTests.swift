import AdamQLR
import Foundation
import Testing

@Suite("Schedules and envelopes")
struct ScheduleTests {
  @Test("A warm-up rises from peak/n to the peak")
  func warmUp() {
    let schedule = Schedule(peak: 0.8, warmUp: 4)
    #expect((0..<4).map(schedule.value).elementsEqual([0.2, 0.4, 0.6000000000000001, 0.8]))
    #expect([4, 5, 1000].map(schedule.value) == [0.8, 0.8, 0.8])
    #expect(Schedule(peak: 0.8).value(at: 0) == 0.8)
    #expect(Schedule(peak: 0.8, warmUp: 1).value(at: 0) == 0.8)
  }

  @Test("A cosine falls from the peak to its final value, and stays there")
  func cosine() {
    let schedule = Schedule.cosine(peak: 0.9, warmUp: 2, total: 10, final: 0.1)
    #expect(schedule.value(at: 0) == 0.45 && schedule.value(at: 1) == 0.9)
    #expect(isClose(schedule.value(at: 2), 0.9))
    #expect(isClose(schedule.value(at: 4), 0.1 + 0.8 * 0.5 * (1 + 0.5.squareRoot())))
    #expect(isClose(schedule.value(at: 6), 0.5))
    #expect(isClose(schedule.value(at: 9), 0.1 + 0.8 * 0.5 * (1 + cos(.pi * 7 / 8))))
    #expect([10, 11, 5000].map(schedule.value) == [0.1, 0.1, 0.1])
    let values = (1...12).map(schedule.value)
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 })
  }

  @Test("A warm-up as long as the schedule, or longer, is gone through whole", arguments: [5, 8])
  func longWarmUp(_ warmUp: Int) {
    let schedule = Schedule.cosine(peak: 1, warmUp: warmUp, total: 5, final: 0.25)
    for step in 0..<warmUp {
      #expect(isClose(schedule.value(at: step), Double(step + 1) / Double(warmUp)))
    }
    #expect(schedule.value(at: warmUp) == 0.25 && schedule.value(at: warmUp + 9) == 0.25)
  }

  @Test("A piecewise schedule multiplies from each boundary on, in whatever order they are given")
  func piecewise() {
    for boundaries in [[3: 0.5, 6: 0.25], [6: 0.25, 3: 0.5]] as [KeyValuePairs<Int, Double>] {
      let schedule = Schedule.piecewise(peak: 8, warmUp: 2, boundaries)
      #expect((0..<8).map(schedule.value) == [4, 8, 8, 4, 4, 4, 1, 1])
    }
  }

  @Test(
    "A run follows its schedule",
    arguments: [Schedule(peak: 0.1, warmUp: 2), .cosine(peak: 0.1, warmUp: 2, total: 5)])
  func run(_ schedule: Schedule) throws {
    let fit = WavyFit()
    var parameters = WavyFit.start
    var optimizer = try Optimizer(
      Method(direction: StochasticGradientDescent(), learningRate: ScheduledRate(schedule)),
      for: parameters)
    for step in 0..<7 {
      let (before, g) = (parameters, fit.gradient(parameters))
      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(report.learningRate == schedule.value(at: step))
      #expect(areClose(parameters, (0..<3).map { before[$0] - report.learningRate * g[$0] }))
    }
  }

  @Test("The envelope's factor at its corners")
  func envelope() {
    let envelope = Envelope(peak: 2, total: 6)
    #expect([0, 1, 2].map(envelope.factor) == [0, 0.5, 1])
    #expect(isClose(envelope.factor(at: 3), 0.5 + 0.5 * 0.5.squareRoot()))
    #expect(isClose(envelope.factor(at: 4), 0.5))
    #expect([6, 7, 100].map(envelope.factor) == [0, 0, 0])
    #expect(Envelope(peak: 0, total: 1).factor(at: 0) == 1)
  }
}
