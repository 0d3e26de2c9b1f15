"""The network and its losses in PyTorch."""

import torch
from torch.nn import functional


def arrays(problem, double):
    """The initial parameters as tensors, flat: weight, bias, weight, bias, …"""
    kind = torch.float64 if double else torch.float32
    return [torch.tensor(part, dtype=kind) for layer in problem.parameters for part in layer]


def batch(x, y, problem, double):
    kind = torch.float64 if double else torch.float32
    label_kind = torch.int64 if problem.is_classification else kind
    return torch.tensor(x, dtype=kind), torch.tensor(y, dtype=label_kind)


def output(parameters, x, activation):
    function = {"relu": torch.relu, "tanh": torch.tanh}[activation]
    layers = list(zip(parameters[::2], parameters[1::2]))
    for weight, bias in layers[:-1]:
        x = function(torch.addmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.addmm(bias, x, weight)


def loss(z, y, is_classification):
    """Mean cross entropy, or half the mean squared error over all elements."""
    return functional.cross_entropy(z, y) if is_classification else 0.5 * functional.mse_loss(z, y)


def fisher_product(z, t, is_classification):
    """tᵀFt, with F the Fisher matrix of the mean loss by the outputs z."""
    if is_classification:
        p = torch.softmax(z, 1)
        centered = t - (p * t).sum(1, keepdim=True)
        return (p * centered**2).sum(1).mean()
    return (t**2).mean()


def numpy_layers(parameters):
    values = [parameter.detach().numpy() for parameter in parameters]
    return list(zip(values[::2], values[1::2]))
