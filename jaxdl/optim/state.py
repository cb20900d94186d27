"""An optimiser's state under PyTorch's names."""

from collections.abc import Mapping
from typing import Any

import jax


def named_state(state: Any) -> dict[str, jax.Array]:
    """The tensors of an optax state that belong to a parameter, flat: 'conv1.weight.exp_avg',
    'fc.bias.momentum_buffer'.

    Every field of the state's named tuples that is a dict of arrays by parameter name gives `{parameter}.{field}`;
    counters are left out. For the optimisers of `jaxdl.optim` the fields are PyTorch's.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> list(optim.named_state(optim.adam().init({"weight": jnp.ones(2)})))
    ['weight.exp_avg', 'weight.exp_avg_sq']
    """
    found: dict[str, jax.Array] = {}
    if isinstance(state, tuple):
        fields = zip(getattr(state, "_fields", [""] * len(state)), state, strict=True)
        for field, value in fields:
            if field and isinstance(value, Mapping):
                found |= {f"{name}.{field}": tensor for name, tensor in value.items() if isinstance(tensor, jax.Array)}
            else:
                found |= named_state(value)
    return found
