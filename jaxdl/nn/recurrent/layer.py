"""Recurrent layers: RNN, GRU, LSTM."""

from typing import Any

import jax

from jaxdl.nn import init
from jaxdl.nn.recurrent.base import RNNBase


class RNN(RNNBase):
    """Elman layers: hₜ = tanh(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh), or relu.

    Called with (input, hx=None, lengths=None): input [T, B, input_size] ([B, T, input_size] with batch_first, or
    [T, input_size] for one sequence), hx [layers · directions, B, hidden_size], `lengths` [B] says where each
    sequence ends. Returns (output, h_n): [T, B, directions · hidden_size], 0 behind an end, and the last states.

    **Matches** `torch.nn.RNN`, PyTorch 2.13, arguments in its order; `lengths` is `pack_padded_sequence`.
    **Differs**: `rngs` is required.

    Args: as `RNNBase`, and after num_layers
        nonlinearity: 'tanh' or 'relu'.

    Raises:
        ValueError: a size or a probability out of range, an unknown nonlinearity; between layers, a mask is drawn
            and there is no key.
        TypeError: a size that is not an integer, a flag that is not a boolean.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> output, h_n = nn.RNN(2, 3, rngs=random.TorchGenerator(0))(jnp.ones((5, 4, 2)))
    >>> output.shape, h_n.shape
    ((5, 4, 3), (1, 4, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity must be 'tanh' or 'relu', given {nonlinearity!r}")
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            dtype=dtype,
            rngs=rngs,
        )
        self.nonlinearity = nonlinearity

    def __call__(
        self,
        input: jax.Array,
        hx: jax.Array | None = None,
        lengths: jax.Array | None = None,
        *,
        key: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        output, h = self._run(input, hx, lengths, key)
        return output, h


class GRU(RNNBase):
    """Layers of gated recurrent units, with rows of the weights in the order r, z, n.

    Called as `RNN`, with the same shapes.

    **Matches** `torch.nn.GRU`, PyTorch 2.13, arguments in its order; `lengths` is `pack_padded_sequence`.
    **Differs**: `rngs` is required.

    Args: as `RNNBase`, without mode and proj_size.

    Raises:
        ValueError: a size or a probability out of range; between layers, a mask is drawn and there is no key.
        TypeError: a size that is not an integer, a flag that is not a boolean.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> output, h_n = nn.GRU(2, 3, bidirectional=True, rngs=random.TorchGenerator(0))(jnp.ones((5, 4, 2)))
    >>> output.shape, h_n.shape
    ((5, 4, 6), (2, 4, 3))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = None,
        *,
        rngs: init.Rngs,
    ) -> None:
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            dtype=dtype,
            rngs=rngs,
        )

    def __call__(
        self,
        input: jax.Array,
        hx: jax.Array | None = None,
        lengths: jax.Array | None = None,
        *,
        key: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array]:
        output, h = self._run(input, hx, lengths, key)
        return output, h


class LSTM(RNNBase):
    """Layers of long short-term memory, with rows of the weights in the order i, f, g, o.

    Called as `RNN`, with a pair for the state: (h_0, c_0) and (h_n, c_n), h of proj_size features if there is one.
    Returns (output, (h_n, c_n)).

    **Matches** `torch.nn.LSTM`, PyTorch 2.13, arguments in its order; `lengths` is `pack_padded_sequence`.
    **Differs**: `rngs` is required.

    Args: as `RNNBase`, without mode.

    Raises:
        ValueError: a size or a probability out of range; between layers, a mask is drawn and there is no key.
        TypeError: a size that is not an integer, a flag that is not a boolean.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn, random
    >>> lstm = nn.LSTM(2, 3, proj_size=1, batch_first=True, rngs=random.TorchGenerator(0))
    >>> output, (h_n, c_n) = lstm(jnp.ones((4, 5, 2)), lengths=jnp.array([5, 1, 2, 3]))
    >>> output.shape, h_n.shape, c_n.shape
    ((4, 5, 1), (1, 4, 1), (1, 4, 3))
    """

    def __init__(
        self,
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
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            dtype,
            rngs=rngs,
        )

    def __call__(
        self,
        input: jax.Array,
        hx: tuple[jax.Array, jax.Array] | None = None,
        lengths: jax.Array | None = None,
        *,
        key: jax.Array | None = None,
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        output, h, c = self._run(input, hx, lengths, key)
        return output, (h, c)
