"""A small GPT reads Python's help and says, at each character, what comes next.

Each place looks back at all places before it and takes from those that matter: attention. A causal mask hides what is
to be said, so one pass learns from all places at once, where a recurrent network goes from one to the next. A block
adds to what it is given, and norms its own copy of it (pre-norm), so that the gradient reaches the first block as it
is. The run ends with pictures of where heads look, of what context is worth, and with text that the network wrote.

    python -m experiments.sequence.gpt --epochs 1

Data: Python's help.
Time: 45 s on two cores.
Score: test_bits <= 2.9
Paper: Vaswani et al. 2017, "Attention Is All You Need"; Radford et al. 2019, "Language Models are Unsupervised
Multitask Learners".

The test is on the text's last fifth, of other topics than those it learned from. Where a Python's help is another
(see `data.python_help`), its numbers are its own.
"""

from dataclasses import dataclass

import jax.numpy as jnp

from jaxdl import data, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(2, "passes over the windows of the 36,660 training characters")
    batch_size: int = option(12, "windows a step")
    length: int = option(64, "characters a window, the furthest that it looks back")
    stride: int = option(16, "from one training window's start to the next: a character is seen at several places")
    layers: int = option(4, "blocks")
    width: int = option(128, "numbers that stand for a character")
    heads: int = option(4, "of the attention, among which the width is divided")
    learning_rate: float = option(2e-3, "AdamW's step size")

    def __post_init__(self):
        super().__post_init__()
        for name in ("layers", "width", "heads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, given {getattr(self, name)}")
        if self.width % self.heads:
            raise ValueError(f"width (={self.width}) must be divisible by heads (={self.heads})")


class Attention(nn.Module):
    def __init__(self, width, heads, *, rngs):
        self.heads = heads
        # A bias of the keys would add the same to all of a place's scores, and softmax takes that away again.
        self.qkv = nn.Linear(width, 3 * width, bias=False, rngs=rngs)
        self.proj = nn.Linear(width, width, rngs=rngs)

    def __call__(self, x):
        q, k, v = (part.reshape(*x.shape[:2], self.heads, -1).swapaxes(1, 2) for part in jnp.split(self.qkv(x), 3, -1))
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(seen.swapaxes(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(self, width, heads, *, rngs):
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, rngs=rngs)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width, rngs=rngs)
        self.down = nn.Linear(4 * width, width, rngs=rngs)

    def __call__(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, config, *, rngs):
        self.embedding = nn.Embedding(len(data.PRINTABLE), config.width, rngs=rngs)
        self.position = nn.Embedding(config.length, config.width, rngs=rngs)
        self.blocks = nn.Sequential(*(Block(config.width, config.heads, rngs=rngs) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, len(data.PRINTABLE), rngs=rngs)

    def __call__(self, characters):
        x = self.embedding(characters) + self.position.weight[: characters.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def loss(logits, following):
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), following.reshape(-1))


def source(config):
    characters, following, _, _ = data.python_help(config.length, stride=config.stride)
    return data.ArraySource((characters, following), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, characters, following = data.python_help(config.length)
    return data.ArraySource((characters, following), batch_size=len(characters))


def program(config):
    return train.supervised(
        lambda rngs: GPT(config, rngs=rngs),
        loss,
        optim.adamw(config.learning_rate),
        metrics={"bits": metrics.bits},
        dtype=config.dtype,
    )


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
