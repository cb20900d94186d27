"""Initialisers that draw nothing."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxdl.nn.init.variable import Variable, fill, held


def constant_(tensor: Variable, val: float) -> Variable:
    """Fill `tensor` with `val`.

    **Matches** `torch.nn.init.constant_`, PyTorch 2.13.

    >>> from flax import nnx
    >>> constant_(nnx.Param(jnp.zeros(2)), 0.25).get_value().tolist()
    [0.25, 0.25]
    """
    return fill(tensor, jnp.full_like(held("constant_", tensor), val))


def ones_(tensor: Variable) -> Variable:
    """Fill `tensor` with 1.

    **Matches** `torch.nn.init.ones_`, PyTorch 2.13.

    >>> from flax import nnx
    >>> ones_(nnx.Param(jnp.zeros(2))).get_value().tolist()
    [1.0, 1.0]
    """
    return fill(tensor, jnp.ones_like(held("ones_", tensor)))


def zeros_(tensor: Variable) -> Variable:
    """Fill `tensor` with 0.

    **Matches** `torch.nn.init.zeros_`, PyTorch 2.13.

    >>> from flax import nnx
    >>> zeros_(nnx.Param(jnp.ones(2))).get_value().tolist()
    [0.0, 0.0]
    """
    return fill(tensor, jnp.zeros_like(held("zeros_", tensor)))


def eye_(tensor: Variable) -> Variable:
    """Fill a matrix with the identity: 1 at (i, i), 0 elsewhere, so that a Linear hands on as many inputs as it can.

    **Matches** `torch.nn.init.eye_`, PyTorch 2.13.

    Raises:
        ValueError: the tensor does not have two dimensions.

    >>> from flax import nnx
    >>> eye_(nnx.Param(jnp.zeros((2, 3)))).get_value().tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    array = held("eye_", tensor)
    if array.ndim != 2:
        raise ValueError(f"eye_: tensor has shape {array.shape}; it must have two dimensions")
    return fill(tensor, np.eye(array.shape[0], array.shape[1]))


def dirac_(tensor: Variable, groups: int = 1) -> Variable:
    """Fill a convolution's weight so that channel i of the output is channel i of the input, in every group.

        w[g · O / groups + i, i, k₁ // 2, ...] = 1 for i < min(O / groups, I), and 0 elsewhere

    **Matches** `torch.nn.init.dirac_`, PyTorch 2.13.

    Args:
        tensor: weight `[O, I, *kernel]` of three, four or five dimensions.
        groups: of the convolution; it divides O.

    Raises:
        ValueError: another number of dimensions, or groups does not divide O.

    >>> from flax import nnx
    >>> dirac_(nnx.Param(jnp.zeros((2, 2, 3)))).get_value().tolist()
    [[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
    """
    array = held("dirac_", tensor)
    if array.ndim not in (3, 4, 5):
        raise ValueError(f"dirac_: tensor has shape {array.shape}; it must have three, four or five dimensions")
    if groups < 1 or array.shape[0] % groups:
        raise ValueError(f"dirac_: groups is {groups} but the weight has {array.shape[0]} rows; it must divide them")
    rows = array.shape[0] // groups
    weight: Any = np.zeros(array.shape)
    channel = np.arange(min(rows, array.shape[1]))
    centre = tuple(size // 2 for size in array.shape[2:])
    for group in range(groups):
        weight[(group * rows + channel, channel, *centre)] = 1
    return fill(tensor, weight)
