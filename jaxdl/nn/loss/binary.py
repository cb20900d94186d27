"""Losses of yes-or-no targets."""

from typing import ClassVar

import jax
from jax.typing import ArrayLike

from jaxdl import functional as F
from jaxdl.functional.loss._reduction import REDUCTIONS
from jaxdl.nn.loss.likelihood import Loss, WeightedLoss, buffer


class BCELoss(WeightedLoss):
    """Cross-entropy between probabilities and targets in [0, 1], as `functional.binary_cross_entropy`.

    **Matches** `torch.nn.BCELoss`, PyTorch 2.13; `weight` is a buffer, as there.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> round(nn.BCELoss()(jnp.array([0.5, 0.5]), jnp.array([1.0, 0.0])).item(), 4)
    0.6931
    """

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.binary_cross_entropy(input, target, self.weights(), reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    """Cross-entropy between sigmoid(input) and targets, as `functional.binary_cross_entropy_with_logits`.

    **Matches** `torch.nn.BCEWithLogitsLoss`, PyTorch 2.13; `weight` and `pos_weight` are buffers, as there.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> round(nn.BCEWithLogitsLoss()(jnp.array([0.0, 100.0]), jnp.array([1.0, 1.0])).item(), 4)
    0.3466
    """

    def __init__(
        self,
        weight: ArrayLike | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: ArrayLike | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.pos_weight = buffer(pos_weight)

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        positive = None if self.pos_weight is None else self.pos_weight[...]
        return F.binary_cross_entropy_with_logits(
            input, target, self.weights(), reduction=self.reduction, pos_weight=positive
        )


class MultiLabelSoftMarginLoss(WeightedLoss):
    """Cross-entropy between sigmoid(input) and targets, averaged over classes first.

    **Matches** `torch.nn.MultiLabelSoftMarginLoss`, PyTorch 2.13; `weight` is a buffer, as there.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> round(nn.MultiLabelSoftMarginLoss()(jnp.zeros((1, 2)), jnp.array([[1.0, 0.0]])).item(), 4)
    0.6931
    """

    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.multilabel_soft_margin_loss(input, target, self.weights(), reduction=self.reduction)


class SoftMarginLoss(Loss):
    """log(1 + exp(-target · input)) of targets ±1, as `functional.soft_margin_loss`.

    **Matches** `torch.nn.SoftMarginLoss`, PyTorch 2.13, but does not overflow.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.SoftMarginLoss()(jnp.array([-1000.0]), jnp.array([1.0])).item()
    1000.0
    """

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.soft_margin_loss(input, target, reduction=self.reduction)
