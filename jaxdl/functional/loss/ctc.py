"""Connectionist temporal classification."""

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike, DTypeLike

from jaxdl.functional._checks import integer, require_floating, widen
from jaxdl.functional._concrete import concrete
from jaxdl.functional.loss._reduction import reduced, reduction_name
from jaxdl.functional.loss._targets import comparable

Lengths = ArrayLike | Sequence[int]


def ctc_loss(
    log_probs: ArrayLike,
    targets: ArrayLike,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> jax.Array:
    """Negative log-likelihood of a label sequence under all its alignments with the input.

        l_n = -log Σ_π Π_t p_n,t[π_t]

    π runs over the sequences of one class a step that give the labels once repetitions are merged and then blanks
    removed. 'mean' divides every loss by its number of labels (at least 1), then averages.

    **Matches** PyTorch 2.13: an infinite loss where the input is too short, a gradient with respect to `log_probs`
    of exp(log_probs) - posterior, which is the loss's own only behind a `log_softmax` (as in every use of it: there
    the difference is 0, here and in all derivatives). **Differs**: second derivatives and forward mode are there; the
    gradient where `log_probs` is -inf is 0 (PyTorch: NaN); half types are computed in float32; a concrete label out of
    range raises (PyTorch reads beyond the row); labels may hold the blank (PyTorch's gradient at the last step is then
    wrong); inside `jit`, where values cannot be seen, a length or label out of range makes its sample NaN.

    Args:
        log_probs: logarithms of probabilities, [T, N, C], or [T, C] for a single sample.
        targets: integer labels, [N, S], or all of them in a row, [sum of target_lengths]; [S] for a single sample.
        input_lengths: integers, [N] or [], how many steps count.
        target_lengths: integers, [N] or [], how many labels count.
        blank: the class that stands for no label.
        reduction: 'none', 'mean' or 'sum'.
        zero_infinity: whether an infinite loss, and its gradient, is made 0.

    Returns:
        A scalar, or [N] with 'none' and a batch, in the dtype of `log_probs`.

    Raises:
        ValueError: shapes that do not fit, a blank, a concrete length or a concrete label out of range, a misspelt
            reduction.
        TypeError: log_probs that are not floating point, targets or lengths that are not integers.

    >>> log_probs = jnp.log(jnp.full((2, 1, 3), 1 / 3))  # 'a' is aa, a- or -a
    >>> round(ctc_loss(log_probs, jnp.array([[1]]), (2,), (1,)).item(), 4) == round(-jnp.log(3 / 9).item(), 4)
    True

    Graves et al., Connectionist temporal classification, ICML 2006.
    """
    how = reduction_name("ctc_loss", None, None, reduction)
    given = jnp.asarray(log_probs)
    require_floating("ctc_loss", log_probs=given)
    if given.ndim not in (2, 3) or given.size == 0:
        raise ValueError(f"ctc_loss: log_probs has shape {given.shape}; it must be [T, N, C] or [T, C], and not empty")
    logs = widen(given if given.ndim == 3 else given[:, None])
    if not 0 <= integer("ctc_loss", "blank", blank) < logs.shape[2]:
        raise ValueError(f"ctc_loss: blank is {blank}; it must lie in [0, {logs.shape[2] - 1}], as log_probs says")
    steps, _ = _lengths("input_lengths", input_lengths, logs.shape[1], logs.shape[0])
    counts, seen = _lengths("target_lengths", target_lengths, logs.shape[1], None)
    labels = _labels(targets, counts, seen, logs.shape[1], logs.shape[2])
    losses = _nll(logs, _Alignment(labels, steps, counts), blank, zero_infinity)
    if how == "mean":
        losses = losses / jnp.maximum(counts, 1).astype(losses.dtype)
    loss = reduced(losses if given.ndim == 3 or how != "none" else losses[0], how)
    return loss.astype(given.dtype)


class _Alignment(NamedTuple):
    """Labels [N, S], and how many steps [N] and labels [N] count."""

    labels: jax.Array
    steps: jax.Array
    counts: jax.Array


def _lengths(name: str, value: Lengths, batch: int, longest: int | None) -> tuple[jax.Array, np.ndarray | None]:
    """Lengths as [N], and their values where these can be seen."""
    lengths = jnp.asarray(value, dtype=None if np.size(value) else jnp.int32)
    if not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise TypeError(f"ctc_loss: {name} has dtype {lengths.dtype}; it must hold integers")
    if lengths.ndim > 1 or lengths.size != batch:
        raise ValueError(f"ctc_loss: {name} has shape {lengths.shape}; it must be ({batch},), one for each sample")
    values = concrete(value)
    if values is not None:
        values = values.reshape(batch)
        wrong = values[(values < 0) | (values > (np.inf if longest is None else longest))]
        if wrong.size:
            bounds = "not be negative" if longest is None else f"lie in [0, {longest}]"
            raise ValueError(f"ctc_loss: {name} holds {wrong[0]}; it must {bounds}")
    return comparable(lengths.reshape(batch)), values


def _labels(given: ArrayLike, counts: jax.Array, seen: np.ndarray | None, batch: int, classes: int) -> jax.Array:
    """The labels as [N, S], checked where their values can be seen; S is no larger than it need be."""
    targets = jnp.asarray(given)
    if not jnp.issubdtype(targets.dtype, jnp.integer):
        raise TypeError(f"ctc_loss: targets has dtype {targets.dtype}; labels are integers")
    if targets.ndim not in (1, 2) or (targets.ndim == 2 and targets.shape[0] != batch):
        raise ValueError(
            f"ctc_loss: targets has shape {targets.shape}; it must be [{batch}, S] or one row of all samples' labels"
        )
    width = targets.shape[-1] if seen is None else int(seen.max())
    needed = None if seen is None else int(seen.sum()) if targets.ndim == 1 else width
    if needed is not None and (targets.shape[-1] < needed or (targets.ndim == 1 and targets.shape[0] > needed)):
        said = "sum to" if targets.ndim == 1 else "go up to"
        raise ValueError(
            f"ctc_loss: targets has shape {targets.shape} but target_lengths {said} {needed}; give it as many labels"
        )
    values = concrete(given)
    if values is not None and seen is not None:
        counted = values if values.ndim == 1 else values[:, :width][np.arange(width)[None, :] < seen[:, None]]
        wrong = counted[(counted < 0) | (counted >= classes)]
        if wrong.size:
            raise ValueError(
                f"ctc_loss: targets holds {wrong[0]} but log_probs has {classes} classes; labels must lie in "
                f"[0, {classes - 1}]"
            )
    if targets.ndim == 2 or width == 0:
        return comparable(targets[..., :width].reshape(batch, width))
    index = (jnp.cumsum(counts) - counts)[:, None] + jnp.arange(width, dtype=counts.dtype)[None, :]
    return comparable(jnp.take(targets, index, mode="fill", fill_value=0))


# An alignment's states: S + 1 blanks, before, between and after the labels, and the S labels.
_States = tuple[jax.Array, jax.Array]


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def _nll(logs: jax.Array, target: _Alignment, blank: int, zero_infinity: bool) -> jax.Array:
    """The loss of every sample."""
    return _losses(logs, target, blank, zero_infinity)


@_nll.defjvp
def _nll_jvp(
    blank: int, zero_infinity: bool, primals: tuple[jax.Array, _Alignment], tangents: tuple[jax.Array, _Alignment]
) -> tuple[jax.Array, jax.Array]:
    logs, target = primals
    losses, slopes = _losses_and_slopes(logs, target, blank, zero_infinity)
    return _sloped(logs, lax.stop_gradient(losses), slopes), jnp.sum(slopes * tangents[0], (0, 2))


@partial(jax.jit, static_argnums=(2, 3))  # outside a program of the caller's, one is faster than its hundred steps
def _losses(logs: jax.Array, target: _Alignment, blank: int, zero_infinity: bool) -> jax.Array:
    last, offset, _ = _ahead(_emissions(logs, target, blank), target)
    return _tidied(_ended(last, offset, target), logs, target, zero_infinity)


@partial(jax.jit, static_argnums=(2, 3))
def _losses_and_slopes(
    logs: jax.Array, target: _Alignment, blank: int, zero_infinity: bool
) -> tuple[jax.Array, jax.Array]:
    emitted = _emissions(logs, target, blank)
    last, offset, reached = _ahead(emitted, target)
    losses = _ended(last, offset, target)
    impossible = losses == jnp.inf
    between, labels = _posterior(emitted, reached, target, impossible)
    classes = jnp.arange(logs.shape[2], dtype=target.labels.dtype)[None, None, :]
    one_hot = (target.labels[:, :, None] == classes).astype(logs.dtype)
    expected = jnp.einsum("tns,nsc->tnc", labels, one_hot, precision=lax.Precision.HIGHEST)
    expected = expected.at[:, :, blank].add(jnp.sum(between, 2))
    slopes = jnp.where(impossible[None, :, None], 0.0 if zero_infinity else jnp.nan, jnp.exp(logs) - expected)
    steps = jnp.arange(logs.shape[0], dtype=target.steps.dtype)
    slopes = jnp.where((steps[:, None] < target.steps[None, :])[:, :, None], slopes, 0)
    return _tidied(losses, logs, target, zero_infinity), slopes


@jax.custom_jvp
def _sloped(logs: jax.Array, losses: jax.Array, slopes: jax.Array) -> jax.Array:
    """The losses, with the given slopes for a derivative here too (the recursion's own would lack exp(logs))."""
    return losses


@_sloped.defjvp
def _sloped_jvp(
    primals: tuple[jax.Array, jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    return _sloped(*primals), jnp.sum(primals[2] * tangents[0], (0, 2))


def _emissions(logs: jax.Array, target: _Alignment, blank: int) -> _States:
    """Log-probabilities of blank and labels, [T, N, 1] and [T, N, S]; no label beyond the last."""
    index = jnp.clip(target.labels, 0, logs.shape[2] - 1)
    labels = jnp.take_along_axis(logs, index[None], 2)
    counted = jnp.arange(target.labels.shape[1], dtype=target.counts.dtype)[None, :] < target.counts[:, None]
    return logs[:, :, blank : blank + 1], jnp.where(counted[None], labels, -jnp.inf)


def _ahead(emitted: _States, target: _Alignment) -> tuple[_States, jax.Array, _States]:
    """The recursion forward in time: the last states, what was taken off them, and the states of every step.

    States are log-likelihoods of what has been emitted, less their maximum: small numbers keep their digits.
    """
    apart = _apart(target)[0]

    def step(carry: tuple[_States, jax.Array], now: tuple[jax.Array, _States]) -> tuple[Any, _States]:
        (between, labels), offset = carry
        t, (blank, emitted) = now
        after = _log_sum(between, jnp.pad(labels, ((0, 0), (1, 0)), constant_values=-jnp.inf)) + blank
        skipped = jnp.where(apart, jnp.pad(labels, ((0, 0), (1, 0)), constant_values=-jnp.inf)[:, :-1], -jnp.inf)
        (after, reached), top = _settled(after, _log_sum(labels, between[:, :-1], skipped) + emitted)
        going = t < target.steps
        states = _where(going, (after, reached), (between, labels))
        return (states, offset + jnp.where(going, top, 0)), states

    batch, width = target.labels.shape
    dtype = emitted[1].dtype
    start = (jnp.full((batch, width + 1), -jnp.inf, dtype).at[:, 0].set(0), jnp.full((batch, width), -jnp.inf, dtype))
    steps = jnp.arange(emitted[1].shape[0], dtype=target.steps.dtype)
    (last, offset), reached = lax.scan(step, (start, jnp.zeros(batch, dtype)), (steps, emitted))
    return last, offset, reached


def _posterior(emitted: _States, reached: _States, target: _Alignment, impossible: jax.Array) -> _States:
    """The probability of every state at every step, [T, N, S + 1] and [T, N, S]: the recursion backward in time."""
    apart = _apart(target)[1]
    final = _final(target, emitted[1].dtype)
    width = target.labels.shape[1]

    def step(later: _States, now: tuple[jax.Array, _States, _States]) -> tuple[_States, _States]:
        t, (blank, emitted), (before, reached) = now
        between, labels = later  # log-likelihoods of what is emitted from the next step on, from each state of it
        padded = jnp.pad(labels, ((0, 0), (0, 1)), constant_values=-jnp.inf)
        skipped = jnp.where(apart, padded[:, 1:], -jnp.inf)
        onward = _log_sum(between, padded), _log_sum(labels, between[:, 1:], skipped)
        onward = _where(t < target.steps - 1, onward, final)
        joint = jnp.concatenate([before + onward[0], reached + onward[1]], 1)
        # an impossible sample's states are all -inf: any numbers do, as they are not used
        here = jax.nn.softmax(jnp.where(impossible[:, None], 0, joint), 1)
        return _settled(onward[0] + blank, onward[1] + emitted)[0], (here[:, : width + 1], here[:, width + 1 :])

    steps = jnp.arange(emitted[1].shape[0], dtype=target.steps.dtype)
    return lax.scan(step, final, (steps, emitted, reached), reverse=True)[1]


def _apart(target: _Alignment) -> tuple[jax.Array, jax.Array]:
    """Whether a label differs from the one before it, and from the one after: then no blank is needed between."""
    differs = target.labels[:, 1:] != target.labels[:, :-1]
    width = target.labels.shape[1]
    return jnp.pad(differs, ((0, 0), (1, 0)))[:, :width], jnp.pad(differs, ((0, 0), (0, 1)))[:, :width]


def _final(target: _Alignment, dtype: DTypeLike) -> _States:
    """0 for the last label and the blank after it, -inf for all other states."""
    index = jnp.arange(target.labels.shape[1] + 1, dtype=target.counts.dtype)[None, :]
    zero, never = jnp.asarray(0, dtype), jnp.asarray(-jnp.inf, dtype)
    ends = jnp.where(index == target.counts[:, None], zero, never)
    return ends, ends[:, 1:]


def _ended(last: _States, offset: jax.Array, target: _Alignment) -> jax.Array:
    """The losses, from the states after the last step."""
    between, labels = (jnp.where(f == 0, a, -jnp.inf) for f, a in zip(_final(target, offset.dtype), last, strict=True))
    return -(_log_sum(jnp.max(between, 1), jnp.max(labels, 1, initial=-jnp.inf)) + offset)


def _tidied(losses: jax.Array, logs: jax.Array, target: _Alignment, zero_infinity: bool) -> jax.Array:
    """Infinite losses made 0 where that is asked for, and NaN where lengths or labels are out of range."""
    labels, steps, counts = target
    counted = jnp.arange(labels.shape[1], dtype=counts.dtype)[None, :] < counts[:, None]
    fits = jnp.all(~counted | ((labels >= 0) & (labels < logs.shape[2])), 1)
    fits &= (steps >= 0) & (steps <= logs.shape[0]) & (counts >= 0) & (counts <= labels.shape[1])
    if zero_infinity:
        losses = jnp.where(losses == jnp.inf, 0, losses)
    return jnp.where(fits, losses, jnp.nan)


def _settled(between: jax.Array, labels: jax.Array) -> tuple[_States, jax.Array]:
    """The states less their maximum, and the maximum."""
    top = jnp.maximum(jnp.max(between, 1), jnp.max(labels, 1, initial=-jnp.inf))
    top = lax.stop_gradient(jnp.where(jnp.isfinite(top), top, 0))
    return (between - top[:, None], labels - top[:, None]), top


def _where(chosen: jax.Array, states: _States, others: _States) -> _States:
    return jnp.where(chosen[:, None], states[0], others[0]), jnp.where(chosen[:, None], states[1], others[1])


def _log_sum(*terms: jax.Array) -> jax.Array:
    """log Σ exp, elementwise, with no NaN in any derivative where all terms are -inf."""
    top = reduce(jnp.maximum, terms)
    dead = top == -jnp.inf
    top = lax.stop_gradient(jnp.where(dead, 0, top))
    total = sum(jnp.exp(term - top) for term in terms)
    return jnp.where(dead, -jnp.inf, jnp.log(jnp.where(dead, 1, total)) + top)
