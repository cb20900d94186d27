"""An optimiser whose learning rate stands in its state."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxdl.optim._checks import require_non_negative

RATE = "learning_rate"


class AdjustableState(NamedTuple):
    """The learning rate, as `hyperparams["learning_rate"]`, and the optimiser's own state."""

    hyperparams: dict[str, jax.Array]
    inner_state: Any


def adjustable(
    factory: Callable[..., optax.GradientTransformation], learning_rate: float, **settings: Any
) -> optax.GradientTransformationExtraArgs:
    """One optimiser whose learning rate may be changed while it runs.

    **Matches** `torch.optim.X(params, lr=...)`, PyTorch 2.13, whose `optimizer.param_groups[0]["lr"] = ...` is
    `opt_state.hyperparams["learning_rate"] = ...` here. (`optax.inject_hyperparams` turns every number into an array,
    those that must be Python's included, and its state counts steps.)
    **Differs**: the rate is an array of the parameters' widest dtype, at least float32, where PyTorch has a float64:
    the same run as with a plain number, to rounding.

    `train.ReduceLROnPlateau` changes it between epochs; so may any callback. Groups have rates of their own with

        optim.param_groups(optim.adam, {"*.bias": optim.adjustable(optim.adam, learning_rate=1e-2),
                                        "*": optim.adjustable(optim.adam, learning_rate=1e-3)})

    Args:
        factory: of the optimiser, e.g. `optim.adam`.
        learning_rate: at first, a number at least 0.
        settings: the factory's other keywords.

    Returns:
        An optax transformation. Its state is an `AdjustableState`.

    Raises:
        TypeError: a keyword that the factory does not have, a learning rate that is a schedule or no number.
        ValueError: a negative learning rate, or what the factory refuses.

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> tx = optim.adjustable(optim.sgd, learning_rate=0.5)
    >>> params = {"w": jnp.zeros(())}
    >>> state = tx.init(params)
    >>> state.hyperparams["learning_rate"] = jnp.float32(0.25)
    >>> tx.update({"w": jnp.ones(())}, state, params)[0]["w"].item()
    -0.25
    """
    keywords = inspect.signature(factory).parameters
    for name in (RATE, *settings):
        if name not in keywords:
            raise TypeError(f"adjustable: {factory.__name__} has no keyword {name!r}; it has {', '.join(keywords)}")
    if callable(learning_rate) or np.ndim(learning_rate):
        raise TypeError(
            f"adjustable: learning_rate must be one number, given {learning_rate!r}; a schedule goes to "
            f"{factory.__name__} itself"
        )
    require_non_negative("adjustable", learning_rate=learning_rate)
    factory(learning_rate=learning_rate, **settings)  # what it refuses, it refuses now

    def init(params: optax.Params) -> AdjustableState:
        types = [
            jnp.finfo(leaf.dtype).dtype for leaf in jax.tree.leaves(params) if jnp.issubdtype(leaf.dtype, jnp.inexact)
        ]
        rate = jnp.array(learning_rate, jnp.result_type(jnp.float32, *types))
        return AdjustableState({RATE: rate}, factory(learning_rate=rate, **settings).init(params))

    def update(
        updates: optax.Updates, state: AdjustableState, params: optax.Params | None = None, **extra: Any
    ) -> tuple[optax.Updates, AdjustableState]:
        inner = optax.with_extra_args_support(factory(learning_rate=state.hyperparams[RATE], **settings))
        moved, inner_state = inner.update(updates, state.inner_state, params, **extra)
        return moved, AdjustableState(dict(state.hyperparams), inner_state)

    return optax.GradientTransformationExtraArgs(init, update)
