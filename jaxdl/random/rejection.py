"""Counts by rejection, a number at a time: how many uniforms one takes depends on what they are.

W. Hörmann's constants, from the papers that TorchGenerator's methods name.
"""

import ctypes
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from jaxdl.random import libm
from jaxdl.random.stream import Stream

AHEAD = 1024  # uniforms that are drawn together
LARGE = 10.0  # the expected count from which numbers are proposed and accepted or not
LARGEST_RATE = 9e18  # far enough below 2**63 that no count reaches it
Draw = Callable[[], float]
# log(k!) − Stirling's formula for it, k = 0 … 9; above, three terms of a series have all digits that matter.
STIRLING = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


@contextmanager
def uniforms(stream: Stream) -> Iterator[Draw]:
    """A function that gives the stream's next 53-bit uniform. They are drawn ahead; the stream moves at the end."""
    ahead, waiting, used = stream.copy(), list[float](), 0

    def draw() -> float:
        nonlocal used
        if not waiting:
            block = np.empty(AHEAD)
            ahead.fill(block)
            waiting.extend(block[::-1].tolist())
        used += 1
        return waiting.pop()

    yield draw
    stream.skip(2 * used)


def poisson(rate: float, draw: Draw) -> int:
    """One count of events."""
    if rate >= LARGE:
        return large_poisson(rate, draw)
    if rate == 0:
        return 0
    least, product, count = math.exp(-rate), draw(), 0
    while product > least:
        product *= draw()
        count += 1
    return count


def large_poisson(rate: float, draw: Draw) -> int:
    """Hörmann's PTRS."""
    log, log_gamma = libm.function("log"), libm.function("lgamma")
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    sure = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = draw() - 0.5, draw()
        edge = 0.5 - abs(u)
        if edge == 0:
            continue
        k = math.floor((2 * a / edge + b) * u + rate + 0.43)
        if edge >= 0.07 and v <= sure:
            return k
        if k < 0 or (edge < 0.013 and v > edge):
            continue
        height = log(v) + log(inverse_alpha) - log(a / (edge * edge) + b)
        if height <= -rate + k * log(rate) - log_gamma(k + 1.0):
            return k


def binomial(count: float, p: float, draw: Draw, dtype: np.dtype[Any]) -> float:
    """One count of successes; products and differences of the two are rounded to their dtype, as in PyTorch."""
    if count == 0 or p in (0, 1):
        return count * p
    narrow: Callable[[float], float] = float if dtype == np.float64 else lambda x: float(np.float32(x))
    rarer = p if p <= 0.5 else narrow(1 - p)
    sampler = large_binomial if narrow(count * rarer) >= LARGE else small_binomial
    found = sampler(count, rarer, draw, narrow)
    return found if p <= 0.5 else count - found


def small_binomial(count: float, p: float, draw: Draw, narrow: Callable[[float], float]) -> float:
    """Trials up to each next success, until they are more than there are."""
    log, ceil = libm.function("log"), libm.function("ceil")  # Python's would not take an infinity
    log_failure = math.log1p(-p) if narrow is float else libm.function("log1pf", ctypes.c_float)(-p)
    trials, found = 0.0, 0
    while True:
        trials += ceil(log(draw()) / log_failure)
        if trials > count:
            return found
        found += 1


def large_binomial(count: float, p: float, draw: Draw, narrow: Callable[[float], float]) -> float:
    """Hörmann's BTRS."""
    log = libm.function("log")
    mean, failure = narrow(count * p), narrow(1 - p)
    deviation = narrow(math.sqrt(narrow(mean * failure)))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * deviation
    sure, odds = 0.92 - 4.2 / b, narrow(p / failure)
    more = narrow(count + 1)
    mode = float(math.floor(narrow(more * p)))  # an int's square, below, can be too large for a float
    while True:
        u, v = draw() - 0.5, draw()
        edge = 0.5 - abs(u)
        if edge == 0:
            continue
        k = narrow(math.floor((2 * a / edge + b) * u + (mean + 0.5)))
        if not 0 <= k <= count:
            continue
        if edge >= 0.07 and v <= sure:
            return k
        rest = narrow(count - k)
        ratio = log((mode + 1) / (odds * (count - mode + 1)))
        bound = (mode + 0.5) * ratio + more * log((count - mode + 1) / narrow(rest + 1))
        bound += (k + 0.5) * log(odds * narrow(rest + 1) / narrow(k + 1))
        bound += stirling(mode) + stirling(count - mode) - stirling(k) - stirling(rest)
        if log(v * alpha / (a / (edge * edge) + b)) <= bound:
            return k


def stirling(k: float) -> float:
    """log(k!) less Stirling's formula for it."""
    if k < len(STIRLING):
        return STIRLING[int(k)]
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
