"""The problems on which the baselines are compared, and how their figures are recorded.

Everything is of double precision. The data are small dyadic numbers, which the files hold exactly.
"""

import inspect
import math
import textwrap

import torch

STEPS = [1, 2, 5, 10, 20, 50, 100, 200]
BATCHES = 4
# Where a run from a start one ulp away is farther off than this, figures say nothing any more.
LARGEST_SPREAD = 1e-9


class Recurrence:
    """Small whole numbers that look random: x <- 1103515245 x + 12345 modulo 2^31."""

    def __init__(self, seed):
        self.x = seed

    def integer(self, bound):
        """The next one in -bound ... bound."""
        self.x = (1103515245 * self.x + 12345) % 2**31
        return (self.x >> 12) % (2 * bound + 1) - bound

    def matrix(self, rows, columns, bound, scale):
        values = [[self.integer(bound) * scale(j) for j in range(columns)] for _ in range(rows)]
        return torch.tensor(values)


class LeastSquares:
    """f(p) = 1/(2n) |A p - b|^2 over the n rows of a batch, with columns of very different size."""

    ROWS, COLUMNS = 24, 6

    def __init__(self):
        recurrence = Recurrence(1)
        self.matrix = recurrence.matrix(self.ROWS, self.COLUMNS, 16, lambda j: 2.0 ** (-3 - j))
        solution = recurrence.matrix(1, self.COLUMNS, 16, lambda j: 2.0**-3)[0]
        noise = recurrence.matrix(1, self.ROWS, 16, lambda j: 2.0**-8)[0]
        self.targets = self.matrix @ solution + noise
        self.start = [recurrence.matrix(1, self.COLUMNS, 16, lambda j: 2.0**-3)[0]]

    def rows(self, cycles, step):
        """The rows of the batch of a step counted from 0."""
        size = self.ROWS // BATCHES
        first = step % BATCHES * size
        return slice(first, first + size) if cycles else slice(0, self.ROWS)

    def gradients(self, parameters, cycles, step):
        rows = self.rows(cycles, step)
        matrix = self.matrix[rows]
        residuals = matrix @ parameters[0] - self.targets[rows]
        return [matrix.T @ residuals / len(residuals)]

    def description(self):
        return {
            "matrix": self.matrix.tolist(), "targets": self.targets.tolist(),
            "start": self.start[0].tolist(), "batches": BATCHES,
            "condition": float(torch.linalg.cond(self.matrix) ** 2),
        }


class Network:
    """Least squares of a network with three weight matrices [inputs, outputs], tanh between them.

    The loss is 1/2 (z - y)^2 averaged over all elements; the columns of the inputs differ in size.
    """

    EXAMPLES = 16

    def __init__(self, sizes=(4, 3, 5, 2)):
        self.sizes = list(sizes)
        recurrence = Recurrence(2)
        self.inputs = recurrence.matrix(
            self.EXAMPLES, self.sizes[0], 16, lambda j: 2.0 ** (-3 - j))
        self.targets = recurrence.matrix(self.EXAMPLES, self.sizes[-1], 16, lambda j: 2.0**-4)
        self.start = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:]):
            self.start.append(recurrence.matrix(inputs, outputs, 16, lambda j: 2.0**-5))
            self.start.append(recurrence.matrix(1, outputs, 16, lambda j: 2.0**-6)[0])

    def gradients(self, parameters, cycles, step):
        size = self.EXAMPLES // BATCHES
        first = step % BATCHES * size
        rows = slice(first, first + size) if cycles else slice(0, self.EXAMPLES)
        tracked = [p.detach().clone().requires_grad_() for p in parameters]
        z = self.inputs[rows]
        for layer in range(3):
            z = z @ tracked[2 * layer] + tracked[2 * layer + 1]
            if layer < 2:
                z = torch.tanh(z)
        loss = 0.5 * ((z - self.targets[rows]) ** 2).mean()
        return list(torch.autograd.grad(loss, tracked))

    def description(self):
        return {
            "sizes": self.sizes, "inputs": self.inputs.tolist(), "targets": self.targets.tolist(),
            "start": torch.cat([p.flatten() for p in self.start]).tolist(), "batches": BATCHES,
        }


def warm_up_cosine(peak, warm_up=10, total=250, final=0.1):
    """Schedule.value(at:): linear to the peak, then half a cosine down to final times the peak."""

    def rate(step):
        if step < warm_up:
            return peak * (step + 1) / warm_up
        progress = (step - warm_up) / (total - warm_up)
        low = final * peak
        return low + (peak - low) * 0.5 * (1 + math.cos(math.pi * progress))

    return rate


class Case:
    """An optimizer with its settings, on a problem."""

    def __init__(self, name, make, schedule=None, l2=0.0, inspect=None):
        """
        name      what the tests call it
        make      from the parameters a list of optimizers
        schedule  the learning rate at a step counted from 0, where it is none of the optimizer's
        l2        w of 1/2 w |p|^2 that is added to the loss
        inspect   from the optimizers and parameters, further figures to record
        """
        self.name, self.make, self.schedule, self.l2, self.inspect = (
            name, make, schedule, l2, inspect)

    def run(self, problem, cycles, perturbed=False):
        """The parameters at STEPS, and the further figures there."""
        nudge = 1 + 2.0**-52 if perturbed else 1
        parameters = [torch.nn.Parameter(p * nudge) for p in problem.start]
        optimizers = self.make(parameters)
        found, further = [], {}
        for step in range(STEPS[-1]):
            gradients = problem.gradients([p.detach() for p in parameters], cycles, step)
            for p, g in zip(parameters, gradients):
                p.grad = (g + self.l2 * p.detach()).contiguous()
            if self.schedule is not None:
                for optimizer in optimizers:
                    for group in optimizer.param_groups:
                        group["lr"] = self.schedule(step)
            for optimizer in optimizers:
                optimizer.step()
            if step + 1 in STEPS:
                found.append(torch.cat([p.detach().flatten() for p in parameters]))
                figures = self.inspect(optimizers, parameters) if self.inspect else {}
                for key, value in figures.items():
                    further.setdefault(key, []).append(value)
        return found, further

    def figures(self, problem, cycles):
        """What the file has of it."""
        found, further = self.run(problem, cycles)
        other, _ = self.run(problem, cycles, perturbed=True)
        spread = [float((a - b).abs().max() / a.abs().max()) for a, b in zip(found, other)]
        count = sum(1 for s in spread if s <= LARGEST_SPREAD)
        assert max(spread[:count]) <= LARGEST_SPREAD and count >= 6, (self.name, spread)
        return {
            "name": self.name, "cycles": cycles,
            "parameters": [p.tolist() for p in found[:count]],
            # How far a run from a start one ulp away has come from this one.
            "spread": [float(f"{s:.1e}") for s in spread[:count]],
            **{key: values[:count] for key, values in further.items()},
        }


def patched(optimizer, *replacements, method="step"):
    """A subclass whose step, or other method, has some lines replaced.

    Each must be there exactly once.
    """
    source = textwrap.dedent(inspect.getsource(getattr(optimizer, method)))
    for old, new in replacements:
        if source.count(old) != 1:
            raise SystemExit(f"{optimizer.__name__}.{method} has {source.count(old)} times: {old}")
        source = source.replace(old, new)
    scope = dict(vars(inspect.getmodule(optimizer)))
    exec(source, scope)
    return type(
        optimizer.__name__, (optimizer,),
        {method: scope[method], "__module__": optimizer.__module__})
