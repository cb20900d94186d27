"""Initialisers that make a matrix of a certain kind: orthogonal, sparse."""

import math

import jax
import numpy as np

from jaxdl.nn.init.variable import Rngs, Variable, draw_normal, fill, held
from jaxdl.random import TorchGenerator


def orthogonal_(tensor: Variable, gain: float = 1, *, rngs: Rngs) -> Variable:
    """Fill `tensor` with gain times a matrix whose rows or columns, whichever are fewer, are orthonormal.

        A = Q R,   w = gain · Q diag(sign(diag R)),   A of N(0, 1)

    with all dimensions but the first taken as one; a wide matrix is transposed before and after.

    **Matches** `torch.nn.init.orthogonal_`, PyTorch 2.13: in distribution, and with a `TorchGenerator` the same A bit
    for bit. **Differs**: Q is found in float64 and rounded, so it is orthogonal to the last digit; PyTorch's own
    rounding depends on its LAPACK and processor, and lies within 1e-6 (float32) and 1e-14 (float64) of it.

    Args:
        tensor: two dimensions or more; float32 or float64.
        gain: the factor.
        rngs: where the numbers come from.

    Raises:
        ValueError: fewer than two dimensions.
        TypeError: another dtype (PyTorch has no factorisation of the half types either).

    Saxe et al. 2014, "Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks".

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> weight = orthogonal_(nnx.Param(jnp.zeros((2, 3))), rngs=TorchGenerator(0)).get_value()
    >>> bool(jnp.allclose(weight @ weight.T, jnp.eye(2), atol=1e-6))
    True
    """
    array = held("orthogonal_", tensor)
    if array.ndim < 2:
        raise ValueError(f"orthogonal_: tensor has shape {array.shape}; it must have two dimensions or more")
    if array.dtype not in (np.float32, np.float64):
        raise TypeError(f"orthogonal_: tensor has dtype {array.dtype}; it must be float32 or float64")
    if array.size == 0:
        return tensor
    rows, columns = array.shape[0], array.size // array.shape[0]
    flat = np.asarray(draw_normal("orthogonal_", array, 0.0, 1.0, rngs, (rows, columns)), np.float64)
    q, r = np.linalg.qr(flat.T if rows < columns else flat)
    q = q * np.sign(np.diag(r))
    rounded = (q.T if rows < columns else q).astype(array.dtype).reshape(array.shape)
    return fill(tensor, rounded * array.dtype.type(gain))


def sparse_(tensor: Variable, sparsity: float, std: float = 0.01, *, rngs: Rngs) -> Variable:
    """Fill a matrix from N(0, std²), then set ⌈sparsity · rows⌉ elements of every column, chosen at random, to zero.

    **Matches** `torch.nn.init.sparse_`, PyTorch 2.13: bitwise with a `TorchGenerator` (where PyTorch is given no
    `generator`; from one that it is given it takes the normals alone), in distribution with `nnx.Rngs`.
    **Differs**: a sparsity outside [0, 1] is refused.

    Args:
        tensor: [rows, columns], floating point.
        sparsity: the share of each column that is zero.
        std: of the others.
        rngs: where the numbers come from.

    Raises:
        ValueError: the tensor does not have two dimensions, sparsity lies outside [0, 1], or std is negative.

    Martens 2010, "Deep Learning via Hessian-free Optimization".

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> (sparse_(nnx.Param(jnp.zeros((10, 3))), 0.25, rngs=TorchGenerator(0)).get_value() == 0).sum(0).tolist()
    [3, 3, 3]
    """
    array = held("sparse_", tensor)
    if array.ndim != 2:
        raise ValueError(f"sparse_: tensor has shape {array.shape}; it must have two dimensions")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: sparsity is {sparsity}; it is a share, from 0 to 1")
    rows, columns = array.shape
    weight = np.array(draw_normal("sparse_", array, 0.0, std, rngs))
    zeros = math.ceil(sparsity * rows)
    if isinstance(rngs, TorchGenerator):
        order = np.stack([rngs.randperm(rows) for _ in range(columns)], 1) if columns else np.zeros((rows, 0), int)
    else:
        order = np.argsort(jax.random.uniform(rngs.params(), array.shape), axis=0)
    weight[order[:zeros], np.arange(columns)] = 0
    return fill(tensor, weight)
