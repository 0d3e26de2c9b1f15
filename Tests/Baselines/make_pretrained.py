"""Writes Tests/NetworksTests/Baselines/pretrained.json: logits of other packages' models with weights that a
formula makes, which the tests make too.

    pip install torch==2.13.0 torchvision timm transformers==5.24.0
    python Tests/Baselines/make_pretrained.py

The k-th of all tensors by name has the elements a + b·sin(0.37·(i + 1) + k) for i = 0, 1, …: for running
variances a = 1, b = 0.3; for other tensors of one dimension that end in 'weight' a = 1, b = 0.1; for the rest of
those a = 0, b = 0.1; for tensors of more dimensions a = 0, b = 1/√(elements/first dimension).
"""

import json
import math
import os

import numpy
import timm
import torch
import torchvision
import transformers

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "NetworksTests", "Baselines",
                    "pretrained.json")


def fill(model):
    tensors = {name: tensor for name, tensor in model.state_dict().items()
               if tensor.is_floating_point() and name != "lm_head.weight"}
    for k, name in enumerate(sorted(tensors)):
        tensor = tensors[name]
        count = tensor.numel()
        if name.endswith("running_var"):
            a, b = 1, 0.3
        elif tensor.dim() == 1:
            a, b = (1 if name.endswith("weight") else 0), 0.1
        else:
            a, b = 0, 1 / math.sqrt(count / tensor.shape[0])
        values = a + b * numpy.sin(0.37 * numpy.arange(1, count + 1, dtype=numpy.float64) + k)
        tensor.copy_(torch.tensor(values.reshape(tensor.shape), dtype=torch.float32))
    return [{"name": name, "shape": list(tensors[name].shape)} for name in sorted(tensors)]


def images(size):
    values = numpy.sin(0.11 * numpy.arange(2 * size * size * 3, dtype=numpy.float64))
    return torch.tensor(values.reshape(2, size, size, 3), dtype=torch.float32).permute(0, 3, 1, 2)


def case(model, inputs):
    model.eval()
    with torch.no_grad():
        tensors = fill(model)
        outputs = model(inputs)
    logits = getattr(outputs, "logits", outputs)
    return {"tensors": tensors, "logits": [float("%.8g" % x) for x in logits.flatten()]}


def main():
    gpt2 = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=20, n_positions=12, n_layer=2, n_head=2, n_embd=8))
    tokens = torch.tensor([[(7 * i + 3) % 20 for i in range(10)], [(3 * i + 1) % 20 for i in range(10)]])
    content = {
        "versions": {
            "torch": torch.__version__, "torchvision": torchvision.__version__,
            "timm": timm.__version__, "transformers": transformers.__version__},
        "resnet18": case(torchvision.models.resnet18(num_classes=5), images(64)),
        "resnet50": case(torchvision.models.resnet50(num_classes=5), images(64)),
        "vit": case(timm.create_model(
            "vit_small_patch16_224", img_size=64, depth=3, num_classes=5), images(64)),
        "gpt2": case(gpt2, tokens),
    }
    with open(FILE, "w") as file:
        json.dump(content, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()
