"""Dropout modules."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module, draw_key


class Dropout(Module):
    """In training, each element is zeroed with probability p and the others are scaled by 1 / (1 - p); else the
    identity.

    **Matches** `torch.nn.Dropout`, PyTorch 2.13, in distribution and scale.
    **Differs**: the mask comes from a jax key: the one given to `apply(..., key=key)`, or to the call itself.

    Raises:
        ValueError: p is outside [0, 1]; in training, there is no key.

    Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".

    >>> import jax, jax.numpy as jnp
    >>> from jaxdl import nn
    >>> sorted(set(nn.Dropout(0.5)(jnp.ones(100), key=jax.random.key(0)).tolist()))
    [0.0, 2.0]
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p must be between 0 and 1, given {p}")
        self.p, self.inplace = p, inplace

    def __call__(self, input: jax.Array, *, key: jax.Array | None = None) -> jax.Array:
        draws = self.training and 0 < self.p < 1
        return F.dropout(input, self.p, self.training, key=draw_key("Dropout", key) if draws else None)
