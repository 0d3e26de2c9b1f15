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

  @Test("An envelope whose warm-up is a share of the run, whatever its length")
  func share() {
    let envelope = Envelope(warmUp: 0.1)
    for (total, peak) in [(9, 0), (10, 1), (29, 2), (200, 20)] {
      let run = RunShape(batchesPerEpoch: 5, totalSteps: total)
      var method = Method.adam()
      method.envelope = envelope
      let resolved = method.resolved(for: run).envelope
      #expect(resolved == Envelope(warmUp: 0.1, total: total))
      let steps = 0...(total + 1)
      #expect(
        steps.map { resolved?.factor(at: $0) }
          == steps.map { Envelope(peak: peak, total: total).factor(at: $0) })
    }
    #expect(envelope.factor(at: 3) == 0)
  }

  @Test("The envelope's settings replace each other, in any order")
  func settings() {
    func envelope(_ start: Method, _ settings: (String, SettingValue)...) -> Envelope? {
      var method = start
      for (name, value) in settings {
        #expect(method.set("learning-rate.envelope-\(name)", value) == .assigned)
      }
      return method.envelope
    }
    let cosine = Method.adamCosine()
    #expect(cosine.envelope == Envelope(warmUp: 0.02))
    #expect(envelope(.adam(), ("warm-up", .number(0.2))) == Envelope(warmUp: 0.2))
    #expect(envelope(.adam(), ("peak", .null), ("warm-up", .null)) == nil)
    #expect(envelope(cosine, ("peak", .null)) == Envelope(warmUp: 0.02))
    #expect(envelope(cosine, ("warm-up", .null)) == nil)
    let peaked = Envelope(peak: 3, total: 9)
    let (peak, none, total) = (
      ("peak", SettingValue.integer(3)), ("warm-up", SettingValue.null),
      ("total", SettingValue.integer(9))
    )
    #expect(envelope(cosine, peak, none, total) == peaked)
    #expect(envelope(cosine, total, peak, none) == peaked)
    #expect(envelope(cosine, none, peak, total) == peaked)
    var method = Method.adam()
    #expect(method.set("learning-rate.envelope-warm-up", .number(1)) == .outOfRange)
    method.envelope = Envelope(warmUp: -0.1, total: 100)
    #expect(method.problem?.contains("envelope-warm-up") == true)
  }

  @Test("NadamW with warm-up and cosine, step by step")
  func nadamWCosine() throws {
    let fit = WavyFit()
    let (beta1, beta2, rate) = (1 - 0.06733926164, 0.9955159689799007, 0.0017486387539278373)
    let total = 150
    let method = Method.nadamWCosine()
      .resolved(for: RunShape(batchesPerEpoch: 3, totalSteps: total))
    var (ours, theirs) = (WavyFit.start, WavyFit.start)
    var optimizer = try Optimizer(method, for: ours)
    var (m, v) = ([0.0, 0, 0], [0.0, 0, 0])
    for t in 1...total {
      // 2 % of 150 steps are 3.
      let factor =
        t <= 3 ? Double(t - 1) / 3 : 0.5 + 0.5 * cos(Double.pi * Double(t - 4) / 147)
      let g = fit.gradient(theirs)
      for i in 0..<3 {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
        let mean =
          beta1 * m[i] / (1 - pow(beta1, Double(t + 1)))
          + (1 - beta1) * g[i] / (1 - pow(beta1, Double(t)))
        let vHat = v[i] / (1 - pow(beta2, Double(t)))
        theirs[i] -=
          rate * factor
          * (mean / (vHat.squareRoot() + 1e-8) + 0.08121616522670176 * theirs[i])
      }
      try optimizer.step(&ours, on: fit.objective())
      #expect(areClose(ours, theirs, 1e-12), "step \(t)")
    }
  }
}
