"""Losses of margins between scores and between distances."""

from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl import functional as F
from jaxdl.functional.loss._reduction import REDUCTIONS
from jaxdl.nn.loss.likelihood import Loss, WeightedLoss


class MarginRankingLoss(Loss):
    """max(0, margin - target · (input1 - input2)), as `functional.margin_ranking_loss`.

    **Matches** `torch.nn.MarginRankingLoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.MarginRankingLoss()(jnp.array([2.0, 0.0]), jnp.array([1.0, 1.0]), jnp.array([1.0, 1.0])).item()
    0.5
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def __call__(self, input1: jax.Array, input2: jax.Array, target: jax.Array) -> jax.Array:
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class MultiMarginLoss(WeightedLoss):
    """How far every class's score is from a margin below the right one's, as `functional.multi_margin_loss`.

    **Matches** `torch.nn.MultiMarginLoss`, PyTorch 2.13; `weight` is a buffer, as there.

    Raises:
        ValueError: p is neither 1 nor 2, or weights are not a vector.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> round(nn.MultiMarginLoss()(jnp.array([[0.1, 0.2, 0.4, 0.8]]), jnp.array([3])).item(), 4)
    0.325
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: ArrayLike | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p is {p}; it must be 1 or 2")
        if weight is not None and jnp.ndim(weight) != 1:
            raise ValueError(f"MultiMarginLoss: weight has shape {jnp.shape(weight)}; it must be [C]")
        self.p, self.margin = p, margin

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weights(), reduction=self.reduction)


class MultiLabelMarginLoss(Loss):
    """How far every other class's score is from 1 below each label's, as `functional.multilabel_margin_loss`.

    **Matches** `torch.nn.MultiLabelMarginLoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> x, t = jnp.array([[0.1, 0.2, 0.4, 0.8]]), jnp.array([[3, 0, -1, 1]])
    >>> round(nn.MultiLabelMarginLoss()(x, t).item(), 4)
    0.85
    """

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class HingeEmbeddingLoss(Loss):
    """The input where the target is 1, max(0, margin - input) where it is -1.

    **Matches** `torch.nn.HingeEmbeddingLoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.HingeEmbeddingLoss(margin=2.0)(jnp.array([0.5, 0.5]), jnp.array([1.0, -1.0])).item()
    1.0
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Loss):
    """1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1.

    **Matches** `torch.nn.CosineEmbeddingLoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.CosineEmbeddingLoss()(jnp.array([[1.0, 0.0]]), jnp.array([[0.0, 2.0]]), jnp.array([1])).item()
    1.0
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def __call__(self, input1: jax.Array, input2: jax.Array, target: jax.Array) -> jax.Array:
        return F.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), as `functional.triplet_margin_loss`.

    **Matches** `torch.nn.TripletMarginLoss`, PyTorch 2.13.

    Raises:
        ValueError: the margin is not positive.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> a, p, n = jnp.array([[0.0]]), jnp.array([[1.0]]), jnp.array([[3.0]])
    >>> round(nn.TripletMarginLoss(margin=2.5)(a, p, n).item(), 4)
    0.5
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        _require_positive("TripletMarginLoss", margin)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def __call__(self, anchor: jax.Array, positive: jax.Array, negative: jax.Array) -> jax.Array:
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with a distance of one's own, a function or a module.

    **Matches** `torch.nn.TripletMarginWithDistanceLoss`, PyTorch 2.13. **Differs**: without a distance, the attribute
    `distance_function` stays None.

    Raises:
        ValueError: the margin is not positive.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> a, p, n = jnp.array([[0.0]]), jnp.array([[1.0]]), jnp.array([[3.0]])
    >>> nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: abs(x - y), margin=2.5)(a, p, n).item()
    0.5
    """

    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __init__(
        self,
        *,
        distance_function: Callable[[jax.Array, jax.Array], jax.Array] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        _require_positive("TripletMarginWithDistanceLoss", margin)
        self.distance_function, self.margin, self.swap = distance_function, margin, swap

    def __call__(self, anchor: jax.Array, positive: jax.Array, negative: jax.Array) -> jax.Array:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


def _require_positive(where: str, margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"{where}: margin is {margin}; it must be positive")
