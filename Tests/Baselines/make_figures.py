#!/usr/bin/env python3
"""Makes the figures that the tests hold the baseline optimizers against.

    python="$(scripts/python-env.sh Tests/Baselines/requirements.txt)"
    "$python" Tests/Baselines/make_figures.py

Writes Tests/AdamQLRTests/Baselines/vectors.json, Tests/NetworksTests/Baselines/matrices.json and, where
every matrix is square, squares.json beside it: the parameters after some steps with each optimizer of a package, in double precision. Where a package
differs from its paper, the line is replaced here (see `patched`), and what it is stands beside it.
"""

import contextlib
import importlib.metadata
import io
import json
import os

import torch

# Before the packages are imported: NAdam's product of momenta, for one, has the default type.
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

import dadaptation
import lion_pytorch
import prodigyopt
import pytorch_optimizer
import schedulefree
import torch.optim._muon
from torch import optim

from problem import STEPS, Case, LeastSquares, Network, patched, warm_up_cosine

PACKAGES = [
    "torch", "prodigyopt", "dadaptation", "schedulefree", "lion-pytorch", "pytorch_optimizer"]

# Prodigy's Algorithm 4 adds d*epsilon to the root with the d of this step; the package has updated
# d by then.
Prodigy = patched(
    prodigyopt.Prodigy,
    ("dlr = d*lr*bias_correction", "dlr = d*lr*bias_correction; d_now = d"),
    ("denom = exp_avg_sq.sqrt().add_(d * eps)", "denom = exp_avg_sq.sqrt().add_(d_now * eps)"))

# D-Adaptation's Algorithm 5 takes the inner product with s by A_{k+1}, of the second moment with
# this gradient in it; the package takes A_k.
DAdaptAdam = patched(
    dadaptation.DAdaptAdam,
    ("s.div(denom)",
     "s.div(exp_avg_sq.mul(beta2).addcmul_(grad, grad, value=1-beta2).sqrt_().add_(eps))"))

# Schedule-Free's Algorithm 1: the bias correction is part of the learning rate, and so of the
# weights of the average and of weight decay. The package had it so before 1.3.
AlgorithmOne = patched(
    schedulefree.AdamWScheduleFreeReference,
    ("lr = group['lr']*sched\n", "lr = group['lr']*sched*math.sqrt(bias_correction2)\n"),
    ("denom = exp_avg_sq.div(bias_correction2).sqrt_().add_(eps)",
     "denom = exp_avg_sq.sqrt().add_(eps)"))


def one(optimizer, **settings):
    """An optimizer for all parameters."""
    return lambda parameters: [optimizer(parameters, **settings)]


def estimate(optimizers, parameters):
    return {"estimates": float(optimizers[0].param_groups[0]["d"])}


def finding(name, optimizer, schedule=None, l2=0.0, **settings):
    """An optimizer that finds its step size."""
    return Case(name, one(optimizer, **settings), schedule, l2, estimate)


def average(optimizers, parameters):
    """What is learned, with the parameters as they were afterwards."""
    before = parameters[0].detach().clone()
    optimizers[0].eval()
    learned = parameters[0].detach().tolist()
    optimizers[0].train()
    parameters[0].data.copy_(before)
    return {"averages": learned}


def schedule_free(name, optimizer=schedulefree.AdamWScheduleFree, schedule=None, **settings):
    def make(parameters):
        made = optimizer(parameters, foreach=False, **settings)
        made.train()
        return [made]

    return Case(name, make, schedule, inspect=average)


VECTOR_CASES = [
    # With all defaults, the learning rate's among them, those of the library's methods.
    Case("adam, defaults", one(optim.Adam)),
    Case("adamw, defaults", one(optim.AdamW)),
    Case("nadam, defaults", one(optim.NAdam)),
    Case("rmsprop, defaults", one(optim.RMSprop)),
    Case("adagrad, defaults", one(optim.Adagrad)),
    Case("lion, defaults", one(lion_pytorch.Lion)),
    finding("prodigy, defaults", Prodigy),
    finding("d-adaptation, defaults", DAdaptAdam),
    schedule_free("schedule-free, defaults"),
    # With others.
    Case("sgd", one(optim.SGD, lr=0.1)),
    Case("sgd, momentum", one(optim.SGD, lr=0.05, momentum=0.9)),
    Case("sgd, Nesterov", one(optim.SGD, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)),
    Case("sgd, l2", one(optim.SGD, lr=0.1, momentum=0.5, weight_decay=0.05)),
    Case("sgd, schedule", one(optim.SGD, lr=1, momentum=0.8), warm_up_cosine(0.1)),
    Case("adam", one(optim.Adam, lr=0.02)),
    Case("adam, settings", one(optim.Adam, lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
    Case("adam, schedule", one(optim.Adam, lr=1), warm_up_cosine(0.05)),
    Case("adamw", one(optim.AdamW, lr=0.02, weight_decay=0.01)),
    Case("adamw, settings", one(optim.AdamW, lr=0.05, betas=(0.7, 0.9), eps=1e-4, weight_decay=0.5)),
    Case("adamw, schedule", one(optim.AdamW, lr=1, weight_decay=0.3), warm_up_cosine(0.05)),
    Case("nadam", one(optim.NAdam, lr=0.02)),
    Case("nadam, settings", one(
        optim.NAdam, lr=0.03, betas=(0.8, 0.95), eps=1e-3, momentum_decay=0.05)),
    Case("nadam, decay", one(
        optim.NAdam, lr=1, weight_decay=0.2, decoupled_weight_decay=True), warm_up_cosine(0.04)),
    Case("rmsprop, settings", one(optim.RMSprop, lr=0.02, alpha=0.9, eps=1e-3, weight_decay=0.1)),
    Case("rmsprop, centered", one(optim.RMSprop, lr=0.01, alpha=0.95, centered=True)),
    Case("rmsprop, momentum", one(optim.RMSprop, lr=0.003, momentum=0.8)),
    Case("rmsprop, centered, momentum", one(
        optim.RMSprop, lr=0.003, alpha=0.9, eps=1e-4, momentum=0.7, centered=True)),
    Case("rmsprop, schedule", one(optim.RMSprop, lr=1), warm_up_cosine(0.02)),
    Case("adagrad", one(optim.Adagrad, lr=0.1)),
    Case("adagrad, settings", one(
        optim.Adagrad, lr=0.3, initial_accumulator_value=0.5, eps=1e-2, weight_decay=0.05)),
    Case("adagrad, schedule", one(optim.Adagrad, lr=1), warm_up_cosine(0.5)),
    Case("lion", one(lion_pytorch.Lion, lr=0.01)),
    Case("lion, settings", one(lion_pytorch.Lion, lr=0.02, betas=(0.7, 0.9), weight_decay=0.5)),
    Case("lion, schedule", one(lion_pytorch.Lion, lr=1, weight_decay=0.3), warm_up_cosine(0.02)),
    finding("prodigy, rate", Prodigy, lr=0.25),
    finding("prodigy, schedule", Prodigy, warm_up_cosine(1), safeguard_warmup=False),
    finding("prodigy, safeguarded schedule", Prodigy, warm_up_cosine(1), safeguard_warmup=True),
    finding("prodigy, bias correction", Prodigy, use_bias_correction=True, betas=(0.8, 0.99)),
    finding("prodigy, bias correction, safeguarded schedule", Prodigy, warm_up_cosine(0.5),
            use_bias_correction=True, safeguard_warmup=True, weight_decay=0.02, d0=1e-2),
    finding("prodigy, beta3", Prodigy, beta3=0.9, d_coef=0.5),
    finding("prodigy, growth rate", Prodigy, growth_rate=1.1, d0=1e-3),
    finding("prodigy, slice", Prodigy, slice_p=4),
    finding("prodigy, epsilon", Prodigy, eps=0.1, d0=1e-2, weight_decay=0.05),
    finding("prodigy, l2", Prodigy, weight_decay=0.05, decouple=False),
    finding("d-adaptation, rate", DAdaptAdam, lr=0.125),
    finding("d-adaptation, schedule", DAdaptAdam, warm_up_cosine(0.5)),
    finding("d-adaptation, bias correction", DAdaptAdam, warm_up_cosine(0.5), betas=(0.8, 0.99),
            use_bias_correction=True, weight_decay=0.02, decouple=True),
    finding("d-adaptation, growth rate", DAdaptAdam, growth_rate=1.2, d0=1e-3),
    finding("d-adaptation, epsilon", DAdaptAdam, eps=0.1, d0=1e-2, weight_decay=0.05, decouple=True),
    finding("d-adaptation, l2", DAdaptAdam, weight_decay=0.05),
    schedule_free("schedule-free, settings", lr=0.03, betas=(0.8, 0.95), eps=1e-3,
                  weight_decay=0.3, warmup_steps=20),
    schedule_free("schedule-free, weights", lr=0.03, warmup_steps=10, r=1.5, weight_lr_power=1),
    schedule_free("schedule-free, schedule", schedule=warm_up_cosine(0.05), weight_decay=0.1),
    schedule_free("schedule-free, paper", AlgorithmOne, lr=0.03),
    schedule_free("schedule-free, paper, settings", AlgorithmOne, lr=0.05, betas=(0.7, 0.9),
                  eps=1e-2, weight_decay=0.2, warmup_steps=15),
    schedule_free("schedule-free, paper, weights", AlgorithmOne, lr=0.03, r=1, weight_lr_power=1),
]


def prescribed(name, optimizer, start, gradients):
    """The parameters after each of some steps with given gradients."""
    p = torch.nn.Parameter(torch.tensor(start))
    made = optimizer([p])
    found = []
    for g in gradients:
        p.grad = torch.tensor(g)
        made.step()
        found.append(p.detach().tolist())
    return {"name": name, "start": start, "gradients": gradients, "parameters": found}


# Steps without a gradient, at which momentum and weight decay go on.
PRESCRIBED = [
    prescribed(
        "adamw", lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.5), [1.0, -2.0],
        [[0.0, 0.0], [0.0, 0.0]]),
    prescribed(
        "sgd, momentum", lambda p: optim.SGD(p, lr=0.1, momentum=0.9), [1.0],
        [[1.0], [0.0], [0.0], [1.0]]),
]


def newton_schulz(gradient, coefficients, steps, epsilon):
    """torch's, but in double precision, and with epsilon added to the norm, as in the author's post.

    torch rounds to bfloat16 and takes the greater of norm and epsilon.
    """
    a, b, c = coefficients
    x = gradient.T if gradient.size(0) > gradient.size(1) else gradient
    x = x / (x.norm() + epsilon)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if gradient.size(0) > gradient.size(1) else x


class Muon(optim.Muon):
    """torch's Muon with the iteration above, for matrices [inputs, outputs].

    torch's matrices are [outputs, inputs]. Its momentum is an average, 1 - mu times the sum of the
    post, so that epsilon is scaled likewise.
    """

    def __init__(self, parameters, momentum=0.95, **settings):
        self.originals = parameters
        self.transposed = [torch.nn.Parameter(p.detach().T.contiguous()) for p in parameters]
        super().__init__(self.transposed, momentum=momentum, eps=1e-7 * (1 - momentum), **settings)

    def step(self):
        module = torch.optim._muon
        for p, t in zip(self.originals, self.transposed):
            t.data.copy_(p.detach().T)
            t.grad = p.grad.T.contiguous()
        before = module._zeropower_via_newtonschulz
        module._zeropower_via_newtonschulz = newton_schulz
        try:
            super().step()
        finally:
            module._zeropower_via_newtonschulz = before
        for p, t in zip(self.originals, self.transposed):
            p.data.copy_(t.detach().T)


def muon(name, lr=0.02, ratio=0.015, weight_decay=0.0, betas=(0.9, 0.95), eps=1e-10,
         includes_output=False, **settings):
    """Muon for the matrices, torch's AdamW with a learning rate of its own for all else."""

    def make(parameters):
        weights = [p for p in parameters if p.ndim == 2]
        matrices = weights if includes_output else weights[:-1]
        others = [p for p in parameters if not any(p is m for m in matrices)]
        return [
            Muon(matrices, lr=lr, weight_decay=weight_decay, **settings),
            optim.AdamW(
                others, lr=lr * ratio, betas=betas, eps=eps, weight_decay=weight_decay),
        ]

    return Case(name, make)


def shampoo(name, lr, epsilon, weight_decay=0.0):
    """pytorch_optimizer's Shampoo for matrices, torch's AdaGrad for vectors.

    Of a vector the package has the full matrix, which the paper leaves open.
    """

    def make(parameters):
        matrices = [p for p in parameters if p.ndim == 2]
        vectors = [p for p in parameters if p.ndim == 1]
        made = [pytorch_optimizer.Shampoo(
            matrices, lr=lr, matrix_eps=epsilon, weight_decay=weight_decay, weight_decouple=True)]
        if vectors:
            made.append(optim.Adagrad(vectors, lr=lr, initial_accumulator_value=epsilon, eps=0))
        return made

    return Case(name, make)


class Soap(patched(
        patched(
            pytorch_optimizer.SOAP,
            # Not rounded to single precision.
            ("power_iter.to(torch.float32)", "power_iter"), method="get_orthogonal_matrix_qr"),
        # The package makes no first step; see below. Later ones count from it.
        ("group['step'] == 1:\n            continue",
         "group['step'] == 1:\n            self.begin(group)\n            continue"),
        ("self.debias(beta1, step)", "self.debias(beta1, step + 1)"),
        ("math.sqrt(self.debias(beta2, step))",
         "math.sqrt(self.debias(beta2, step + 1)); epsilon = self.epsilon(group, step)"),
        # Adam adds epsilon to the root of the corrected moment.
        (".add_(group['eps'])\n\n            exp_avg_projected",
         ".add_(epsilon * bias_correction2_sq)\n\n            exp_avg_projected"))):
    """pytorch_optimizer's SOAP, with a first step and what else the library has.

    The first step is Adam's; its gradient, which the package has in the factors alone, counts in the
    moments too. Where the factors are decomposed, at the first time and with `decomposes` always,
    the second moments become what they are in the new basis for uncorrelated elements. Weight decay
    is AdamW's, of the parameters before the step.
    """

    def __init__(self, parameters, decay=0.0, relative_epsilon=0.0, one_sided=False, decomposes=False,
                 **settings):
        self.decay, self.relative_epsilon = decay, relative_epsilon
        self.one_sided, self.decomposes = one_sided, decomposes
        super().__init__(parameters, weight_decay=0.0, **settings)

    def init_pre_conditioner(self, grad, state, **settings):
        super().init_pre_conditioner(grad, state, **settings)
        if self.one_sided and grad.ndim == 2:
            state["GG"][1 if grad.size(0) <= grad.size(1) else 0] = []

    def update_pre_conditioner(self, grad, state, max_precondition_dim=10000, **settings):
        if grad.ndim == 1:
            if state["Q"] is None:
                state["Q"] = [[]]
            return
        for side, factor in enumerate(state["GG"]):
            if len(factor) > 0:
                product = grad @ grad.T if side == 0 else grad.T @ grad
                factor.lerp_(product, 1 - state["shampoo_beta"])
        if state["Q"] is None:
            state["Q"] = self.get_orthogonal_matrix(state["GG"])
        elif settings["step"] > 0 and settings["step"] % state["precondition_frequency"] == 0:
            state["Q"] = self.get_orthogonal_matrix_qr(state)

    def get_orthogonal_matrix_qr(self, state, *settings):
        if not self.decomposes:
            return super().get_orthogonal_matrix_qr(state, *settings)
        bases = self.get_orthogonal_matrix(state["GG"])
        self.turn(state, [
            new if len(new) == 0 else old.T @ new for old, new in zip(state["Q"], bases)])
        return bases

    def turn(self, state, overlaps):
        """Lets the second moments follow the bases."""
        squares = [a if len(a) == 0 else a**2 for a in overlaps]
        state["exp_avg_sq"] = self.project(state["exp_avg_sq"], {"Q": squares})

    def epsilon(self, group, step):
        """The root of the mean of the corrected second moments before the step, times a factor."""
        if self.relative_epsilon == 0:
            return group["eps"]
        moments = torch.cat([self.state[p]["exp_avg_sq"].flatten() for p in group["params"]])
        correction = 1 - group["betas"][1] ** step
        return group["eps"] + self.relative_epsilon * float((moments.mean() / correction).sqrt())

    def begin(self, group):
        beta1, beta2 = group["betas"]
        squares = torch.cat([p.grad.flatten() ** 2 for p in group["params"]])
        epsilon = group["eps"] + self.relative_epsilon * float(squares.mean().sqrt())
        for p in group["params"]:
            state = self.state[p]
            state["exp_avg"] = (1 - beta1) * p.grad
            state["exp_avg_sq"] = (1 - beta2) * p.grad**2
            self.turn(state, state["Q"])
            p.data.sub_(group["lr"] * p.grad / (p.grad.abs() + epsilon))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.mul_(1 - group["lr"] * self.decay)
        super().step()


def soap(name, **settings):
    return Case(name, one(Soap, **settings))


# Where a factor is singular, its basis is what rounding makes it: these have bases for the smaller
# sides alone, or square matrices.
ONE_SIDED_CASES = [
    soap("soap, largest side", max_precondition_dim=3, decomposes=True),
    soap("soap, one side", one_sided=True, lr=0.01, betas=(0.8, 0.9), decay=0.1),
    soap("soap, one side, decomposed", one_sided=True, decomposes=True, relative_epsilon=0.1,
         precondition_frequency=1),
    soap("soap, no side", max_precondition_dim=1, lr=0.01),
]
SQUARE_CASES = [
    soap("soap", decay=0.01),
    soap("soap, decomposed", decomposes=True),
    soap("soap, settings", lr=0.01, betas=(0.9, 0.99), shampoo_beta=0.8, eps=1e-3,
         precondition_frequency=3),
    soap("soap, decomposed, settings", lr=0.01, betas=(0.9, 0.99), shampoo_beta=0.8, eps=1e-3,
         relative_epsilon=0.3, precondition_frequency=4, decomposes=True),
]

MATRIX_CASES = [
    muon("muon"),
    muon("muon, settings", lr=0.01, momentum=0.8, nesterov=False, ns_steps=3, ratio=0.3,
         betas=(0.8, 0.9), eps=1e-3),
    muon("muon, decay", weight_decay=0.5, ratio=0.1),
    muon("muon, output", includes_output=True, lr=0.01, weight_decay=0.1, ratio=1.0),
    shampoo("shampoo", lr=0.1, epsilon=1e-4),
    shampoo("shampoo, settings", lr=0.05, epsilon=0.1),
]


def figures(problem, cases):
    # Some packages tell how they are used.
    with contextlib.redirect_stdout(io.StringIO()):
        return [case.figures(problem, cycles) for case in cases for cycles in (False, True)]


def write(path, problem, cases, **further):
    contents = {
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "steps": STEPS, "problem": problem.description(), "cases": figures(problem, cases),
        **further,
    }
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        # A case a line.
        lines = ",\n".join(
            f"{json.dumps(key)}: "
            + ("[\n" + ",\n".join(map(json.dumps, value)) + "\n]" if key == "cases"
               else json.dumps(value))
            for key, value in contents.items())
        file.write("{\n" + lines + "\n}\n")
    print(path, os.path.getsize(path), "bytes")


if __name__ == "__main__":
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    write(
        os.path.join(tests, "AdamQLRTests/Baselines/vectors.json"), LeastSquares(), VECTOR_CASES,
        prescribed=PRESCRIBED)
    write(
        os.path.join(tests, "NetworksTests/Baselines/matrices.json"), Network(),
        MATRIX_CASES + ONE_SIDED_CASES)
    write(
        os.path.join(tests, "NetworksTests/Baselines/squares.json"), Network([4, 4, 4, 4]),
        SQUARE_CASES)
