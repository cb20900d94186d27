"""A model that tells what its modules compute."""

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from jaxdl.nn.tree import named_modules


def observed(model: nnx.Module, see: Callable[[str, jax.Array], None]) -> nnx.Module:
    """A copy of the model that calls `see(name, array)` for every array that a module's call gives, in their order.

    **Matches** `torch.nn.Module.register_forward_hook` on every module, which sees outputs after each call.
    **Differs**: the model is left alone, its copy tells.

    The model itself is ''. What is computed inside a transformation (a scan, a checkpoint) has no numbers yet when it
    is traced, and is not told.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> seen = []
    >>> model = observed(nn.Sequential(nn.ReLU(), nn.Tanh()), lambda name, array: seen.append(name))
    >>> _ = model(jnp.ones(2))
    >>> seen
    ['0', '1', '']
    """
    copy = nnx.merge(*nnx.split(model))
    for name, module in named_modules(copy).items():
        if callable(module):
            # A call is looked up on the class, so every module gets a class of its own; isinstance still holds.
            object.__setattr__(module, "__class__", _telling(type(module), name, see))
    return copy


def _telling(kind: Any, name: str, see: Callable[[str, jax.Array], None]) -> Any:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = kind.__call__(self, *args, **kwargs)
        for leaf in jax.tree.leaves(outputs):
            if isinstance(leaf, jax.Array) and not isinstance(leaf, jax.core.Tracer):
                see(name, leaf)
        return outputs

    return type(kind)(
        kind.__name__, (kind,), {"__call__": call, "__doc__": kind.__doc__, "__module__": kind.__module__}
    )
