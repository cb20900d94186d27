"""Instance normalisation modules."""

import warnings
from typing import Any

import jax

from jaxdl import functional as F
from jaxdl.nn.normalisation.batch import ChannelNorm


class _InstanceNorm(ChannelNorm):
    """Instance normalisation of `[N, C, ...]`, or of `[C, ...]`."""

    unbatched_rank: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def __call__(self, input: jax.Array) -> jax.Array:
        self._check_input(input)
        batch = input[None] if input.ndim == self.unbatched_rank else input
        output = self._normalised(batch)
        return output if batch is input else output[0]

    def _normalised(self, input: jax.Array) -> jax.Array:
        weight, bias = self._parameters()
        if self.running_mean is None or self.running_var is None:
            return F.instance_norm(input, None, None, weight, bias, True, 0.0, self.eps)
        mean, var = self.running_mean[...], self.running_var[...]
        momentum = 0.0 if self.momentum is None else self.momentum
        output = F.instance_norm(input, mean, var, weight, bias, self.training, momentum, self.eps)
        if not isinstance(output, tuple):
            return output
        output, mean, var = output
        self.running_mean.set_value(mean)
        self.running_var.set_value(var)
        return output

    def _check_input(self, input: jax.Array) -> None:
        name, rank = type(self).__name__, self.unbatched_rank
        if input.ndim not in (rank, rank + 1):
            raise ValueError(f"{name}: the input must have {rank} or {rank + 1} dimensions, given shape {input.shape}")
        channels = input.shape[-rank]
        if channels == self.num_features:
            return
        words = f"{name}: num_features is {self.num_features} but input of shape {input.shape} has {channels} channels"
        if self.affine or self.track_running_stats:
            raise ValueError(f"{words}; they must agree")
        warnings.warn(f"{words}; without affine and track_running_stats it is not used", stacklevel=3)


class InstanceNorm1d(_InstanceNorm):
    """Normalise every channel of every sample: y = (x - mean) / sqrt(var + eps) * weight + bias.

    Mean and (biased) variance are those of a channel's positions in one sample. With `track_running_stats` running
    ones move in training by `momentum` towards their mean over the batch, and are used in evaluation.

    **Matches** `torch.nn.InstanceNorm1d`, PyTorch 2.13, buffers included (as there, `num_batches_tracked` stays 0 and
    `momentum=None` leaves the statistics alone).

    Args:
        num_features: C, of input `[N, C, L]` or `[C, L]`.
        eps: added to the variance.
        momentum: weight of the new batch.
        affine: whether weight and bias are there.
        track_running_stats: whether running statistics are kept.
        dtype: of parameters and statistics; None is float32.
        bias: whether an affine layer has a bias.

    Raises:
        ValueError: the input's rank does not fit, nor its channels where they matter (elsewhere they give a
            UserWarning); there is one position per channel.

    Ulyanov et al. 2016, "Instance Normalization".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.InstanceNorm1d(2)(jnp.array([[[0.0, 2.0], [1.0, 3.0]]])).round(3).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """

    unbatched_rank = 2


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation of images `[N, C, H, W]` or `[C, H, W]`; all else as `InstanceNorm1d`.

    **Matches** `torch.nn.InstanceNorm2d`, PyTorch 2.13, buffers included.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.InstanceNorm2d(3)(jnp.arange(12.0).reshape(3, 2, 2)).shape
    (3, 2, 2)
    """

    unbatched_rank = 3


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of volumes `[N, C, D, H, W]` or `[C, D, H, W]`; all else as `InstanceNorm1d`.

    **Matches** `torch.nn.InstanceNorm3d`, PyTorch 2.13, buffers included.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.InstanceNorm3d(3)(jnp.arange(24.0).reshape(3, 2, 2, 2)).shape
    (3, 2, 2, 2)
    """

    unbatched_rank = 4
