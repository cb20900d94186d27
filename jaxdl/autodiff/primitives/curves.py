"""Functions of one number: exponentials, trigonometric functions, roots, and those of networks."""

import math
from typing import Any

import numpy as np

from jaxdl.autodiff.primitives import error_function
from jaxdl.autodiff.primitives.elementwise import Elementwise, elementwise

exp = elementwise(np.exp)
expm1 = elementwise(np.expm1)
log = elementwise(np.log)
log1p = elementwise(np.log1p)
sin = elementwise(np.sin)
cos = elementwise(np.cos)
tanh = elementwise(np.tanh)
arctan = elementwise(np.arctan)
sqrt = elementwise(np.sqrt)
absolute = elementwise(np.absolute)


@exp.jvp(0)
def _(t, y, x):
    """ẏ = y ẋ"""
    return t * y


@expm1.jvp(0)
def _(t, y, x):
    """ẏ = (y + 1) ẋ"""
    return t * (y + 1)


@log.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / x"""
    return t / x


@log1p.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / (1 + x)"""
    return t / (1 + x)


@sin.jvp(0)
def _(t, y, x):
    """ẏ = cos(x) ẋ"""
    return t * np.cos(x)


@cos.jvp(0)
def _(t, y, x):
    """ẏ = −sin(x) ẋ"""
    return t * -np.sin(x)


@tanh.jvp(0)
def _(t, y, x):
    """ẏ = (1 − y²) ẋ"""
    return t * (1 - y * y)


@arctan.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / (1 + x²)"""
    return t / (1 + x * x)


@sqrt.jvp(0)
def _(t, y, x):
    """ẏ = ẋ / (2y)"""
    return t / (2 * y)


@absolute.jvp(0)
def _(t, y, x):
    """ẏ = sign(x) ẋ, which is 0 at x = 0"""
    return t * np.sign(x)


def _sigmoid(x: Any) -> Any:
    """y = 1 / (1 + e⁻ˣ)"""
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1, e) / (1 + e)


erf = Elementwise("erf", error_function.erf, like=np.exp)
sigmoid = Elementwise("sigmoid", _sigmoid, like=np.exp)


@erf.jvp(0)
def _(t, y, x):
    """ẏ = 2/√π e^(−x²) ẋ"""
    return t * (2 / math.sqrt(math.pi) * np.exp(-x * x))


@sigmoid.jvp(0)
def _(t, y, x):
    """ẏ = y (1 − y) ẋ"""
    return t * (y * (1 - y))
