"""A model's modules by name."""

from collections.abc import Iterator
from typing import Any

from flax import nnx


def named_modules(model: nnx.Module) -> dict[str, nnx.Module]:
    """The model itself, under '', and every module in it, by the name that its variables' names begin with.

    **Matches** `torch.nn.Module.named_modules`.

    >>> from jaxdl import nn
    >>> list(named_modules(nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))))
    ['', '0', '1', '1.0']
    """
    return {name: module for name, module in _walk(model, "") if isinstance(module, nnx.Module)}


def _walk(module: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, module
    for attribute, value in vars(module).items():
        if isinstance(value, nnx.Pytree) and not attribute.startswith("_pytree__"):
            yield from _walk(value, f"{name}.{attribute}".lstrip("."))
