"""Batch normalisation."""

from typing import Literal, overload

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, require_length, widen
from jaxdl.functional.normalisation._standardise import spread, standardise

WithBuffers = tuple[jax.Array, jax.Array, jax.Array]


@overload
def batch_norm(
    input: ArrayLike,
    running_mean: None,
    running_var: None,
    weight: ArrayLike | None = ...,
    bias: ArrayLike | None = ...,
    training: bool = ...,
    momentum: ArrayLike = ...,
    eps: float = ...,
) -> jax.Array: ...
@overload
def batch_norm(
    input: ArrayLike,
    running_mean: ArrayLike | None,
    running_var: ArrayLike | None,
    weight: ArrayLike | None = ...,
    bias: ArrayLike | None = ...,
    training: Literal[False] = ...,
    momentum: ArrayLike = ...,
    eps: float = ...,
) -> jax.Array: ...
@overload
def batch_norm(
    input: ArrayLike,
    running_mean: ArrayLike,
    running_var: ArrayLike,
    weight: ArrayLike | None = ...,
    bias: ArrayLike | None = ...,
    *,
    training: Literal[True],
    momentum: ArrayLike = ...,
    eps: float = ...,
) -> WithBuffers: ...
@overload
def batch_norm(
    input: ArrayLike,
    running_mean: ArrayLike | None,
    running_var: ArrayLike | None,
    weight: ArrayLike | None = ...,
    bias: ArrayLike | None = ...,
    training: bool = ...,
    momentum: ArrayLike = ...,
    eps: float = ...,
) -> jax.Array | WithBuffers: ...


def batch_norm(
    input: ArrayLike,
    running_mean: ArrayLike | None,
    running_var: ArrayLike | None,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    training: bool = False,
    momentum: ArrayLike = 0.1,
    eps: float = 1e-5,
) -> jax.Array | WithBuffers:
    """Normalise every channel, by the batch's statistics when training and by the running ones otherwise.

        y = (x - μ) / √(σ² + eps) · weight + bias

    Training takes μ and the biased σ² of the batch, and moves the running statistics towards μ and the
    unbiased variance: running ← (1 - momentum) · running + momentum · batch.

    **Matches** PyTorch 2.13: output, gradients and new running statistics (which carry no gradient); the
    variance is computed in two passes, and half types in float32. **Differs**: nothing changes in place, so
    training with running statistics returns the new ones as well; `momentum` may be a traced scalar; in
    evaluation the running statistics are differentiable; they, weight and bias are vectors (PyTorch takes any
    shape of C elements).

    Args:
        input: [N, C, ...]; an array without elements comes back as it is.
        running_mean: [C], or None to use the batch's statistics (training only).
        running_var: [C], or None with `running_mean`.
        weight: [C], or None for 1.
        bias: [C], or None for 0.
        training: use the batch's statistics; a Python bool.
        momentum: how far running statistics move, a scalar.
        eps: added to the variance; above 0 when training, at least 0 otherwise.

    Returns:
        The output, of the input's shape and dtype; when training with running statistics (output,
        running_mean, running_var), the latter in the shape and dtype they came in.

    Raises:
        ValueError: a wrong rank or length, statistics missing in evaluation or only one of the two given, a
            single value per channel when training, `eps` out of range.
        TypeError: input that is not floating point, or a dtype other than the input's (float32 is allowed
            with half input).

    >>> y, mean, var = batch_norm(jnp.array([[1.0], [3.0]]), jnp.zeros(1), jnp.ones(1), training=True)
    >>> [round(value, 4) for value in (*y.ravel().tolist(), *mean.tolist(), *var.tolist())]
    [-1.0, 1.0, 0.2, 1.1]

    Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing internal covariate
    shift, ICML 2015.
    """
    x = jnp.asarray(input)
    mean, var, scale, shift = (None if a is None else jnp.asarray(a) for a in (running_mean, running_var, weight, bias))
    _check(x, training, eps, running_mean=mean, running_var=var, weight=scale, bias=shift)
    if x.size == 0:
        return (x, mean, var) if training and mean is not None and var is not None else x
    if not training:
        assert mean is not None  # _check has seen to it
        assert var is not None
        return with_statistics(x, mean, var, scale, shift, eps)
    # Channels last, as the convolutions around store them: a CNN's training step is a fifth faster so.
    last = jnp.moveaxis(x, 1, -1)
    rows = widen(last.reshape(-1, x.shape[1]))
    y, batch_mean, variance = standardise(rows, 0, eps)
    output = _back(_affine(y, scale, shift), last.shape, x)
    if mean is None or var is None:
        return output
    unbiased = variance * (rows.shape[0] / (rows.shape[0] - 1))
    return output, moved(mean, batch_mean, momentum), moved(var, unbiased, momentum)


def with_statistics(
    x: jax.Array, mean: jax.Array, var: jax.Array, scale: jax.Array | None, shift: jax.Array | None, eps: float
) -> jax.Array:
    """[N, C, ...] normalised by given statistics of its channels."""
    last = jnp.moveaxis(x, 1, -1)
    rows = widen(last.reshape(-1, x.shape[1]))
    rate = lax.rsqrt(var.astype(rows.dtype) + eps)
    centred = rows - spread(mean.astype(rows.dtype), rows.shape[0], 0)
    return _back(_affine(centred, rate if scale is None else rate * scale.astype(rows.dtype), shift), last.shape, x)


def _affine(rows: jax.Array, scale: jax.Array | None, shift: jax.Array | None) -> jax.Array:
    if scale is not None:
        rows = rows * spread(scale.astype(rows.dtype), rows.shape[0], 0)
    return rows if shift is None else rows + spread(shift.astype(rows.dtype), rows.shape[0], 0)


def _back(rows: jax.Array, last: tuple[int, ...], x: jax.Array) -> jax.Array:
    """Rows of channels as an array like `x`."""
    return jnp.moveaxis(rows.astype(x.dtype).reshape(last), -1, 1)


def moved(running: jax.Array, batch: jax.Array, momentum: ArrayLike) -> jax.Array:
    """Running statistics, `momentum` of the way to the batch's."""
    step = jnp.asarray(momentum, batch.dtype)
    return ((1 - step) * running.astype(batch.dtype) + step * lax.stop_gradient(batch)).astype(running.dtype)


def _check(x: jax.Array, training: bool, eps: float, **vectors: jax.Array | None) -> None:
    require_floating("batch_norm", input=x)
    if x.ndim < 2 and x.shape != (0,):
        raise ValueError(f"batch_norm: input has shape {x.shape}; it must be [N, C, ...]")
    channels = x.shape[1] if x.ndim > 1 else 0
    if training and channels and x.size == channels:
        raise ValueError(
            f"batch_norm: input of shape {x.shape} has one value per channel, which has no variance; "
            "training needs more than one"
        )
    if eps < 0 or (training and eps == 0):
        raise ValueError(
            f"batch_norm: eps is {eps}; it must be {'positive when training' if training else 'at least 0'}"
        )
    check_statistics("batch_norm", needed=not training and x.size > 0, missing_means="training=True", **vectors)
    check_vectors("batch_norm", x, channels, **vectors)


def check_statistics(where: str, needed: bool, missing_means: str, **vectors: jax.Array | None) -> None:
    """Refuse one running statistic without the other, or none where they are needed."""
    missing = [name for name in ("running_mean", "running_var") if vectors[name] is None]
    if len(missing) == 1 or (missing and needed):
        raise ValueError(
            f"{where}: {' and '.join(missing)} is None; give both running statistics, or neither and {missing_means}"
        )


def check_vectors(where: str, x: jax.Array, channels: int, **vectors: jax.Array | None) -> None:
    """Refuse what is not one number for each channel, in the input's dtype or, beside half input, in float32."""
    half = x.dtype.itemsize < 4
    for name, vector in vectors.items():
        if vector is None:
            continue
        require_length(where, name, vector, channels, "one for each channel of input")
        if vector.dtype != x.dtype and not (half and vector.dtype == jnp.float32):
            raise TypeError(
                f"{where}: input has dtype {x.dtype} but {name} has dtype {vector.dtype}; "
                f"cast it to the input's{' or to float32' if half else ''}"
            )
