"""Exponential linear units."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class ELU(Module):
    """x where x > 0, else alpha (exp(x) - 1).

    **Matches** `torch.nn.ELU`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ELU(0.5)(jnp.array([-jnp.inf, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha, self.inplace = alpha, inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.elu(input, self.alpha)


class CELU(Module):
    """x where x > 0, else alpha (exp(x / alpha) - 1).

    **Matches** `torch.nn.CELU`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.CELU(0.5)(jnp.array([-jnp.inf, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha, self.inplace = alpha, inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.celu(input, self.alpha)


class SELU(Module):
    """ELU with the alpha and the scale that keep mean 0 and variance 1.

    **Matches** `torch.nn.SELU`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> [round(value, 4) for value in nn.SELU()(jnp.array([-jnp.inf, 1.0])).tolist()]
    [-1.7581, 1.0507]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.selu(input)
