"""How many steps should share a device call: `python -m docs.training` prints the table of docs/training.md.

Every program trains in turns in a host loop, in a device loop and as `fit` chooses; the least time a step counts.
"""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import numpy as np
from flax import nnx

from jaxdl import data, functional, nn, optim, random, train
from jaxdl.train.work import loops_well, multiplications

ROUNDS = 5
SECONDS = 1.5  # of a turn
WAYS = {"host loop": 1, "device loop": 64, "chosen": None}


class Dense(nn.Module):
    def __init__(self, sizes: tuple[int, ...], *, rngs: Any) -> None:
        self.layers = nn.Sequential(*(nn.Linear(a, b, rngs=rngs) for a, b in pairwise(sizes)))

    def __call__(self, x: jax.Array) -> jax.Array:
        layers = list(self.layers)
        for layer in layers[:-1]:
            x = functional.relu(layer(x))
        return layers[-1](x)


class StockLeNet(nnx.Module):
    """Convolutions and pooling as Flax has them."""

    def __init__(self, *, rngs: Any) -> None:
        del rngs
        stock = nnx.Rngs(0)
        self.conv1, self.conv2 = (nnx.Conv(a, b, (5, 5), padding="VALID", rngs=stock) for a, b in ((1, 6), (6, 16)))
        self.head = nnx.Linear(400, 10, rngs=stock)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x.transpose(0, 2, 3, 1)
        for layer in (self.conv1, self.conv2):
            x = nnx.max_pool(nnx.relu(layer(x)), (2, 2), (2, 2))
        return self.head(x.reshape(len(x), -1))


class Characters(nn.Module):
    def __init__(self, *, rngs: Any) -> None:
        self.embedding = nn.Embedding(64, 32, rngs=rngs)
        self.lstm = nn.LSTM(32, 64, batch_first=True, rngs=rngs)
        self.head = nn.Linear(64, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.head(self.lstm(self.embedding(x))[0][:, -1])


def cases() -> dict[str, tuple[Callable[..., Any], np.ndarray, int]]:
    """Models by name, with what they are trained on and the rows of a batch."""
    from experiments.vision.lenet import LeNet

    draw = np.random.RandomState(0)
    rows, images = draw.rand(2048, 64).astype(np.float32), draw.rand(2048, 1, 32, 32).astype(np.float32)
    tokens = draw.randint(0, 64, (2048, 32))
    return {
        "logistic regression, 64 inputs, 32 rows": (lambda rngs: Dense((64, 10), rngs=rngs), rows, 32),
        "MLP 64-256-256-10, 128 rows": (lambda rngs: Dense((64, 256, 256, 10), rngs=rngs), rows, 128),
        "MLP 64-1024-1024-10, 256 rows": (lambda rngs: Dense((64, 1024, 1024, 10), rngs=rngs), rows, 256),
        "LSTM 32-64, 32 characters, 32 rows": (lambda rngs: Characters(rngs=rngs), tokens, 32),
        "LeNet, 32 rows": (lambda rngs: LeNet(False, rngs=rngs), images, 32),
        "LeNet, 128 rows": (lambda rngs: LeNet(False, rngs=rngs), images, 128),
        "LeNet of Flax's own layers, 32 rows": (lambda rngs: StockLeNet(rngs=rngs), images, 32),
    }


def measured(name: str, model: Callable[..., Any], inputs: np.ndarray, size: int) -> str:
    """A row of the table: microseconds a step in each way, and what the rule says."""
    program = train.supervised(model, functional.cross_entropy, optim.adam(1e-3))
    target = np.random.RandomState(1).randint(0, 10, len(inputs))
    source = data.ArraySource((inputs, target), size, shuffle=True, drop_last=True)
    best = dict.fromkeys(WAYS, float("inf"))
    for steps_per_call in WAYS.values():  # compiles
        train.fit(program, source, 1, steps_per_call=steps_per_call, progress=False)
    began = time.perf_counter()
    train.fit(program, source, 1, steps_per_call=1, progress=False)
    epochs = max(1, round(SECONDS / (time.perf_counter() - began)))
    for turn in range(ROUNDS):
        for way in list(WAYS)[turn % 3 :] + list(WAYS)[: turn % 3]:
            began = time.perf_counter()
            train.fit(program, source, epochs, steps_per_call=WAYS[way], progress=False)
            best[way] = min(best[way], (time.perf_counter() - began) / (epochs * len(source)))
    batch = tuple(array[:size] for array in (inputs, target))
    jaxpr = jax.make_jaxpr(program.step)(program.init(random.TorchGenerator(0)), batch).jaxpr
    chosen = "device" if loops_well(jaxpr) else "host"
    times = " | ".join(f"{1e6 * best[way]:,.0f}" for way in WAYS)
    return f"| {name} | {multiplications(jaxpr) / 1e6:,.1f} | {times} | {chosen} |"


if __name__ == "__main__":
    print("| program | million multiplications | host loop, µs a step | device loop | as `fit` chooses | which |")
    print("|---|---|---|---|---|---|")
    for name, case in cases().items():
        print(measured(name, *case), flush=True)
