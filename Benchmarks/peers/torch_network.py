"""The network and its losses in PyTorch."""

import torch
from torch.func import functional_call
from torch.nn import functional

from problem import RELU, RESNET, Problem
from torch_gpt2 import GPT2
from torch_resnet import ResNet18


def random_problem(model, batch_size, sizes, device, matmul):
    """A residual network or GPT-2, and as many random examples as make one batch.

    `matmul` is float, tf32 (the tensor cores' 10 bits, on GPUs) or bf16 (by autocast).
    """
    torch.manual_seed(0)
    for engine in torch.backends.cuda.matmul, torch.backends.cudnn:
        engine.allow_tf32 = matmul == "tf32"
    if model == RESNET:
        module = ResNet18(**sizes).to(memory_format=torch.channels_last)
        inputs, targets = torch.randn(batch_size, 32, 32, 3), torch.randint(10, (batch_size,))
    else:
        module = GPT2(**sizes)
        shape = (batch_size, module.positions.num_embeddings)
        vocabulary = module.tokens.num_embeddings
        inputs, targets = torch.randint(vocabulary, shape), torch.randint(vocabulary, shape)
    return Problem(
        None, RELU, True, inputs.to(device), targets.flatten().to(device), model,
        module.to(device), matmul)


def arrays(problem, double):
    """The initial parameters as tensors, flat: weight, bias, weight, bias, …"""
    if problem.module:
        return [parameter.detach() for parameter in problem.module.parameters()]
    kind = torch.float64 if double else torch.float32
    return [torch.tensor(part, dtype=kind) for layer in problem.parameters for part in layer]


def batch(x, y, problem, double):
    if problem.model == RESNET:
        return x.permute(0, 3, 1, 2), y  # channels last in memory
    if problem.module:
        return x, y
    kind = torch.float64 if double else torch.float32
    label_kind = torch.int64 if problem.is_classification else kind
    return torch.tensor(x, dtype=kind), torch.tensor(y, dtype=label_kind)


def output(parameters, x, problem):
    if problem.module:
        names = (name for name, _ in problem.module.named_parameters())
        with torch.autocast(x.device.type, torch.bfloat16, problem.matmul == "bf16"):
            z = functional_call(problem.module, dict(zip(names, parameters)), (x,))
        return z.float().flatten(0, -2)
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
