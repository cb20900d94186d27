"""Loss modules."""

import jax
import jax.numpy as jnp

from jaxdl import functional as F
from jaxdl.nn.module import Buffer, Module


class CrossEntropyLoss(Module):
    """-log softmax(input)[target], averaged; everything else as `functional.cross_entropy`.

    **Matches** `torch.nn.CrossEntropyLoss`, PyTorch 2.13; `weight` is a buffer, as there.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> round(nn.CrossEntropyLoss()(jnp.zeros((2, 4)), jnp.array([0, 3])).item(), 4)
    1.3863
    """

    def __init__(
        self,
        weight: jax.Array | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self.weight = None if weight is None else Buffer(jnp.asarray(weight))
        self.size_average, self.reduce = size_average, reduce
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        weight = None if self.weight is None else self.weight[...]
        return F.cross_entropy(
            input,
            target,
            weight,
            self.size_average,
            self.ignore_index,
            self.reduce,
            self.reduction,
            self.label_smoothing,
        )


class MSELoss(Module):
    """(input - target)², averaged (reduction 'mean'), summed ('sum') or as it is ('none').

    **Matches** `torch.nn.MSELoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.MSELoss()(jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])).item()
    5.0
    """

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.size_average, self.reduce, self.reduction = size_average, reduce, reduction

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.mse_loss(input, target, self.size_average, self.reduce, self.reduction)
