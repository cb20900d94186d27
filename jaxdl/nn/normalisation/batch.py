"""Batch normalisation modules, and what they share with instance normalisation."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn.module import Buffer, Module, storable


class ChannelNorm(Module):
    """A module that normalises channels and may keep running statistics of them."""

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        dtype: Any,
        bias: bool,
    ) -> None:
        name = type(self).__name__
        if num_features < 1:
            raise ValueError(f"{name}: num_features must be positive, given {num_features}")
        dtype = storable(dtype, f"{name}'s dtype")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = nnx.Param(jnp.ones(num_features, dtype)) if affine else None
        self.bias = nnx.Param(jnp.zeros(num_features, dtype)) if affine and bias else None
        self.running_mean = Buffer(jnp.zeros(num_features, dtype)) if track_running_stats else None
        self.running_var = Buffer(jnp.ones(num_features, dtype)) if track_running_stats else None
        counter = jnp.zeros((), jax.dtypes.canonicalize_dtype(jnp.int64))
        self.num_batches_tracked = Buffer(counter) if track_running_stats else None

    def _parameters(self) -> tuple[jax.Array | None, jax.Array | None]:
        weight, bias = (None if v is None else v[...] for v in (self.weight, self.bias))
        return weight, bias


class _BatchNorm(ChannelNorm):
    """Batch normalisation over every axis but the second."""

    ranks: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def _check_input(self, input: jax.Array) -> None:
        if input.ndim not in self.ranks:
            raise ValueError(
                f"{type(self).__name__}: the input must have {' or '.join(map(str, self.ranks))} dimensions, "
                f"given shape {input.shape}"
            )

    def __call__(self, input: jax.Array) -> jax.Array:
        self._check_input(input)
        weight, bias = self._parameters()
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return F.batch_norm(input, None, None, weight, bias, True, 0.0, self.eps)
        mean, var = self.running_mean[...], self.running_var[...]
        if not self.training:
            return F.batch_norm(input, mean, var, weight, bias, False, 0.0, self.eps)
        seen = self.num_batches_tracked[...] + 1
        # momentum=None: the plain mean of all batches so far, each new one weighs 1 / seen
        momentum = 1.0 / seen.astype(mean.dtype) if self.momentum is None else self.momentum
        output, mean, var = F.batch_norm(input, mean, var, weight, bias, True, momentum, self.eps)
        self.running_mean.set_value(mean)
        self.running_var.set_value(var)
        self.num_batches_tracked.set_value(seen)
        return output


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of `[N, C]` or `[N, C, L]`: per channel, y = (x - mean) / sqrt(var + eps) * weight + bias.

    In training, mean and (biased) variance are the batch's, and the running ones move by `momentum` towards them (the
    running variance towards the unbiased one); in evaluation they are the running ones.

    **Matches** `torch.nn.BatchNorm1d`, PyTorch 2.13, buffers included.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: weight of the new batch; None averages all batches alike.
        affine: whether weight and bias are there.
        track_running_stats: False uses the batch's statistics in evaluation too.
        dtype: of parameters and statistics; None is float32.
        bias: whether an affine layer has a bias.

    Raises:
        ValueError: the input's rank or channels do not fit; in training, there is one value per channel.

    Ioffe and Szegedy 2015, "Batch Normalization".

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.BatchNorm1d(2)(jnp.array([[0.0, 1.0], [2.0, 3.0]])).round(3).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images `[N, C, H, W]`; formula, arguments and errors as `BatchNorm1d`.

    **Matches** `torch.nn.BatchNorm2d`, PyTorch 2.13, buffers included.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.BatchNorm2d(3)(jnp.arange(24.0).reshape(2, 3, 2, 2)).shape
    (2, 3, 2, 2)
    """

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of volumes `[N, C, D, H, W]`; formula, arguments and errors as `BatchNorm1d`.

    **Matches** `torch.nn.BatchNorm3d`, PyTorch 2.13, buffers included.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.BatchNorm3d(3)(jnp.arange(48.0).reshape(2, 3, 2, 2, 2)).shape
    (2, 3, 2, 2, 2)
    """

    ranks = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation of `[N, C, ...]` with the statistics of the whole batch, on however many devices it lies.

    The mathematics is `BatchNorm1d`'s. A jitted program over arrays that are sharded along the batch computes what it
    would on one device, so every batch norm here is synchronised already, and this class exists for its name. (Inside
    `jax.shard_map` or `jax.pmap` a program sees its own shard alone, and so do the statistics.)

    **Matches** `torch.nn.SyncBatchNorm`, PyTorch 2.13, over all processes; buffers included.
    **Differs**: `process_group` must be None: what is normalised together is the batch that the program sees. There is
    no `convert_sync_batchnorm`, since there is nothing to convert.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: weight of the new batch; None averages all batches alike.
        affine: whether weight and bias are there.
        track_running_stats: False uses the batch's statistics in evaluation too.
        process_group: None.
        dtype: of parameters and statistics; None is float32.
        bias: whether an affine layer has a bias.

    Raises:
        ValueError: a process group is given; the input has fewer than two dimensions, or no channels.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.SyncBatchNorm(2)(jnp.array([[0.0, 1.0], [2.0, 3.0]])).round(3).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: None = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if process_group is not None:
            raise ValueError(
                f"SyncBatchNorm: process_group must be None, given {process_group!r}: the batch that the program sees "
                "is normalised as one"
            )
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias=bias)

    def _check_input(self, input: jax.Array) -> None:
        if input.ndim < 2 or input.shape[1] == 0:
            raise ValueError(f"SyncBatchNorm: the input must be [N, C, ...] with channels, given shape {input.shape}")
