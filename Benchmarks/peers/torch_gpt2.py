"""GPT-2 in PyTorch (Radford et al. 2019): normalization before attention and perceptron, the tanh form
of GELU, scores by the token embeddings."""

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.perceptron_norm = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attention, self.projection = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.hidden, self.output = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, x):
        count, positions, size = x.shape
        parts = self.attention(self.attention_norm(x)).view(
            count, positions, 3, self.heads, size // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(mixed.transpose(1, 2).reshape(count, positions, size))
        h = functional.gelu(self.hidden(self.perceptron_norm(x)), approximate="tanh")
        return x + self.output(h)


class GPT2(nn.Module):
    def __init__(self, layers=12, heads=12, embedding=768, context=512, vocabulary=256):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, embedding)
        self.positions = nn.Embedding(context, embedding)
        self.blocks = nn.Sequential(*(Block(embedding, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(embedding)
        for table in self.tokens, self.positions:
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, tokens):
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.blocks(self.tokens(tokens) + self.positions(positions))
        return functional.linear(self.norm(x), self.tokens.weight)
