"""Convolution modules."""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax

from jaxdl import functional as F
from jaxdl.functional._checks import integer, sizes
from jaxdl.nn import init
from jaxdl.nn.linear import Weighted, default_parameters

Size: TypeAlias = int | tuple[int, ...]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Conv(Weighted):
    """What the convolutions over one, two and three axes have in common."""

    _axes: int
    _convolve: Callable[..., jax.Array]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        name = type(self).__name__
        require_channels(name, in_channels, out_channels, groups)
        if padding_mode not in PADDING_MODES:
            raise ValueError(f"{name}: padding_mode must be one of {list(PADDING_MODES)}, given {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = (
            self._sizes(label, value, smallest=1)
            for label, value in (("kernel_size", kernel_size), ("stride", stride), ("dilation", dilation))
        )
        self.padding_mode = padding_mode
        self.padding = self._words_or_sizes(padding)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        default_parameters(self, shape, out_channels, bias, dtype, rngs)

    def __call__(self, input: jax.Array) -> jax.Array:
        padding: str | Size = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._pads(), self.padding_mode), 0
        bias = None if self.bias is None else self.bias[...]
        return self._convolve(input, self.weight[...], bias, self.stride, padding, self.dilation, self.groups)

    def _sizes(self, label: str, value: Any, smallest: int) -> tuple[int, ...]:
        return sizes(type(self).__name__, label, value, self._axes, smallest)

    def _words_or_sizes(self, padding: Any) -> str | tuple[int, ...]:
        name = type(self).__name__
        if not isinstance(padding, str):
            # The other modes crop where a number is negative, as F.pad does.
            lowest = 0 if self.padding_mode == "zeros" else min(_integers(name, padding), default=0)
            return self._sizes("padding", padding, smallest=lowest)
        if padding not in ("same", "valid"):
            raise ValueError(f"{name}: padding must be 'same', 'valid' or numbers, given {padding!r}")
        if padding == "same" and set(self.stride) != {1}:
            raise ValueError(f"{name}: padding='same' needs stride 1, given stride={self.stride}")
        return padding

    def _pads(self) -> tuple[int, ...]:
        """What F.pad adds, the last axis first; an odd 'same' puts the extra element behind."""
        ends: list[int] = []
        for axis in reversed(range(self._axes)):
            reach = self.dilation[axis] * (self.kernel_size[axis] - 1)
            match self.padding:
                case "same":
                    ends += reach // 2, reach - reach // 2
                case "valid":
                    ends += 0, 0
                case amounts:
                    ends += (int(amounts[axis]),) * 2
        return tuple(ends)


class Conv1d(Conv):
    """Cross-correlation of sequences `[N, C, L]` with `out_channels` kernels, plus a bias a channel.

    **Matches** `torch.nn.Conv1d`, PyTorch 2.13, and **Differs** as `Conv2d` does; arguments and errors are the same,
    for one axis.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.Conv1d(16, 33, 3, stride=2, rngs=random.TorchGenerator(0))(jnp.ones((20, 16, 50))).shape
    (20, 33, 24)
    """

    _axes = 1
    _convolve = staticmethod(F.conv1d)


class Conv2d(Conv):
    """Cross-correlation of images `[N, C, H, W]` with `out_channels` kernels, plus a bias a channel.

    **Matches** `torch.nn.Conv2d`, PyTorch 2.13: arguments, layout `[out, in / groups, kh, kw]`, default initialisation.
    **Differs**: `rngs` is required; numbers of channels and sizes that cannot be computed with are refused here, not at
    the first call.

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

    _axes = 2
    _convolve = staticmethod(F.conv2d)


class Conv3d(Conv):
    """Cross-correlation of volumes `[N, C, D, H, W]` with `out_channels` kernels, plus a bias a channel.

    **Matches** `torch.nn.Conv3d`, PyTorch 2.13, and **Differs** as `Conv2d` does; arguments and errors are the same,
    for three axes.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.Conv3d(2, 4, (3, 1, 1), rngs=random.TorchGenerator(0))(jnp.ones((1, 2, 5, 6, 7))).shape
    (1, 4, 3, 6, 7)
    """

    _axes = 3
    _convolve = staticmethod(F.conv3d)


def require_channels(name: str, in_channels: int, out_channels: int, groups: int) -> None:
    """Refuse channels that are not positive or that groups do not divide."""
    given = {"in_channels": in_channels, "out_channels": out_channels, "groups": groups}
    for label, value in given.items():
        if integer(name, label, value) < 1:
            raise ValueError(f"{name}: {label} must be positive, given {value}")
    for label in ("in_channels", "out_channels"):
        if given[label] % groups:
            raise ValueError(f"{name}: {label} (={given[label]}) must be divisible by groups (={groups})")


def _integers(name: str, padding: Any) -> list[int]:
    return [integer(name, "padding", n) for n in (padding if isinstance(padding, tuple | list) else (padding,))]
