"""Activation modules that saturate on one side or both."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class Sigmoid(Module):
    """1 / (1 + exp(-x)), elementwise.

    **Matches** `torch.nn.Sigmoid`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Sigmoid()(jnp.zeros(2)).tolist()
    [0.5, 0.5]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.sigmoid(input)


class Hardsigmoid(Module):
    """min(max(x + 3, 0), 6) / 6, elementwise.

    **Matches** `torch.nn.Hardsigmoid`, PyTorch 2.13. `inplace` is accepted and changes nothing: arrays are immutable.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Hardsigmoid()(jnp.array([0.0, 4.0])).tolist()
    [0.5, 1.0]
    """

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.hardsigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent, elementwise.

    **Matches** `torch.nn.Tanh`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Tanh()(jnp.zeros(2)).tolist()
    [0.0, 0.0]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.tanh(input)


class LogSigmoid(Module):
    """log(1 / (1 + exp(-x))), elementwise, without overflow.

    **Matches** `torch.nn.LogSigmoid`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.LogSigmoid()(jnp.array([-1000.0])).tolist()
    [-1000.0]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.logsigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, elementwise; x itself where beta x > threshold.

    **Matches** `torch.nn.Softplus`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Softplus()(jnp.array([30.0])).tolist()
    [30.0]
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.softplus(input, self.beta, self.threshold)


class Softsign(Module):
    """x / (1 + |x|), elementwise.

    **Matches** `torch.nn.Softsign`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.Softsign()(jnp.array([3.0])).tolist()
    [0.75]
    """

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.softsign(input)
