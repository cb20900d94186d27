"""Recurrent layers over whole sequences: several layers, one direction or both.

They are called as `torch.lstm` and its siblings are (`torch.nn.LSTM` calls those). Where PyTorch packs sequences of
different lengths, `lengths` says where each ends.
"""

from collections.abc import Sequence

import jax
from jax.typing import ArrayLike

from jaxdl.functional.recurrent._recurrence import GRU, LSTM, RELU, TANH
from jaxdl.functional.recurrent._stack import run_stack


def rnn_tanh(
    input: ArrayLike,
    hx: ArrayLike | None,
    params: Sequence[ArrayLike],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    *,
    lengths: ArrayLike | None = None,
    key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Elman layers with tanh.

        hₜ = tanh(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh)

    **Matches** `torch.rnn_tanh`, PyTorch 2.13: value and derivatives, and with `lengths` the packed sequence:
    the state stays as it is from a sequence's end on, the output is 0 there (as `pad_packed_sequence` gives it, for
    all T steps), the other direction starts at the last valid step. **Differs**: `hx` may be None for zeros, the
    arguments after `params` have defaults, one sequence needs no batch axis; half types are computed in float32.
    Lengths out of range are refused where their values are known, not while they are traced.

    Args:
        input: [T, B, features], [B, T, features] with `batch_first`, or [T, features] for one sequence.
        hx: the first states, [layers · directions, B, hidden], without B for one sequence; None is zeros.
        params: for each layer, and in it for each direction, weight_ih [hidden, features], weight_hh
            [hidden, hidden], bias_ih [hidden], bias_hh [hidden]; the features of layers above the
            first are hidden · directions.
        has_biases: whether the biases are there.
        num_layers: how many layers there are.
        dropout, train: the probability of a zero between the layers, a Python number, and whether to draw.
        bidirectional: a second set of weights runs from the last step to the first.
        batch_first: the batch is the first axis of input and output (never of the states).
        lengths: integers [B] (or one, for one sequence), from 1 to T: where each sequence ends.
        key: a jax.random key; needed only when a mask is drawn.

    Returns:
        (output, h_n): the top layer's states [T, B, directions · hidden] (or as the input is laid out), forward
        before backward, and the last states [layers · directions, B, hidden], in the input's dtype.

    Raises:
        ValueError: a shape that does not fit, params of another number, lengths out of range, dropout outside [0, 1],
            no `key` where one is needed, no step.
        TypeError: dtypes that differ or are not floating point, lengths that are not integers.

    >>> import jax.numpy as jnp
    >>> weights = [jnp.ones((3, 2)), jnp.ones((3, 3)), jnp.zeros(3), jnp.zeros(3)]
    >>> output, h_n = rnn_tanh(jnp.zeros((5, 1, 2)), None, weights)
    >>> output.shape, h_n.shape
    ((5, 1, 3), (1, 1, 3))

    Elman, Finding structure in time, Cognitive Science 14, 1990.
    """
    states = None if hx is None else (hx,)
    output, (h_n,) = run_stack(
        "rnn_tanh",
        TANH,
        input,
        states,
        params,
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        lengths,
        key,
    )
    return output, h_n


def rnn_relu(
    input: ArrayLike,
    hx: ArrayLike | None,
    params: Sequence[ArrayLike],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    *,
    lengths: ArrayLike | None = None,
    key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Elman layers with relu.

        hₜ = relu(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh)

    **Matches** and **differs** as `rnn_tanh` does; relu'(0) = 0.

    Args:
        input: [T, B, features], [B, T, features] with `batch_first`, or [T, features] for one sequence.
        hx: the first states, [layers · directions, B, hidden], without B for one sequence; None is zeros.
        params: for each layer, and in it for each direction, weight_ih [hidden, features], weight_hh
            [hidden, hidden], bias_ih [hidden], bias_hh [hidden]; the features of layers above the
            first are hidden · directions.
        has_biases: whether the biases are there.
        num_layers: how many layers there are.
        dropout, train: the probability of a zero between the layers, a Python number, and whether to draw.
        bidirectional: a second set of weights runs from the last step to the first.
        batch_first: the batch is the first axis of input and output (never of the states).
        lengths: integers [B] (or one, for one sequence), from 1 to T: where each sequence ends.
        key: a jax.random key; needed only when a mask is drawn.

    Returns:
        (output, h_n): the top layer's states [T, B, directions · hidden] (or as the input is laid out), forward
        before backward, and the last states [layers · directions, B, hidden], in the input's dtype.

    Raises:
        ValueError: a shape that does not fit, params of another number, lengths out of range, dropout outside [0, 1],
            no `key` where one is needed, no step.
        TypeError: dtypes that differ or are not floating point, lengths that are not integers.

    >>> import jax.numpy as jnp
    >>> weights = [jnp.ones((3, 2)), jnp.ones((3, 3)), jnp.zeros(3), jnp.zeros(3)]
    >>> output, h_n = rnn_relu(jnp.zeros((5, 1, 2)), None, weights)
    >>> output.shape, h_n.shape
    ((5, 1, 3), (1, 1, 3))

    Le, Jaitly and Hinton, A simple way to initialize recurrent networks of rectified linear units, 2015.
    """
    states = None if hx is None else (hx,)
    output, (h_n,) = run_stack(
        "rnn_relu",
        RELU,
        input,
        states,
        params,
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        lengths,
        key,
    )
    return output, h_n


def gru(
    input: ArrayLike,
    hx: ArrayLike | None,
    params: Sequence[ArrayLike],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    *,
    lengths: ArrayLike | None = None,
    key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Layers of gated recurrent units.

        r = σ(W_ir x + b_ir + W_hr h + b_hr)
        z = σ(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r · (W_hn h + b_hn))
        h' = (1 - z) · n + z · h

    with the weights' rows in the order r, z, n.

    **Matches** and **differs** as `rnn_tanh` does.

    Args:
        input: [T, B, features], [B, T, features] with `batch_first`, or [T, features] for one sequence.
        hx: the first states, [layers · directions, B, hidden], without B for one sequence; None is zeros.
        params: for each layer, and in it for each direction, weight_ih [3 · hidden, features], weight_hh
            [3 · hidden, hidden], bias_ih [3 · hidden], bias_hh [3 · hidden]; the features of layers above the
            first are hidden · directions.
        has_biases: whether the biases are there.
        num_layers: how many layers there are.
        dropout, train: the probability of a zero between the layers, a Python number, and whether to draw.
        bidirectional: a second set of weights runs from the last step to the first.
        batch_first: the batch is the first axis of input and output (never of the states).
        lengths: integers [B] (or one, for one sequence), from 1 to T: where each sequence ends.
        key: a jax.random key; needed only when a mask is drawn.

    Returns:
        (output, h_n): the top layer's states [T, B, directions · hidden] (or as the input is laid out), forward
        before backward, and the last states [layers · directions, B, hidden], in the input's dtype.

    Raises:
        ValueError: a shape that does not fit, params of another number, lengths out of range, dropout outside [0, 1],
            no `key` where one is needed, no step.
        TypeError: dtypes that differ or are not floating point, lengths that are not integers.

    >>> import jax.numpy as jnp
    >>> weights = [jnp.ones((9, 2)), jnp.ones((9, 3)), jnp.zeros(9), jnp.zeros(9)]
    >>> output, h_n = gru(jnp.zeros((5, 1, 2)), None, weights)
    >>> output.shape, h_n.shape
    ((5, 1, 3), (1, 1, 3))

    Cho et al., Learning phrase representations using RNN encoder-decoder, EMNLP 2014.
    """
    states = None if hx is None else (hx,)
    output, (h_n,) = run_stack(
        "gru",
        GRU,
        input,
        states,
        params,
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        lengths,
        key,
    )
    return output, h_n


def lstm(
    input: ArrayLike,
    hx: tuple[ArrayLike, ArrayLike] | None,
    params: Sequence[ArrayLike],
    has_biases: bool = True,
    num_layers: int = 1,
    dropout: float = 0.0,
    train: bool = False,
    bidirectional: bool = False,
    batch_first: bool = False,
    *,
    lengths: ArrayLike | None = None,
    key: jax.Array | None = None,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Layers of long short-term memory.

        i, f, o = σ(W_i x + b_i + W_h h + b_h), each with its own rows;  g = tanh(likewise)
        c' = f · c + i · g
        h' = o · tanh(c'), or W_hr (o · tanh(c')) with a projection

    with the weights' rows in the order i, f, g, o.

    **Matches** and **differs** as `rnn_tanh` does, with projections as well.

    Args:
        input: [T, B, features], [B, T, features] with `batch_first`, or [T, features] for one sequence.
        hx: (h_0, c_0), the first states, [layers · directions, B, shown] and [layers · directions, B, hidden], without
            B for one sequence; None is zeros. `shown` is hidden, or the projection's size.
        params: for each layer, and in it for each direction, weight_ih [4 · hidden, features], weight_hh
            [4 · hidden, shown], bias_ih [4 · hidden], bias_hh [4 · hidden],
            and weight_hr [shown, hidden] where the output is projected; the features of layers above the
            first are shown · directions.
        has_biases: whether the biases are there.
        num_layers: how many layers there are.
        dropout, train: the probability of a zero between the layers, a Python number, and whether to draw.
        bidirectional: a second set of weights runs from the last step to the first.
        batch_first: the batch is the first axis of input and output (never of the states).
        lengths: integers [B] (or one, for one sequence), from 1 to T: where each sequence ends.
        key: a jax.random key; needed only when a mask is drawn.

    Returns:
        (output, h_n, c_n): the top layer's states h [T, B, directions · shown] (or as the input is laid out), forward
        before backward, and the last states as `hx` has them, in the input's dtype.

    Raises:
        ValueError: a shape that does not fit, params of another number, lengths out of range, dropout outside [0, 1],
            no `key` where one is needed, no step.
        TypeError: dtypes that differ or are not floating point, lengths that are not integers.

    >>> import jax.numpy as jnp
    >>> weights = [jnp.ones((12, 2)), jnp.ones((12, 3)), jnp.zeros(12), jnp.zeros(12)]
    >>> output, h_n, c_n = lstm(jnp.zeros((5, 1, 2)), None, weights)
    >>> output.shape, h_n.shape, c_n.shape
    ((5, 1, 3), (1, 1, 3), (1, 1, 3))

    Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9, 1997; the projection: Sak, Senior and
    Beaufays, 2014, arXiv 1402.1128.
    """
    output, (h_n, c_n) = run_stack(
        "lstm",
        LSTM,
        input,
        hx,
        params,
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        lengths,
        key,
    )
    return output, h_n, c_n
