/// The learning rate that minimizes the quadratic model of the loss along the direction
/// (Clarke and Hernández-Lobato 2024, §3.1; for K-FAC, Martens and Grosse 2015, §6.4).
///
///     α = gᵀd / (dᵀ(C + λI)d)
///
/// With dᵀ(C+λI)d ≤ 0, which only the Hessian can bring about, its magnitude is used and the step's
/// report says so. The refinements below are off by default; they are applied in the order in which
/// they are listed.
public struct QuadraticModel: Hashable, Codable, Sendable {
  /// C. Default: the Fisher matrix.
  public var curvature = Curvature.fisher

  /// γ of the curvature memory: dᵀCd/dᵀd is replaced by κ ← max(γκ, dᵀCd/dᵀd), from κ = 0, so that
  /// a batch that does not see a curvature that earlier ones saw does not make α leap. `nil`, the
  /// default, is without. Not in the paper.
  public var memory: Double?

  /// p: κ is the power mean of this order instead, with weight 1 − γ for every new step and equal ones
  /// at first, but never below the curvature of this step,
  ///
  ///     κ = max(((1 − w)κ̄ᵖ + w(dᵀCd/dᵀd)ᵖ)^(1/p), dᵀCd/dᵀd),    w = max(1 − γ, 1/t)
  ///
  /// where κ̄ is the mean of the step before. Unlike the maximum it forgives a single step of
  /// extraordinary curvature. Negative curvature counts by its magnitude. `nil`, the default, is the
  /// maximum. Not in the paper.
  public var memoryOrder: Double?

  /// The power mean takes in no more than this many times what it was, so that a single step far
  /// outside of what is usual, which a mean of a high order would remember for many epochs, passes:
  /// dᵀCd/dᵀd counts as min(dᵀCd/dᵀd, cap·κ̄) in it. This step's κ is as large as ever. Only with
  /// ``memoryOrder``. `nil`, the default, is no cap. Not in the paper.
  public var memoryCap: Double?

  /// w: α is mixed, with this weight, with what the model asks for along the direction d′ of the step
  /// before,
  ///
  ///     α = (1 − w)·gᵀd/(dᵀBd) + w·max(gᵀd′, 0)/(dᵀBd) · dᵀd/d′ᵀd′,    B = C + λI
  ///
  /// d has this batch's gradient in it, and with it the batch's noise, so that gᵀd overestimates the
  /// slope; d′ has nothing of the batch. A negative α is then taken as 0. Not where α and μ are
  /// found together. Default 0: without. Not in the paper; gᵀd′ is what the hypergradient follows
  /// (Baydin et al. 2018, equation 5).
  public var previousDirectionWeight = 0.0

  /// c: the previous direction counts the more, the greater a share x of the loss f one step along d
  /// promises to take away,
  ///
  ///     w ← w·x²/(x² + c²),    x = (gᵀd)²/(2·dᵀBd·f),    B = C + λI
  ///
  /// A batch that can lose much of its loss at one step is one that can be fitted by itself; what it
  /// says of the slope holds for few other examples. Where x ≪ c the batch speaks for the data, and
  /// α is as in the paper. It presumes that the loss cannot be negative, as the stochastic Polyak step
  /// size does (Loizou et al. 2021); where it is, w stays whole. `nil`, the default: w always whole.
  /// Not in the paper.
  public var plausibleDecrease: Double?

  /// r: the decay of the running averages of (gᵀd)²/(2·dᵀBd) and of f, whose quotient x then is. They
  /// start with the first step's. Default 0: this step's alone. Only with ``plausibleDecrease``. Not
  /// in the paper.
  public var promiseAveraging = 0.0

  /// N: where a batch is believed, the curvature memory counts less, unless N steps together promise
  /// to take away more than there is of the loss,
  ///
  ///     κ = k·(κ̄/k)^t,    t = 1 − (1 − y)(1 − z),    y = x²/(x² + c²),    z = (Nx)²/((Nx)² + 1)
  ///
  /// with k = dᵀCd/dᵀd of this step, κ̄ > k the memory's power mean, c the ``plausibleDecrease``, and x,
  /// its share of the loss, as it was up to the step before. Where both doubts are small, so that t is
  /// near 0, the curvature is this step's, as in the paper. Only with ``memoryOrder`` and
  /// ``plausibleDecrease``. `nil`, the default: the memory always counts whole. Not in the paper.
  public var memoryRelief: Double?

  /// Whether gᵀd, dᵀCd and both losses of the reduction ratio come from a second batch, independent
  /// of the one that made d. A negative α is then taken as 0. Default no. Not in the paper.
  public var usesIndependentBatch = false

  /// r of a running average of dᵀ(C+λI)d, c̄ ← r·c̄ + (1 − r)·dᵀ(C+λI)d, from
  /// ``initialAveragedCurvature``. Default none.
  public var curvatureAveraging: Double?

  /// Where the average of the curvature starts. Default 1e7: cautious.
  public var initialAveragedCurvature = 1e7

  /// Whether dividing by |dᵀ(C+λI)d| is intended, the saddle-free variant of the Hessian: negative
  /// curvature is then nothing out of the ordinary. The predicted change keeps the curvature's sign.
  /// Default no.
  public var isSaddleFree = false

  /// c: α is limited to [−c, c]. Default none.
  public var clipping: Double?

  /// What α is multiplied by after clipping. Default 1.
  public var amplification = 1.0

  /// r of a running average of α itself, ᾱ ← r·ᾱ + (1 − r)·α, from 0. Default none.
  public var averaging: Double?

  /// A factor on the whole step as a function of its number. Default none.
  public var envelope: Envelope?

  /// The paper's learning rate; set properties to refine it.
  public init() {}

  /// The paper's learning rate, refined by `refine`.
  public init(_ refine: (inout QuadraticModel) -> Void) {
    refine(&self)
  }
}

/// A factor on the step: a linear warm-up from 0 over `peak` steps, then half a cosine from 1 to 0
/// at step `total`; 0 from there on.
public struct Envelope: Hashable, Codable, Sendable {
  /// The step with factor 1, counted from 0.
  public var peak: Int
  /// The step at which the factor has come back to 0.
  public var total: Int

  /// Makes an envelope.
  ///
  /// - Precondition: 0 ≤ `peak` < `total`.
  public init(peak: Int, total: Int) {
    precondition(0 <= peak && peak < total, "an envelope needs 0 ≤ peak < total")
    self.peak = peak
    self.total = total
  }

  /// The factor at `step`, counted from 0.
  public func factor(at step: Int) -> Double {
    if step < peak { return Double(step) / Double(peak) }
    if step >= total { return 0 }
    return cosineDecay(Double(step - peak) / Double(total - peak))
  }
}
