"""Initialisers that draw from a distribution given in numbers."""

import math
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxdl.nn.init.variable import Rngs, Variable, draw_normal, draw_uniform, fill, held, require_floating, wrong_rngs
from jaxdl.random import TorchGenerator


def uniform_(tensor: Variable, a: float = 0.0, b: float = 1.0, *, rngs: Rngs) -> Variable:
    """Fill `tensor` from U[a, b).

    **Matches** `torch.nn.init.uniform_`, PyTorch 2.13: bitwise with a `TorchGenerator`, in distribution with
    `nnx.Rngs`.

    Raises:
        ValueError: a > b.
        TypeError: the tensor is not floating point, or `rngs` is something else.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> [round(value, 4) for value in uniform_(nnx.Param(jnp.zeros(2)), rngs=TorchGenerator(0)).get_value().tolist()]
    [0.4963, 0.7682]
    """
    return fill(tensor, draw_uniform("uniform_", held("uniform_", tensor), a, b, rngs))


def normal_(tensor: Variable, mean: float = 0.0, std: float = 1.0, *, rngs: Rngs) -> Variable:
    """Fill `tensor` from N(mean, std²).

    **Matches** `torch.nn.init.normal_`, PyTorch 2.13: bitwise with a `TorchGenerator`, in distribution with
    `nnx.Rngs`.

    Raises:
        ValueError: std is negative.
        TypeError: the tensor is not floating point, or `rngs` is something else.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> [round(value, 4) for value in normal_(nnx.Param(jnp.zeros(2)), rngs=TorchGenerator(0)).get_value().tolist()]
    [1.541, -0.2934]
    """
    return fill(tensor, draw_normal("normal_", held("normal_", tensor), mean, std, rngs))


def trunc_normal_(
    tensor: Variable, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, *, rngs: Rngs
) -> Variable:
    """Fill `tensor` from N(mean, std²) as it is within [a, b].

        p(x) ∝ exp(-(x - mean)² / 2 std²) for a ≤ x ≤ b, else 0

    The ends are values, not multiples of std: the default ones do next to nothing to a std of 0.02.

    **Matches** `torch.nn.init.trunc_normal_`, PyTorch 2.13: bitwise with a `TorchGenerator` (see
    `TorchGenerator.trunc_normal`), in distribution with `nnx.Rngs`, with its warning for a mean far outside.

    Args:
        tensor: any shape, floating point.
        mean, std: of the distribution before the cut; std > 0.
        a, b: where it is cut, a < b.
        rngs: where the numbers come from.

    Raises:
        ValueError: std is not positive, or a is not below b.
        TypeError: the tensor is not floating point, or `rngs` is something else.

    >>> import jax.numpy as jnp
    >>> from flax import nnx
    >>> bool(abs(trunc_normal_(nnx.Param(jnp.zeros(999)), rngs=TorchGenerator(0)).get_value()).max() < 2)
    True
    """
    array = held("trunc_normal_", tensor)
    require_floating("trunc_normal_", array)
    if not std > 0:
        raise ValueError(f"trunc_normal_: std is {std}; it must be positive")
    if not a < b:
        raise ValueError(f"trunc_normal_: a is {a} and b is {b}; a must be below b")
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            f"trunc_normal_: mean is {mean}, more than two std of {std} outside [{a}, {b}], where little of the "
            "normal distribution lies",
            stacklevel=2,
        )
    if isinstance(rngs, TorchGenerator):
        return fill(tensor, rngs.trunc_normal(array.shape, mean, std, a, b, dtype=array.dtype))
    if isinstance(rngs, nnx.Rngs):
        return fill(tensor, _by_inversion(rngs.params(), array.shape, mean, std, a, b))
    raise wrong_rngs("trunc_normal_", rngs)


def _by_inversion(key: jax.Array, shape: tuple[int, ...], mean: float, std: float, a: float, b: float) -> jax.Array:
    """The inverse distribution function of uniforms, on the side where probabilities are small and so precise."""
    low, high = (a - mean) / std, (b - mean) / std
    side = 1.0
    if low + high > 0:
        low, high, side = -high, -low, -1.0
    below = [math.erfc(-end / math.sqrt(2)) / 2 for end in (low, high)]
    u = jax.random.uniform(key, shape, jnp.float32) + np.float32(2.0**-25)  # never 0, whose inverse is infinite
    z = jax.scipy.special.ndtri(below[0] + u * (below[1] - below[0]))
    return jnp.clip(side * z * std + mean, a, b)
