"""Sums, products, quotients and powers, number by number."""

import numpy as np

from jaxdl.autodiff.primitives.elementwise import elementwise

add = elementwise(np.add)
subtract = elementwise(np.subtract)
negative = elementwise(np.negative)
multiply = elementwise(np.multiply)


@add.jvp(0, 1)
def _(t, y, a, b):
    """ẏ = ȧ + ḃ"""
    return t


@add.transpose(0, 1)
def _(ct, a, b):
    """ā = b̄ = ȳ"""
    return ct


@subtract.jvp(0)
def _(t, y, a, b):
    """ẏ = ȧ − ḃ"""
    return t


@subtract.jvp(1)
def _(t, y, a, b):
    """ẏ = ȧ − ḃ"""
    return -t


@subtract.transpose(0)
def _(ct, a, b):
    """ā = ȳ"""
    return ct


@subtract.transpose(1)
def _(ct, a, b):
    """b̄ = −ȳ"""
    return -ct


@negative.transpose(0)
def _(ct, x):
    """x̄ = −ȳ"""
    return -ct


@multiply.transpose(0)
def _(ct, a, b):
    """ā = b ȳ"""
    return ct * b


@multiply.transpose(1)
def _(ct, a, b):
    """b̄ = a ȳ"""
    return ct * a


divide = elementwise(np.divide)


@divide.transpose(0)
def _(ct, a, b):
    """ā = ȳ / b"""
    return ct / b


@divide.jvp(1)
def _(t, y, a, b):
    """ẏ = −(y / b) ḃ"""
    return t * (-y / b)


power = elementwise(np.power)


@power.jvp(0)
def _(t, y, a, b):
    """ẏ = b a^(b−1) ȧ, which is 0 for b = 0"""
    return t * np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1))


@power.jvp(1)
def _(t, y, a, b):
    """ẏ = y ln(a) ḃ, which is 0 for a = 0, b ≥ 0"""
    zero = (a == 0) & (b >= 0)
    return t * np.where(zero, 0, y * np.log(np.where(zero, 1, a)))


remainder = elementwise(np.remainder)


@remainder.jvp(0)
def _(t, y, a, b):
    """ẏ = ȧ: y = a − ⌊a / b⌋ b"""
    return t


@remainder.jvp(1)
def _(t, y, a, b):
    """ẏ = −⌊a / b⌋ ḃ: y = a − ⌊a / b⌋ b"""
    return t * -np.floor(a / b)
