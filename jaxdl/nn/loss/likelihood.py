"""What loss modules share, and the losses of classes and of sequences of them."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl import functional as F
from jaxdl.functional.loss._reduction import REDUCTIONS, reduction_name
from jaxdl.functional.loss.linear_cross_entropy import LinearCrossEntropyOptions
from jaxdl.nn import init
from jaxdl.nn.linear import Linear
from jaxdl.nn.module import Buffer, Module


class Loss(Module):
    """A loss with a reduction, 'none', 'mean' or 'sum'.

    `size_average` and `reduce` are PyTorch's deprecated words for it: they override `reduction`, with a UserWarning.

    Raises:
        ValueError: a misspelt reduction (PyTorch says so at the first call).
    """

    reductions: ClassVar[tuple[str, ...]] = (*REDUCTIONS, "elementwise_mean")

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        self.reduction = reduction_name(type(self).__name__, size_average, reduce, reduction, self.reductions)


class WeightedLoss(Loss):
    """A loss with weights, which are a buffer."""

    def __init__(
        self,
        weight: ArrayLike | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.weight = buffer(weight)

    def weights(self) -> jax.Array | None:
        """The weights' present value."""
        return None if self.weight is None else self.weight[...]


def buffer(value: ArrayLike | None) -> Buffer | None:
    """A buffer of the value, or None."""
    return None if value is None else Buffer(jnp.asarray(value))


class CrossEntropyLoss(WeightedLoss):
    """-log softmax(input)[target], averaged; everything else as `functional.cross_entropy`.

    **Matches** `torch.nn.CrossEntropyLoss`, PyTorch 2.13; `weight` is a buffer, as there.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> round(nn.CrossEntropyLoss()(jnp.zeros((2, 4)), jnp.array([0, 3])).item(), 4)
    1.3863
    """

    def __init__(
        self,
        weight: ArrayLike | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.cross_entropy(
            input,
            target,
            self.weights(),
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(WeightedLoss):
    """-input[target], averaged over the kept targets' weights; everything else as `functional.nll_loss`.

    **Matches** `torch.nn.NLLLoss`, PyTorch 2.13; `weight` is a buffer, as there.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.NLLLoss()(jnp.array([[-1.0, -2.0], [-3.0, -4.0]]), jnp.array([0, 1])).item()
    2.5
    """

    def __init__(
        self,
        weight: ArrayLike | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.nll_loss(input, target, self.weights(), ignore_index=self.ignore_index, reduction=self.reduction)


class LinearCrossEntropyLoss(WeightedLoss):
    """Cross-entropy of the logits that a linear layer of its own makes of the input.

    **Matches** `torch.nn.LinearCrossEntropyLoss`, PyTorch 2.13: the layer is `linear`, with C · d1 · ... outputs,
    initialised as `nn.Linear`; `weight` is a buffer. **Differs**: `rngs` is required.

    Args:
        in_features: size of the input's last dimension.
        num_classes: C.
        out_features: d1, ... of a K-dimensional loss.
        bias: whether the layer has one.
        dtype: of the layer's parameters; None is float32.
        reduction: 'none', 'mean' or 'sum'.
        weight: [C], a factor for each class.
        ignore_index: indices equal to this do not count; None is -100.
        label_smoothing: in [0, 1].
        options: how to cut the batch into chunks; None for all logits at once.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: weights of another length than C, a smoothing out of range, a size that is not positive.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> loss = nn.LinearCrossEntropyLoss(3, 4, rngs=random.TorchGenerator(0))
    >>> loss(jnp.zeros((2, 3)), jnp.array([0, 3])).shape, list(nn.state_dict(loss))
    ((), ['linear.weight'])
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: Sequence[int] = (),
        bias: bool = False,
        dtype: Any = None,
        reduction: str = "mean",
        weight: ArrayLike | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
        rngs: init.Rngs,
    ) -> None:
        super().__init__(weight, None, None, reduction)
        if weight is not None and jnp.shape(weight) != (num_classes,):
            raise ValueError(
                f"LinearCrossEntropyLoss: weight has shape {jnp.shape(weight)}; it must be ({num_classes},), one for "
                "each class"
            )
        if not 0.0 <= label_smoothing <= 1.0:
            raise ValueError(f"LinearCrossEntropyLoss: label_smoothing is {label_smoothing}; it must lie in [0, 1]")
        self.num_classes, self.out_features = num_classes, tuple(out_features)
        self.ignore_index, self.label_smoothing, self.options = ignore_index, label_smoothing, options
        self.linear = Linear(in_features, math.prod(self.out_features, start=num_classes), bias, dtype, rngs=rngs)

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        shape = (self.num_classes, *self.out_features)
        return F.linear_cross_entropy(
            input,
            self.linear.weight[...].reshape(*shape, self.linear.in_features),
            target,
            linear_bias=None if self.linear.bias is None else self.linear.bias[...].reshape(shape),
            weight=self.weights(),
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )


class CTCLoss(Loss):
    """Negative log-likelihood of label sequences under all alignments with the input, as `functional.ctc_loss`.

    **Matches** `torch.nn.CTCLoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> log_probs = jnp.log(jnp.full((2, 1, 3), 1 / 3))
    >>> round(nn.CTCLoss()(log_probs, jnp.array([[1]]), (2,), (1,)).item(), 4)
    1.0986
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def __call__(
        self,
        log_probs: jax.Array,
        targets: jax.Array,
        input_lengths: ArrayLike | Sequence[int],
        target_lengths: ArrayLike | Sequence[int],
    ) -> jax.Array:
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
