"""Normal numbers within bounds, by rejection, as torch.nn.init.trunc_normal_ draws them."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxdl.random.arguments import FLOATS
from jaxdl.random.stream import Array

PLAIN_FROM = 0.3  # the share of the normal distribution above which whole normal numbers are drawn and few rejected


class Density(NamedTuple):
    """exp(−(x − mean)² / 2 std²) on [a, b]."""

    mean: float
    std: float
    a: float
    b: float

    def share(self) -> float:
        """How much of the whole normal distribution lies in [a, b]."""
        return below((self.b - self.mean) / self.std) - below((self.a - self.mean) / self.std)

    def log(self, x: Array) -> Array:
        """log p(x) less its maximum, with PyTorch's steps: each in the working type, then rounded to x's dtype."""
        working = FLOATS[x.dtype.name][0]
        peak = -0.5 * ((max(self.a, min(self.mean, self.b)) - self.mean) / self.std) ** 2
        steps: tuple[Callable[[Array], Any], ...] = (
            lambda z: z - working(self.mean),
            lambda z: z / working(self.std),
            lambda z: z * z,
            lambda z: z * working(-0.5),
            lambda z: z - working(peak),
        )
        for step in steps:
            x = step(x.astype(working, copy=False)).astype(x.dtype, copy=False)
        return x


def below(z: float) -> float:
    """The share of the standard normal distribution below z."""
    return (1.0 + math.erf(z / math.sqrt(2.0))) / 2.0


def redrawn(normals: Callable[[], Array], density: Density) -> Array:
    """Normals, those outside drawn again; the ends are rounded to the dtype."""
    result = normals()
    start, end = np.array([density.a, density.b]).astype(result.dtype)
    while (outside := (result < start) | (result > end)).any():
        result = np.where(outside, normals(), result)
    return result


def accepted(uniforms: Callable[..., Array], density: Density) -> Array:
    """Numbers spread over [a, b], accepted with the probability that is the density there, as a share of its peak."""

    def proposed() -> tuple[Array, Array]:
        candidate = uniforms(density.a, density.b)
        with np.errstate(divide="ignore"):  # in float64, since NumPy's float32 logarithm is up to 4 ulp off
            chance = np.log(uniforms().astype(np.float64)).astype(candidate.dtype)
        return candidate, chance > density.log(candidate)

    result, refused = proposed()
    while refused.any():
        candidate, again = proposed()
        result, refused = np.where(refused, candidate, result), refused & again
    return result
