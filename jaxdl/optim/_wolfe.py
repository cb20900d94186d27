"""The line search of torch.optim.LBFGS: a step that satisfies the strong Wolfe conditions.

Bracket first, then zoom, with cubic interpolation: one state machine in one lax.while_loop, so that the function is
in the compiled program once. Every comparison is the one that PyTorch makes, on the same expressions in the same
order.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

DECREASE, CURVATURE = 1e-4, 0.9  # Wolfe's two constants
NARROW = 1e-9  # a bracket that moves no parameter further than this is not refined


class Point(NamedTuple):
    """A step `t` along the direction, the value there, the slope along the direction, and the gradient."""

    t: jax.Array
    value: jax.Array
    slope: jax.Array
    gradient: jax.Array


class _Search(NamedTuple):
    """The step to try next, how many were tried before it, and what the tried ones have shown."""

    t: jax.Array
    tried: jax.Array
    previous: Point
    bracket: Point  # two of them, stacked
    low: jax.Array  # which of the two has the lower value
    zooming: jax.Array
    stalled: jax.Array
    finished: jax.Array


def _pick(condition: jax.Array, first: Any, second: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), first, second)


def _pair(first: Point, second: Point) -> Point:
    return jax.tree.map(lambda a, b: jnp.stack([a, b]), first, second)


def _put(bracket: Point, place: jax.Array, point: Point) -> Point:
    return jax.tree.map(lambda a, b: a.at[place].set(b), bracket, point)


def _lower(bracket: Point) -> jax.Array:
    return jnp.where(bracket.value[0] <= bracket.value[1], 0, 1)


def _clamped(x: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    """Python's min(max(x, low), high), which lets a NaN through."""
    x = jnp.where(low > x, low, x)
    return jnp.where(high < x, high, x)


def cubic_minimum(a: Point, b: Point, low: jax.Array, high: jax.Array) -> jax.Array:
    """Where the cubic through two points with their slopes has its minimum, in [low, high]; the middle if nowhere."""
    first = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = first * first - a.slope * b.slope
    root = jnp.sqrt(square)
    right = b.t - (b.t - a.t) * ((b.slope + root - first) / (b.slope - a.slope + 2 * root))
    left = a.t - (a.t - b.t) * ((a.slope + root - first) / (a.slope - b.slope + 2 * root))
    return jnp.where(square >= 0, _clamped(jnp.where(a.t <= b.t, right, left), low, high), (low + high) / 2.0)


def _trial(bracket: Point, stalled: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The next step inside a bracket, away from its ends if the last one was there too; and whether it is at one."""
    a, b = (jax.tree.map(lambda x: x[i], bracket) for i in (0, 1))  # noqa: B023  called at once
    low, high = jnp.minimum(a.t, b.t), jnp.maximum(a.t, b.t)
    t = cubic_minimum(a, b, low, high)
    margin = 0.1 * (high - low)
    near = jnp.minimum(high - t, t - low) < margin
    away = near & (stalled | (t >= high) | (t <= low))
    inside = jnp.where(jnp.abs(t - high) < jnp.abs(t - low), high - margin, low + margin)
    return jnp.where(away, inside, t), near & ~away


def _refined(bracket: Point, low: jax.Array, start: Point, new: Point) -> tuple[Point, jax.Array, jax.Array]:
    """A bracket with a new point for one of its ends, which end is lower, and whether the point will do."""
    high = 1 - low
    above = (new.value > start.value + DECREASE * new.t * start.slope) | (new.value >= bracket.value[low])
    done = jnp.abs(new.slope) <= -CURVATURE * start.slope
    turned = new.slope * (bracket.t[high] - bracket.t[low]) >= 0
    worse = _put(bracket, high, new)
    old_low = jax.tree.map(lambda x: x[low], bracket)
    better = _put(_pick(~done & turned, _put(bracket, high, old_low), bracket), low, new)
    return _pick(above, worse, better), jnp.where(above, _lower(worse), low), ~above & done


def strong_wolfe(
    evaluate: Callable[[jax.Array], tuple[jax.Array, jax.Array]],
    direction: jax.Array,
    start: Point,
    t: jax.Array,
    max_ls: jax.Array,
) -> tuple[Point, jax.Array]:
    """The point found, and how often `evaluate` was called.

    Args:
        evaluate: value and gradient after a step.
        direction: of the steps.
        start: the point at step 0.
        t: the first step to try.
        max_ls: how many more may be tried.
    """
    reach = jnp.abs(direction).max()

    def one(search: _Search) -> _Search:
        value, gradient = evaluate(search.t)
        new = Point(search.t, value, gradient @ direction, gradient)
        left = search.tried < max_ls
        # Bracketing: does the step before and this one enclose what is wanted?
        worse = new.value > start.value + DECREASE * new.t * start.slope
        worse |= (search.tried > 1) & (new.value >= search.previous.value)
        good = left & ~worse & (jnp.abs(new.slope) <= -CURVATURE * start.slope)
        enclosed = left & (worse | (~good & (new.slope >= 0)))
        found = _pair(_pick(good, new, _pick(left, search.previous, start)), new)
        # Zooming: the bracket shrinks.
        shrunk, low, done = _refined(search.bracket, search.low, start, new)
        bracket = _pick(search.zooming, shrunk, found)
        low = jnp.where(search.zooming, low, _lower(found))
        zooming = search.zooming | enclosed
        narrow = jnp.abs(bracket.t[1] - bracket.t[0]) * reach < NARROW
        finished = jnp.where(search.zooming, done, good | ~left) | (zooming & (~left | narrow))
        # What to try next.
        inside, stalled = _trial(bracket, search.stalled)
        further = cubic_minimum(search.previous, new, new.t + 0.01 * (new.t - search.previous.t), new.t * 10)
        return _Search(
            jnp.where(zooming, inside, further),
            search.tried + 1,
            new,
            bracket,
            low,
            zooming,
            zooming & stalled,
            finished,
        )

    false = jnp.zeros((), bool)
    search = _Search(t, jnp.zeros((), jnp.int32), start, _pair(start, start), jnp.int32(0), false, false, false)
    search = jax.lax.while_loop(lambda s: ~s.finished, one, search)
    return jax.tree.map(lambda x: x[search.low], search.bracket), search.tried
