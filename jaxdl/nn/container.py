"""Modules that hold or reshape: Sequential, Flatten, Identity."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import jax

from jaxdl.nn.module import Module


class Sequential(Module):
    """Modules one after another, named "0", "1", ... (or as a mapping names them), as in a state_dict.

    **Matches** `torch.nn.Sequential`, PyTorch 2.13. Plain functions are welcome among the modules (PyTorch refuses
    them).

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> g = random.TorchGenerator(0)
    >>> model = nn.Sequential(nn.Linear(4, 8, rngs=g), nn.ReLU(), nn.Linear(8, 2, rngs=g))
    >>> model(jnp.ones((3, 4))).shape, list(nn.state_dict(model))
    ((3, 2), ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    def __init__(self, *modules: Any) -> None:
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else dict(enumerate(modules))
        self._names = tuple(str(name) for name in named)
        for name, module in named.items():
            if not callable(module):
                raise TypeError(
                    f"Sequential: entry {name} must be a module or a function, given {type(module).__name__}"
                )
            setattr(self, str(name), module)

    def __call__(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> Any:
        return getattr(self, self._names[index])


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
