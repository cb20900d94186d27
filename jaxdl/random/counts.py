"""Draws of how many: trials until a success, events in a time, successes among trials."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from jaxdl.random import rejection, transform
from jaxdl.random.arguments import FLOATS, Shape, extents, probability, real_array, resolve, shared_shape, values
from jaxdl.random.position import Position
from jaxdl.random.stream import Array


class CountDraws(Position):
    """The part of TorchGenerator that draws counts."""

    def geometric(self, p: float, shape: Shape, *, dtype: DTypeLike = np.int64) -> Array:
        r"""Trials up to and with the first success: `tensor.geometric_(p)`.

        .. math:: x = \lceil \log u / \log(1 - p) \rceil, \qquad P(x) = (1 - p)^{x - 1} p,

        in float64 from a 53-bit uniform u (two draws), whatever the dtype.

        **Matches** PyTorch 2.13, bitwise.
        **Differs**: PyTorch also fills narrower integers, where a large count wraps.

        Args:
            p: of success in one trial, between 0 and 1, both excluded.
            shape: of the result; an integer, a tuple, or () for one number.
            dtype: int64, float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: p is not a number, or another dtype.
            ValueError: a negative size, or p outside (0, 1).

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).geometric(0.25, 6).tolist()
        [1, 2, 3, 1, 2, 1]
        """
        sizes, chance, resolved = extents(shape), probability(p, "p"), resolve(dtype)
        if chance in (0, 1):
            raise ValueError(f"`p` (={chance}) must lie between 0 and 1, and be neither")
        if resolved is None or resolved.name not in ("int64", *FLOATS):
            raise TypeError(f"`dtype` (={dtype!r}) must be one of int64, {', '.join(FLOATS)}")
        return transform.geometric(self._stream, math.prod(sizes), chance, resolved).reshape(sizes)

    def poisson(self, rates: Any) -> Array:
        r"""Events in a time in which `rates` are expected: `torch.poisson(rates)`.

        .. math:: P(x) = \lambda^x e^{-\lambda} / x!.

        Below a rate of 10, uniforms are multiplied until the product is not above :math:`e^{-\lambda}`; from 10
        on, two uniforms propose a number that is accepted or not. They have 53 bits (two draws each), and a rate
        of 0 takes none.

        **Matches** PyTorch 2.13, bitwise.
        **Differs**: rates above 9e18 are refused; PyTorch's count is an int64, and from 2**63 on it is −2**63.

        Args:
            rates: float32, float64, float16 or bfloat16, of any shape, from 0 to 9e18. A Python loop goes over
                them: a microsecond or so for each uniform.

        Returns:
            Array of the shape and dtype of `rates`.

        Raises:
            TypeError: not a floating array.
            ValueError: a rate that is negative, not finite or above 9e18.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).poisson([0.0, 2.0, 5.0, 1000.0]).tolist()
        [0.0, 6.0, 4.0, 987.0]

        W. Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance:
        Mathematics and Economics 12 (1993).
        """
        table = values(rates, "rates")
        if not (np.isfinite(table) & (table >= 0)).all():
            raise ValueError("`rates` must be finite and not negative")
        flat = table.ravel().astype(np.float64).tolist()
        if (largest := max(flat, default=0.0)) > rejection.LARGEST_RATE:
            raise ValueError(
                f"`rates` (the largest is {largest}) must be at most {rejection.LARGEST_RATE:g}, so that counts fit "
                "into int64"
            )
        with rejection.uniforms(self._stream) as draw:
            counts = [rejection.poisson(rate, draw) for rate in flat]
        return transform.rounded(np.array(counts, np.float64), table.dtype).reshape(table.shape)

    def binomial(self, count: Any, p: Any) -> Array:
        r"""Successes among `count` trials: `torch.binomial(count, p)`.

        .. math:: P(x) = \binom{n}{x} p^x (1 - p)^{n - x}.

        With q the rarer of success and failure: where n q < 10, the trials up to each next one of it are drawn as
        in `geometric`; else two uniforms propose a number that is accepted or not. They have 53 bits (two draws
        each); p = 0, p = 1 and count = 0 take none.

        **Matches** PyTorch 2.13, bitwise.
        **Differs**: `count` may be integers, and takes p's dtype; broken and negative ones are refused, and so
        are the half types.

        Args:
            count: whole numbers, at least 0.
            p: of success in one trial, from 0 to 1; float32 or float64. The two broadcast. A Python loop goes
                over them: microseconds for each number.

        Returns:
            Array of p's dtype.

        Raises:
            TypeError: p is of another dtype, or count not an array of real numbers.
            ValueError: a count that is negative or not whole, p outside [0, 1], or shapes that do not broadcast.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).binomial([5, 50, 500, 5000], [0.1, 0.4, 0.5, 0.9]).tolist()
        [2.0, 26.0, 260.0, 4509.0]

        W. Hörmann, "The generation of binomial random variates", Journal of Statistical Computation and
        Simulation 46 (1993).
        """
        chances = values(p, "p", ("float32", "float64"))
        trials = real_array(count, "count", chances.dtype)
        if not ((chances >= 0) & (chances <= 1)).all():
            raise ValueError("`p` must lie between 0 and 1 everywhere")
        if not (np.isfinite(trials) & (trials >= 0) & (trials == np.floor(trials))).all():
            raise ValueError("`count` must be whole numbers, none of them negative")
        shared_shape(count=trials, p=chances)
        trials, chances = np.broadcast_arrays(trials, chances)
        with rejection.uniforms(self._stream) as draw:
            pairs = zip(trials.ravel().tolist(), chances.ravel().tolist(), strict=True)
            counts = [rejection.binomial(n, chance, draw, chances.dtype) for n, chance in pairs]
        return np.array(counts, chances.dtype).reshape(chances.shape)
