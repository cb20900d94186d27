"""The small GPT in PyTorch: the twin of gpt.py, written by hand."""

import math

import torch
from torch import nn
from torch.nn import functional as F

CHARACTERS = 96


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        # A bias of the keys would add the same to all of a place's scores, and softmax takes that away again.
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embedding = nn.Embedding(CHARACTERS, config.width)
        self.position = nn.Embedding(config.length, config.width)
        self.blocks = nn.Sequential(*(Block(config.width, config.heads) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, CHARACTERS)

    def forward(self, characters):
        x = self.embedding(characters) + self.position.weight[: characters.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def model(config):
    return GPT(config)


def loss(output, target):
    return F.cross_entropy(output.flatten(0, 1), target.flatten())


def bits(output, target):
    return loss(output, target) / math.log(2)


metrics = {"bits": bits}


def optimizer(model, config):
    return torch.optim.AdamW(model.parameters(), lr=config.learning_rate)


def attention(params, config, characters):
    """Each head's weights, `[layers, windows, heads, L, L]`, of a model with these parameters."""
    gpt, seen = GPT(config).double(), []
    gpt.load_state_dict({name: torch.tensor(value) for name, value in params.items()})
    for block in gpt.blocks:
        block.attention.qkv.register_forward_hook(lambda module, given, output: seen.append(output))
    hidden = torch.ones(characters.shape[1], characters.shape[1], dtype=torch.bool).triu(1)
    with torch.no_grad():
        gpt(torch.tensor(characters))
        found = []
        for qkv in seen:
            q, k, _ = (part.unflatten(-1, (config.heads, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1))
            scores = q @ k.mT / math.sqrt(q.shape[-1])
            found.append(scores.masked_fill(hidden, -math.inf).softmax(-1))
    return torch.stack(found).numpy()
