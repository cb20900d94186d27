"""Flax's layers as functions of their weights, in PyTorch's layout where they have one."""

from collections.abc import Callable
from typing import Any

from flax import nnx


def flax_norm(layer: Any) -> Callable[..., Any]:
    """A Flax norm as a function of its input, scale and bias."""
    graph, state = nnx.split(layer)

    def run(x: Any, scale: Any, bias: Any) -> Any:
        merged = nnx.merge(graph, state, copy=True)
        merged.scale, merged.bias = nnx.Param(scale), nnx.Param(bias)
        return merged(x)

    return run


def flax_rms_norm(layer: Any) -> Callable[..., Any]:
    """The same for a norm without a bias."""
    graph, state = nnx.split(layer)

    def run(x: Any, scale: Any) -> Any:
        merged = nnx.merge(graph, state, copy=True)
        merged.scale = nnx.Param(scale)
        return merged(x)

    return run


def flax_lstm() -> Callable[..., Any]:
    """nnx.RNN over OptimizedLSTMCell as a function of PyTorch's weights."""
    graph, state = nnx.split(nnx.RNN(nnx.OptimizedLSTMCell(64, 128, rngs=nnx.Rngs(0))))

    def run(x: Any, w_ih: Any, w_hh: Any, b: Any) -> Any:
        rnn: Any = nnx.merge(graph, state, copy=True)
        rnn.cell.dense_i.kernel, rnn.cell.dense_h.kernel = nnx.Param(w_ih.T), nnx.Param(w_hh.T)
        rnn.cell.dense_h.bias = nnx.Param(b)
        return rnn(x)

    return run


def flax_gru() -> Callable[..., Any]:
    """nnx.RNN over GRUCell as a function of PyTorch's weights; its gates are in the order r, z, n."""
    graph, state = nnx.split(nnx.RNN(nnx.GRUCell(64, 128, rngs=nnx.Rngs(0))))

    def run(x: Any, w_ih: Any, w_hh: Any, b: Any) -> Any:
        rnn: Any = nnx.merge(graph, state, copy=True)
        rnn.cell.dense_i.kernel, rnn.cell.dense_h.kernel = nnx.Param(w_ih.T), nnx.Param(w_hh.T)
        rnn.cell.dense_i.bias = nnx.Param(b)
        return rnn(x)

    return run
