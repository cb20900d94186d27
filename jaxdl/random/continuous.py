"""Draws from continuous distributions: uniform, normal, exponential, and those made of them."""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from jaxdl.random import normal, transform, truncated, uniform
from jaxdl.random.arguments import (
    Shape,
    extents,
    floating,
    number,
    numbers,
    positive,
    real,
    shared_shape,
    within,
)
from jaxdl.random.position import Position
from jaxdl.random.stream import Array


class ContinuousDraws(Position):
    """The part of TorchGenerator that draws real numbers."""

    def uniform(self, shape: Shape, low: float = 0.0, high: float = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
        r"""Numbers spread evenly over [low, high): `tensor.uniform_(low, high)`.

        .. math:: x = u\,(\text{high} - \text{low}) + \text{low}, \qquad u = (\text{draw} \bmod 2^b)\, 2^{-b},

        b = 24 (one draw) or, in float64, b = 53 (two draws); what rounds to `high` becomes `low`.

        **Matches** PyTorch 2.13, bitwise, for dense row-major tensors.
        **Differs**: PyTorch fills a transposed or channels_last tensor along its memory. Older versions could
        return `high`, and drew the half types from fewer bits.

        Args:
            shape: of the result; an integer, a tuple, or () for one number.
            low, high: the range, low ≤ high.
            dtype: float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: an end that is not a number, or another dtype.
            ValueError: a negative size, low > high, or a range that the dtype cannot hold.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).uniform((2, 2))
        array([[0.4962566 , 0.7682218 ],
               [0.08847743, 0.13203049]], dtype=float32)
        """
        sizes, resolved = extents(shape), floating(dtype)
        low, high = within(real(low, "low"), "low", resolved), within(real(high, "high"), "high", resolved)
        if low > high:
            raise ValueError(f"`low` (={low}) must not exceed `high` (={high})")
        within(high - low, "high - low", resolved)
        numbers = uniform.in_range(self._stream, math.prod(sizes), low, high, resolved, self.fused)
        return numbers.reshape(sizes)

    def normal(self, shape: Shape, mean: Any = 0.0, std: Any = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
        r"""Normal numbers: `tensor.normal_(mean, std)`, and with arrays `torch.normal(mean, std)`.

        .. math:: x = \text{mean} + \text{std}\,\sqrt{-2\log(1 - u_1)}\,\{\cos, \sin\}(2\pi u_2).

        Fewer than 16 come as pairs from 53-bit uniforms, an odd one being kept for the next such call; 16 or
        more come in blocks of 8 cosines and 8 sines from `uniform`'s u, with 16 more draws where 16 does not
        divide their number.

        **Matches** PyTorch 2.13, bitwise, for contiguous tensors.
        **Differs**: PyTorch makes pairs for tensors that are not contiguous, whatever their size, and takes a
        mean and std that are infinite or beyond the dtype. An array given as mean or std is rounded to
        `dtype` first; one without dimensions counts as a number, as in `tensor.normal_` and unlike in
        `torch.normal`, which may differ in the last place.

        Args:
            shape: of the result; an integer, a tuple, or () for one number.
            mean, std: of the distribution, std ≥ 0; numbers, or arrays that together broadcast to `shape`.
            dtype: float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: a mean or std that is not a number or an array of real numbers, or another dtype.
            ValueError: a negative size, std < 0, a mean or std that the dtype cannot hold, or arrays of another
                shape.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).normal(3)
        array([ 1.5409961, -0.2934289, -2.1787894], dtype=float32)
        >>> TorchGenerator(0).normal(3, np.array([0.0, 10.0, 20.0]))
        array([ 1.5409961,  9.706572 , 17.82121  ], dtype=float32)

        G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates" (1958).
        """
        sizes, resolved = extents(shape), floating(dtype)
        if np.ndim(mean) or np.ndim(std):
            return self._normal_each(sizes, mean, std, resolved)
        mean, std = within(real(mean, "mean"), "mean", resolved), within(real(std, "std"), "std", resolved)
        if std < 0:
            raise ValueError(f"`std` (={std}) must not be negative")
        count = math.prod(sizes)
        if count >= normal.BLOCK:
            return normal.in_blocks(self._stream, count, mean, std, resolved, self.fused).reshape(sizes)
        values, self._cached = normal.in_pairs(self._stream, count, self._cached)
        return normal.scaled(values, mean, std, resolved, self.fused).reshape(sizes)

    def _normal_each(self, sizes: tuple[int, ...], mean: Any, std: Any, dtype: np.dtype[Any]) -> Array:
        """torch.normal() of tensors: a std that is one number scales within the draw, a tensor of them after it."""
        means, stds = numbers(mean, "mean", dtype), numbers(std, "std", dtype)
        if (shape := shared_shape(mean=means, std=stds)) != sizes:
            raise ValueError(f"`shape` (={sizes}) must be that of `mean` and `std` together (={shape})")
        if stds.ndim == 0:
            values = self.normal(sizes, 0.0, std, dtype=dtype)
        elif not (stds >= 0).all():
            raise ValueError(f"`std` must not be negative anywhere; the least of it is {stds.min()}")
        else:
            values = normal.rounded(np.multiply, self.normal(sizes, dtype=dtype), stds)
        return normal.rounded(np.add, values, means)

    def trunc_normal(
        self,
        shape: Shape,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
        *,
        dtype: DTypeLike = np.float32,
    ) -> Array:
        r"""Numbers of N(mean, std²) as it is within [a, b]: `torch.nn.init.trunc_normal_(tensor, mean, std, a, b)`.

        .. math:: p(x) \propto \exp(-(x - \text{mean})^2 / 2\,\text{std}^2), \qquad a \le x \le b.

        Where the range holds more than 0.3 of the distribution: normals for the whole shape, then again for the
        whole shape, of which those replace what lies outside, until nothing does. Otherwise x of [a, b) and u of
        [0, 1), both for the whole shape; x is accepted where log u ≤ log p(x) − max log p, until all are.

        **Matches** PyTorch 2.13, bitwise; in the second way but for numbers whose acceptance hangs on the last
        bit of a logarithm, on which libraries differ (none of 20 million float32 numbers compared, nor of 1
        million float64 ones).
        **Differs**: an infinite end is taken only where the first way is used. Before 2.12 PyTorch inverted the
        error function.

        Args:
            shape: of the result; an integer, a tuple, or () for one number.
            mean, std: of the distribution before it is cut, std > 0.
            a, b: where it is cut, a < b; values, not multiples of std.
            dtype: float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: a mean, std or end that is not a number, or another dtype.
            ValueError: a negative size, std ≤ 0, a ≥ b, or a number that the dtype cannot hold.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).trunc_normal(3, a=-1.0, b=1.0)
        array([ 0.56843126, -0.2934289 , -0.7192576 ], dtype=float32)
        """
        sizes, resolved = extents(shape), floating(dtype)
        mean = within(real(mean, "mean"), "mean", resolved)
        std = within(positive(std, "std"), "std", resolved)
        a, b = number(a, "a"), number(b, "b")
        if not a < b:
            raise ValueError(f"`a` (={a}) must be less than `b` (={b})")
        density = truncated.Density(mean, std, a, b)
        if density.share() > truncated.PLAIN_FROM:
            return truncated.redrawn(partial(self.normal, sizes, mean, std, dtype=resolved), density)
        for end, name in ((a, "a"), (b, "b")):
            if not math.isfinite(end):
                raise ValueError(
                    f"`{name}` (={end}) must be finite where no more than {truncated.PLAIN_FROM} of the distribution "
                    "lies within [a, b]"
                )
            within(end, name, resolved)
        within(b - a, "b - a", resolved)
        return truncated.accepted(partial(self.uniform, sizes, dtype=resolved), density)

    def exponential(self, shape: Shape, lambd: float = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
        r"""Waiting times at a rate: `tensor.exponential_(lambd)`.

        .. math:: x = -\frac{1}{\lambda} \log(1 - u), \qquad p(x) = \lambda e^{-\lambda x},

        in float64 from a 53-bit uniform u (two draws), whatever the dtype.

        **Matches** PyTorch 2.13, bitwise.
        **Differs**: builds with MKL (x86) from about 2.0 to 2.6 took another stream.

        Args:
            shape: of the result; an integer, a tuple, or () for one number.
            lambd: the rate λ > 0.
            dtype: float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: a rate that is not a number, or another dtype.
            ValueError: a negative size, or λ ≤ 0.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).exponential(3)
        array([3.5083263, 1.2303847, 0.6150441], dtype=float32)
        """
        sizes, resolved, rate = extents(shape), floating(dtype), positive(lambd, "lambd")
        return transform.exponential(self._stream, math.prod(sizes), rate, resolved).reshape(sizes)

    def cauchy(self, shape: Shape, median: float = 0.0, sigma: float = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
        r"""Cauchy's distribution, which has no mean: `tensor.cauchy_(median, sigma)`.

        .. math:: x = \text{median} + \sigma \tan\bigl(\pi (u - \tfrac12)\bigr),

        in float64 from a 53-bit uniform u (two draws), whatever the dtype.

        **Matches** PyTorch 2.13, bitwise.

        Args:
            shape: of the result; an integer, a tuple, or () for one number.
            median, sigma: the centre, and half the distance between the quartiles, σ > 0.
            dtype: float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: a median or sigma that is not a number, or another dtype.
            ValueError: a negative size, or σ ≤ 0.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).cauchy(3)
        array([10.59773   ,  0.7647673 , -0.12829934], dtype=float32)
        """
        sizes, resolved = extents(shape), floating(dtype)
        centre, width = real(median, "median"), positive(sigma, "sigma")
        return transform.cauchy(self._stream, math.prod(sizes), centre, width, resolved, self.fused).reshape(sizes)

    def log_normal(self, shape: Shape, mean: float = 1.0, std: float = 2.0, *, dtype: DTypeLike = np.float32) -> Array:
        r"""Numbers whose logarithm is normal: `tensor.log_normal_(mean, std)`.

        .. math:: x = e^{\text{mean} + \text{std}\, z}

        for the z of `normal`'s pairs, in float64 whatever the number of elements and the dtype; an odd one is
        kept for the next such call.

        **Matches** PyTorch 2.13, bitwise.

        Args:
            shape: of the result; an integer, a tuple, or () for one number.
            mean, std: of the logarithm, std > 0; PyTorch's defaults.
            dtype: float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: a mean or std that is not a number, or another dtype.
            ValueError: a negative size, or std ≤ 0.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).log_normal(3, 0.0, 1.0)
        array([4.669239  , 0.7457022 , 0.11317846], dtype=float32)
        """
        sizes, resolved = extents(shape), floating(dtype)
        centre, spread = real(mean, "mean"), positive(std, "std")
        values, self._cached = normal.in_pairs(self._stream, math.prod(sizes), self._cached)
        exponents = normal.scaled(values, centre, spread, np.dtype(np.float64), self.fused)
        return transform.exponentiated(exponents, resolved).reshape(sizes)
