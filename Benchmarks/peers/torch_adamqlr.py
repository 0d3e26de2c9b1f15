"""Untuned AdamQLR in PyTorch, eager: autograd and its forward mode (Clarke and Hernández-Lobato
2024, §3)."""

import torch
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

import harness
import torch_network as network

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def jvp(function, point, direction):
    """As torch.func.jvp, which autocast does not go with."""
    # Fused attention has no forward derivative.
    with forward_ad.dual_level(), sdpa_kernel(SDPBackend.MATH):
        duals = [forward_ad.make_dual(p, d) for p, d in zip(point, direction)]
        return forward_ad.unpack_dual(function(*duals))


class TorchAdamQLR:
    __doc__ = __doc__
    NAME = "PyTorch AdamQLR"
    PACKAGES = ["torch"]
    TRACES = ["adamqlr-untuned"]
    random_problem = staticmethod(network.random_problem)

    def __init__(self, problem, double, settings):
        self.problem, self.double = problem, double
        self.initial = network.arrays(problem, double)

    def start(self):
        self.point = [part.clone().requires_grad_() for part in self.initial]
        self.first = [torch.zeros_like(part) for part in self.initial]
        self.second = [torch.zeros_like(part) for part in self.initial]
        self.count = 0
        self.damping = 1e-3

    def set_batch(self, x, y):
        self.batch = network.batch(x, y, self.problem, self.double)

    def step(self):
        (x, y), is_classification = self.batch, self.problem.is_classification

        def output(*point):
            return network.output(point, x, self.problem)

        loss = network.loss(output(*self.point), y, is_classification)
        gradient = torch.autograd.grad(loss, self.point)
        with torch.no_grad():
            direction = self.adam_direction(gradient)
            outputs, tangent = jvp(output, self.point, direction)
            slope = sum(network.dot(g, d) for g, d in zip(gradient, direction))
            square = sum(network.dot(d, d) for d in direction)
            fisher = network.fisher_product(outputs, tangent, is_classification)
            slope, loss = slope.item(), loss.item()
            curvature = fisher.item() + self.damping * square.item()
            rate = slope / curvature
            for part, d in zip(self.point, direction):
                part.sub_(d, alpha=rate)
            new_loss = network.loss(output(*self.point), y, is_classification).item()
        predicted = 0.5 * rate**2 * curvature - rate * slope
        ratio = (new_loss - loss) / predicted if predicted else float("nan")
        if ratio > 0.75:
            self.damping = max(0.5 * self.damping, 1e-8)
        elif ratio < 0.25:
            self.damping *= 2
        self.last = {
            "loss": loss, "grad_direction_product": slope, "lr_curvature": curvature,
            "learning_rate": rate, "true_change": new_loss - loss, "model_change": predicted,
            "rho": ratio, "damping": self.damping,
        }

    def adam_direction(self, gradient):
        self.count += 1
        correction1, correction2 = 1 - BETA1**self.count, 1 - BETA2**self.count
        direction = []
        for g, m, v in zip(gradient, self.first, self.second):
            m.lerp_(g, 1 - BETA1)
            v.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
            root = v.sqrt().div_(correction2**0.5).add_(EPSILON)
            direction.append((m / correction1).div_(root))
        return direction

    def figures(self):
        return self.last

    def parameters(self):
        return network.numpy_layers(self.point)


if __name__ == "__main__":
    harness.main(TorchAdamQLR)
