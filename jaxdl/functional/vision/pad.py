"""Padding: a constant, the mirrored input, its edge, or the input over again."""

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

MODES = ("constant", "reflect", "replicate", "circular")


class _Edge(NamedTuple):
    """How many elements one axis gains before and after; negative: loses."""

    axis: int
    size: int
    before: int
    after: int

    @property
    def cropped(self) -> tuple[int, int]:
        """What is taken away before and after."""
        return max(-self.before, 0), max(-self.after, 0)

    @property
    def grown(self) -> tuple[int, int]:
        """What is added before and after."""
        return max(self.before, 0), max(self.after, 0)

    def __str__(self) -> str:
        return f"({self.before}, {self.after}) at dimension {self.axis} of size {self.size}"


def pad(
    input: ArrayLike, pad: Sequence[int], mode: str = "constant", value: float | jax.Array | None = None
) -> jax.Array:
    """The input with its last axes made longer or shorter at both ends.

        constant   v v | a b c | v v        replicate  a a | a b c | c c
        reflect    c b | a b c | b a        circular   b c | a b c | a b

    `pad` begins with the last axis: (left, right, top, bottom, front, back). A negative number takes elements
    away: 'circular' repeats what is then left, 'reflect' and 'replicate' still continue the whole input.

    **Matches** PyTorch 2.13: modes, ranks, sizes and dtypes allowed, all derivatives. **Differs**: a circular pad
    that is longer than what a negative one leaves is refused (PyTorch returns uninitialised memory).

    Args:
        input: any shape for 'constant'; otherwise 2 or 3 dimensions to pad the last axis, 3 or 4 for the last two,
            4 or 5 for the last three, batch axis first where there is one. 'reflect' and 'replicate' take no bool.
        pad: an even number of integers, two for each padded axis.
        mode: 'constant', 'reflect', 'replicate' or 'circular'.
        value: the constant, converted to the input's dtype; None is 0.

    Returns:
        The padded array, in the input's dtype.

    Raises:
        ValueError: an unknown mode, a `value` for another mode than 'constant' or one that overflows the dtype, an
            odd number of pads, too many for the rank, a pad not smaller than the axis ('reflect') or larger than
            it ('circular'), an output axis of negative size or an empty output ('reflect', 'replicate').
        TypeError: pads that are not integers, a complex value, bool input where it is not allowed.

    >>> x = jnp.array([[1, 2, 3]])
    >>> pad(x, (2, 1), "reflect").tolist(), pad(x, (2, 1), "circular").tolist()
    ([[3, 2, 1, 2, 3, 2]], [[2, 3, 1, 2, 3, 1]])
    >>> pad(x, (-1, 1), value=9).tolist()
    [[2, 3, 9]]
    """
    x = jnp.asarray(input)
    edges = _edges(x, pad, mode)
    if mode == "constant":
        config = [(0, 0, 0)] * x.ndim
        for edge in edges:
            config[edge.axis] = (edge.before, edge.after, 0)
        return lax.pad(x, _fill(0 if value is None else value, x.dtype), config)
    _refuse_value(value, mode)
    for edge in edges:
        x = _extend(x, edge, mode)
    return x


def _extend(x: jax.Array, edge: _Edge, mode: str) -> jax.Array:
    """One axis padded with its own elements. Slices and reversals only: their gradients are pads and sums."""
    before, after = edge.grown
    if mode == "circular":
        x = _crop(x, edge)
    size = x.shape[edge.axis]

    def part(start: int, stop: int) -> jax.Array:
        return lax.slice_in_dim(x, start, stop, axis=edge.axis)

    def repeated(start: int, times: int) -> jax.Array:
        shape = [times if axis == edge.axis else n for axis, n in enumerate(x.shape)]
        return jnp.broadcast_to(part(start, start + 1), shape)

    pieces = [x]
    match mode:
        case "circular":
            pieces = [part(size - before, size), x, part(0, after)]
        case "reflect":
            ends = part(1, before + 1), part(size - 1 - after, size - 1)
            pieces = [lax.rev(ends[0], [edge.axis]), x, lax.rev(ends[1], [edge.axis])]
        case "replicate":
            pieces = [repeated(0, before), x, repeated(size - 1, after)]
    pieces = [piece for piece in pieces if piece.shape[edge.axis]]
    whole = lax.concatenate(pieces, edge.axis) if len(pieces) > 1 else pieces[0] if pieces else x
    return whole if mode == "circular" else _crop(whole, edge)


def _crop(x: jax.Array, edge: _Edge) -> jax.Array:
    before, after = edge.cropped
    return lax.slice_in_dim(x, before, x.shape[edge.axis] - after, axis=edge.axis)


def _edges(x: jax.Array, pad: Sequence[int], mode: str) -> list[_Edge]:
    """The padded axes, checked."""
    if mode not in MODES:
        raise ValueError(f"pad: mode is {mode!r}; it must be 'constant', 'reflect', 'replicate' or 'circular'")
    try:
        ends = [operator.index(end) for end in pad]
    except TypeError as error:
        raise TypeError(f"pad: pad must be a tuple of integers, two for each padded axis, but got {pad!r}") from error
    axes = len(ends) // 2
    if len(ends) % 2 or axes > x.ndim:
        raise ValueError(
            f"pad: pad is {tuple(ends)}; an input of shape {x.shape} takes an even number of integers, "
            f"at most {2 * x.ndim}"
        )
    if mode != "constant":
        _check_input(x, axes, mode)
    edges = [_Edge(a, x.shape[a], *ends[2 * i : 2 * i + 2]) for i, a in enumerate(range(x.ndim)[::-1][:axes])]
    for edge in edges:
        _check_edge(edge, mode)
    sizes = [edge.size + edge.before + edge.after for edge in edges]
    if mode in ("reflect", "replicate") and max(sizes) < 1:
        raise ValueError(f"pad: pad is {tuple(ends)}, which leaves nothing of an input of shape {x.shape}; crop less")
    return edges


def _check_input(x: jax.Array, axes: int, mode: str) -> None:
    if axes not in (1, 2, 3) or x.ndim not in (axes + 1, axes + 2):
        raise ValueError(
            f"pad: mode {mode!r} with {2 * axes} pads does not take an input of shape {x.shape}; give 2 pads for 2 or "
            "3 dimensions, 4 for 3 or 4, 6 for 4 or 5"
        )
    if mode == "circular":
        return
    if 0 in x.shape[x.ndim - axes - 1 :]:
        raise ValueError(f"pad: input has shape {x.shape}; with mode {mode!r} only a batch axis may be empty")
    if x.dtype == bool:
        raise TypeError(f"pad: input has dtype bool, which mode {mode!r} does not take; cast it to uint8")


def _check_edge(edge: _Edge, mode: str) -> None:
    longest = max(edge.before, edge.after)
    left = edge.size - sum(edge.cropped)
    if mode == "reflect" and longest >= edge.size:
        raise ValueError(f"pad: reflect padding is {edge}; it must be smaller than the size")
    if mode == "circular" and longest > max(left, 0):
        raise ValueError(f"pad: circular padding is {edge}; it must be at most what it repeats, {max(left, 0)}")
    smallest = edge.size + edge.before + edge.after if mode in ("reflect", "replicate") else left
    if smallest < 0:
        raise ValueError(f"pad: padding is {edge}; it takes away more than there is")


def _fill(value: float | jax.Array, dtype: Any) -> jax.Array:
    """The constant in the input's dtype; one that does not fit is refused, as in PyTorch."""
    if isinstance(value, str) or jnp.iscomplexobj(value) or jnp.ndim(value):
        raise TypeError(f"pad: value must be a real number, but got {value!r}")
    if isinstance(value, jax.core.Tracer) or jnp.issubdtype(dtype, jnp.bool_):
        return jnp.asarray(value).astype(dtype)
    number = float(value)
    if jnp.issubdtype(dtype, jnp.integer):
        limits = jnp.iinfo(dtype)
        fits = np.isfinite(number) and limits.min <= number <= limits.max
        return jnp.array(int(value) if fits else _overflow(value, dtype), dtype)
    if np.isfinite(number) and abs(number) > float(jnp.finfo(dtype).max):
        _overflow(value, dtype)
    return jnp.array(number, dtype)


def _overflow(value: float | jax.Array, dtype: Any) -> int:
    raise ValueError(f"pad: value is {value}, which does not fit the input's dtype {dtype}; cast the input first")


def _refuse_value(value: float | jax.Array | None, mode: str) -> None:
    if value is not None and not isinstance(value, jax.core.Tracer) and value == 0:
        return
    if value is not None:
        raise ValueError(f"pad: value is {value}, but mode {mode!r} takes none; only 'constant' does")
