"""What a stock counterpart is, and how images change their layout."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp


@dataclass(frozen=True)
class Stock:
    """What a user of stock jax, Flax and optax would write.

    Attributes:
        call: of the case's inputs, or of what `prepare` makes of them; a case that draws numbers hands a key first.
        prepare: turns the inputs into stock's layout, untimed: its users keep their images NHWC.
        restore: turns stock's result into PyTorch's layout, untimed.
        allowed: the largest difference of the results in units of scale.
        note: what it does otherwise, or why ours is slower.
    """

    call: Callable[..., Any]
    prepare: Callable[..., Any] | None = None
    restore: Callable[[Any], Any] = lambda result: result
    allowed: float = 1e-3
    note: str = ""

    def in_our_layout(self, *inputs: Any) -> Any:
        """The same with PyTorch's layout at both ends."""
        return self.restore(self.call(*(self.prepare(*inputs) if self.prepare else inputs)))


def last(x: Any) -> Any:
    """NC... as N...C."""
    return jnp.moveaxis(x, 1, -1)


def first(x: Any) -> Any:
    """N...C as NC...."""
    return jnp.moveaxis(x, -1, 1)


def images(x: Any, *rest: Any) -> list[Any]:
    """The first input N...C, the others as they are."""
    return [last(x), *rest]


def kernels(x: Any, w: Any, *rest: Any) -> list[Any]:
    """Images N...C, kernels ...IO."""
    return [last(x), jnp.moveaxis(w, (0, 1), (-1, -2)), *rest]


def on_images(call: Callable[..., Any], **more: Any) -> Stock:
    """Of images N...C, and giving such."""
    return Stock(call, images, first, **more)
