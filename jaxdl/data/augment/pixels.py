"""Images that lose a square, mix with one another, or are put on one scale."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxdl.data.augment.geometry import pair
from jaxdl.data.augment.stream import batch, own
from jaxdl.random.arguments import positive, real


def cutout(keys: jax.Array, images: ArrayLike, size: int | tuple[int, int], fill: float = 0.0) -> jax.Array:
    """A rectangle of each image filled; its centre is any pixel, so that part of it may lie outside.

    Args:
        keys: `[N]`, from `augment.keys`.
        images: `[N, C, H, W]` of any dtype.
        size: (height, width) of the rectangle, or one number for both.
        fill: the value in it.

    Returns:
        Images of the same shape and dtype.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size below 1, a fill that integer images cannot hold, images that are not `[N, C, H, W]`, or other
            than a key for each.

    >>> from jaxdl.data import augment
    >>> cutout(augment.keys(0, 0, jnp.arange(1)), jnp.ones((1, 1, 2, 2)), size=4).tolist()
    [[[[0.0, 0.0], [0.0, 0.0]]]]

    DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017.
    """
    x = batch(keys, images)
    value, sides = _value(fill, x.dtype), jnp.broadcast_to(jnp.array(pair(size, "size", 1)), (len(x), 2))
    inside = _rectangles(own(keys, "cutout"), sides, x)
    return jnp.where(inside[:, None], value, x)


def mixup(keys: jax.Array, images: ArrayLike, target: ArrayLike, alpha: float = 0.2) -> tuple[jax.Array, jax.Array]:
    """Each image, and its target, mixed with another of the batch.

        λ x_i + (1 - λ) x_j,   λ t_i + (1 - λ) t_j,   λ ~ Beta(α, α)

    λ is the row's own. Its partner j depends on which rows the batch has, not on their order: rows stand in a circle
    in the order of a number that each draws, and each mixes with the next. So none mixes with itself, unless it is
    alone. (On several devices the batch is the global one.)

    Args:
        keys: `[N]`, from `augment.keys`.
        images: `[N, C, H, W]`, floating point.
        target: probabilities `[N, classes]`, floating point: `functional.one_hot(y, classes)` as floats.
        alpha: above 0; a small one mixes most images hardly at all.

    Returns:
        Images and target in their shapes and dtypes; `functional.cross_entropy` takes both.

    Raises:
        TypeError: images or target that are not floating point.
        ValueError: alpha not above 0, a target that is not `[N, classes]`, images that are not `[N, C, H, W]`, or
            other than a key for each.

    >>> from jaxdl.data import augment
    >>> x, target = jnp.arange(2.0).reshape(2, 1, 1, 1), jnp.eye(2)
    >>> images, mixed = mixup(augment.keys(0, 0, jnp.arange(2)), x, target, alpha=1.0)
    >>> bool(jnp.allclose(images[:, 0, 0, 0], mixed[:, 1]))
    True

    Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018.
    """
    x, t = _with_target(keys, images, target)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"`images` (of dtype {x.dtype}) must be floating point to be mixed: normalise them first")
    share, partner = _shares(own(keys, "mixup"), alpha), _partners(own(keys, "mixup's partner"))
    return _between(share[:, None, None, None], x, x[partner]), _between(share[:, None], t, t[partner])


def cutmix(keys: jax.Array, images: ArrayLike, target: ArrayLike, alpha: float = 1.0) -> tuple[jax.Array, jax.Array]:
    """A rectangle of each image replaced by what another of the batch has there; the target by its part of the area.

    A fraction 1 - λ of the area is cut, λ ~ Beta(α, α), about any pixel as centre; of what lies outside nothing is
    replaced, and the targets' shares are those of the pixels that were. The partner is chosen as in `mixup`.

    Args:
        keys: `[N]`, from `augment.keys`.
        images: `[N, C, H, W]` of any dtype.
        target: probabilities `[N, classes]`, floating point.
        alpha: above 0.

    Returns:
        Images and target in their shapes and dtypes.

    Raises:
        TypeError: a target that is not floating point.
        ValueError: alpha not above 0, a target that is not `[N, classes]`, images that are not `[N, C, H, W]`, or
            other than a key for each.

    >>> from jaxdl.data import augment
    >>> x = jnp.broadcast_to(jnp.arange(2.0).reshape(2, 1, 1, 1), (2, 1, 8, 8))
    >>> images, mixed = cutmix(augment.keys(0, 0, jnp.arange(2)), x, jnp.eye(2))
    >>> bool(jnp.allclose(images.mean((1, 2, 3)), mixed[:, 1]))
    True

    Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", 2019.
    """
    x, t = _with_target(keys, images, target)
    side = jnp.sqrt(1 - _shares(own(keys, "cutmix"), alpha))
    sides = jnp.floor(side[:, None] * jnp.array(x.shape[2:])).astype(jnp.int32)
    inside = _rectangles(own(keys, "cutmix's centre"), sides, x)
    partner = _partners(own(keys, "cutmix's partner"))
    # Counted in float32 at least: bfloat16 counts no further than 256.
    kept = 1 - inside.mean((1, 2), dtype=jnp.promote_types(t.dtype, jnp.float32))
    return jnp.where(inside[:, None], x[partner], x), _between(kept[:, None], t, t[partner])


def normalise(images: ArrayLike, mean: Sequence[float], std: Sequence[float]) -> jax.Array:
    """(x - mean) / std, channel by channel: nothing is drawn, so test images need it as well.

    Args:
        images: `[N, C, H, W]` of real numbers.
        mean: `C` numbers, in the unit of the pixels.
        std: `C` numbers above 0, likewise.

    Returns:
        Images of the same shape: in their dtype where it is floating point, otherwise float32.

    Raises:
        ValueError: not as many numbers as channels, an std that is not above 0, or images that are not `[N, C, H, W]`.

    >>> normalise(jnp.full((1, 1, 1, 2), 255, jnp.uint8), mean=[127.5], std=[127.5]).tolist()
    [[[[1.0, 1.0]]]]
    """
    x = jnp.asarray(images)
    centre, spread = np.asarray(mean, np.float64), np.asarray(std, np.float64)
    if x.ndim != 4 or not centre.shape == spread.shape == x.shape[1:2]:
        raise ValueError(
            f"`images` (of shape {x.shape}) must be [N, C, H, W], and `mean` and `std` (of shapes {centre.shape} and "
            f"{spread.shape}) must be [C]"
        )
    if not (np.isfinite(centre).all() and np.isfinite(spread).all() and (spread > 0).all()):
        raise ValueError(f"`mean` (={mean}) must be finite, and `std` (={std}) finite and above 0")
    kind = x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else jnp.float32
    wide = x.astype(jnp.promote_types(kind, jnp.float32))  # a difference of bfloat16 would keep few of its digits
    centre, spread = (values.astype(wide.dtype)[:, None, None] for values in (centre, spread))
    return ((wide - centre) / spread).astype(kind)


def _with_target(keys: jax.Array, images: ArrayLike, target: ArrayLike) -> tuple[jax.Array, jax.Array]:
    x, t = batch(keys, images), jnp.asarray(target)
    if not jnp.issubdtype(t.dtype, jnp.floating):
        raise TypeError(
            f"`target` (of dtype {t.dtype}) must be floating-point probabilities [N, classes], such as "
            "functional.one_hot(y, classes).astype(float)"
        )
    if t.ndim != 2 or len(t) != len(x):
        raise ValueError(f"`target` (of shape {t.shape}) must be [{len(x)}, classes], probabilities for each image")
    return x, t


def _value(fill: float, dtype: Any) -> jax.Array:
    """The fill in the images' dtype."""
    number = real(fill, "fill")
    if jnp.issubdtype(dtype, jnp.integer):
        limits = jnp.iinfo(dtype)
        if not (number.is_integer() and limits.min <= number <= limits.max):
            raise ValueError(f"`fill` (={fill}) must be a number that images of {dtype} can hold")
    return jnp.asarray(number).astype(dtype)


def _shares(keys: jax.Array, alpha: float) -> jax.Array:
    """Beta(α, α) for each row, float32."""
    alpha = positive(alpha, "alpha")
    return jax.vmap(lambda key: jax.random.beta(key, alpha, alpha, dtype=jnp.float32))(keys)


def _partners(keys: jax.Array) -> jax.Array:
    """The row after each, in the order of what each draws: 64 bits, so that two are never alike."""
    drawn = jax.vmap(lambda key: jax.random.bits(key, (2,), jnp.uint32))(keys)
    order = jnp.lexsort((drawn[:, 1], drawn[:, 0]))
    return jnp.zeros_like(order).at[order].set(jnp.roll(order, -1))


def _between(share: jax.Array, one: jax.Array, other: jax.Array) -> jax.Array:
    share = share.astype(one.dtype)
    return share * one + (1 - share) * other


def _rectangles(keys: jax.Array, sides: jax.Array, x: jax.Array) -> jax.Array:
    """[N, H, W], whether a pixel lies in the row's rectangle about a pixel that is drawn."""
    plane = jnp.array(x.shape[2:])
    start = jax.vmap(lambda key: jax.random.randint(key, (2,), 0, plane, jnp.int32))(keys) - sides // 2
    rows, columns = (
        (start[:, i, None] <= places) & (places < start[:, i, None] + sides[:, i, None])
        for i, places in enumerate(map(jnp.arange, x.shape[2:]))
    )
    return rows[:, :, None] & columns[:, None, :]
