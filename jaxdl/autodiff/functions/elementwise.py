"""NumPy's elementwise functions that are compositions of others."""

import math
from typing import Any

import numpy as np

from jaxdl.autodiff.numpy_protocol import implements
from jaxdl.autodiff.primitives.steps import stop_gradient


@implements(np.square)
def square(x: Any) -> Any:
    """x x"""
    return x * x


@implements(np.reciprocal)
def reciprocal(x: Any) -> Any:
    """1 / x"""
    return 1 / x


@implements(np.positive)
def positive(x: Any) -> Any:
    """x"""
    return x


@implements(np.fabs)
def fabs(x: Any) -> Any:
    """|x|"""
    return np.abs(x)


@implements(np.tan)
def tan(x: Any) -> Any:
    """sin x / cos x"""
    return np.sin(x) / np.cos(x)


@implements(np.sinh)
def sinh(x: Any) -> Any:
    """(eˣ − e⁻ˣ) / 2, exact near 0"""
    return (np.expm1(x) - np.expm1(-x)) / 2


@implements(np.cosh)
def cosh(x: Any) -> Any:
    """(eˣ + e⁻ˣ) / 2"""
    return (np.exp(x) + np.exp(-x)) / 2


@implements(np.exp2)
def exp2(x: Any) -> Any:
    """2ˣ"""
    return np.exp(x * math.log(2))


@implements(np.log2)
def log2(x: Any) -> Any:
    """ln x / ln 2"""
    return np.log(x) / math.log(2)


@implements(np.log10)
def log10(x: Any) -> Any:
    """ln x / ln 10"""
    return np.log(x) / math.log(10)


@implements(np.logaddexp)
def logaddexp(a: Any, b: Any) -> Any:
    """ln(eᵃ + eᵇ), computed from the larger one, so that nothing overflows"""
    top = stop_gradient(np.maximum(a, b))
    top = np.where(np.isfinite(top), top, 0)
    return top + np.log(np.exp(a - top) + np.exp(b - top))


@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """`np.clip`; at a bound the gradient is that of the number, as in `torch.clamp`."""
    low, high = a_min if min is None else min, a_max if max is None else max
    a = a if low is None else np.where(a < low, low, a)
    return a if high is None else np.where(a > high, high, a)
