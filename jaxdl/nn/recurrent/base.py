"""What the recurrent layers share."""

import math
import numbers
import warnings
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.module import Module, draw_key, storable


class RNNBase(Module):
    """What RNN, LSTM and GRU share: the parameters of every layer and direction, and the call.

    **Matches** `torch.nn.RNNBase`, PyTorch 2.13: names, shapes and order of the parameters, initial values
    U(±1/√hidden_size). **Differs**: `rngs` is required, packed sequences are the call's `lengths`.

    Args:
        mode: 'RNN_TANH', 'RNN_RELU', 'LSTM' or 'GRU'.
        input_size: features of the input.
        hidden_size: features of the state.
        num_layers: how many layers lie on one another.
        bias: whether the biases are there.
        batch_first: input and output are [B, T, ...] instead of [T, B, ...]; the states never are.
        dropout: probability of a zero between the layers, in training.
        bidirectional: a second set of weights runs from the last step to the first.
        proj_size: if not 0, the LSTM's output is mapped to so many features.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size or a probability out of range, an unknown mode.
        TypeError: a size that is not an integer, a flag that is not a boolean.

    >>> from jaxdl import nn, random
    >>> list(nn.state_dict(nn.RNNBase("GRU", 2, 3, bias=False, rngs=random.TorchGenerator(0))))
    ['weight_ih_l0', 'weight_hh_l0']
    """

    _functions: ClassVar[dict[str, Any]] = {
        "RNN_TANH": F.rnn_tanh,
        "RNN_RELU": F.rnn_relu,
        "LSTM": F.lstm,
        "GRU": F.gru,
    }
    _gates: ClassVar[dict[str, int]] = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        name = type(self).__name__
        if mode not in self._gates:
            raise ValueError(f"{name}: mode must be one of {sorted(self._gates)}, given {mode!r}")
        _check_sizes(name, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        _check_flags(name, bias=bias, batch_first=batch_first)
        _check_dropout(name, dropout, num_layers)
        if not 0 <= proj_size < hidden_size or (proj_size and mode != "LSTM"):
            raise ValueError(
                f"{name}: proj_size must be 0, or for an LSTM less than hidden_size (={hidden_size}), given {proj_size}"
            )
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        dtype, bound = storable(dtype, f"{name}'s dtype"), 1 / math.sqrt(hidden_size)
        for parameter, shape in self._shapes().items():
            setattr(self, parameter, init.uniform_(nnx.Param(jnp.empty(shape, dtype)), -bound, bound, rngs=rngs))

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The parameters' shapes by name, in PyTorch's order."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        shown, rows = self.proj_size or self.hidden_size, self._gates[self.mode] * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.num_layers):
            features = shown * len(directions) if layer else self.input_size
            for direction in directions:
                place = f"l{layer}{direction}"
                shapes[f"weight_ih_{place}"], shapes[f"weight_hh_{place}"] = (rows, features), (rows, shown)
                if self.bias:
                    shapes[f"bias_ih_{place}"] = shapes[f"bias_hh_{place}"] = (rows,)
                if self.proj_size:
                    shapes[f"weight_hr_{place}"] = (shown, self.hidden_size)
        return shapes

    def _run(self, input: jax.Array, hx: Any, lengths: jax.Array | None, key: jax.Array | None) -> tuple[Any, ...]:
        draws = self.training and self.num_layers > 1 and 0 < self.dropout < 1
        result: tuple[Any, ...] = self._functions[self.mode](
            input,
            hx,
            [getattr(self, name)[...] for name in self._shapes()],
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            self.batch_first,
            lengths=lengths,
            key=draw_key(type(self).__name__, key) if draws else None,
        )
        return result


def _check_sizes(name: str, **sizes: int) -> None:
    for argument, size in sizes.items():
        if not isinstance(size, int):
            raise TypeError(f"{name}: {argument} must be an integer, given {size!r}")
        if size < 1:
            raise ValueError(f"{name}: {argument} must be positive, given {size}")


def _check_flags(name: str, **flags: bool) -> None:
    for argument, flag in flags.items():
        if not isinstance(flag, bool):
            raise TypeError(f"{name}: {argument} must be True or False, given {flag!r}")


def _check_dropout(name: str, dropout: float, num_layers: int) -> None:
    if isinstance(dropout, bool) or not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1:
        raise ValueError(f"{name}: dropout must be a number between 0 and 1, given {dropout!r}")
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            f"{name}: dropout acts between layers, so dropout={dropout} does nothing with num_layers=1", stacklevel=4
        )
