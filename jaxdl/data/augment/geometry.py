"""Images moved: cropped, mirrored and turned, each row in its own way."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl import functional
from jaxdl.data.augment.stream import batch, own
from jaxdl.random.arguments import integer, probability, real

PADDING_MODES = {"zeros": "constant", "reflect": "reflect"}
MODES = ("bilinear", "nearest")


def random_crop(
    keys: jax.Array,
    images: ArrayLike,
    size: int | tuple[int, int],
    padding: int | tuple[int, int] = 0,
    padding_mode: str = "zeros",
) -> jax.Array:
    """A piece of each image, padded first; every place that it can have is equally likely.

    Args:
        keys: `[N]`, from `augment.keys`.
        images: `[N, C, H, W]` of any dtype.
        size: (height, width) of the piece, or one number for both.
        padding: pixels (above and below, left and right), or one number for both.
        padding_mode: 'zeros', or 'reflect' without repeating the border.

    Returns:
        `[N, C, *size]` in the images' dtype.

    Raises:
        TypeError: a size or a padding that is no integer.
        ValueError: a piece larger than the padded image, a reflection wider than the image has pixels beside the
            border, an unknown padding mode, images that are not `[N, C, H, W]`, or other than a key for each.

    >>> from jaxdl.data import augment
    >>> random_crop(augment.keys(0, 0, jnp.arange(4)), jnp.ones((4, 3, 32, 32)), 24, padding=2).shape
    (4, 3, 24, 24)
    """
    x = batch(keys, images)
    height, width = pair(size, "size", 1)
    above, left = pair(padding, "padding", 0)
    if padding_mode not in PADDING_MODES:
        raise ValueError(f"`padding_mode` (={padding_mode!r}) must be one of {', '.join(PADDING_MODES)}")
    rows, columns = x.shape[2] + 2 * above, x.shape[3] + 2 * left
    if height > rows or width > columns:
        raise ValueError(f"`size` (={(height, width)}) must fit into the padded images, which are {(rows, columns)}")
    if padding_mode == "reflect" and (above >= x.shape[2] or left >= x.shape[3]):
        raise ValueError(f"`padding` (={(above, left)}) by reflection must be less than the images' {x.shape[2:]}")
    padded = jnp.pad(x, ((0, 0), (0, 0), (above, above), (left, left)), PADDING_MODES[padding_mode])
    places = jnp.array([rows - height + 1, columns - width + 1])

    def cropped(key: jax.Array, image: jax.Array) -> jax.Array:
        i, j = jax.random.randint(key, (2,), 0, places, jnp.int32)
        return jax.lax.dynamic_slice(image, (jnp.int32(0), i, j), (image.shape[0], height, width))

    return jax.vmap(cropped)(own(keys, "random_crop"), padded)


def random_horizontal_flip(keys: jax.Array, images: ArrayLike, p: float = 0.5) -> jax.Array:
    """Left and right exchanged, with probability `p`.

    Args:
        keys: `[N]`, from `augment.keys`.
        images: `[N, C, H, W]` of any dtype.
        p: probability, a Python number.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: `p` outside [0, 1], images that are not `[N, C, H, W]`, or other than a key for each.

    >>> from jaxdl.data import augment
    >>> x = jnp.array([[[[1, 2]]]] * 4)
    >>> random_horizontal_flip(augment.keys(0, 0, jnp.arange(4)), x, p=1.0)[0].tolist()
    [[[2, 1]]]
    """
    return _flip(keys, images, p, 3, "random_horizontal_flip")


def random_vertical_flip(keys: jax.Array, images: ArrayLike, p: float = 0.5) -> jax.Array:
    """Top and bottom exchanged, with probability `p`. Arguments, result and errors: as `random_horizontal_flip`.

    >>> from jaxdl.data import augment
    >>> random_vertical_flip(augment.keys(0, 0, jnp.arange(1)), jnp.array([[[[1], [2]]]]), p=1.0).tolist()
    [[[[2], [1]]]]
    """
    return _flip(keys, images, p, 2, "random_vertical_flip")


def random_rotate(
    keys: jax.Array, images: ArrayLike, degrees: float | tuple[float, float], mode: str = "bilinear"
) -> jax.Array:
    """Each image turned about its centre by an angle that is uniform in a range; outside of it lie zeros.

    The draw is the same in every dtype and in any batch; the last digit of a pixel is the compiled program's, which may
    be another one where there are more rows.

    Args:
        keys: `[N]`, from `augment.keys`.
        images: `[N, C, H, W]`, floating point or uint8 (which is computed in float32 and rounded).
        degrees: (lowest, highest) angle, counter-clockwise; one number d is (-d, d).
        mode: 'bilinear', or 'nearest'.

    Returns:
        Images of the same shape and dtype.

    Raises:
        TypeError: images of another dtype, or degrees that are no numbers.
        ValueError: a range that runs backwards, an unknown mode, images that are not `[N, C, H, W]`, or other than a
            key for each.

    >>> from jaxdl.data import augment
    >>> x = jnp.array([[[[1, 2], [3, 4]]]], jnp.uint8)
    >>> random_rotate(augment.keys(0, 0, jnp.arange(1)), x, degrees=(90, 90))[0, 0].tolist()
    [[2, 4], [1, 3]]
    """
    x = batch(keys, images)
    low, high = _range(degrees)
    if mode not in MODES:
        raise ValueError(f"`mode` (={mode!r}) must be one of {', '.join(MODES)}")
    if x.dtype != jnp.uint8 and not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"`images` (of dtype {x.dtype}) must be floating point or uint8 to be rotated")
    wide = x.astype(jnp.float32) if x.dtype.itemsize < 4 else x
    drawn = jax.vmap(lambda key: jax.random.uniform(key, (), jnp.float32))(own(keys, "random_rotate"))
    angle = jnp.deg2rad(low + (high - low) * drawn.astype(wide.dtype))
    sine, cosine, none = jnp.sin(angle), jnp.cos(angle), jnp.zeros_like(angle)
    shape = x.shape[3] / x.shape[2]  # affine_grid's places run from -1 to 1 along the longer side as well
    rows = ((cosine, -sine / shape, none), (sine * shape, cosine, none))
    theta = jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=1)
    turned = functional.grid_sample(wide, functional.affine_grid(theta, x.shape), mode)
    return (jnp.round(turned) if x.dtype == jnp.uint8 else turned).astype(x.dtype)


def pair(value: Any, name: str, smallest: int) -> tuple[int, int]:
    """(height, width), from one integer or two."""
    both = value if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2:
        raise ValueError(f"`{name}` (={value!r}) must be one integer or two, for height and width")
    height, width = (integer(number, name, smallest, 2**31 - 1) for number in both)
    return height, width


def _range(degrees: Any) -> tuple[float, float]:
    if not isinstance(degrees, tuple | list):
        most = real(degrees, "degrees")
        if most < 0:
            raise ValueError(
                f"`degrees` (={most}) must not be negative: d means from -d to d; (low, high) is any range"
            )
        return -most, most
    if len(degrees) != 2 or not real(degrees[0], "degrees") <= real(degrees[1], "degrees"):
        raise ValueError(f"`degrees` (={degrees!r}) must be a number or (lowest, highest)")
    return float(degrees[0]), float(degrees[1])


def _flip(keys: jax.Array, images: ArrayLike, p: float, axis: int, name: str) -> jax.Array:
    x, p = batch(keys, images), probability(p, "p")
    drawn = jax.vmap(lambda key: jax.random.uniform(key, (), jnp.float32))(own(keys, name)) < p
    return jnp.where(drawn[:, None, None, None], jnp.flip(x, axis), x)
