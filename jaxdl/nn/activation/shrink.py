"""Activation modules that pull small values to zero."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class Hardshrink(Module):
    """0 where |x| ≤ lambd, else x.

    **Matches** `torch.nn.Hardshrink`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Hardshrink()(jnp.array([0.5, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.hardshrink(input, self.lambd)


class Softshrink(Module):
    """sign(x) max(|x| - lambd, 0), elementwise.

    **Matches** `torch.nn.Softshrink`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Softshrink()(jnp.array([0.5, 2.0])).tolist()
    [0.0, 1.5]
    """

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.softshrink(input, self.lambd)


class Tanhshrink(Module):
    """x - tanh(x), elementwise.

    **Matches** `torch.nn.Tanhshrink`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Tanhshrink()(jnp.zeros(2)).tolist()
    [0.0, 0.0]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.tanhshrink(input)
