import Training

/// The study of what each heuristic of a method is worth: the method with each of its heuristics
/// switched off, one at a time, and with each that only the other method has switched on.
///
/// AdamQLR is Adam with two heuristics of K-FAC (Clarke and Hernández-Lobato 2024, §3); K-FAC has
/// more of them (Martens and Grosse 2015, §6 and §7).
public struct Ablation: Sendable {
  /// The method that heuristics are switched off from.
  public enum Base: String, CaseIterable, Sendable {
    /// AdamQLR, untuned, as in the paper; K-FAC is the other method.
    case adamQLR = "adamqlr"
    /// K-FAC; AdamQLR is the other method.
    case kfac

    /// Its preset.
    public var preset: Preset {
      switch self {
      case .adamQLR: .adamQLRPaper
      case .kfac: .kfac
      }
    }
  }

  /// The method with one heuristic switched.
  public struct Variant: Hashable, Sendable {
    /// What is different, in words: "no damping", "with adaptive momentum".
    public let label: String
    /// The settings that make it so.
    public let assignments: [String]
    /// Whether the heuristic is the other method's, and switched on.
    public let isAddition: Bool
  }

  /// The method.
  public let base: Base

  /// The study of a method.
  public init(_ base: Base) {
    self.base = base
  }

  /// The variants: what is switched off, and then what is switched on.
  public var variants: [Variant] {
    func off(_ label: String, _ assignments: String...) -> Variant {
      Variant(label: label, assignments: assignments, isAddition: false)
    }
    func on(_ label: String, _ assignments: String...) -> Variant {
      Variant(label: label, assignments: assignments, isAddition: true)
    }
    switch base {
    case .adamQLR:
      return [
        off("fixed learning rate 1e-3", "learning-rate.kind=fixed"),
        off(
          "fixed learning rate 1e-2", "learning-rate.kind=fixed", "learning-rate.value=1e-2"),
        off("no damping", "damping.kind=none"),
        off("constant damping 1e-3", "damping.kind=constant"),
        off("no moments (SGD)", "direction.kind=sgd"),
        on("with K-FAC's direction", "direction.kind=kfac"),
        on("with adaptive momentum", "momentum.kind=quadratic-model"),
        on("with undamped ratio", "damping.ratio-curvature=undamped"),
        on(
          "with K-FAC's damping", "damping.initial=1", "damping.decrease-factor=0.9",
          "damping.increase-factor=1.1111111111111112"),
      ]
    case .kfac:
      return [
        off("fixed learning rate 0.05", "learning-rate.kind=fixed"),
        off("no momentum", "momentum.kind=none"),
        off("fixed momentum 0.9", "momentum.kind=fixed"),
        off("constant damping 1", "damping.kind=constant"),
        off("constant damping 1e-3", "damping.kind=constant", "damping.initial=1e-3"),
        off("no factors (SGD)", "direction.kind=sgd"),
        off(
          "nothing adaptive", "learning-rate.kind=fixed", "momentum.kind=fixed",
          "damping.kind=constant", "damping.initial=0.3"),
        on("with Adam's direction", "direction.kind=adam"),
        on("with damped ratio", "damping.ratio-curvature=model"),
        on(
          "with AdamQLR's damping", "damping.initial=1e-3", "damping.decrease-factor=0.5",
          "damping.increase-factor=2"),
      ]
    }
  }

  /// What a comparison compares: the method itself and its variants.
  public var contenders: [ContenderDescription] {
    [ContenderDescription(label: base.rawValue, preset: base.preset, assignments: [])]
      + variants.map {
        ContenderDescription(label: $0.label, preset: base.preset, assignments: $0.assignments)
      }
  }
}
