"""Modules that resample images, volumes and sequences."""

from collections.abc import Sequence

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class Upsample(Module):
    """The spatial axes resampled to a size or by a factor.

    **Matches** `torch.nn.Upsample`, PyTorch 2.13; `functional.interpolate` says how places are computed.

    Args:
        size: of the output, an integer or one for each spatial axis.
        scale_factor: instead of a size: a number or one for each spatial axis.
        mode: 'nearest', 'linear', 'bilinear', 'bicubic', 'trilinear', or another of `functional.interpolate`.
        align_corners: whether the first and last elements keep their places; for the modes from 'linear' on.
        recompute_scale_factor: compute places with the ratio of the sizes although `scale_factor` is given.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Upsample(scale_factor=2)(jnp.array([[[1.0, 2.0]]])).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        factors = tuple(map(float, scale_factor)) if isinstance(scale_factor, list | tuple) else scale_factor
        self.size = tuple(size) if isinstance(size, list | tuple) else size
        self.scale_factor = factors or None
        self.mode, self.align_corners = mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )


class UpsamplingNearest2d(Upsample):
    """Images [N, C, H, W] made larger by copying the nearest element.

    **Matches** `torch.nn.UpsamplingNearest2d`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.UpsamplingNearest2d(scale_factor=2)(jnp.array([[[[1.0, 2.0]]]])).tolist()
    [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """

    def __init__(
        self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images [N, C, H, W] made larger by straight lines between elements, the corners kept in place.

    **Matches** `torch.nn.UpsamplingBilinear2d`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.UpsamplingBilinear2d(size=(1, 3))(jnp.array([[[[0.0, 1.0]]]])).tolist()
    [[[[0.0, 0.5, 1.0]]]]
    """

    def __init__(
        self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
