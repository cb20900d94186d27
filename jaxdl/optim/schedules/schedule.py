"""What every schedule is: a learning rate as a function of the step, and how it changes the rate that it finds."""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Rate: TypeAlias = Any  # a float, or an array where the step or the learning rate is one
Formula: TypeAlias = Callable[[Any, ModuleType], Rate]  # of the step, in numpy or in jax.numpy


class Schedule:
    """A learning rate as a function of the step: `schedule(step)` is the rate after `step` calls of PyTorch's
    `scheduler.step()`.

    A step that is known is computed in float64 and gives a float; a traced one is computed in float64 where jax's x64
    mode is on, otherwise in float32. An array of steps gives an array.

    In a composition it also says what it makes of a rate that it finds: when it starts, and in a step.

    Attributes:
        momentum: of the schedules that cycle it, the momentum (or the first beta) as another such function; else None.
    """

    def __init__(
        self,
        value: Formula,
        *,
        factor: Formula | None = None,
        start: Callable[[Rate], Rate] | None = None,
        change: Callable[[Rate, Any, ModuleType], Rate] | None = None,
        continues: bool = False,
        momentum: "Schedule | None" = None,
    ) -> None:
        self._value, self._factor, self._continues = value, factor, continues
        self._start = start or (lambda rate: value(np.int64(0), np))
        self._change = change or (lambda rate, t, xp: value(t, xp))
        self.momentum = momentum

    def __call__(self, step: Any) -> Rate:
        if isinstance(step, jax.core.Tracer):
            return self._value(step.astype(int), jnp)  # int64 in x64 mode, so that step / 2 is float64
        steps = np.asarray(step)
        if steps.dtype.kind not in "iu" or (steps < 0).any():
            raise ValueError(f"a schedule's step must be an integer, at least 0, given {step}")
        rate = self._value(steps.astype(np.int64), np)
        return float(rate) if np.ndim(rate) == 0 and not isinstance(rate, jax.Array) else rate


def scaled(learning_rate: Rate, factor: Formula, ratio: Formula, *, continues: bool = False) -> Schedule:
    """learning_rate · factor(t), where factor(t) = factor(t - 1) · ratio(t)."""
    return Schedule(
        lambda t, xp: learning_rate * factor(t, xp),
        factor=factor,
        start=lambda rate: rate * factor(np.int64(0), np),
        change=lambda rate, t, xp: rate * ratio(t, xp),
        continues=continues,
    )


def real(t: Any, xp: ModuleType) -> Any:
    """The step in floating point, as wide as there is."""
    return xp.asarray(t).astype(float)


def power(base: Any, exponent: Any, xp: ModuleType) -> Any:
    """base ** exponent for a known base at least 0, by exp and log: in float32 a rounded base would drift."""
    if base == 0 or xp is np:
        return xp.asarray(base, float) ** exponent
    return xp.exp(real(exponent, xp) * math.log(base))


def folded(step: Callable[[Rate, Any], Rate], start: Rate, first: int, last: Any, xp: ModuleType) -> Rate:
    """`start` after step(rate, i) for i = first, ..., last."""
    if xp is np:
        if np.ndim(last):
            return np.array([folded(step, start, first, t, np) for t in np.ravel(last)]).reshape(np.shape(last))
        for i in range(first, int(last) + 1):
            start = step(start, i)
        return start
    start = jnp.asarray(start, float)
    return lax.fori_loop(
        jnp.asarray(first, int), last + 1, lambda i, rate: jnp.asarray(step(rate, i), start.dtype), start
    )


def require(condition: bool, schedule: str, wanted: str, given: Any) -> None:
    """Raise ValueError unless the condition holds."""
    if not condition:
        raise ValueError(f"{schedule}: {wanted}, given {given}")
