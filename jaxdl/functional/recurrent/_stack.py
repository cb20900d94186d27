"""Recurrent layers on top of one another, in one direction or both, and what they ask of their arguments."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxdl.functional._checks import integer, require_floating, require_same_dtype, widen
from jaxdl.functional._concrete import concrete
from jaxdl.functional.dropout import dropout as drop
from jaxdl.functional.recurrent._recurrence import LSTM, Arrays, Cell, inputs, unroll


class Weights(NamedTuple):
    """Of one direction of one layer."""

    ih: jax.Array
    hh: jax.Array
    bias_ih: jax.Array | None
    bias_hh: jax.Array | None
    hr: jax.Array | None


class Shape(NamedTuple):
    """How layers lie on one another."""

    layers: int
    directions: int
    dropout: float


def run_stack(
    where: str,
    cell: Cell,
    input: ArrayLike,
    hx: Sequence[ArrayLike] | None,
    params: Sequence[ArrayLike],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    lengths: ArrayLike | None,
    key: jax.Array | None,
) -> tuple[jax.Array, Arrays]:
    """Output and last states of all layers and directions, in the layouts that `recurrent` documents."""
    x = jnp.asarray(input)
    shape = _shape(where, x, num_layers, bidirectional, dropout, train, key)
    weights = _weights(where, cell, x, params, has_biases, shape)
    batched = x.ndim == 3
    if not batched:
        x = x[:, None]
    elif batch_first:
        x = x.swapaxes(0, 1)
    if not x.shape[0]:
        raise ValueError(f"{where}: input has shape {jnp.shape(input)}; there must be at least one step")
    states = _states(where, cell, x, hx, weights[0], shape, batched)
    valid = None if lengths is None else _valid(where, x, lengths, batched)
    wide_x, wide_states, wide_weights = jax.tree.map(widen, (x, states, weights))
    output, last = _run(cell, wide_x, wide_states, wide_weights, valid, shape, key)
    output, last = output.astype(x.dtype), tuple(part.astype(x.dtype) for part in last)
    if not batched:
        return output[:, 0], tuple(part[:, 0] for part in last)
    return output.swapaxes(0, 1) if batch_first else output, last


def _run(
    cell: Cell,
    x: jax.Array,
    states: Arrays,
    weights: list[Weights],
    valid: jax.Array | None,
    shape: Shape,
    key: jax.Array | None,
) -> tuple[jax.Array, Arrays]:
    last = []
    for layer in range(shape.layers):
        if layer and shape.dropout:
            drawn = None if key is None else jax.random.fold_in(key, layer)
            x = drop(x, shape.dropout, key=drawn)
        if valid is not None:
            x = jnp.where(valid, x, 0)  # what lies behind an end is never read, NaN included
        outputs = []
        for direction in range(shape.directions):
            place = layer * shape.directions + direction
            w = weights[place]
            given = inputs(cell, x, w.ih, w.bias_ih, w.bias_hh)
            output, end = unroll(cell, direction == 1, given, tuple(s[place] for s in states), w.hh, w.hr, valid)
            outputs.append(output)
            last.append(end)
        x = outputs[0] if shape.directions == 1 else jnp.concatenate(outputs, axis=-1)
    if valid is not None:
        x = jnp.where(valid, x, 0)
    return x, tuple(jnp.stack(part) for part in zip(*last, strict=True))


def _shape(
    where: str,
    x: jax.Array,
    num_layers: int,
    bidirectional: bool,
    dropout: float,
    train: bool,
    key: jax.Array | None,
) -> Shape:
    require_floating(where, input=x)
    if x.ndim not in (2, 3):
        raise ValueError(f"{where}: input has shape {x.shape}; it must be [T, B, features] or [T, features]")
    layers = integer(where, "num_layers", num_layers)
    if layers < 1:
        raise ValueError(f"{where}: num_layers is {layers}; it must be at least 1")
    if not 0 <= dropout <= 1:
        raise ValueError(f"{where}: dropout is {dropout}; a probability lies in [0, 1]")
    active = dropout if train and layers > 1 else 0.0
    if 0 < active < 1 and key is None:
        raise ValueError(
            f"{where}: key is None but training with dropout={dropout} draws a mask; pass key=jax.random.key(seed)"
        )
    return Shape(layers, 2 if bidirectional else 1, active)


def _weights(
    where: str, cell: Cell, x: jax.Array, params: Sequence[ArrayLike], has_biases: bool, shape: Shape
) -> list[Weights]:
    """The flat parameters, layer by layer and direction by direction, each known to fit."""
    arrays = [jnp.asarray(p) for p in params]
    places, each = shape.layers * shape.directions, 4 if has_biases else 2
    projected = cell is LSTM and len(arrays) == places * (each + 1)
    if len(arrays) != places * (each + projected):
        raise ValueError(
            f"{where}: params holds {len(arrays)} arrays; {shape.layers} layers in {shape.directions} direction(s) "
            f"{'with' if has_biases else 'without'} biases need {places * each}"
            + (f", or {places * (each + 1)} with projections" if cell is LSTM else "")
        )
    found = []
    for place in range(places):
        own = arrays[place * (each + projected) : (place + 1) * (each + projected)]
        bias_ih, bias_hh = own[2:4] if has_biases else (None, None)
        found.append(Weights(own[0], own[1], bias_ih, bias_hh, own[-1] if projected else None))
        _check_weights(f"{where}: params[{place * (each + projected)}:]", where, cell, x, found, shape)
    return found


def _check_weights(name: str, where: str, cell: Cell, x: jax.Array, found: list[Weights], shape: Shape) -> None:
    w = found[-1]
    require_same_dtype(where, input=x, weight_ih=w.ih, weight_hh=w.hh, bias_ih=w.bias_ih, bias_hh=w.bias_hh, w_hr=w.hr)
    rows = found[0].hh.shape[0] if found[0].hh.ndim else 0
    hidden = rows // cell.gates
    shown = hidden if w.hr is None else found[0].hh.shape[-1]
    features = x.shape[-1] if len(found) <= shape.directions else shown * shape.directions
    wanted: dict[str, tuple[jax.Array | None, tuple[int, ...]]] = {
        "weight_ih": (w.ih, (rows, features)),
        "weight_hh": (w.hh, (cell.gates * hidden, shown)),
        "bias_ih": (w.bias_ih, (rows,)),
        "bias_hh": (w.bias_hh, (rows,)),
        "weight_hr": (w.hr, (shown, hidden)),
    }
    for part, (array, fits) in wanted.items():
        if array is not None and array.shape != fits:
            raise ValueError(
                f"{name} {part} has shape {array.shape}; with an input of {features} features and a hidden size of "
                f"{hidden} it must be {fits}"
            )


def _states(
    where: str,
    cell: Cell,
    x: jax.Array,
    hx: Sequence[ArrayLike] | None,
    first: Weights,
    shape: Shape,
    batched: bool,
) -> Arrays:
    """The initial states, each [layers · directions, B, ...]; zeros where none are given."""
    sizes = [first.hh.shape[1], first.hh.shape[0] // cell.gates][: 2 if cell is LSTM else 1]
    places = shape.layers * shape.directions
    if hx is None:
        return tuple(jnp.zeros((places, x.shape[1], size), x.dtype) for size in sizes)
    given = tuple(jnp.asarray(part) for part in hx)
    if len(given) != len(sizes):
        raise ValueError(f"{where}: hx holds {len(given)} arrays; it must be (h_0, c_0)")
    for name, part, size in zip(("h_0", "c_0"), given, sizes, strict=False):
        wanted = (places, x.shape[1], size) if batched else (places, size)
        if part.shape != wanted:
            raise ValueError(f"{where}: {name} has shape {part.shape}; it must be {wanted}, beside this input")
        require_same_dtype(where, input=x, **{name: part})
    return given if batched else tuple(part[:, None] for part in given)


def _valid(where: str, x: jax.Array, given: ArrayLike, batched: bool) -> jax.Array:
    """[T, B, 1]: the steps before a sequence's end."""
    lengths = jnp.asarray(given)
    steps, batch = x.shape[:2]
    wanted = (batch,) if batched else ()
    if not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise TypeError(f"{where}: lengths has dtype {lengths.dtype}; it must hold integers")
    if lengths.shape != wanted:
        raise ValueError(f"{where}: lengths has shape {lengths.shape}; it must be {wanted}, one for each sequence")
    values = concrete(given)
    wrong = np.zeros(0) if values is None else values[(values < 1) | (values > steps)]
    if wrong.size:
        raise ValueError(f"{where}: lengths holds {wrong.flat[0]} but input has {steps} steps; use 1 to {steps}")
    return (jnp.arange(steps)[:, None] < lengths)[..., None]
