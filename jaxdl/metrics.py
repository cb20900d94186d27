"""Metrics: functions of (outputs, target) that give one number for a batch."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxdl import functional


def accuracy(outputs: jax.Array, target: jax.Array) -> jax.Array:
    """The share of rows whose largest output stands at the target's index.

    Args:
        outputs: scores `[N, C]`.
        target: class indices `[N]`.

    Returns:
        A scalar in [0, 1]: float32, or float64 in jax's x64 mode.

    >>> accuracy(jnp.array([[0.1, 0.9], [0.8, 0.2]]), jnp.array([1, 1])).item()
    0.5
    """
    return (outputs.argmax(axis=-1) == target).mean(dtype=float)


def bits(logits: jax.Array, target: jax.Array) -> jax.Array:
    """How many bits a token takes if it is coded by what the model expected: cross-entropy to the base 2.

        mean of -log₂ softmax(logits)[target]

    Args:
        logits: `[..., C]`.
        target: class indices `[...]`.

    Returns:
        A scalar in the logits' dtype; log₂ C where nothing was learned.

    >>> round(bits(jnp.zeros((2, 3, 8)), jnp.ones((2, 3), int)).item(), 6)
    3.0

    Shannon 1948, "A Mathematical Theory of Communication".
    """
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), target.reshape(-1)) / math.log(2)


def mean_squared_error(outputs: jax.Array, target: jax.Array) -> jax.Array:
    """The mean of (outputs - target)², two arrays of one shape.

    >>> mean_squared_error(jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])).item()
    5.0
    """
    return jnp.mean((outputs - target) ** 2)


def confidence(logits: jax.Array, target: jax.Array) -> jax.Array:
    """How sure a model is: the mean of the largest probabilities. A calibrated model's is its accuracy.

        mean of max softmax(logits)

    Args:
        logits: `[..., C]`.
        target: class indices `[...]`, which do not matter.

    Returns:
        A scalar in the logits' dtype, from 1/C to 1.

    >>> round(confidence(jnp.log(jnp.array([[0.75, 0.25], [0.5, 0.5]])), jnp.array([0, 0])).item(), 6)
    0.625
    """
    return functional.softmax(logits, dim=-1).max(axis=-1).mean()


class Reliability(NamedTuple):
    """Rows in bins by the probability of the class that a model chooses; NaN is the mean of an empty bin.

    Attributes:
        share: of the rows that are in each bin.
        confidence: the mean probability in it.
        accuracy: how many in it are right.
    """

    share: jax.Array
    confidence: jax.Array
    accuracy: jax.Array


def reliability(logits: jax.Array, target: jax.Array, bins: int = 15) -> Reliability:
    """The points of a reliability diagram: of the rows of which a model is so sure, how many are right?

    Bin i of B holds the rows whose largest probability is above i/B and at most (i + 1)/B, as in scikit-learn's
    `calibration_curve`.

    Args:
        logits: `[..., C]`.
        target: class indices `[...]`.
        bins: how many, of one width.

    Returns:
        Share, mean probability and accuracy of each bin, `[bins]` each, in the logits' dtype.

    Raises:
        ValueError: bins is not an integer, at least 1; logits and target are not of one number of rows.

    >>> logits = jnp.log(jnp.array([[0.75, 0.25], [0.375, 0.625], [0.5, 0.5]]))
    >>> share, sure, right = reliability(logits, jnp.array([0, 0, 1]), bins=2)
    >>> [round(number, 4) for number in (*share.tolist(), sure[1].item())], right.tolist()
    ([0.3333, 0.6667, 0.6875], [0.0, 0.5])

    Niculescu-Mizil and Caruana 2005, "Predicting Good Probabilities with Supervised Learning".
    """
    sure, right, member = _binned("reliability", logits, target, bins)
    rows, sums, rights = (_summed(values, member) for values in (jnp.ones_like(sure), sure, right))
    return Reliability(rows / len(sure), sums / rows, rights / rows)


def expected_calibration_error(logits: jax.Array, target: jax.Array, bins: int = 15) -> jax.Array:
    """How far confidence and accuracy are apart, on average over bins of the largest probability.

        Σ over bins of share · |accuracy − confidence|

    Not a mean over rows: that of two batches is not the mean of theirs. Evaluate on one batch that holds all rows.

    Args:
        logits: `[..., C]`.
        target: class indices `[...]`.
        bins: as in `reliability`; 15 as in the paper. The more there are, the more of it is chance.

    Returns:
        A scalar in [0, 1], in the logits' dtype.

    Raises:
        ValueError: as `reliability`.

    >>> logits = jnp.log(jnp.array([[0.75, 0.25], [0.125, 0.875], [0.5, 0.5]]))
    >>> expected_calibration_error(logits, jnp.array([0, 0, 1]), bins=2).round(4).item()
    0.375

    Naeini, Cooper and Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"; Guo, Pleiss,
    Sun and Weinberger 2017, "On Calibration of Modern Neural Networks".
    """
    sure, right, member = _binned("expected_calibration_error", logits, target, bins)
    return jnp.abs(_summed(right - sure, member)).sum() / len(sure)


def _binned(owner: str, logits: Any, target: Any, bins: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Each row's largest probability `[N]`, whether it is that of the target, and in which bin it is, `[N, bins]`."""
    logits, target = jnp.asarray(logits), jnp.asarray(target)
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise ValueError(f"{owner}: bins must be an integer, at least 1, given {bins!r}")
    if logits.ndim < 1 or logits.shape[:-1] != target.shape or not target.size:
        raise ValueError(
            f"{owner}: logits must be [..., C] and target [...], one of each row and at least one row, given "
            f"{list(logits.shape)} and {list(target.shape)}"
        )
    sure = functional.softmax(logits, dim=-1).max(axis=-1).ravel()
    right = (logits.argmax(axis=-1) == target).ravel().astype(sure.dtype)
    edges = jnp.linspace(0, 1, bins + 1, dtype=sure.dtype)[1:-1]
    return sure, right, jnp.searchsorted(edges, sure)[:, None] == jnp.arange(bins)


def _summed(values: jax.Array, member: jax.Array) -> jax.Array:
    """Over the rows of each bin; not by a product of matrices, which a GPU may round to ten bits."""
    return jnp.where(member, values[:, None], 0).sum(axis=0)
