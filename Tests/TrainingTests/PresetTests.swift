import AdamQLR
import Foundation
import Networks
import Testing
import Training

@Suite("Presets")
struct PresetTests {
  /// The library's method of the same name.
  private func method(_ preset: Preset) -> Method {
    switch preset {
    case .adamQLR: .adamQLR(batchesPerEpoch: 4)
    case .adamQLRPaper: .paperAdamQLR()
    case .adamQLRUndamped: .paperAdamQLR(damping: nil)
    case .adamQLRHessian: .paperAdamQLR(curvature: .hessian)
    case .adamQLRTuned: .adamQLRTuned()
    case .sgdQLR: .sgdQLR()
    case .kfac: .kfac()
    case .kfacUnadaptive: .kfacUnadaptive()
    case .adam: .adam()
    case .adamEpsilon: .adamTunedEpsilon()
    case .adamW: .adamW()
    case .sgdMinimal: .sgdMinimal()
    case .sgdFull: .sgdFull()
    case .sgd: .sgd()
    case .baydinSGD: .baydinSGD()
    case .hypergradient: .baydinSGD(initial: 0.1)
    case .rmsprop: .rmsprop()
    case .adaGrad: .adaGrad()
    case .nadam: .nadam()
    case .lion: .lion()
    case .shampoo: .shampoo()
    case .muon: .muon()
    case .prodigy: .prodigy()
    case .dAdaptation: .dAdaptation()
    case .scheduleFreeAdamW: .scheduleFreeAdamW()
    }
  }

  @Test("A preset is the library's method of its name", arguments: Preset.allCases)
  func methods(_ preset: Preset) {
    let made = MethodSettings(preset).makeMethod(totalSteps: 10, batchesPerEpoch: 4, seed: 0)
    #expect(String(reflecting: made) == String(reflecting: method(preset)))
    #expect(MethodSettings(preset).gridPoint.count == 4)
    #expect(!preset.summary.isEmpty)
  }

  @Test(
    "Five steps of every preset, interrupted and resumed, end at the same bits",
    arguments: Preset.allCases)
  func resumption(_ preset: Preset) throws {
    func settings(_ steps: Int) throws -> Settings {
      var sources = SettingsSources()
      for assignment in [
        "optimizer=\(preset.rawValue)", "steps=\(steps)", "network.hidden=[6]", "batch-size=40",
        "threads=1", "checkpoint-every=100",
      ] {
        try sources.add(assignment, from: "test")
      }
      return try sources.resolve()
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("presets-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try TrainingRun(settings(5), in: folder + "/whole")
    let expected = try whole.run { _ in .goOn }
    #expect(expected.steps == 5 && expected.divergence == nil)
    #expect(expected.training.loss.isFinite)

    let directory = try RunDirectory(makingAndStopping: settings(5), in: folder + "/part", after: 2)
    let resumed = try TrainingRun(resuming: directory, settings(5))
    #expect(resumed.trainer.step == 2 && resumed.damage.isEmpty)
    let found = try resumed.run { _ in .goOn }
    #expect(found.training == expected.training && found.test == expected.test)
    #expect(resumed.trainer.parameters.doubles == whole.trainer.parameters.doubles)

    // What the checkpoint has for users is what the run was judged by.
    let trained = try TrainedModel(directory)
    #expect(trained.evaluate().test == expected.test)
    #expect(trained.parameters.doubles == whole.trainer.learnedParameters.doubles)
    let isAverage = trained.parameters.doubles != whole.trainer.parameters.doubles
    #expect(isAverage == (preset == .scheduleFreeAdamW))
  }
}

extension RunDirectory {
  /// A run that was stopped after some steps.
  fileprivate init(makingAndStopping settings: Settings, in path: String, after steps: Int) throws {
    let run = try TrainingRun(settings, in: path)
    _ = try run.run { _ in run.trainer.step < steps ? .goOn : .stop }
    self = run.directory
  }
}
