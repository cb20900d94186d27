"""Modules that measure how far apart vectors are."""

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class CosineSimilarity(Module):
    """Cosine of the angle between the vectors of `x1` and `x2` along `dim`.

    **Matches** `torch.nn.CosineSimilarity`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> round(float(nn.CosineSimilarity(dim=0)(jnp.array([1.0, 0.0]), jnp.array([1.0, 1.0]))), 4)
    0.7071
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = dim, eps

    def __call__(self, x1: jax.Array, x2: jax.Array) -> jax.Array:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """p-norm of x1 - x2 + eps along the last dimension.

    **Matches** `torch.nn.PairwiseDistance`, PyTorch 2.13; p is kept under the name `norm`.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.PairwiseDistance(eps=0.0)(jnp.zeros((1, 2)), jnp.array([[3.0, 4.0]])).tolist()
    [5.0]
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def __call__(self, x1: jax.Array, x2: jax.Array) -> jax.Array:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
