/// The optimizers that have a name.
public enum Preset: String, Codable, CaseIterable, Sendable {
  /// AdamQLR for batches of any size.
  case adamQLR = "adamqlr"
  /// AdamQLR, untuned, as in the paper.
  case adamQLRPaper = "adamqlr-paper"
  /// AdamQLR without damping.
  case adamQLRUndamped = "adamqlr-undamped"
  /// AdamQLR with the Hessian in place of the Fisher matrix.
  case adamQLRHessian = "adamqlr-hessian"
  /// AdamQLR where the paper's search starts from.
  case adamQLRTuned = "adamqlr-tuned"
  /// SGDQLR, untuned.
  case sgdQLR = "sgdqlr"
  /// K-FAC, with adaptive learning rate, momentum and damping.
  case kfac
  /// K-FAC, with all three fixed.
  case kfacUnadaptive = "kfac-unadaptive"
  /// Adam with learning rate 1e-3.
  case adam
  /// Adam with learning rate 1e-3 and ε 1e-4.
  case adamEpsilon = "adam-epsilon"
  /// AdamW with learning rate 1e-3 and weight decay 0.01.
  case adamW = "adamw"
  /// Stochastic gradient descent with learning rate 1e-3.
  case sgdMinimal = "sgd-minimal"
  /// Stochastic gradient descent with learning rate 0.1, momentum and weight decay.
  case sgdFull = "sgd-full"
  /// Stochastic gradient descent with learning rate 0.1.
  case sgd
  /// Gradient descent whose learning rate follows the hypergradient, from 1e-3.
  case baydinSGD = "baydin-sgd"
  /// Gradient descent whose learning rate follows the hypergradient, from 0.1.
  case hypergradient
  /// RMSprop with learning rate 0.01.
  case rmsprop
  /// AdaGrad with learning rate 0.01.
  case adaGrad = "adagrad"
  /// NAdam with learning rate 2e-3.
  case nadam
  /// Lion with learning rate 1e-4.
  case lion
  /// Shampoo with learning rate 0.05.
  case shampoo
  /// Muon with learning rate 0.02.
  case muon
  /// Prodigy, which needs no learning rate.
  case prodigy
  /// D-Adapted Adam, which needs no learning rate.
  case dAdaptation = "d-adaptation"
  /// Schedule-Free AdamW with learning rate 0.0025.
  case scheduleFreeAdamW = "schedule-free-adamw"

  /// What it is, in a line.
  public var summary: String {
    switch self {
    case .adamQLR:
      "AdamQLR for batches of any size: learning rate from the quadratic model"
    case .adamQLRPaper: "AdamQLR, untuned, exactly as in the paper; needs large batches"
    case .adamQLRUndamped: "AdamQLR without damping"
    case .adamQLRHessian: "AdamQLR with the Hessian as the curvature"
    case .adamQLRTuned: "AdamQLR where the paper's search of its settings starts from"
    case .sgdQLR: "as AdamQLR, along the gradient"
    case .kfac: "K-FAC in full"
    case .kfacUnadaptive: "K-FAC's direction with fixed learning rate, momentum and damping"
    case .adam: "Adam with a fixed learning rate"
    case .adamEpsilon: "Adam (tuned ε): with an ε that is no mere guard"
    case .adamW: "Adam with decoupled weight decay"
    case .sgdMinimal: "SGD minimal: gradient descent, the paper's learning rate"
    case .sgdFull: "SGD full: gradient descent with momentum and weight decay"
    case .sgd: "gradient descent with a fixed learning rate"
    case .baydinSGD: "Baydin SGD: learning rate from the hypergradient, the paper's start"
    case .hypergradient: "the same from a larger learning rate"
    case .rmsprop: "RMSprop (Tieleman and Hinton 2012)"
    case .adaGrad: "AdaGrad (Duchi et al. 2011)"
    case .nadam: "NAdam: Adam with Nesterov's momentum (Dozat 2016)"
    case .lion: "Lion: the sign of a momentum (Chen et al. 2023)"
    case .shampoo: "Shampoo: factored statistics of gradients (Gupta et al. 2018)"
    case .muon: "Muon: orthogonalized momentum (Jordan et al. 2024)"
    case .prodigy: "Prodigy: Adam that finds its step size (Mishchenko and Defazio 2023)"
    case .dAdaptation: "D-Adapted Adam: the same otherwise (Defazio and Mishchenko 2023)"
    case .scheduleFreeAdamW: "Schedule-Free AdamW: learns an average (Defazio et al. 2024)"
    }
  }
}
