"""Bags of rows of a table, each summed, averaged or maximised."""

import warnings
from dataclasses import dataclass
from typing import overload

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, require_same_dtype, widen
from jaxdl.functional.embedding._lookup import (
    concrete,
    gradient_factors,
    looked_up,
    padding_row,
    renormalised,
    row_indices,
    with_gradient_scaled,
)


@overload
def embedding_bag(
    input: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike | None = ...,
    max_norm: None = ...,
    norm_type: float = ...,
    scale_grad_by_freq: bool = ...,
    mode: str = ...,
    sparse: bool = ...,
    per_sample_weights: ArrayLike | None = ...,
    include_last_offset: bool = ...,
    padding_idx: int | None = ...,
) -> jax.Array: ...
@overload
def embedding_bag(
    input: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike | None = ...,
    max_norm: float | None = ...,
    norm_type: float = ...,
    scale_grad_by_freq: bool = ...,
    mode: str = ...,
    sparse: bool = ...,
    per_sample_weights: ArrayLike | None = ...,
    include_last_offset: bool = ...,
    padding_idx: int | None = ...,
) -> jax.Array | tuple[jax.Array, jax.Array]: ...


def embedding_bag(
    input: ArrayLike,
    weight: ArrayLike,
    offsets: ArrayLike | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: ArrayLike | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> jax.Array | tuple[jax.Array, jax.Array]:
    """Look rows of a table up and sum, average or maximise them bag by bag.

        y_b = Σ_{i in bag b} s_i · weight[input_i]        ('sum'; s are the per_sample_weights, or 1)

    'mean' divides by the number of rows in the bag, 'max' takes the largest element of each column. Entries equal to
    `padding_idx` are in no bag; an empty bag is 0. `max_norm` scales rows as in `embedding`.

    **Matches** PyTorch 2.13: value and gradient; 'max' sends it to the first of equal elements, and sees NaN only in a
    bag's first row. **Differs**: `max_norm` returns the new weight as well; with `scale_grad_by_freq` a row's
    gradient is divided by that row's count (PyTorch's CPU kernel divides by another row's where indices repeat);
    indices out of range and offsets out of order raise ValueError where they are concrete, and inside `jit` make
    their bag, or all bags, NaN; indices past the last offset of `include_last_offset` are in no bag (some of
    PyTorch's kernels count them in the last); indices and offsets may have any integer dtype; `sparse` has no effect.

    Args:
        input: indices in [0, V): [B, L], B bags of L, or [N], whose bags `offsets` tells.
        weight: [V, D].
        offsets: [B], where in [N] each bag begins, the first at 0; None for [B, L].
        max_norm: the largest norm that a looked-up row keeps.
        norm_type: the p of that p-norm.
        scale_grad_by_freq: divide a row's gradient by how often it is looked up; not with 'max'.
        mode: 'sum', 'mean' or 'max'.
        sparse: no effect; not allowed with 'max'.
        per_sample_weights: a factor for every entry of input, in its shape; 'sum' alone.
        include_last_offset: `offsets` holds B + 1, the last one the end of the last bag; without meaning for [B, L].
        padding_idx: a row that does not count and gets no gradient, in [-V, V).

    Returns:
        [B, D] in the weight's dtype; with `max_norm` that and the new weight.

    Raises:
        ValueError: shapes that do not fit, a misspelt mode or an option that it does not have, `padding_idx` or a
            concrete index out of range, concrete offsets that do not begin at 0, fall, or exceed N.
        TypeError: indices or offsets that are no integers, a weight that is not floating point, `per_sample_weights`
            of another dtype.

    >>> table = jnp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> embedding_bag(jnp.array([0, 1, 2]), table, jnp.array([0, 2])).tolist()
    [[2.0, 3.0], [5.0, 6.0]]
    """
    indices, table = jnp.asarray(input), jnp.asarray(weight)
    if jnp.issubdtype(indices.dtype, jnp.floating) and jnp.issubdtype(table.dtype, jnp.integer):
        warnings.warn("embedding_bag(weight, input) is deprecated; call embedding_bag(input, weight)", stacklevel=2)
        indices, table = table, indices
    factors = None if per_sample_weights is None else jnp.asarray(per_sample_weights)
    _check(indices, table, factors, mode, scale_grad_by_freq, sparse)
    padding = padding_row("embedding_bag", padding_idx, table.shape[0])
    bags = _bags(indices, None if offsets is None else jnp.asarray(offsets), include_last_offset)
    indices = row_indices("embedding_bag", indices, table.shape[0]).ravel()
    if max_norm is not None:
        table = renormalised(table, indices, max_norm, norm_type)
    rows = widen(looked_up(table, indices))
    scales = gradient_factors(indices, table.shape[0], None, scale_grad_by_freq, rows.dtype)
    rows = rows if scales is None else with_gradient_scaled(rows, scales)
    counts = bags.inside if padding is None else bags.inside & (indices != padding)
    if mode == "max":
        output = _largest(rows, counts, bags)
    else:
        if factors is not None:
            rows = rows * widen(factors).ravel()[:, None]
        output = bags.sum(jnp.where(counts[:, None], rows, 0))
        if mode == "mean":
            output = output / jnp.maximum(bags.sum(counts.astype(rows.dtype)), 1)[:, None]
    output = jnp.where(bags.sound, output, jnp.nan).astype(table.dtype)
    return output if max_norm is None else (output, table)


@dataclass(frozen=True)
class _Bags:
    """Which bag every one of the flat indices belongs to."""

    count: int
    length: int | None  # of all bags, or None where each has its own
    bag: jax.Array  # every index's bag
    inside: jax.Array  # whether it is in a bag at all
    sound: jax.Array | bool = True  # whether the offsets are in order

    def sum(self, values: jax.Array) -> jax.Array:
        if self.length is None:
            return jax.ops.segment_sum(values, self.bag, self.count)
        return values.reshape(self.count, self.length, *values.shape[1:]).sum(1)

    def largest(self, values: jax.Array) -> jax.Array:
        if self.length is None:
            return jax.ops.segment_max(values, self.bag, self.count)
        return values.reshape(self.count, self.length, *values.shape[1:]).max(1)


def _bags(indices: jax.Array, offsets: jax.Array | None, include_last_offset: bool) -> _Bags:
    if indices.ndim == 2:
        if offsets is not None:
            raise ValueError(
                f"embedding_bag: offsets has shape {offsets.shape} but input of shape {indices.shape} is a batch of "
                "equally long bags; leave offsets out"
            )
        count, length = indices.shape
        if length == 0 and count:
            raise ValueError(f"embedding_bag: input has shape {indices.shape}; its bags must hold at least 1 index")
        return _Bags(count, length, jnp.repeat(jnp.arange(count), length), jnp.ones(count * length, bool))
    if offsets is None or offsets.ndim != 1:
        raise ValueError(
            f"embedding_bag: offsets {'is None' if offsets is None else f'has shape {offsets.shape}'}; input of shape "
            f"{indices.shape} needs [B], where each bag begins"
        )
    if not jnp.issubdtype(offsets.dtype, jnp.integer):
        raise TypeError(f"embedding_bag: offsets has dtype {offsets.dtype}; offsets are integers")
    if include_last_offset and not offsets.size:
        raise ValueError("embedding_bag: offsets is empty; with include_last_offset it holds at least the end")
    return _ragged(indices.shape[0], offsets, include_last_offset)


def _ragged(total: int, offsets: jax.Array, include_last_offset: bool) -> _Bags:
    """Bags from where each begins."""
    count = offsets.shape[0] - include_last_offset
    values = concrete(offsets)
    if (
        values is not None
        and values.size
        and (values[0] != 0 or (values[1:] < values[:-1]).any() or values[-1] > total)
    ):
        raise ValueError(
            f"embedding_bag: offsets is {values.tolist()}; it must begin with 0, not fall, and not exceed the "
            f"{total} indices of input"
        )
    offsets = offsets if offsets.dtype in (jnp.int32, jnp.int64) else offsets.astype(jnp.int32)
    place = jnp.arange(total, dtype=offsets.dtype)
    bag = jnp.searchsorted(offsets[:count], place, side="right").astype(jnp.int32) - 1
    end = offsets[-1] if include_last_offset else total
    sound = jnp.all(offsets[1:] >= offsets[:-1])
    if offsets.size:
        sound = sound & (offsets[0] == 0) & (offsets[-1] <= total)
    return _Bags(count, None, bag, (bag >= 0) & (place < end), sound)


def _largest(rows: jax.Array, counts: jax.Array, bags: _Bags) -> jax.Array:
    """Every bag's largest elements, by PyTorch's rule: the first row that counts, and then whatever is greater."""
    place = jnp.arange(rows.shape[0], 0, -1, dtype=jnp.int32)  # the first is the largest
    first = counts & (place == _each(bags.largest(jnp.where(counts, place, 0)), bags))
    values = lax.stop_gradient(rows)
    unseen = jnp.where(first[:, None], jnp.inf, -jnp.inf)  # NaN stays if it comes first, and is else never greater
    values = jnp.where(counts[:, None], jnp.where(jnp.isnan(values), unseen, values), -jnp.inf)
    best = counts[:, None] & (values == _each(bags.largest(values), bags))
    winner = _each(bags.largest(jnp.where(best, place[:, None], 0)), bags)
    return bags.sum(jnp.where(best & (place[:, None] == winner), rows, 0))


def _each(values: jax.Array, bags: _Bags) -> jax.Array:
    """A bag's value for every index in it."""
    return values[jnp.maximum(bags.bag, 0)] if bags.count else jnp.zeros((bags.bag.shape[0], *values.shape[1:]))


def _check(
    indices: jax.Array, table: jax.Array, factors: jax.Array | None, mode: str, by_frequency: bool, sparse: bool
) -> None:
    if indices.ndim not in (1, 2):
        raise ValueError(f"embedding_bag: input has shape {indices.shape}; it must be [B, L], or [N] with offsets")
    if table.ndim != 2:
        raise ValueError(f"embedding_bag: weight has shape {table.shape}; it must be [V, D]")
    require_floating("embedding_bag", weight=table)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode is {mode!r}; it must be 'sum', 'mean' or 'max'")
    if mode == "max" and (by_frequency or sparse):
        option = "scale_grad_by_freq" if by_frequency else "sparse"
        raise ValueError(f"embedding_bag: {option} is True, which mode='max' does not have")
    if factors is None:
        return
    if factors.shape != indices.shape:
        raise ValueError(
            f"embedding_bag: per_sample_weights has shape {factors.shape}; it must be {indices.shape}, the input's"
        )
    if mode != "sum":
        raise ValueError(f"embedding_bag: per_sample_weights needs mode='sum', but mode is {mode!r}")
    require_same_dtype("embedding_bag", weight=table, per_sample_weights=factors)
