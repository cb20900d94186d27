"""Activation modules."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class ReLU(Module):
    """max(0, x), elementwise.

    **Matches** `torch.nn.ReLU`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReLU()(jnp.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.relu(input)


class Softmax(Module):
    """exp(x) / sum(exp(x)) along `dim`.

    **Matches** `torch.nn.Softmax`, PyTorch 2.13, with its rule for dim=None (0 for 0, 1 and 3 dimensions, else 1).

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Softmax(dim=-1)(jnp.zeros(4)).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.softmax(input, self.dim)


class LogSoftmax(Module):
    """log(softmax(x)) along `dim`, computed without overflow.

    **Matches** `torch.nn.LogSoftmax`, PyTorch 2.13, with its rule for dim=None.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LogSoftmax(dim=-1)(jnp.array([1000.0, 0.0])).tolist()
    [0.0, -1000.0]
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.log_softmax(input, self.dim)
