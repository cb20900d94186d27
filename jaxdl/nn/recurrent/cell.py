"""Recurrent cells: one step of one layer."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxdl import functional as F
from jaxdl.nn import init
from jaxdl.nn.module import Module, storable


class RNNCellBase(Module):
    """What RNNCell, LSTMCell and GRUCell share: the parameters.

    **Matches** `torch.nn.RNNCellBase`, PyTorch 2.13: names, shapes and order of the parameters, initial values
    U(±1/√hidden_size). **Differs**: `rngs` is required.

    Args:
        input_size: features of the input.
        hidden_size: features of the state.
        bias: whether the biases are there.
        num_chunks: how many gates there are.
        dtype: of the parameters; None is float32.
        rngs: `random.TorchGenerator(seed)` or `flax.nnx.Rngs(seed)`.

    Raises:
        ValueError: a size is negative.

    >>> from jaxdl import nn, random
    >>> list(nn.state_dict(nn.RNNCellBase(2, 3, True, 4, rngs=random.TorchGenerator(0))))
    ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        name = type(self).__name__
        if input_size < 0 or hidden_size < 0:
            raise ValueError(
                f"{name} needs sizes of at least 0, given input_size={input_size}, hidden_size={hidden_size}"
            )
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        dtype, rows = storable(dtype, f"{name}'s dtype"), num_chunks * hidden_size
        bound = 1 / math.sqrt(hidden_size) if hidden_size else 0

        def drawn(*shape: int) -> nnx.Param[jax.Array]:
            parameter = nnx.Param(jnp.empty(shape, dtype))
            if parameter.get_value().size:
                init.uniform_(parameter, -bound, bound, rngs=rngs)
            return parameter

        self.weight_ih = drawn(rows, input_size)
        self.weight_hh = drawn(rows, hidden_size)
        self.bias_ih = drawn(rows) if bias else None
        self.bias_hh = drawn(rows) if bias else None

    def _parameters(self) -> tuple[jax.Array | None, ...]:
        return tuple(
            None if v is None else v[...] for v in (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        )


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.

    Called with (input, hx=None): [B, input_size] and [B, hidden_size], or both without B; returns h'.

    **Matches** `torch.nn.RNNCell`, PyTorch 2.13. **Differs**: `rngs` is required; an unknown nonlinearity is refused
    at once.

    Args: as `RNNCellBase`, and
        nonlinearity: 'tanh' or 'relu'.

    Raises:
        ValueError: a size is negative, the nonlinearity is unknown.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.RNNCell(2, 3, rngs=random.TorchGenerator(0))(jnp.ones((4, 2))).shape
    (4, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNNCell: nonlinearity must be 'tanh' or 'relu', given {nonlinearity!r}")
        super().__init__(input_size, hidden_size, bias, 1, dtype, rngs=rngs)
        self.nonlinearity = nonlinearity

    def __call__(self, input: jax.Array, hx: jax.Array | None = None) -> jax.Array:
        step = F.rnn_tanh_cell if self.nonlinearity == "tanh" else F.rnn_relu_cell
        return step(input, hx, *self._parameters())  # type: ignore[arg-type]  # the weights are there


class LSTMCell(RNNCellBase):
    """One step of long short-term memory, with rows of the weights in the order i, f, g, o.

    Called with (input, hx=None): [B, input_size] and (h, c), each [B, hidden_size], or all without B; returns (h', c').

    **Matches** `torch.nn.LSTMCell`, PyTorch 2.13. **Differs**: `rngs` is required.

    Args: as `RNNCellBase`, without num_chunks.

    Raises:
        ValueError: a size is negative.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> h, c = nn.LSTMCell(2, 3, rngs=random.TorchGenerator(0))(jnp.ones((4, 2)))
    >>> h.shape, c.shape
    ((4, 3), (4, 3))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = None, *, rngs: init.Rngs
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, dtype, rngs=rngs)

    def __call__(self, input: jax.Array, hx: tuple[jax.Array, jax.Array] | None = None) -> tuple[jax.Array, jax.Array]:
        return F.lstm_cell(input, hx, *self._parameters())  # type: ignore[arg-type]  # the weights are there


class GRUCell(RNNCellBase):
    """One step of a gated recurrent unit, with rows of the weights in the order r, z, n.

    Called with (input, hx=None): [B, input_size] and [B, hidden_size], or both without B; returns h'.

    **Matches** `torch.nn.GRUCell`, PyTorch 2.13. **Differs**: `rngs` is required.

    Args: as `RNNCellBase`, without num_chunks.

    Raises:
        ValueError: a size is negative.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> nn.GRUCell(2, 3, rngs=random.TorchGenerator(0))(jnp.ones(2)).shape
    (3,)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = None, *, rngs: init.Rngs
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, dtype, rngs=rngs)

    def __call__(self, input: jax.Array, hx: jax.Array | None = None) -> jax.Array:
        return F.gru_cell(input, hx, *self._parameters())  # type: ignore[arg-type]  # the weights are there
