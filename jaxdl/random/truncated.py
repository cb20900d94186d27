"""Normal numbers within bounds, by rejection, as torch.nn.init.trunc_normal_ draws them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from jaxdl.random.arguments import FLOATS, Shape, extents, floating, real, within
from jaxdl.random.generator import TorchGenerator
from jaxdl.random.stream import Array

PLAIN_FROM = 0.3  # the share of the normal distribution above which whole normal numbers are drawn and few rejected


def truncated_normal(
    generator: TorchGenerator,
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    *,
    dtype: DTypeLike = np.float32,
) -> Array:
    r"""Numbers of N(mean, std²) as it is within [low, high]: `torch.nn.init.trunc_normal_`.

    .. math:: p(x) \propto \exp(-(x - \text{mean})^2 / 2\,\text{std}^2), \qquad \text{low} \le x \le \text{high}.

    Where the range holds more than 0.3 of the distribution: normals for the whole shape, then again for the
    whole shape, of which those replace what lies outside, until nothing does. Otherwise x of [low, high)
    and u of [0, 1), both for the whole shape; x is accepted where log u ≤ log p(x) − max log p, until all are.

    **Matches** PyTorch 2.13, bitwise; in the second way but for numbers whose acceptance hangs on the last bit
    of a logarithm, on which libraries differ (none of 20 million float32 numbers compared, nor of 1 million
    float64 ones).
    **Differs**: an infinite end is taken only where the first way is used.

    Args:
        generator: which draws.
        shape: of the result; an integer, a tuple, or () for one number.
        mean, std: of the distribution before it is cut, std > 0.
        low, high: where it is cut, low < high.
        dtype: float32, float64, float16 or bfloat16.

    Returns:
        Array of `shape` and `dtype`.

    Raises:
        TypeError: a mean, std or end that is not a number, or another dtype.
        ValueError: a negative size, std ≤ 0, low ≥ high, or a number that the dtype cannot hold.

    >>> truncated_normal(TorchGenerator(0), 3, low=-1.0, high=1.0)
    array([ 0.56843126, -0.2934289 , -0.7192576 ], dtype=float32)
    """
    sizes, resolved = extents(shape), floating(dtype)
    mean, std = within(real(mean, "mean"), "mean", resolved), within(real(std, "std"), "std", resolved)
    low, high = float(low), float(high)
    if std <= 0:
        raise ValueError(f"`std` (={std}) must be positive")
    if not low < high:
        raise ValueError(f"`low` (={low}) must be less than `high` (={high})")
    count = math.prod(sizes)
    if below((high - mean) / std) - below((low - mean) / std) > PLAIN_FROM:
        return redrawn(generator, count, mean, std, low, high, resolved).reshape(sizes)
    return accepted(generator, count, mean, std, low, high, resolved).reshape(sizes)


def below(z: float) -> float:
    """The share of the standard normal distribution below z."""
    return (1.0 + math.erf(z / math.sqrt(2.0))) / 2.0


def redrawn(
    generator: TorchGenerator, count: int, mean: float, std: float, low: float, high: float, dtype: np.dtype[Any]
) -> Array:
    """Normals, those outside drawn again; the ends are rounded to the dtype."""
    start, end = np.array([low, high]).astype(dtype)
    result = generator.normal(count, mean, std, dtype=dtype)
    while (outside := (result < start) | (result > end)).any():
        result = np.where(outside, generator.normal(count, mean, std, dtype=dtype), result)
    return result


def accepted(
    generator: TorchGenerator, count: int, mean: float, std: float, low: float, high: float, dtype: np.dtype[Any]
) -> Array:
    """Uniforms, accepted with the probability that the density has there, as a share of its peak."""
    peak = -0.5 * ((max(low, min(mean, high)) - mean) / std) ** 2
    result = np.empty(count, dtype)
    pending = np.ones(count, bool)
    while True:
        candidate = generator.uniform(count, low, high, dtype=dtype)
        result = np.where(pending, candidate, result)
        height = log_density(candidate, mean, std, peak)
        with np.errstate(divide="ignore"):  # in float64, since NumPy's float32 logarithm is up to 4 ulp off
            chance = np.log(generator.uniform(count, dtype=dtype).astype(np.float64)).astype(dtype)
        pending = pending & (chance > height)
        if not pending.any():
            return result


def log_density(x: Array, mean: float, std: float, peak: float) -> Array:
    """log p(x) − log p(peak), with PyTorch's steps: each in the dtype's working type, then rounded to the dtype."""
    working = FLOATS[x.dtype.name][0]
    steps: tuple[Callable[[Array], Any], ...] = (
        lambda z: z - working(mean),
        lambda z: z / working(std),
        lambda z: z * z,
        lambda z: z * working(-0.5),
        lambda z: z - working(peak),
    )
    for step in steps:
        x = step(x.astype(working, copy=False)).astype(x.dtype, copy=False)
    return x
