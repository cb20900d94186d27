"""Dropout: of elements, of whole channels, and the kind that keeps mean and variance."""

import warnings

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import number, require_floating, widen

SATURATION = -1.7580993408473766  # selu's limit for x → -∞, -scale · alpha


def dropout(
    input: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """Zero each element with probability `p` and scale the others, so that the expectation stays.

        y = x · m / (1 - p),   m ~ Bernoulli(1 - p)

    **Matches** PyTorch 2.13's distribution, its scale 1/(1 - p) in the input's dtype, and its products (NaN
    and inf times a zero of the mask are NaN). **Differs**: which elements fall comes from `key` and not from
    a global generator, so the masks are not PyTorch's; `inplace` has no effect, since arrays are immutable.

    Args:
        input: any shape; floating point when a mask is drawn.
        p: probability of a zero, a Python number in [0, 1].
        training: if False, the input comes back as it is.
        inplace: no effect.
        key: a jax.random key; needed only when numbers are drawn, that is when training and 0 < p < 1.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: `p` outside [0, 1], or no `key` where one is needed.
        TypeError: a mask would be drawn for an input that is not floating point.

    >>> dropout(jnp.ones(3), p=0.5, training=False).tolist()
    [1.0, 1.0, 1.0]
    >>> sorted(set(dropout(jnp.ones(64), p=0.75, key=jax.random.key(0)).tolist()))
    [0.0, 4.0]

    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, JMLR 15, 2014.
    """
    del inplace
    x = jnp.asarray(input)
    return _drop("dropout", x, p, training, x.shape, key)


def dropout1d(
    input: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """Zero whole channels of sequences with probability `p` and scale the others.

        y[n, c] = x[n, c] · m[n, c] / (1 - p),   m ~ Bernoulli(1 - p)

    **Matches** and **differs** as `dropout` does.

    Args:
        input: [N, C, L] or [C, L]; floating point when a mask is drawn.
        p, training, inplace, key: as `dropout` takes them.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: another number of dimensions, and as `dropout` does.
        TypeError: as `dropout` does.

    >>> y = dropout1d(jnp.ones((2, 3, 5)), key=jax.random.key(0))
    >>> sorted(set(y.sum(2).ravel().tolist()))
    [0.0, 10.0]

    Tompson et al., Efficient object localization using convolutional networks, CVPR 2015.
    """
    del inplace
    x = jnp.asarray(input)
    if x.ndim not in (2, 3):
        raise ValueError(f"dropout1d: input has shape {x.shape}; it must be [N, C, L] or [C, L]")
    return _drop("dropout1d", x, p, training, _channels(x, batched=x.ndim == 3), key)


def dropout2d(
    input: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """Zero whole channels of images with probability `p` and scale the others.

        y[n, c] = x[n, c] · m[n, c] / (1 - p),   m ~ Bernoulli(1 - p)

    **Matches** PyTorch 2.13, which takes three dimensions as [N, C, L] and not as one image, with a warning, and warns
    of other shapes than these. **Differs** as `dropout` does.

    Args:
        input: [N, C, H, W], or [N, C, L]; floating point when a mask is drawn.
        p, training, inplace, key: as `dropout` takes them.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: fewer than two dimensions where a mask is drawn, and as `dropout` does.
        TypeError: as `dropout` does.

    >>> y = dropout2d(jnp.ones((2, 3, 5, 5)), key=jax.random.key(0))
    >>> sorted(set(y.sum((2, 3)).ravel().tolist()))
    [0.0, 50.0]

    Tompson et al., Efficient object localization using convolutional networks, CVPR 2015.
    """
    del inplace
    x = jnp.asarray(input)
    if x.ndim == 3:
        warnings.warn(
            f"dropout2d: input of shape {x.shape} is taken as [N, C, L], not as one image [C, H, W]; dropout1d does "
            "the same without this warning",
            stacklevel=2,
        )
    elif x.ndim != 4:
        warnings.warn(
            f"dropout2d: input has shape {x.shape} instead of [N, C, H, W]; use dropout if it has no channels",
            stacklevel=2,
        )
    return _drop("dropout2d", x, p, training, _channels(x, batched=True), key)


def dropout3d(
    input: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """Zero whole channels of volumes with probability `p` and scale the others.

        y[n, c] = x[n, c] · m[n, c] / (1 - p),   m ~ Bernoulli(1 - p)

    **Matches** PyTorch 2.13, which takes whatever does not have five dimensions as unbatched, and warns if it does not
    have four. **Differs** as `dropout` does.

    Args:
        input: [N, C, D, H, W], or [C, D, H, W]; floating point when a mask is drawn.
        p, training, inplace, key: as `dropout` takes them.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: a scalar where a mask is drawn, and as `dropout` does.
        TypeError: as `dropout` does.

    >>> y = dropout3d(jnp.ones((3, 2, 2, 2)), key=jax.random.key(0))
    >>> set(y.sum((1, 2, 3)).ravel().tolist()) <= {0.0, 16.0}
    True

    Tompson et al., Efficient object localization using convolutional networks, CVPR 2015.
    """
    del inplace
    x = jnp.asarray(input)
    if x.ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: input has shape {x.shape} instead of [N, C, D, H, W] or [C, D, H, W]; use dropout if it has "
            "no channels",
            stacklevel=2,
        )
    return _drop("dropout3d", x, p, training, _channels(x, batched=x.ndim == 5), key)


def alpha_dropout(
    input: ArrayLike,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """Set each element to selu's limit with probability `p`, then shift and scale, so that mean 0 and variance 1 stay.

        y = a · (x · m + s · (1 - m)) + b,   m ~ Bernoulli(1 - p)

    with s = -1.7580993408473766, a = 1 / √((1 - p) (1 + p s²)) and b = -a · p · s.

    **Matches** PyTorch 2.13's distribution and formula; p = 1 gives zeros. **Differs** as `dropout` does.

    Args:
        input: any shape; floating point when a mask is drawn.
        p: probability of a fall, a Python number in [0, 1].
        training: if False, the default here, the input comes back as it is.
        inplace: no effect.
        key: a jax.random key; needed only when numbers are drawn, that is when training and 0 < p < 1.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: `p` outside [0, 1], or no `key` where one is needed.
        TypeError: a mask would be drawn for an input that is not floating point.

    >>> y = alpha_dropout(jax.random.normal(jax.random.key(0), (9999,)), 0.3, True, key=jax.random.key(1))
    >>> bool(abs(y.mean()) < 0.05), bool(abs(y.std() - 1) < 0.05)
    (True, True)

    Klambauer et al., Self-normalizing neural networks, NeurIPS 2017.
    """
    del inplace
    x = jnp.asarray(input)
    return _drop("alpha_dropout", x, p, training, x.shape, key, SATURATION)


def feature_alpha_dropout(
    input: ArrayLike,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    key: jax.Array | None = None,
) -> jax.Array:
    """`alpha_dropout` of whole channels.

        y[n, c] = a · (x[n, c] · m[n, c] + s · (1 - m[n, c])) + b,   m ~ Bernoulli(1 - p)

    **Matches** and **differs** as `alpha_dropout` does.

    Args:
        input: [N, C, ...]; floating point when a mask is drawn.
        p, training, inplace, key: as `alpha_dropout` takes them.

    Returns:
        An array of the input's shape and dtype.

    Raises:
        ValueError: fewer than two dimensions where a mask is drawn, and as `alpha_dropout` does.
        TypeError: as `alpha_dropout` does.

    >>> y = feature_alpha_dropout(jnp.zeros((2, 3, 5)), 0.5, True, key=jax.random.key(0))
    >>> bool((y == y[:, :, :1]).all())
    True

    Klambauer et al., Self-normalizing neural networks, NeurIPS 2017.
    """
    del inplace
    x = jnp.asarray(input)
    return _drop("feature_alpha_dropout", x, p, training, _channels(x, batched=True), key, SATURATION)


def _channels(x: jax.Array, batched: bool) -> tuple[int, ...] | None:
    """The shape of a mask with one element a channel; None if there is no axis of channels."""
    leading = 1 + batched
    return None if x.ndim < leading else (*x.shape[:leading], *[1] * (x.ndim - leading))


def _drop(
    where: str,
    x: jax.Array,
    p: float,
    training: bool,
    mask: tuple[int, ...] | None,
    key: jax.Array | None,
    fallen: float = 0.0,
) -> jax.Array:
    """`x` where a mask of shape `mask` is one, `fallen` elsewhere, scaled and shifted back."""
    rate = number(where, "p", p)
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"{where}: p is {p}; a probability lies in [0, 1]")
    if not training or rate == 0.0 or x.size == 0:
        return x
    if rate == 1.0:
        return x * jnp.zeros((), x.dtype)  # a product, as in PyTorch: NaN stays NaN
    require_floating(where, input=x)
    if mask is None:
        raise ValueError(f"{where}: input has shape {x.shape}, which has no axis of channels to draw a mask for")
    if key is None:
        raise ValueError(f"{where}: key is None but training with p={p} draws a mask; pass key=jax.random.key(seed)")
    kept = jax.random.bernoulli(key, 1.0 - rate, mask)
    if fallen == 0.0:
        return x * jnp.where(kept, 1.0 / (1.0 - rate), 0.0).astype(x.dtype)
    scale = ((1.0 - rate) * (1.0 + rate * fallen**2)) ** -0.5
    wide = widen(x)
    shift = jnp.where(kept, 0.0, scale * fallen) - scale * rate * fallen
    return (wide * jnp.where(kept, scale, 0.0).astype(wide.dtype) + shift.astype(wide.dtype)).astype(x.dtype)
