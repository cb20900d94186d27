"""Convolution modules."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.linear import Weighted, default_parameters

_PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    """`value` for both axes, or as it is."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


class Conv2d(Weighted):
    """Cross-correlation of images `[N, C, H, W]` with `out_channels` kernels, plus a bias a channel.

    **Matches** `torch.nn.Conv2d`, PyTorch 2.13: arguments, layout `[out, in / groups, kh, kw]`, default initialisation.
    **Differs**: `rngs` is required.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: an int or (height, width); so are stride and dilation.
        stride: step of the window.
        padding: an int, a pair, 'same' (stride 1 only) or 'valid'.
        dilation: distance between kernel elements.
        groups: blocks of channels that do not see each other.
        bias: whether the bias is there.
        padding_mode: 'zeros', 'reflect', 'replicate' or 'circular'.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size is not positive, groups do not divide the channels, padding_mode or a padding word is
            unknown, 'same' with a stride.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.Conv2d(3, 8, 3, padding=1, rngs=random.TorchGenerator(0))(jnp.ones((2, 3, 32, 32))).shape
    (2, 8, 32, 32)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str | int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        _check(in_channels, out_channels, kernel_size, stride, padding, groups, padding_mode)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = pair(kernel_size), pair(stride), pair(dilation)
        self.padding, self.padding_mode = padding, padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        default_parameters(self, shape, out_channels, bias, dtype, rngs)

    def __call__(self, input: jax.Array) -> jax.Array:
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input), 0
        bias = None if self.bias is None else self.bias[...]
        return F.conv2d(input, self.weight[...], bias, self.stride, padding, self.dilation, self.groups)

    def _padded(self, input: jax.Array) -> jax.Array:
        """The input grown at its edges as padding_mode says; an odd 'same' puts the extra element right and below."""
        edges = []
        for axis, (kernel, dilation) in enumerate(zip(self.kernel_size, self.dilation, strict=True)):
            total = dilation * (kernel - 1)
            match self.padding:
                case "same":
                    edge = (total // 2, total - total // 2)
                case "valid":
                    edge = (0, 0)
                case _:
                    edge = (pair(self.padding)[axis],) * 2  # type: ignore[arg-type]  # the words are handled above
            size = input.shape[axis - 2]
            if max(edge) > size - (self.padding_mode == "reflect") and self.padding_mode != "replicate":
                raise ValueError(
                    f"Conv2d: {self.padding_mode} padding of {max(edge)} needs an input larger than its size {size} "
                    f"on axis {axis - 2}"
                )
            edges.append(edge)
        return jnp.pad(input, [(0, 0)] * (input.ndim - 2) + edges, mode=_PAD_MODES[self.padding_mode])


def _check(
    in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, groups: int, padding_mode: str
) -> None:
    if min(in_channels, out_channels, groups, *pair(kernel_size), *pair(stride)) < 1:
        raise ValueError(
            f"Conv2d needs positive sizes, given in_channels={in_channels}, out_channels={out_channels}, "
            f"kernel_size={kernel_size}, stride={stride}, groups={groups}"
        )
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise ValueError(f"Conv2d: {name} (={channels}) must be divisible by groups (={groups})")
    if padding_mode not in _PAD_MODES:
        raise ValueError(f"Conv2d: padding_mode must be one of {sorted(_PAD_MODES)}, given {padding_mode!r}")
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"Conv2d: padding must be 'same', 'valid' or numbers, given {padding!r}")
    if padding == "same" and pair(stride) != (1, 1):
        raise ValueError(f"Conv2d: padding='same' needs stride 1, given stride={stride}")
