"""64 small MLPs at once and one after another: `python -m docs.training.many` prints the table of docs/training.md.

Digits, batches of 32, Adam: 8 learning rates and 8 seeds. All ways take turns, and the least time of each counts; none
evaluates. PyTorch's loop cuts its batches from tensors, which is several times faster than its loader.
"""

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from jaxdl import data, functional, nn, optim, train

ROUNDS, EPOCHS, SIZE = 2, 40, 32
RATES, SEEDS = np.geomspace(1e-4, 1e-1, 8).tolist(), range(8)
WIDTHS = (8, 32, 128)


class Net(nn.Module):
    def __init__(self, width: int, *, rngs: Any) -> None:
        self.fc1, self.fc2 = nn.Linear(64, width, rngs=rngs), nn.Linear(width, 10, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.fc2(functional.relu(self.fc1(x)))


def ways(width: int) -> dict[str, Callable[[], object]]:
    """What trains the 64, by name."""
    images, target, _, _ = data.digits()
    inputs = images.reshape(-1, 64)
    source = data.ArraySource((inputs, target), SIZE, shuffle=True)

    def program(learning_rate: float) -> train.Program:
        return train.supervised(lambda rngs: Net(width, rngs=rngs), functional.cross_entropy, optim.adam(learning_rate))

    programs = {rate: program(rate) for rate in RATES}

    def together() -> None:
        train.sweep(program, source, {"learning_rate": RATES, "seed": SEEDS}, EPOCHS, progress=False)

    def in_turn(steps_per_call: int | None = None) -> None:
        for rate in RATES:
            for seed in SEEDS:
                train.fit(programs[rate], source, EPOCHS, seed=seed, steps_per_call=steps_per_call, progress=False)

    def in_pytorch() -> None:
        for rate in RATES:
            for seed in SEEDS:
                _pytorch(width, rate, seed, torch.from_numpy(inputs), torch.from_numpy(target).long())

    return {
        "train.sweep": together,
        "train.fit, 64 times": in_turn,
        "a call a step": lambda: in_turn(steps_per_call=1),
        "PyTorch, 64 times": in_pytorch,
    }


def _pytorch(width: int, rate: float, seed: int, inputs: torch.Tensor, target: torch.Tensor) -> None:
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(64, width), torch.nn.ReLU(), torch.nn.Linear(width, 10))
    optimizer = torch.optim.Adam(net.parameters(), rate)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(inputs)).split(SIZE):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(inputs[rows]), target[rows]).backward()
            optimizer.step()


def measured(way: Callable[[], object]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


if __name__ == "__main__":
    console = Console(stderr=True)
    for width in WIDTHS:
        all_ways = ways(width)
        times = dict.fromkeys(all_ways, float("inf"))
        for name in track(list(all_ways) * ROUNDS, console=console, transient=True):
            times[name] = min(times[name], measured(all_ways[name]))
        if width == WIDTHS[0]:
            print(f"| hidden units | {' | '.join(times)} |\n|{'---|' * (len(times) + 1)}")
        least = min(times.values())
        row = " | ".join(f"{seconds:.1f} s ({seconds / least:.1f} ×)" for seconds in times.values())
        print(f"| {width} | {row} |", flush=True)
