"""Modules that change nothing but the shape, or nothing at all: Flatten, Unflatten, Identity."""

import math
import operator
from collections.abc import Sequence
from typing import Any

import jax

from jaxdl.nn.module import Module


class Flatten(Module):
    """The dimensions from start_dim to end_dim made one.

    **Matches** `torch.nn.Flatten`, PyTorch 2.13.

    Raises:
        ValueError: a dimension is out of range, or start_dim comes after end_dim.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Flatten()(jnp.ones((2, 3, 4, 5))).shape
    (2, 60)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def __call__(self, input: jax.Array) -> jax.Array:
        rank = max(input.ndim, 1)
        for name, dim in (("start_dim", self.start_dim), ("end_dim", self.end_dim)):
            if not -rank <= dim < rank:
                raise ValueError(f"Flatten: {name} (={dim}) must be in [{-rank}, {rank - 1}] for shape {input.shape}")
        start, end = self.start_dim % rank, self.end_dim % rank
        if start > end:
            raise ValueError(f"Flatten: start_dim (={self.start_dim}) comes after end_dim (={self.end_dim})")
        return input.reshape(*input.shape[:start], math.prod(input.shape[start : end + 1]), *input.shape[end + 1 :])


class Unflatten(Module):
    """One dimension made several.

    **Matches** `torch.nn.Unflatten`, PyTorch 2.13; one size may be -1. **Differs**: dimensions have numbers, no names.

    Args:
        dim: which one.
        unflattened_size: the sizes it becomes; their product is its own.

    Raises:
        TypeError: dim is not an integer, or unflattened_size no integers.
        ValueError: more than one -1; when called, dim out of range or sizes that do not multiply to the input's.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Unflatten(1, (2, -1))(jnp.ones((4, 6))).shape
    (4, 2, 3)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        try:
            self.dim, self.unflattened_size = operator.index(dim), tuple(map(operator.index, unflattened_size))
        except TypeError as error:
            raise TypeError(
                f"Unflatten: dim must be an integer and unflattened_size integers, given {dim!r} and "
                f"{unflattened_size!r} (named dimensions do not exist here)"
            ) from error
        if sum(size == -1 for size in self.unflattened_size) > 1 or min(self.unflattened_size, default=0) < -1:
            raise ValueError(f"Unflatten: unflattened_size may hold one -1, given {self.unflattened_size}")

    def __call__(self, input: jax.Array) -> jax.Array:
        if not -input.ndim <= self.dim < input.ndim:
            raise ValueError(f"Unflatten: dim (={self.dim}) is out of range for shape {input.shape}")
        axis, sizes = self.dim % input.ndim, self.unflattened_size
        size, known = input.shape[axis], math.prod(s for s in sizes if s != -1)
        if size != known and (-1 not in sizes or known == 0 or size % known):
            raise ValueError(f"Unflatten: {sizes} does not multiply to {size}, the size of dimension {self.dim}")
        return input.reshape(*input.shape[:axis], *sizes, *input.shape[axis + 1 :])


class Identity(Module):
    """The input, unchanged; arguments are accepted and ignored.

    **Matches** `torch.nn.Identity`, PyTorch 2.13.

    >>> from jaxdl import nn
    >>> nn.Identity(54, unused=True)(3)
    3
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __call__(self, input: Any) -> Any:
        return input
