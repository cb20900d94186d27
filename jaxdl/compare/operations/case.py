"""What a case is, and how its inputs are drawn: without jax or torch, as both processes read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FLOAT32 = 2e-5
Draw = Callable[[np.random.RandomState], np.ndarray]


@dataclass(frozen=True)
class Operation:
    """A call that jaxdl and PyTorch both understand.

    Attributes:
        name: in jaxdl.functional; what follows a comma says which use of it.
        call: of `jaxdl.functional` or `torch.nn.functional`, whichever it is handed, and the inputs.
        inputs: how each is drawn.
        constants: which floating inputs need no gradient: a loss's targets.
        torch: PyTorch's call, of `torch` and the inputs, where it is written in another way.
        random: whether it draws random numbers: `call` takes `key` for jaxdl, and values are not compared.
        smooth: whether there is a gradient to time.
        slower: why ours is slower than PyTorch, where somebody has looked.
        allowed: how far ours and PyTorch's results may be apart, in units of scale.
    """

    name: str
    call: Callable[..., Any]
    inputs: tuple[Draw, ...]
    constants: tuple[int, ...] = ()
    torch: Callable[..., Any] | None = None
    random: bool = False
    smooth: bool = True
    slower: str = ""
    allowed: float = FLOAT32

    def draw(self) -> list[np.ndarray]:
        """The inputs, the same in every process."""
        rng = np.random.RandomState(0)
        return [draw(rng) for draw in self.inputs]

    def differentiated(self, arrays: list[Any]) -> list[int]:
        """The inputs whose gradients are taken."""
        return [i for i, a in enumerate(arrays) if i not in self.constants and np.issubdtype(a.dtype, np.floating)]


def cotangents(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """What a gradient is pulled back from, the same in every process."""
    rng = np.random.RandomState(1)
    return [np.asarray(rng.randn(*shape), np.float32) for shape in shapes]


def normal(*shape: int, scale: float = 1.0) -> Draw:
    """Normal float32."""
    return lambda rng: (scale * rng.randn(*shape)).astype(np.float32)


def share(*shape: int) -> Draw:
    """Between 0 and 1."""
    return lambda rng: rng.uniform(0.01, 0.99, shape).astype(np.float32)


def sign(*shape: int) -> Draw:
    """-1 or 1."""
    return lambda rng: rng.choice([-1.0, 1.0], shape).astype(np.float32)


def bit(*shape: int) -> Draw:
    """0 or 1, float32."""
    return lambda rng: rng.choice([0.0, 1.0], shape).astype(np.float32)


def index(below: int, *shape: int, start: int = 0) -> Draw:
    """Integers."""
    return lambda rng: rng.randint(start, below, shape).astype(np.int32)


def constant(*values: int) -> Draw:
    """These integers."""
    return lambda rng: np.asarray(values, np.int32)


WIDE = normal(256, 4096)  # a million numbers
