"""Convolutions: nnx.Conv is one call of lax.conv_general_dilated."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxdl.compare.operations.stock.form import Stock, first, kernels, last


def conv(axes: str, padding: int = 0, strides: int = 1, **keywords: Any) -> Stock:
    """Over these axes, the same padding and stride for each."""
    layout = (f"N{axes}C", f"{axes}IO", f"N{axes}C")

    def call(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(
            x, w, (strides,) * len(axes), [(padding, padding)] * len(axes), dimension_numbers=layout, **keywords
        )

    return Stock(call, kernels, first)


def transposed(axes: int) -> Stock:
    """Stride 2 and a kernel of 4, PyTorch's padding of 1."""
    spatial = tuple(range(2, 2 + axes))
    return Stock(
        lambda x, w: jax.lax.conv_transpose(x, w, (2,) * axes, [(2, 2)] * axes, transpose_kernel=True),
        lambda x, w: [last(x), w.transpose(*spatial, 1, 0)],
        first,
    )


def windows(x: Any, size: Sequence[int] = (3, 3)) -> Any:
    """The patches as PyTorch's unfold gives them."""
    patches = jax.lax.conv_general_dilated_patches(x, size, (1, 1), [(1, 1), (1, 1)])
    return patches.reshape(*patches.shape[:2], -1)


def scanned(x: Any, w: Any) -> Any:
    """Batch after batch."""
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.map(
        lambda images: jax.lax.conv_general_dilated(images, w, (1, 1), "VALID", dimension_numbers=layout), x
    )


STOCK = {
    "conv1d": conv("H", 2),
    "conv2d": conv("HW", 1),
    "conv2d, stride 2": conv("HW", 1, 2),
    "conv2d, LeNet": conv("HW"),
    "conv2d, in a scan": Stock(
        scanned,
        lambda x, w: [jnp.moveaxis(x, 2, -1), jnp.moveaxis(w, (0, 1), (-1, -2))],
        lambda y: jnp.moveaxis(y, -1, 2),
    ),
    "conv2d, depthwise": conv("HW", 1, feature_group_count=64),
    "conv3d": conv("DHW", 1),
    "conv_tbc": Stock(
        lambda x, w, b: jax.lax.conv_general_dilated(x, w, (1,), [(2, 2)], dimension_numbers=("NHC", "HIO", "NHC")) + b,
        lambda x, w, b: [x.transpose(1, 0, 2), w, b],
        lambda y: y.transpose(1, 0, 2),
    ),
    "conv_transpose1d": transposed(1),
    "conv_transpose2d": transposed(2),
    "conv_transpose3d": transposed(3),
    "unfold": Stock(windows),
}
