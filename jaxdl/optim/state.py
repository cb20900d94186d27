"""An optimiser's state under PyTorch's names."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

SETTINGS = ("hyperparams", "hyperparams_states")  # of optax.inject_hyperparams: by keyword, not by parameter


def named_state(state: Any) -> dict[str, jax.Array]:
    """The tensors of an optax state that belong to a parameter, flat: 'conv1.weight.exp_avg',
    'fc.bias.momentum_buffer'.

    Every field of the state's named tuples that is a dict of arrays by parameter name gives `{parameter}.{field}`. A
    floating point number beside such dicts, which all parameters share (NAdam's `mu_product`), stands under each of
    them, as in PyTorch; counters are left out. For the optimisers of `jaxdl.optim` the fields are PyTorch's. States
    within states (`optax.chain`, `optax.MultiSteps`, `param_groups`) are walked through.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> list(optim.named_state(optim.adam().init({"weight": jnp.ones(2)})))
    ['weight.exp_avg', 'weight.exp_avg_sq']
    """
    return dict(_entries(state))


def _entries(state: Any) -> Iterator[tuple[str, jax.Array]]:
    if isinstance(state, Mapping):
        for value in state.values():
            yield from _entries(value)
    if not isinstance(state, tuple):
        return
    fields = dict(zip(getattr(state, "_fields", range(len(state))), state, strict=True))
    by_name = {f: v for f, v in fields.items() if isinstance(f, str) and isinstance(v, Mapping) and f not in SETTINGS}
    names: dict[str, None] = {}
    for field, value in by_name.items():
        tensors = {name: tensor for name, tensor in value.items() if isinstance(tensor, jax.Array)}
        names |= dict.fromkeys(tensors)
        yield from ((f"{name}.{field}", tensor) for name, tensor in tensors.items())
    for field, value in fields.items():
        if isinstance(value, jax.Array) and value.ndim == 0 and jnp.issubdtype(value.dtype, jnp.floating):
            yield from ((f"{name}.{field}", value) for name in names)
        elif field not in SETTINGS:
            yield from _entries(value)
