import AdamQLR
import AdamQLRNetworks
import Synchronization

/// A method that has a name.
///
/// The package's are there from the start. One of your own is there too, in settings, comparisons and
/// reports, once it is registered, at the start of the program, together with the heuristics of its
/// own that are to have names in settings and in saved runs:
///
///     Preset.register(
///       Preset("sign-descent", "the sign of the gradient", SignDescent.method),
///       with: .direction("sign-descent", SignDescent(), usualRate: 1e-3))
public struct Preset: Sendable {
  /// The name.
  public let name: String
  /// What it is, in a line.
  public let summary: String
  /// The method, which is resolved for a run when that is made.
  public let method: Method

  /// Gives a method a name.
  public init(_ name: String, _ summary: String, _ method: Method) {
    (self.name, self.summary, self.method) = (name, summary, method)
  }

  /// The preset of that name, if there is one.
  public init?(named name: String) {
    guard let preset = Preset.all.last(where: { $0.name == name }) else { return nil }
    self = preset
  }

  /// All presets, in the order in which they were registered.
  public static var all: [Preset] { registered.withLock { $0 } }

  /// Adds a preset, in the place of one of the same name, and names for heuristics of its own.
  public static func register(_ preset: Preset, with heuristics: RegisteredHeuristic...) {
    for heuristic in heuristics { HeuristicRegistry.register(heuristic) }
    registered.withLock { presets in
      presets.removeAll { $0.name == preset.name }
      presets.append(preset)
    }
  }

  private static let registered: Mutex<[Preset]> = {
    HeuristicRegistry.registerNetworkDirections()
    return Mutex(builtIn)
  }()

  private static let builtIn: [Preset] = [
    .adamQLR, .adamQLRPaper, .adamQLRUndamped, .adamQLRHessian, .adamQLRTuned, .sgdQLR, .soapQLR,
    .kfac, .kfacUnadaptive, .adam, .adamEpsilon, .adamW, .sgdMinimal, .sgdFull, .sgd, .baydinSGD,
    .hypergradient, .rmsprop, .adaGrad, .nadam, .lion, .shampoo, .muon, .soap, .prodigy,
    .dAdaptation, .scheduleFreeAdamW, .scheduleFreeAdamWPaper, .scheduleFreePlus, .adamCosine,
    .nadamWCosine,
  ]
}

extension Preset: Hashable {
  public static func == (a: Preset, b: Preset) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Preset: CustomStringConvertible {
  public var description: String { name }
}

extension Preset {
  /// AdamQLR for batches of any size.
  public static let adamQLR = Preset(
    "adamqlr", "AdamQLR for batches of any size: learning rate from the quadratic model",
    .adamQLR())
  /// AdamQLR, untuned, as in the paper.
  public static let adamQLRPaper = Preset(
    "adamqlr-paper", "AdamQLR, untuned, exactly as in the paper; needs large batches",
    .paperAdamQLR())
  /// AdamQLR without damping.
  public static let adamQLRUndamped = Preset(
    "adamqlr-undamped", "AdamQLR without damping",
    .paperAdamQLR(damping: nil))
  /// AdamQLR with the Hessian in place of the Fisher matrix.
  public static let adamQLRHessian = Preset(
    "adamqlr-hessian", "AdamQLR with the Hessian as the curvature",
    .paperAdamQLR(curvature: .hessian))
  /// AdamQLR where the paper's search starts from.
  public static let adamQLRTuned = Preset(
    "adamqlr-tuned", "AdamQLR where the paper's search of its settings starts from",
    .adamQLRTuned())
  /// SGDQLR, untuned.
  public static let sgdQLR = Preset(
    "sgdqlr", "as AdamQLR, along the gradient",
    .sgdQLR())
  /// SOAP's direction under the rate of ``adamQLR``.
  public static let soapQLR = Preset(
    "soapqlr", "as AdamQLR for batches of any size, along SOAP's direction: second-order",
    .soapQLR())
  /// K-FAC, with adaptive learning rate, momentum and damping.
  public static let kfac = Preset(
    "kfac", "K-FAC in full",
    .kfac())
  /// K-FAC, with all three fixed.
  public static let kfacUnadaptive = Preset(
    "kfac-unadaptive", "K-FAC's direction with fixed learning rate, momentum and damping",
    .kfacUnadaptive())
  /// Adam with learning rate 1e-3.
  public static let adam = Preset(
    "adam", "Adam with a fixed learning rate",
    .adam())
  /// Adam with learning rate 1e-3 and ε 1e-4.
  public static let adamEpsilon = Preset(
    "adam-epsilon", "Adam (tuned ε): with an ε that is no mere guard",
    .adamTunedEpsilon())
  /// AdamW with learning rate 1e-3 and weight decay 0.01.
  public static let adamW = Preset(
    "adamw", "Adam with decoupled weight decay",
    .adamW())
  /// Stochastic gradient descent with learning rate 1e-3.
  public static let sgdMinimal = Preset(
    "sgd-minimal", "SGD minimal: gradient descent, the paper's learning rate",
    .sgdMinimal())
  /// Stochastic gradient descent with learning rate 0.1, momentum and weight decay.
  public static let sgdFull = Preset(
    "sgd-full", "SGD full: gradient descent with momentum and weight decay",
    .sgdFull())
  /// Stochastic gradient descent with learning rate 0.1.
  public static let sgd = Preset(
    "sgd", "gradient descent with a fixed learning rate",
    .sgd())
  /// Gradient descent whose learning rate follows the hypergradient, from 1e-3.
  public static let baydinSGD = Preset(
    "baydin-sgd", "Baydin SGD: learning rate from the hypergradient, the paper's start",
    .baydinSGD())
  /// Gradient descent whose learning rate follows the hypergradient, from 0.1.
  public static let hypergradient = Preset(
    "hypergradient", "the same from a larger learning rate",
    .baydinSGD(initial: 0.1))
  /// RMSprop with learning rate 0.01.
  public static let rmsprop = Preset(
    "rmsprop", "RMSprop (Tieleman and Hinton 2012)",
    .rmsprop())
  /// AdaGrad with learning rate 0.01.
  public static let adaGrad = Preset(
    "adagrad", "AdaGrad (Duchi et al. 2011)",
    .adaGrad())
  /// NAdam with learning rate 2e-3.
  public static let nadam = Preset(
    "nadam", "NAdam: Adam with Nesterov's momentum (Dozat 2016)",
    .nadam())
  /// Lion with learning rate 1e-4.
  public static let lion = Preset(
    "lion", "Lion: the sign of a momentum (Chen et al. 2023)",
    .lion())
  /// Shampoo with learning rate 0.05.
  public static let shampoo = Preset(
    "shampoo", "Shampoo: factored statistics of gradients (Gupta et al. 2018)",
    .shampoo())
  /// Muon with learning rate 0.02.
  public static let muon = Preset(
    "muon", "Muon: orthogonalized momentum (Jordan et al. 2024)",
    .muon())
  /// SOAP with learning rate 3e-3 and weight decay 0.01.
  public static let soap = Preset(
    "soap", "SOAP: Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024)",
    .soap())
  /// Prodigy, which needs no learning rate.
  public static let prodigy = Preset(
    "prodigy", "Prodigy: Adam that finds its step size (Mishchenko and Defazio 2023)",
    .prodigy())
  /// D-Adapted Adam, which needs no learning rate.
  public static let dAdaptation = Preset(
    "d-adaptation", "D-Adapted Adam: the same otherwise (Defazio and Mishchenko 2023)",
    .dAdaptation())
  /// Schedule-Free AdamW with learning rate 0.0025.
  public static let scheduleFreeAdamW = Preset(
    "schedule-free-adamw", "Schedule-Free AdamW: learns an average (Defazio et al. 2024)",
    .scheduleFreeAdamW())
  /// Schedule-Free AdamW exactly as in its paper.
  public static let scheduleFreeAdamWPaper = Preset(
    "schedule-free-adamw-paper", "Schedule-Free AdamW by Algorithm 1 of its paper",
    .scheduleFreeAdamWPaper())
  /// ScheduleFree+, which needs no learning rate.
  public static let scheduleFreePlus = Preset(
    "schedule-free-plus", "ScheduleFree+: its step size too is found (Defazio 2026)",
    .scheduleFreePlus())
  /// Adam with a learning rate of 1e-3 at the peak of warm-up and cosine.
  public static let adamCosine = Preset(
    "adam-cosine", "Adam with warm-up and cosine over the run",
    .adamCosine())
  /// NadamW with warm-up and cosine, one setting for all tasks.
  public static let nadamWCosine = Preset(
    "nadamw-cosine", "NadamW with warm-up and cosine, AlgoPerf's one setting for all tasks",
    .nadamWCosine())
}
