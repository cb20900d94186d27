"""Modules that turn numbers along a dimension into shares of one."""

import jax
import jax.numpy as jnp

from jaxdl import functional as F
from jaxdl.nn.module import Module


class Softmin(Module):
    """exp(-x) / sum(exp(-x)) along `dim`.

    **Matches** `torch.nn.Softmin`, PyTorch 2.13. With dim=None it is 0 for 0, 1 and 3 dimensions, else 1, with a
    warning.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Softmin(dim=-1)(jnp.array([0.0, 1000.0])).tolist()
    [1.0, 0.0]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.softmin(input, self.dim, _stacklevel=4)


class Softmax(Module):
    """exp(x) / sum(exp(x)) along `dim`.

    **Matches** `torch.nn.Softmax`, PyTorch 2.13. With dim=None it is 0 for 0, 1 and 3 dimensions, else 1, with a
    warning.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Softmax(dim=-1)(jnp.zeros(4)).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.softmax(input, self.dim, _stacklevel=4)


class Softmax2d(Module):
    """Softmax over the channels of every pixel of `[N, C, H, W]` or `[C, H, W]`.

    **Matches** `torch.nn.Softmax2d`, PyTorch 2.13.

    Raises:
        ValueError: another number of dimensions.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Softmax2d()(jnp.zeros((4, 1, 1))).ravel().tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        if jnp.ndim(input) not in (3, 4):
            raise ValueError(f"Softmax2d: input has shape {jnp.shape(input)}; it must be [N, C, H, W] or [C, H, W]")
        return F.softmax(input, -3)


class LogSoftmax(Module):
    """log(softmax(x)) along `dim`, computed without overflow.

    **Matches** `torch.nn.LogSoftmax`, PyTorch 2.13. With dim=None it is 0 for 0, 1 and 3 dimensions, else 1, with a
    warning.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LogSoftmax(dim=-1)(jnp.array([1000.0, 0.0])).tolist()
    [0.0, -1000.0]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.log_softmax(input, self.dim, _stacklevel=4)
