"""One step of one recurrent layer, as `torch.lstm_cell` and its siblings are called."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxdl.functional._checks import require_floating, require_same_dtype, widen
from jaxdl.functional.recurrent._recurrence import GRU, LSTM, RELU, TANH, Arrays, Cell, advance, inputs


def rnn_tanh_cell(
    input: ArrayLike,
    hx: ArrayLike | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> jax.Array:
    """One step of an Elman cell with tanh.

        h' = tanh(W_ih x + b_ih + W_hh h + b_hh)

    **Matches** `torch.rnn_tanh_cell`, PyTorch 2.13: value and derivatives. **Differs**: `hx` may be None for zeros,
    one row needs no batch axis; half types are computed in float32.

    Args:
        input: [B, features], or [features] for one row.
        hx: the state before, [B, hidden], without B for one row; None is zeros.
        w_ih: [hidden, features].
        w_hh: [hidden, hidden].
        b_ih: [hidden], or None; so too b_hh.

    Returns:
        The state after, [B, hidden] or [hidden], in the input's dtype.

    Raises:
        ValueError: a shape that does not fit.
        TypeError: dtypes that differ or are not floating point.

    >>> rnn_tanh_cell(jnp.zeros((4, 2)), None, jnp.ones((3, 2)), jnp.ones((3, 3))).shape
    (4, 3)

    Elman, Finding structure in time, Cognitive Science 14, 1990.
    """
    return _step("rnn_tanh_cell", TANH, input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: ArrayLike,
    hx: ArrayLike | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> jax.Array:
    """One step of an Elman cell with relu.

        h' = relu(W_ih x + b_ih + W_hh h + b_hh)

    **Matches** `torch.rnn_relu_cell`, PyTorch 2.13, with relu'(0) = 0. **Differs** as `rnn_tanh_cell` does.

    Args:
        input: [B, features], or [features] for one row.
        hx: the state before, [B, hidden], without B for one row; None is zeros.
        w_ih: [hidden, features].
        w_hh: [hidden, hidden].
        b_ih: [hidden], or None; so too b_hh.

    Returns:
        The state after, [B, hidden] or [hidden], in the input's dtype.

    Raises:
        ValueError: a shape that does not fit.
        TypeError: dtypes that differ or are not floating point.

    >>> rnn_relu_cell(jnp.ones(2), jnp.ones(3), jnp.ones((3, 2)), jnp.zeros((3, 3))).tolist()
    [2.0, 2.0, 2.0]

    Le, Jaitly and Hinton, A simple way to initialize recurrent networks of rectified linear units, 2015.
    """
    return _step("rnn_relu_cell", RELU, input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def gru_cell(
    input: ArrayLike,
    hx: ArrayLike | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> jax.Array:
    """One step of a gated recurrent unit.

        r = σ(W_ir x + b_ir + W_hr h + b_hr)
        z = σ(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r · (W_hn h + b_hn))
        h' = (1 - z) · n + z · h

    with the weights' rows in the order r, z, n.

    **Matches** `torch.gru_cell`, PyTorch 2.13. **Differs** as `rnn_tanh_cell` does.

    Args:
        input: [B, features], or [features] for one row.
        hx: the state before, [B, hidden], without B for one row; None is zeros.
        w_ih: [3 · hidden, features].
        w_hh: [3 · hidden, hidden].
        b_ih: [3 · hidden], or None; so too b_hh.

    Returns:
        The state after, [B, hidden] or [hidden], in the input's dtype.

    Raises:
        ValueError: a shape that does not fit.
        TypeError: dtypes that differ or are not floating point.

    >>> gru_cell(jnp.zeros((4, 2)), None, jnp.ones((9, 2)), jnp.ones((9, 3))).shape
    (4, 3)

    Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014.
    """
    return _step("gru_cell", GRU, input, hx, w_ih, w_hh, b_ih, b_hh)[0]


def lstm_cell(
    input: ArrayLike,
    hx: tuple[ArrayLike, ArrayLike] | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None = None,
    b_hh: ArrayLike | None = None,
) -> tuple[jax.Array, jax.Array]:
    """One step of long short-term memory.

        i, f, o = σ(W_i x + b_i + W_h h + b_h), each with its own rows;  g = tanh(likewise)
        c' = f · c + i · g
        h' = o · tanh(c')

    with the weights' rows in the order i, f, g, o.

    **Matches** `torch.lstm_cell`, PyTorch 2.13. **Differs** as `rnn_tanh_cell` does.

    Args:
        input: [B, features], or [features] for one row.
        hx: (h, c), the state before, each [B, hidden], without B for one row; None is zeros.
        w_ih: [4 · hidden, features].
        w_hh: [4 · hidden, hidden].
        b_ih: [4 · hidden], or None; so too b_hh.

    Returns:
        (h', c'), the state after, each [B, hidden] or [hidden], in the input's dtype.

    Raises:
        ValueError: a shape that does not fit.
        TypeError: dtypes that differ or are not floating point.

    >>> h, c = lstm_cell(jnp.zeros((4, 2)), None, jnp.ones((12, 2)), jnp.ones((12, 3)))
    >>> h.shape, c.shape
    ((4, 3), (4, 3))

    Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9, 1997.
    """
    h, c = _step("lstm_cell", LSTM, input, hx, w_ih, w_hh, b_ih, b_hh)
    return h, c


def _step(
    where: str,
    cell: Cell,
    input: ArrayLike,
    hx: ArrayLike | tuple[ArrayLike, ArrayLike] | None,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b_ih: ArrayLike | None,
    b_hh: ArrayLike | None,
) -> Arrays:
    x, weight_ih, weight_hh = jnp.asarray(input), jnp.asarray(w_ih), jnp.asarray(w_hh)
    biases = tuple(None if b is None else jnp.asarray(b) for b in (b_ih, b_hh))
    hidden = _check_weights(where, cell, x, weight_ih, weight_hh, *biases)
    state = _state(where, cell, x, hx, hidden)
    wide = jax.tree.map(widen, (x, weight_ih, *biases))
    before, recurrent = jax.tree.map(widen, (state, weight_hh))
    weights = [part.T for part in jnp.split(recurrent, cell.gates)]
    after, _ = advance(cell, inputs(cell, *wide), before, weights)
    return tuple(part.astype(x.dtype) for part in after)


def _check_weights(
    where: str,
    cell: Cell,
    x: jax.Array,
    w_ih: jax.Array,
    w_hh: jax.Array,
    b_ih: jax.Array | None,
    b_hh: jax.Array | None,
) -> int:
    """The hidden size, with weights that are known to fit it."""
    require_floating(where, input=x)
    require_same_dtype(where, input=x, w_ih=w_ih, w_hh=w_hh, b_ih=b_ih, b_hh=b_hh)
    if x.ndim not in (1, 2):
        raise ValueError(f"{where}: input has shape {x.shape}; it must be [B, features] or [features]")
    if w_hh.ndim != 2 or w_hh.shape[0] != cell.gates * w_hh.shape[1]:
        raise ValueError(f"{where}: w_hh has shape {w_hh.shape}; it must be [{cell.gates} · hidden, hidden]")
    rows, hidden = w_hh.shape
    for name, array, wanted in (
        ("w_ih", w_ih, (rows, x.shape[-1])),
        ("b_ih", b_ih, (rows,)),
        ("b_hh", b_hh, (rows,)),
    ):
        if array is not None and array.shape != wanted:
            raise ValueError(
                f"{where}: {name} has shape {array.shape}; with an input of {x.shape[-1]} features and a hidden size "
                f"of {hidden} it must be {wanted}"
            )
    return hidden


def _state(
    where: str, cell: Cell, x: jax.Array, hx: ArrayLike | tuple[ArrayLike, ArrayLike] | None, hidden: int
) -> Arrays:
    wanted = (*x.shape[:-1], hidden)
    if hx is None:
        return (jnp.zeros(wanted, x.dtype),) * (2 if cell is LSTM else 1)
    parts = tuple(hx) if cell is LSTM else (hx,)  # type: ignore[arg-type]  # a pair there
    if cell is LSTM and len(parts) != 2:
        raise ValueError(f"{where}: hx holds {len(parts)} arrays; it must be (h, c)")
    names = ("hx[0]", "hx[1]") if cell is LSTM else ("hx",)
    state = tuple(jnp.asarray(part) for part in parts)
    for name, part in zip(names, state, strict=True):
        if part.shape != wanted:
            raise ValueError(f"{where}: {name} has shape {part.shape}; it must be {wanted}, beside this input")
        require_same_dtype(where, input=x, **{name: part})
    return state
