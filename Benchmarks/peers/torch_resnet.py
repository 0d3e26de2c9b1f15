"""ResNet-18 for small images in PyTorch, in channels-last memory (He et al. 2016): strides in the 3×3
convolutions, 1×1 convolutions as shortcuts where the shape changes, the batch's statistics."""

import torch
from torch import nn
from torch.nn import functional


def norm(channels):
    return nn.BatchNorm2d(channels, track_running_stats=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = norm(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = norm(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs))

    def forward(self, x):
        h = functional.relu(self.first_norm(self.first(x)), inplace=True)
        return functional.relu(self.second_norm(self.second(h)) + self.shortcut(x))


class ResNet18(nn.Module):
    """`width` is the number of channels of the first stage."""

    def __init__(self, width=64):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.stem_norm = norm(width)
        blocks, inputs = [], width
        for stage in range(4):
            outputs = width << stage
            for index in range(2):
                blocks.append(Block(inputs, outputs, 2 if stage and not index else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Linear(inputs, 10)

    def forward(self, x):
        x = functional.relu(self.stem_norm(self.stem(x)))
        return self.last(self.blocks(x).mean((2, 3)))
