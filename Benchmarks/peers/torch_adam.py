"""Adam in PyTorch, eager: autograd and torch.optim.Adam."""

import torch

import harness
import torch_network as network


class TorchAdam:
    __doc__ = __doc__
    NAME = "PyTorch Adam"
    PACKAGES = ["torch"]
    TRACES = ["adam"]
    random_problem = staticmethod(network.random_problem)

    def __init__(self, problem, double, settings):
        self.problem, self.double = problem, double
        self.initial = network.arrays(problem, double)
        self.rate = (settings or {}).get("learning_rate", 1e-3)

    def start(self):
        self.point = [part.clone().requires_grad_() for part in self.initial]
        # One pass over all parameters, where there are many.
        fused = True if self.problem.module else None
        self.optimizer = torch.optim.Adam(self.point, lr=self.rate, fused=fused)

    def set_batch(self, x, y):
        self.batch = network.batch(x, y, self.problem, self.double)

    def step(self):
        x, y = self.batch
        self.optimizer.zero_grad()
        outputs = network.output(self.point, x, self.problem)
        loss = network.loss(outputs, y, self.problem.is_classification)
        loss.backward()
        self.optimizer.step()
        self.loss = loss.item()

    def figures(self):
        return {"loss": self.loss}

    def parameters(self):
        return network.numpy_layers(self.point)


if __name__ == "__main__":
    harness.main(TorchAdam)
