"""GPT-2 of transformers with Adam or AdamQLR, eager, as a user of PyTorch would write it; for the
memory of a step. Prints one JSON object."""

import argparse
import importlib.metadata
import json
import os
import resource
import statistics
import sys
import time

# Nothing is fetched: the weights are drawn.
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from harness import KILOBYTE, LEAST_STEPS
from torch_adamqlr import BETA1, BETA2, EPSILON


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optimizer", choices=["adam", "adamqlr-paper"], required=True)
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--heads", type=int, required=True)
    parser.add_argument("--embedding", type=int, required=True)
    parser.add_argument("--vocabulary", type=int, required=True)
    parser.add_argument("--context", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    # What Python and the libraries take before there is a model.
    imported = peak_bytes()
    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=options.vocabulary, n_positions=options.context, n_layer=options.layers,
        n_head=options.heads, n_embd=options.embedding, resid_pdrop=0, embd_pdrop=0,
        attn_pdrop=0, use_cache=False, bos_token_id=None, eos_token_id=None))
    tokens, labels = torch.randint(
        options.vocabulary, (2, options.batch_size, options.context))
    step = {"adam": adam, "adamqlr-paper": adamqlr}[options.optimizer](model, tokens, labels)
    seconds = []
    for count in range(sum(LEAST_STEPS)):
        before = time.perf_counter()
        step()
        if count >= LEAST_STEPS[0]:
            seconds.append(time.perf_counter() - before)
    print(json.dumps({
        "median_us": 1e6 * statistics.median(seconds), "steps": len(seconds),
        "peak_bytes": peak_bytes(), "imported_bytes": imported,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "transformers")},
    }))


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE


def loss_of(logits, labels):
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


def adam(model, tokens, labels):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad()
        loss = loss_of(model(tokens).logits, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def adamqlr(model, tokens, labels):
    """The paper's, untuned (Clarke and Hernández-Lobato 2024, §3)."""
    names, parameters = zip(*model.named_parameters())
    first = [torch.zeros_like(part) for part in parameters]
    second = [torch.zeros_like(part) for part in parameters]
    state = {"count": 0, "damping": 1e-3}

    def output(*point):
        return torch.func.functional_call(model, dict(zip(names, point)), (tokens,)).logits

    def step():
        loss = loss_of(model(tokens).logits, labels)
        gradient = torch.autograd.grad(loss, parameters)
        state["count"] += 1
        corrections = 1 - BETA1 ** state["count"], 1 - BETA2 ** state["count"]
        with torch.no_grad():
            direction = []
            for g, m, v in zip(gradient, first, second):
                m.lerp_(g, 1 - BETA1)
                v.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
                root = v.sqrt().div_(corrections[1] ** 0.5).add_(EPSILON)
                direction.append((m / corrections[0]).div_(root))
            slope = sum(torch.sum(g * d).item() for g, d in zip(gradient, direction))
            square = sum(torch.sum(d * d).item() for d in direction)
            del gradient
            # The fused attention has no forward-mode derivative.
            with sdpa_kernel(SDPBackend.MATH):
                logits, tangent = torch.func.jvp(output, parameters, tuple(direction))
            p = torch.softmax(logits, -1)
            centered = tangent - (p * tangent).sum(-1, keepdim=True)
            curvature = (p * centered**2).sum(-1).mean().item() + state["damping"] * square
            rate = slope / curvature
            for part, d in zip(parameters, direction):
                part.sub_(d, alpha=rate)
            new_loss = loss_of(model(tokens).logits, labels).item()
        predicted = 0.5 * rate**2 * curvature - rate * slope
        ratio = (new_loss - loss.item()) / predicted if predicted else float("nan")
        if ratio > 0.75:
            state["damping"] = max(0.5 * state["damping"], 1e-8)
        elif ratio < 0.25:
            state["damping"] *= 2
        return loss.item()

    return step


if __name__ == "__main__":
    sys.exit(main())
