"""Instance normalisation."""

import math
from typing import overload

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, widen
from jaxdl.functional.normalisation._standardise import spread, standardise
from jaxdl.functional.normalisation.batch import WithBuffers, check_statistics, check_vectors, moved, with_statistics


@overload
def instance_norm(
    input: ArrayLike,
    running_mean: None = ...,
    running_var: None = ...,
    weight: ArrayLike | None = ...,
    bias: ArrayLike | None = ...,
    use_input_stats: bool = ...,
    momentum: ArrayLike = ...,
    eps: float = ...,
) -> jax.Array: ...
@overload
def instance_norm(
    input: ArrayLike,
    running_mean: ArrayLike | None,
    running_var: ArrayLike | None,
    weight: ArrayLike | None = ...,
    bias: ArrayLike | None = ...,
    use_input_stats: bool = ...,
    momentum: ArrayLike = ...,
    eps: float = ...,
) -> jax.Array | WithBuffers: ...


def instance_norm(
    input: ArrayLike,
    running_mean: ArrayLike | None = None,
    running_var: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    use_input_stats: bool = True,
    momentum: ArrayLike = 0.1,
    eps: float = 1e-5,
) -> jax.Array | WithBuffers:
    """Normalise every channel of every sample over its positions, or every channel by its running statistics.

        y = (x - μ) / √(σ² + eps) · weight + bias

    With `use_input_stats` μ and the biased σ² are those of one channel of one sample, and running statistics move
    towards the mean over the batch of the μ and of the unbiased variances:
    running ← (1 - momentum) · running + momentum · batch.

    **Matches** PyTorch 2.13: output, gradients and new running statistics (which carry no gradient; an empty batch
    makes them NaN). **Differs**: nothing changes in place, so `use_input_stats` with running statistics returns the
    new ones as well; `momentum` may be a traced scalar; running statistics have the input's dtype, or float32 beside
    half input.

    Args:
        input: [N, C, ...], floating point.
        running_mean: [C], or None.
        running_var: [C], or None with `running_mean`.
        weight: [C], or None for 1.
        bias: [C], or None for 0.
        use_input_stats: normalise by the input's own statistics; a Python bool.
        momentum: how far running statistics move, a scalar.
        eps: added to the variance.

    Returns:
        The output, of the input's shape and dtype; with `use_input_stats` and running statistics (output,
        running_mean, running_var), the latter in the shape and dtype they came in.

    Raises:
        ValueError: a wrong rank or length, a single position with `use_input_stats`, statistics missing without it or
            only one of the two given.
        TypeError: input that is not floating point, or a dtype other than the input's (float32 is allowed with half
            input).

    >>> instance_norm(jnp.array([[[1.0, 3.0], [10.0, 30.0]]])).round(3).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]

    Ulyanov, Vedaldi and Lempitsky, Instance normalization: the missing ingredient for fast stylization, 2016.
    """
    x = jnp.asarray(input)
    mean, var, scale, shift = (None if a is None else jnp.asarray(a) for a in (running_mean, running_var, weight, bias))
    _check(x, use_input_stats, running_mean=mean, running_var=var, weight=scale, bias=shift)
    if not use_input_stats:
        assert mean is not None  # _check has seen to it
        assert var is not None
        return x if x.size == 0 else with_statistics(x, mean, var, scale, shift, eps)
    batch, channels, positions = *x.shape[:2], math.prod(x.shape[2:])
    if x.size == 0:
        if mean is None or var is None:
            return x
        lost = 0.0 if batch else jnp.nan  # the mean over no samples
        return x, mean + lost, var + lost
    y, own_mean, own_var = standardise(widen(x).reshape(batch * channels, positions), 1, eps)
    if scale is not None:
        y = y * spread(spread(scale.astype(y.dtype), batch, 0).ravel(), positions, 1)
    if shift is not None:
        y = y + spread(spread(shift.astype(y.dtype), batch, 0).ravel(), positions, 1)
    output = y.reshape(x.shape).astype(x.dtype)
    if mean is None or var is None:
        return output
    batch_mean = own_mean.reshape(batch, channels).mean(0)
    unbiased = own_var.reshape(batch, channels).mean(0) * (positions / (positions - 1))
    return output, moved(mean, batch_mean, momentum), moved(var, unbiased, momentum)


def _check(x: jax.Array, use_input_stats: bool, **vectors: jax.Array | None) -> None:
    require_floating("instance_norm", input=x)
    if x.ndim < 2:
        raise ValueError(f"instance_norm: input has shape {x.shape}; it must be [N, C, ...]")
    if use_input_stats and math.prod(x.shape[2:]) == 1:
        raise ValueError(
            f"instance_norm: input of shape {x.shape} has one position per channel, which has no variance; "
            "use_input_stats needs more than one"
        )
    check_statistics("instance_norm", not use_input_stats, "use_input_stats=True", **vectors)
    check_vectors("instance_norm", x, x.shape[1], **vectors)
