"""Averages of the weights over training, as torch.optim.swa_utils.AveragedModel has them."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from jaxdl.optim._checks import require_between
from jaxdl.optim._leaves import per_leaf
from jaxdl.optim._scalars import lerp


class AverageState(NamedTuple):
    """How many models were averaged, and the average under the models' own names."""

    n_averaged: jax.Array
    params: Any
    buffers: Any


class UpdateAverage(Protocol):
    """The average with one more model in it."""

    def __call__(self, state: AverageState, params: Any, buffers: Any = None) -> AverageState: ...


class Average(NamedTuple):
    """A pair of pure functions.

    `init(params, buffers=None)` begins; `update(state, params, buffers=None)` takes one more model in.
    """

    init: Callable[..., AverageState]
    update: UpdateAverage


# (average, new, how many models are in the average) -> average
Mean = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]


def ema(decay: float = 0.999, use_buffers: bool = False) -> Average:
    """The exponential moving average of the weights.

    The first model is copied; then average ← decay · average + (1 - decay) · model.

    **Matches** `torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))`, PyTorch 2.13:
    buffers are those of the last model, or averaged as well with `use_buffers`, integers cut to integers.
    (optax.ema begins at 0 and corrects for it.)
    **Differs**: a pair of pure functions of `params` and `buffers`; `state.params` and `state.buffers` are the averaged
    model. PyTorch's `update_bn`, which gives it batch statistics of its own, is: reset the running statistics, and
    `apply(state.params, buffers, batch, train=True)` over the data with a model whose batch norms have momentum=None.

    Args:
        decay: how much of the average is kept a step, in [0, 1].
        use_buffers: average the buffers, too.

    Returns:
        An `Average`: `init(params, buffers=None)` and `update(state, params, buffers=None)`, both for use inside jit.

    Raises:
        ValueError: decay outside [0, 1].

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> average = optim.ema(0.75)
    >>> state = average.init({"w": jnp.array(0.0)})
    >>> for value in (4.0, 8.0):
    ...     state = average.update(state, {"w": jnp.array(value)})
    >>> state.params["w"].item()
    5.0
    """
    require_between("ema", "decay", decay, 0, 1)

    def mean(average: jax.Array, new: jax.Array, count: jax.Array) -> jax.Array:
        del count
        if jnp.issubdtype(average.dtype, jnp.inexact):
            return lerp(average, new, decay)
        return (average.astype(jnp.float32) * decay + new.astype(jnp.float32) * (1 - decay)).astype(average.dtype)

    return _average(mean, use_buffers)


def swa(use_buffers: bool = False) -> Average:
    """The equal average of all models so far (stochastic weight averaging).

    The first model is copied; then average ← average + (model - average) / (n + 1), n models being in it.

    **Matches** `torch.optim.swa_utils.AveragedModel(model)`, PyTorch 2.13: buffers are those of the last model, or
    averaged as well with `use_buffers`, integers cut to integers.
    **Differs**: as `ema`, which also says how `update_bn` is written.

    Args:
        use_buffers: average the buffers, too.

    Returns:
        An `Average`: `init(params, buffers=None)` and `update(state, params, buffers=None)`, both for use inside jit.

    Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization".

    >>> import jax.numpy as jnp
    >>> from jaxdl import optim
    >>> average = optim.swa()
    >>> state = average.init({"w": jnp.array(0.0)})
    >>> for value in (4.0, 8.0, 9.0):
    ...     state = average.update(state, {"w": jnp.array(value)})
    >>> state.params["w"].item(), state.n_averaged.item()
    (7.0, 3)
    """

    def mean(average: jax.Array, new: jax.Array, count: jax.Array) -> jax.Array:
        dtype = average.dtype if jnp.issubdtype(average.dtype, jnp.inexact) else jnp.float32
        return average + (new - average).astype(dtype) / (count + 1).astype(dtype)

    return _average(mean, use_buffers)


def _average(mean: Mean, use_buffers: bool) -> Average:
    def init(params: Any, buffers: Any = None) -> AverageState:
        return AverageState(jnp.zeros((), jnp.int32), *(jax.tree.map(jnp.array, tree) for tree in (params, buffers)))

    def update(state: AverageState, params: Any, buffers: Any = None) -> AverageState:
        first = state.n_averaged == 0

        def averaged(average: jax.Array, new: jax.Array) -> tuple[jax.Array]:
            return (jnp.where(first, new, mean(average, new, state.n_averaged)),)

        (average,) = per_leaf(averaged, (state.params,), (params,))
        if use_buffers:
            (buffers,) = per_leaf(averaged, (state.buffers,), (buffers,))
        return AverageState(state.n_averaged + 1, average, buffers)

    return Average(init, update)
