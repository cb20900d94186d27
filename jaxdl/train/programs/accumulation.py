"""A batch taken in micro-batches: the gradient of the whole from the memory of a part."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxdl.train.programs.structure import settled

# (params, buffers, inputs, key) -> (outputs, buffers), in training mode
Forward = Callable[[Any, Any, tuple[Any, ...], jax.Array], tuple[Any, Any]]
# (trained, state, batch, key) -> ((loss, (outputs, buffers)), gradients)
Differentiate = Callable[[Any, Any, Any, jax.Array], tuple[tuple[jax.Array, tuple[Any, Any]], Any]]


def sizes(rows: int, count: int) -> list[tuple[int, int]]:
    """Into which micro-batches a batch falls, as (how many, of how many rows): as torch.tensor_split, less empty ones.

    >>> sizes(10, 4), sizes(8, 4), sizes(3, 4)
    ([(2, 3), (2, 2)], [(4, 2)], [(3, 1)])
    """
    small, longer = divmod(rows, count)
    return [(many, size) for many, size in ((longer, small + 1), (count - longer, small)) if many and size]


def in_parts(forward: Forward, count: int) -> Forward:
    """`forward` over micro-batches, one after the other, each computed once more for the gradient.

    The outputs are those of the whole batch, so any loss can be taken of them, and only they and the inputs stay in
    memory until then.
    """

    def whole(params: Any, buffers: Any, inputs: tuple[Any, ...], key: jax.Array) -> tuple[Any, Any]:
        def part(buffers: Any, inputs: tuple[Any, ...], key: jax.Array, share: float) -> tuple[Any, Any]:
            outputs, moved = forward(params, buffers, inputs, key)
            _require_rows(outputs, _rows(inputs), "output")
            return moved, outputs

        moved, outputs = _each(part, buffers, inputs, key, count, recompute=True)
        return outputs, moved

    return whole


def averaged_over_parts(differentiate: Differentiate, count: int) -> Differentiate:
    """The gradient of a loss that is a mean over rows: the mean of the micro-batches' gradients, weighted by rows."""

    def whole(trained: Any, state: Any, batch: Any, key: jax.Array) -> tuple[tuple[jax.Array, tuple[Any, Any]], Any]:
        def part(carry: Any, batch: Any, key: jax.Array, share: float) -> tuple[Any, Any]:
            buffers, total = carry
            (value, (outputs, moved)), gradients = differentiate(trained, state._replace(buffers=buffers), batch, key)
            _require_rows(outputs, _rows(batch), "output")
            total = jax.tree.map(lambda sum, term: sum + share * term, total, gradients)
            return (moved, total), ((share * value)[None], outputs)

        begin = (state.buffers, jax.tree.map(jnp.zeros_like, trained))
        (buffers, gradients), (values, outputs) = _each(part, begin, batch, key, count, recompute=False)
        return (jnp.sum(values), (outputs, buffers)), gradients

    return whole


def _each(
    part: Callable[[Any, Any, jax.Array, float], tuple[Any, Any]],
    carry: Any,
    batch: Any,
    key: jax.Array,
    count: int,
    recompute: bool,
) -> tuple[Any, Any]:
    """`part(carry, micro-batch, its key, its share of the rows)` for all in order: the last carry, all results."""
    rows = _rows(batch)
    results, begin, number = [], 0, 0
    for many, size in sizes(rows, count):

        def body(carry: Any, given: Any, share: float = size / rows) -> tuple[Any, Any]:
            number, batch = given
            moved, result = part(carry, batch, jax.random.fold_in(key, number), share)
            return jax.lax.stop_gradient(settled(moved, carry)), result

        def parted(array: jax.Array, begin: int = begin, many: int = many, size: int = size) -> jax.Array:
            return array[begin : begin + many * size].reshape(many, size, *array.shape[1:])

        numbers = jnp.arange(number, number + many, dtype=jnp.uint32)
        # Inside a scan nothing is taken for equal across iterations, so nothing need keep it apart.
        step = jax.checkpoint(body, prevent_cse=False) if recompute else body
        carry, result = jax.lax.scan(step, carry, (numbers, jax.tree.map(parted, batch)))
        results.append(jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), result))
        begin, number = begin + many * size, number + many
    return carry, jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *results)


def _rows(batch: Any) -> int:
    """How many rows a batch has."""
    arrays = jax.tree.leaves(batch)
    if not arrays or arrays[0].ndim == 0:
        raise ValueError("accumulate: a batch must hold arrays with the rows as their first axis, given none")
    rows: int = arrays[0].shape[0]
    _require_rows(batch, rows, "array of the batch")
    return rows


def _require_rows(tree: Any, rows: int, what: str) -> None:
    for array in jax.tree.leaves(tree):
        if array.ndim == 0 or array.shape[0] != rows:
            raise ValueError(
                f"accumulate: every {what} must have the batch's {rows} rows as its first axis, one has shape "
                f"{array.shape}; accumulate=1 takes any"
            )
