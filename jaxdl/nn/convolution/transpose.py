"""Transposed convolution modules."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import jax

from jaxdl import functional as F
from jaxdl.functional._checks import integer, sizes
from jaxdl.nn import init
from jaxdl.nn.convolution.conv import require_channels
from jaxdl.nn.linear import Weighted, default_parameters

Size: TypeAlias = int | tuple[int, ...]


class ConvTranspose(Weighted):
    """What the transposed convolutions over one, two and three axes have in common."""

    _axes: int
    _convolve: Callable[..., jax.Array]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        name = type(self).__name__
        require_channels(name, in_channels, out_channels, groups)
        if padding_mode != "zeros":
            raise ValueError(f"{name}: padding_mode must be 'zeros', given {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.padding_mode = padding_mode
        self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation = (
            sizes(name, label, value, self._axes, smallest)
            for label, value, smallest in (
                ("kernel_size", kernel_size, 1),
                ("stride", stride, 1),
                ("padding", padding, 0),
                ("output_padding", output_padding, 0),
                ("dilation", dilation, 1),
            )
        )
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        default_parameters(self, shape, out_channels, bias, dtype, rngs)

    def __call__(self, input: jax.Array, output_size: Sequence[int] | None = None) -> jax.Array:
        extra = self.output_padding if output_size is None else self._missing(input, output_size)
        bias = None if self.bias is None else self.bias[...]
        return self._convolve(
            input, self.weight[...], bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _missing(self, input: jax.Array, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding with which the output has the size that is asked for."""
        name, axes = type(self).__name__, self._axes
        leading = input.ndim - axes
        wanted = tuple(integer(name, "output_size", n) for n in output_size)
        if len(wanted) not in (axes, leading + axes):
            raise ValueError(
                f"{name}: output_size is {wanted} but input has shape {tuple(input.shape)}; "
                f"give {axes} sizes, or {leading + axes}"
            )
        sized = zip(
            input.shape[leading:],
            self.stride,
            self.padding,
            self.dilation,
            self.kernel_size,
            wanted[-axes:],
            strict=True,
        )
        ranges = [((n - 1) * s - 2 * p + d * (k - 1) + 1, s, want) for n, s, p, d, k, want in sized]
        if any(not least <= want < least + s for least, s, want in ranges):
            fitting = ", ".join(f"{least} to {least + s - 1}" for least, s, _ in ranges)
            raise ValueError(
                f"{name}: output_size is {wanted}; an input of shape {tuple(input.shape)} can give {fitting}"
            )
        return tuple(want - least for least, _, want in ranges)


class ConvTranspose1d(ConvTranspose):
    """Transposed cross-correlation of sequences `[N, C, L]`, plus a bias a channel.

    **Matches** `torch.nn.ConvTranspose1d`, PyTorch 2.13, and **Differs** as `ConvTranspose2d` does; arguments and
    errors are the same, for one axis.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.ConvTranspose1d(2, 3, 4, stride=2, padding=1, rngs=random.TorchGenerator(0))(jnp.ones((1, 2, 8))).shape
    (1, 3, 16)
    """

    _axes = 1
    _convolve = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(ConvTranspose):
    """Transposed cross-correlation of images `[N, C, H, W]`, plus a bias a channel.

    **Matches** `torch.nn.ConvTranspose2d`, PyTorch 2.13: arguments, layout `[in, out / groups, kh, kw]`, default
    initialisation (its fan-in is that of `weight.shape[1]`, which are the output's channels), `output_size` in a call.
    **Differs**: `rngs` is required; numbers of channels and sizes that cannot be computed with are refused here, not at
    the first call.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: an int or (height, width); so are stride, padding, output_padding and dilation.
        stride: distance of the places where kernels are laid down.
        padding: how much of the result is cut off on both sides.
        output_padding: how much larger the result is below and on the right.
        groups: blocks of channels that do not see each other.
        bias: whether the bias is there.
        dilation: distance between kernel elements.
        padding_mode: 'zeros'; there is no other.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size is out of range, groups do not divide the channels, padding_mode is not 'zeros'; in a call,
            no output_padding gives `output_size`.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> upsample = nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, rngs=random.TorchGenerator(0))
    >>> upsample(jnp.ones((1, 16, 6, 6))).shape, upsample(jnp.ones((1, 16, 6, 6)), output_size=(12, 12)).shape
    ((1, 8, 11, 11), (1, 8, 12, 12))
    """

    _axes = 2
    _convolve = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(ConvTranspose):
    """Transposed cross-correlation of volumes `[N, C, D, H, W]`, plus a bias a channel.

    **Matches** `torch.nn.ConvTranspose3d`, PyTorch 2.13, and **Differs** as `ConvTranspose2d` does; arguments and
    errors are the same, for three axes.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.ConvTranspose3d(2, 3, 2, stride=2, rngs=random.TorchGenerator(0))(jnp.ones((1, 2, 2, 3, 4))).shape
    (1, 3, 4, 6, 8)
    """

    _axes = 3
    _convolve = staticmethod(F.conv_transpose3d)
