"""Losses of the difference between input and target, and likelihoods."""

from typing import ClassVar

import jax

from jaxdl import functional as F
from jaxdl.functional.loss._reduction import REDUCTIONS
from jaxdl.nn.loss.likelihood import Loss


class L1Loss(Loss):
    """|input - target|, averaged (reduction 'mean'), summed ('sum') or as it is ('none').

    **Matches** `torch.nn.L1Loss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.L1Loss()(jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])).item()
    2.0
    """

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
    """(input - target)², averaged (reduction 'mean'), summed ('sum') or as it is ('none').

    **Matches** `torch.nn.MSELoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.MSELoss()(jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])).item()
    5.0
    """

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """|input - target| with a parabola within `beta` of zero, as `functional.smooth_l1_loss`.

    **Matches** `torch.nn.SmoothL1Loss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.SmoothL1Loss()(jnp.array([0.5, 3.0]), jnp.array([0.0, 0.0])).item()
    1.3125
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """(input - target)² / 2 within `delta` of zero and its tangent beyond, as `functional.huber_loss`.

    **Matches** `torch.nn.HuberLoss`, PyTorch 2.13.

    Raises:
        TypeError: `delta` is not a number.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.HuberLoss(delta=2.0)(jnp.array([1.0, 4.0]), jnp.array([0.0, 0.0])).item()
    3.25
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, int | float):
            raise TypeError(f"HuberLoss: delta is {delta!r}; it must be a number")
        super().__init__(reduction=reduction)
        self.delta = delta

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.huber_loss(input, target, self.reduction, self.delta)


class KLDivLoss(Loss):
    """target · (log target - input), as `functional.kl_div`; reduction 'batchmean' is the divergence.

    **Matches** `torch.nn.KLDivLoss`, PyTorch 2.13, the UserWarning of every call with 'mean' included.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> half = jnp.array([[0.5, 0.5]])
    >>> round(nn.KLDivLoss(reduction="batchmean")(jnp.log(jnp.array([[0.25, 0.75]])), half).item(), 4)
    0.1438
    """

    reductions: ClassVar[tuple[str, ...]] = (*Loss.reductions, "batchmean")

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def __call__(self, input: jax.Array, target: jax.Array) -> jax.Array:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Loss):
    """Negative log-likelihood of counts, exp(input) - target · input, as `functional.poisson_nll_loss`.

    **Matches** `torch.nn.PoissonNLLLoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.PoissonNLLLoss()(jnp.array([0.0]), jnp.array([3.0])).item()
    1.0
    """

    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def __call__(self, log_input: jax.Array, target: jax.Array) -> jax.Array:
        return F.poisson_nll_loss(log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction)


class GaussianNLLLoss(Loss):
    """(log var + (input - target)² / var) / 2, as `functional.gaussian_nll_loss`.

    **Matches** `torch.nn.GaussianNLLLoss`, PyTorch 2.13.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.GaussianNLLLoss()(jnp.array([0.0]), jnp.array([2.0]), jnp.array([1.0])).item()
    2.0
    """

    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def __call__(self, input: jax.Array, target: jax.Array, var: jax.Array | float) -> jax.Array:
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)
