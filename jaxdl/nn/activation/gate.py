"""Activation modules that multiply the input by a gate between 0 and 1."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class GELU(Module):
    """x Φ(x), elementwise; with approximate='tanh' an approximation of it.

    **Matches** `torch.nn.GELU`, PyTorch 2.13. The default is the exact one.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> [round(value, 4) for value in nn.GELU()(jnp.array([-1.0, 1.0])).tolist()]
    [-0.1587, 0.8413]
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.gelu(input, self.approximate)


class SiLU(Module):
    """x sigmoid(x), elementwise.

    **Matches** `torch.nn.SiLU`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> [round(value, 4) for value in nn.SiLU()(jnp.array([-1.0, 1.0])).tolist()]
    [-0.2689, 0.7311]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.silu(input)


class Mish(Module):
    """x tanh(log(1 + exp(x))), elementwise.

    **Matches** `torch.nn.Mish`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> [round(value, 4) for value in nn.Mish()(jnp.array([-1.0, 1.0])).tolist()]
    [-0.3034, 0.8651]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.mish(input)


class Hardswish(Module):
    """x min(max(x + 3, 0), 6) / 6, elementwise.

    **Matches** `torch.nn.Hardswish`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Hardswish()(jnp.array([0.0, 4.0])).tolist()
    [0.0, 4.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.hardswish(input)


class GLU(Module):
    """The first half of dimension `dim`, times the sigmoid of the second half.

    **Matches** `torch.nn.GLU`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.GLU()(jnp.array([2.0, 4.0, 0.0, jnp.inf])).tolist()
    [1.0, 4.0]
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.glu(input, self.dim)
