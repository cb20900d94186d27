"""Pools as Flax has them, and means and maxima of what a reshape has split."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from flax import nnx

from jaxdl.compare.operations.stock.form import Stock, on_images


def window(pool: Callable[..., Any], axes: int) -> Stock:
    """Windows of 2 side by side."""
    return on_images(lambda x: pool(x, (2,) * axes, (2,) * axes))


def overlapping(pool: Callable[..., Any]) -> Stock:
    """Windows of 3, stride 2, padding 1."""
    return on_images(lambda x: pool(x, (3, 3), (2, 2), ((1, 1), (1, 1))))


def adaptive(reduce: Callable[..., Any], axes: int, size: int = 4) -> Stock:
    """To a size that divides each axis."""

    def call(x: Any) -> Any:
        split = [part for side in x.shape[1:-1] for part in (size, side // size)]
        return reduce(x.reshape(x.shape[0], *split, x.shape[-1]), axis=tuple(range(2, 2 * axes + 1, 2)))

    return on_images(call)


STOCK = {
    **{f"max_pool{axes}d": window(nnx.max_pool, axes) for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": window(nnx.avg_pool, axes) for axes in (1, 2, 3)},
    "max_pool2d, overlapping": overlapping(nnx.max_pool),
    "avg_pool2d, overlapping": overlapping(nnx.avg_pool),
    **{f"adaptive_avg_pool{axes}d": adaptive(jnp.mean, axes) for axes in (1, 2, 3)},
    **{f"adaptive_max_pool{axes}d": adaptive(jnp.max, axes) for axes in (1, 2, 3)},
    "adaptive_avg_pool2d, to one": on_images(lambda x: x.mean((1, 2), keepdims=True)),
    "interpolate, area": window(nnx.avg_pool, 2),
}
