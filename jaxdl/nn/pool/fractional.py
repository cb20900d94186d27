"""Fractional max pooling modules."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxdl import functional as F
from jaxdl.nn.module import Buffer, Module, draw_key

Size = int | tuple[int, ...]
Ratio = float | tuple[float, ...]


class _FractionalMaxPool(Module):
    def __init__(
        self,
        kernel_size: Size,
        output_size: Size | None = None,
        output_ratio: Ratio | None = None,
        return_indices: bool = False,
        _random_samples: jax.Array | None = None,
    ) -> None:
        where = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{where}: output_size is {output_size} and output_ratio is {output_ratio}; give one of them, not both"
            )
        sizes = kernel_size if isinstance(kernel_size, tuple | list) else (kernel_size,)
        if min(sizes, default=0) < 1:
            raise ValueError(f"{where}: kernel_size is {kernel_size}; it must be at least 1")
        ratios = output_ratio if isinstance(output_ratio, tuple | list) else (output_ratio,)
        if not all(ratio is None or 0 < ratio < 1 for ratio in ratios):
            raise ValueError(f"{where}: output_ratio is {output_ratio}; it must lie between 0 and 1")
        self.kernel_size, self.output_size, self.output_ratio = kernel_size, output_size, output_ratio
        self.return_indices = return_indices
        self._random_samples = None if _random_samples is None else Buffer(jnp.asarray(_random_samples))

    def _arguments(self, key: jax.Array | None) -> dict[str, Any]:
        samples = None if self._random_samples is None else self._random_samples[...]
        return {
            "kernel_size": self.kernel_size,
            "output_size": self.output_size,
            "output_ratio": self.output_ratio,
            "return_indices": self.return_indices,
            "_random_samples": samples,
            "key": draw_key(type(self).__name__, key) if samples is None else None,
        }


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest value of each window of an image `[N, C, H, W]`, at distances drawn at every call.

    **Matches** `torch.nn.FractionalMaxPool2d`, PyTorch 2.13: it draws in evaluation mode as well.
    **Differs**: the draw comes from a jax key: the one given to `apply(..., key=key)`, or to the call itself; a kernel
    below 1 is refused.

    Args:
        kernel_size: an int or (height, width); so is output_size.
        output_size: how many windows an axis has.
        output_ratio: the same as a part of the input's size, between 0 and 1, one number or one for each axis.
        return_indices: return the maxima's flat positions as well.
        _random_samples: `[N, C, 2]`, used at every call instead of a draw; a buffer.

    Raises:
        ValueError: neither or both of output_size and output_ratio, one out of range; in a call, there is no key.

    Graham 2014, "Fractional Max-Pooling", arXiv:1412.6071.

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.FractionalMaxPool2d(2, output_ratio=0.5)(jnp.ones((1, 1, 6, 6)), key=jax.random.key(0)).shape
    (1, 1, 3, 3)
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> Any:
        return F.fractional_max_pool2d(input, **self._arguments(key))


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest value of each window of a volume `[N, C, D, H, W]`, at distances drawn at every call.

    **Matches** `torch.nn.FractionalMaxPool3d`, PyTorch 2.13: it draws in evaluation mode as well.
    **Differs**: the draw comes from a jax key: the one given to `apply(..., key=key)`, or to the call itself; a kernel
    below 1 is refused.

    Args:
        kernel_size: an int or (depth, height, width); so is output_size.
        output_size: how many windows an axis has.
        output_ratio: the same as a part of the input's size, between 0 and 1, one number or one for each axis.
        return_indices: return the maxima's flat positions as well.
        _random_samples: `[N, C, 3]`, used at every call instead of a draw; a buffer.

    Raises:
        ValueError: neither or both of output_size and output_ratio, one out of range; in a call, there is no key.

    Graham 2014, "Fractional Max-Pooling", arXiv:1412.6071.

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.FractionalMaxPool3d(2, output_size=2)(jnp.ones((1, 1, 4, 4, 4)), key=jax.random.key(0)).shape
    (1, 1, 2, 2, 2)
    """

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> Any:
        return F.fractional_max_pool3d(input, **self._arguments(key))
