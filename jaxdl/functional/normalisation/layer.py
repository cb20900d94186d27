"""Normalisation of every sample by itself: over its last axes, or over groups of channels."""

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, require_floating, require_length, widen
from jaxdl.functional.normalisation._standardise import over_root_mean_square, spread, standardise

Shape = tuple[int, ...] | list[int]


def layer_norm(
    input: ArrayLike,
    normalized_shape: Shape,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> jax.Array:
    """Normalise every sample over its last axes.

        y = (x - μ) / √(σ² + eps) · weight + bias

    μ and the biased σ² are those of the last `len(normalized_shape)` axes.

    **Matches** PyTorch 2.13: value and gradients, NaN where σ² + eps is negative, half types computed in float32. The
    variance is computed in two passes (Flax's default loses all digits at a mean of 1e4).

    Args:
        input: [..., *normalized_shape], floating point.
        normalized_shape: the sizes of the axes to normalise over, a tuple or list.
        weight: of shape `normalized_shape`, or None for 1.
        bias: of shape `normalized_shape`, or None for 0.
        eps: added to the variance.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: `normalized_shape` is empty or not how the input's shape ends, weight or bias has another shape.
        TypeError: input that is not floating point, weight or bias of another dtype (with half input both may be
            float32), a `normalized_shape` that holds something else than integers.

    >>> layer_norm(jnp.array([[1.0, 3.0], [2.0, 8.0]]), (2,)).round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]

    Ba, Kiros and Hinton, Layer normalization, 2016.
    """
    x = jnp.asarray(input)
    require_floating("layer_norm", input=x)
    shape = _normalized("layer_norm", x, normalized_shape)
    scale, shift = _parameters("layer_norm", x, shape, "the normalized_shape", weight, bias)
    if x.size == 0:
        return x
    y = standardise(widen(x).reshape(-1, math.prod(shape)), 1, eps)[0]
    if scale is not None:
        y = y * spread(scale, y.shape[0], 0)
    if shift is not None:
        y = y + spread(shift, y.shape[0], 0)
    return y.reshape(x.shape).astype(x.dtype)


def rms_norm(
    input: ArrayLike, normalized_shape: Shape, weight: ArrayLike | None = None, eps: float | None = None
) -> jax.Array:
    """Divide every sample by its root mean square over its last axes.

        y = x / √(mean(x²) + eps) · weight

    **Matches** PyTorch 2.13: `eps=None` is the machine epsilon of the dtype that is computed in (2.2e-16 for float64,
    1.2e-07 for float32 and for the half types); the output has the input's dtype whatever the weight's is; complex
    input is squared, not its modulus.

    Args:
        input: [..., *normalized_shape], floating point or complex.
        normalized_shape: the sizes of the axes to normalise over, a tuple or list.
        weight: of shape `normalized_shape`, or None for 1.
        eps: added to the mean square.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: `normalized_shape` is empty or not how the input's shape ends, weight has another shape.
        TypeError: integer or boolean input, a complex weight of real input, a `normalized_shape` that holds something
            else than integers.

    >>> [round(x, 4) for x in rms_norm(jnp.array([3.0, 4.0]), (2,)).tolist()]
    [0.8485, 1.1314]

    Zhang and Sennrich, Root mean square layer normalization, NeurIPS 2019.
    """
    x = jnp.asarray(input)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise TypeError(f"rms_norm: input has dtype {x.dtype}; it must be floating point or complex")
    shape = _normalized("rms_norm", x, normalized_shape)
    scale = None if weight is None else jnp.asarray(weight)
    if scale is not None and scale.shape != shape:
        raise ValueError(f"rms_norm: weight has shape {scale.shape}; it must be {shape}, the normalized_shape")
    if scale is not None and jnp.iscomplexobj(scale) and not jnp.iscomplexobj(x):
        raise TypeError(f"rms_norm: weight has dtype {scale.dtype} but input {x.dtype}; give a real weight")
    if x.size == 0:
        return x
    rows = widen(x).reshape(-1, math.prod(shape))
    y = over_root_mean_square(rows, float(jnp.finfo(rows.dtype).eps) if eps is None else eps)[0]
    if scale is not None:
        y = y * spread(scale.ravel(), y.shape[0], 0)
    return y.reshape(x.shape).astype(x.dtype)


def group_norm(
    input: ArrayLike,
    num_groups: int,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> jax.Array:
    """Normalise every sample over groups of neighbouring channels and all their positions.

        y = (x - μ) / √(σ² + eps) · weight + bias

    μ and the biased σ² are those of a group of C / num_groups channels; weight and bias belong to channels.

    **Matches** PyTorch 2.13: value and gradients, half types computed in float32.

    Args:
        input: [N, C, ...], floating point.
        num_groups: how many groups; it divides C.
        weight: [C], or None for 1.
        bias: [C], or None for 0.
        eps: added to the variance.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: a wrong rank, channels that the groups do not divide, one value in every group of the whole batch,
            weight or bias of another length.
        TypeError: input that is not floating point, weight or bias of another dtype (with half input both may be
            float32), a `num_groups` that is not an integer.

    >>> group_norm(jnp.array([[1.0, 3.0, 10.0, 30.0]]), 2).round(3).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]

    Wu and He, Group normalization, ECCV 2018.
    """
    x = jnp.asarray(input)
    require_floating("group_norm", input=x)
    if x.ndim < 2:
        raise ValueError(f"group_norm: input has shape {x.shape}; it must be [N, C, ...]")
    batch, channels = x.shape[:2]
    if isinstance(num_groups, bool):
        raise TypeError(f"group_norm: num_groups must be an integer, but got {num_groups}")
    groups, positions = integer("group_norm", "num_groups", num_groups), math.prod(x.shape[2:])
    if groups < 1 or channels % groups:
        raise ValueError(
            f"group_norm: num_groups is {groups} but input of shape {x.shape} has {channels} channels; "
            "it must be a positive divisor of them"
        )
    if batch * channels // groups * positions == 1:
        raise ValueError(
            f"group_norm: input of shape {x.shape} has one value in each of {groups} groups, which has no variance; "
            "take fewer groups"
        )
    scale, shift = _parameters("group_norm", x, (channels,), "one for each channel of input", weight, bias)
    if x.size == 0:
        return x
    y = standardise(widen(x).reshape(batch * groups, -1), 1, eps)[0].reshape(batch * channels, positions)
    if scale is not None:
        y = y * spread(spread(scale, batch, 0).ravel(), positions, 1)
    if shift is not None:
        y = y + spread(spread(shift, batch, 0).ravel(), positions, 1)
    return y.reshape(x.shape).astype(x.dtype)


def _normalized(where: str, x: jax.Array, normalized_shape: Shape) -> tuple[int, ...]:
    """The shape to normalise over, known to be how the input's ends."""
    if not isinstance(normalized_shape, tuple | list):
        raise TypeError(f"{where}: normalized_shape must be a tuple or list of integers, but got {normalized_shape!r}")
    shape = tuple(integer(where, "normalized_shape", size) for size in normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(
            f"{where}: normalized_shape is {shape} but input has shape {x.shape}; it must be the last sizes of that, "
            "at least one"
        )
    return shape


def _parameters(
    where: str, x: jax.Array, shape: tuple[int, ...], meaning: str, weight: ArrayLike | None, bias: ArrayLike | None
) -> list[jax.Array | None]:
    """Weight and bias as vectors in the dtype that is computed in."""
    given = {"weight": weight, "bias": bias}
    arrays = {name: jnp.asarray(value) for name, value in given.items() if value is not None}
    for name, array in arrays.items():
        if len(shape) == 1:
            require_length(where, name, array, shape[0], meaning)
        elif array.shape != shape:
            raise ValueError(f"{where}: {name} has shape {array.shape}; it must be {shape}, {meaning}")
    dtypes = {array.dtype for array in arrays.values()}
    half = x.dtype.itemsize < 4
    if dtypes and dtypes != {x.dtype} and not (half and dtypes == {jnp.dtype(jnp.float32)}):
        words = " and ".join(f"{name} has dtype {array.dtype}" for name, array in arrays.items())
        raise TypeError(
            f"{where}: input has dtype {x.dtype} but {words}; cast to the input's{' or all to float32' if half else ''}"
        )
    return [widen(arrays[name]).ravel() if name in arrays else None for name in given]
