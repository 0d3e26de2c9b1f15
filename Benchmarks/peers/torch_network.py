"""The network and its losses in PyTorch."""

import torch
from torch.nn import functional

import torch_resnet
from problem import RESNET


def arrays(problem, double):
    """The initial parameters as tensors, flat: weight, bias, weight, bias, …"""
    if problem.model == RESNET:
        return torch_resnet.arrays()
    kind = torch.float64 if double else torch.float32
    return [torch.tensor(part, dtype=kind) for layer in problem.parameters for part in layer]


def batch(x, y, problem, double):
    kind = torch.float64 if double else torch.float32
    label_kind = torch.int64 if problem.is_classification else kind
    x = torch.tensor(x, dtype=kind)
    if problem.model == RESNET:
        x = x.permute(0, 3, 1, 2)  # channels last in memory
    return x, torch.tensor(y, dtype=label_kind)


def output(parameters, x, problem):
    if problem.model == RESNET:
        return torch_resnet.output(parameters, x)
    function = {"relu": torch.relu, "tanh": torch.tanh}[problem.activation]
    layers = list(zip(parameters[::2], parameters[1::2]))
    for weight, bias in layers[:-1]:
        x = function(torch.addmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.addmm(bias, x, weight)


def loss(z, y, is_classification):
    """Mean cross entropy, or half the mean squared error over all elements."""
    return functional.cross_entropy(z, y) if is_classification else 0.5 * functional.mse_loss(z, y)


def dot(a, b):
    """aᵀb of two parameters, without a copy."""
    if a.dim() == 4:
        a, b = a.permute(0, 2, 3, 1), b.permute(0, 2, 3, 1)
    return torch.vdot(a.reshape(-1), b.reshape(-1))


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
