"""Draws from what can be listed: integers, permutations, bits, categories."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from jaxdl.random import categories, integers, permutation, uniform
from jaxdl.random.arguments import Shape, extents, integer, integer_range, integral, probability, values
from jaxdl.random.position import Position
from jaxdl.random.stream import Array


class DiscreteDraws(Position):
    """The part of TorchGenerator that draws integers, permutations, bits and categories."""

    def randint(self, low: int, high: int, shape: Shape, *, dtype: DTypeLike = np.int64) -> Array:
        r"""Integers of low … high − 1: `torch.randint(low, high, shape)`.

        .. math:: x = \text{low} + (\text{draw} \bmod (\text{high} - \text{low})),

        the draw having 32 bits where high − low < 2**28, else 64.

        **Matches** PyTorch 2.13, exactly.
        **Differs**: up to 2.6, PyTorch took 32-bit draws below 2**32. It also makes floating and bool
        tensors.

        Args:
            low, high: the range, low < high.
            shape: of the result; an integer, a tuple, or () for one number.
            dtype: an integer type that holds low and high − 1.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: an end that is not an integer, or a dtype that is not an integer type.
            ValueError: a negative size, an empty range, or one that the dtype cannot hold.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).randint(0, 10, (2, 3)).tolist()
        [[4, 9, 3], [0, 3, 9]]
        """
        sizes, resolved = extents(shape), integral(dtype)
        low, high = integer_range(low, high, resolved)
        return integers.in_range(self._stream, math.prod(sizes), low, high).astype(resolved).reshape(sizes)

    def randperm(self, n: int) -> Array:
        """A permutation of 0 … n − 1: `torch.randperm(n)`.

        For i = 0 … n − 2 in turn, slot i is swapped with slot i + (draw mod (n − i)): n − 1 draws.

        **Matches** PyTorch 2.13, exactly, and by its source every version since 1.0.
        **Differs**: n ≥ 214,748,364, which PyTorch shuffles otherwise, is refused.

        Args:
            n: how many, at least 0.

        Returns:
            int64 array of shape (n,).

        Raises:
            TypeError: n is not an integer.
            ValueError: n is negative or too large.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).randperm(10).tolist()
        [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]

        R. Durstenfeld, "Algorithm 235: Random permutation", Communications of the ACM 7 (1964).
        """
        return permutation.shuffle(self._stream, integer(n, "n", 0, permutation.LARGEST))

    def random(self) -> int:
        """One integer of 0 … 2**63 − 1: `torch.empty((), dtype=torch.int64).random_()`, a loader's seed.

        Two draws, the high word first, without the top bit. **Matches** PyTorch 2.13, exactly.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).random()
        900450186894289455
        """
        return int(self._stream.pairs(1)[0]) % 2**63

    def bernoulli(self, p: Any, shape: Shape | None = None) -> Array:
        """True with probability p: `tensor.bernoulli_(p)`, every dropout's mask (which keeps with 1 − its p).

        u < p for a 53-bit uniform u (two draws), whatever the tensor's dtype. Without a shape p is an array of
        probabilities, as in `torch.bernoulli(p)`, and u a 53-bit uniform if they are float64, else a 24-bit one
        (one draw).

        **Matches** PyTorch 2.13, exactly, and by its source every version since 2.7.
        **Differs**: builds with MKL (x86) up to 2.6 took another stream. Where `torch.bernoulli` has p's dtype,
        this is bool.

        Args:
            p: from 0 to 1, 0 and 1 draw as well, which PyTorch's dropout does not; a number, or without `shape`
                an array of float32, float64, float16 or bfloat16.
            shape: of the result; an integer, a tuple, or () for one. None: that of p.

        Returns:
            bool array.

        Raises:
            TypeError: p is not a number or, without a shape, not a floating array.
            ValueError: a negative size, or p outside [0, 1].

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).bernoulli(0.5, 6).tolist()
        [False, False, True, False, False, False]
        >>> TorchGenerator(0).bernoulli(np.array([0.5, 0.5, 1.0], np.float32)).tolist()
        [True, False, True]
        """
        if shape is not None:
            sizes, chance = extents(shape), probability(p, "p")
            return uniform.below(self._stream, math.prod(sizes), chance).reshape(sizes)
        if isinstance(p, int | float):
            raise TypeError(f"`shape` (=None) must be given where `p` (={p!r}) is one number instead of an array")
        chances = values(p, "p")
        if not ((chances >= 0) & (chances <= 1)).all():
            raise ValueError(
                f"`p` must lie between 0 and 1 everywhere; it goes from {chances.min()} to {chances.max()}"
            )
        return uniform.below_each(self._stream, chances.ravel()).reshape(chances.shape)

    def multinomial(self, weights: Any, num_samples: int, replacement: bool = False) -> Array:
        r"""Categories, each as often as its weight says: `torch.multinomial(weights, num_samples, replacement)`.

        .. math:: P(i) = w_i / \textstyle\sum_j w_j.

        With replacement and more than one sample: the first i at which the running sum of the weights, over
        their total, is not below a 53-bit uniform (two draws a sample). Else: the places of the largest
        :math:`w_i / q_i`, largest first, where the q are exponential numbers of rate 1 (two draws a weight).

        **Matches** PyTorch 2.13, exactly, for float32 and float64 weights in rows of memory.
        **Differs**: where two :math:`w_i / q_i` are equal, the earlier category comes first here; PyTorch's sort
        keeps no order. So weights of 0 that have to be drawn may come otherwise, and two neighbours be swapped
        in a float32 row that is drawn whole (of 1000 rows compared each: 0 of 100 weights, 3 of 1000 weights; in
        float64 none). Half types and integers are refused, and a list is float64.

        Args:
            weights: float32 or float64 of shape (n,) or (rows, n); at least 0, not all 0 in a row.
            num_samples: how many of a row, at least 1; without replacement, at most n.
            replacement: whether a category can be drawn again.

        Returns:
            int64 array of shape (num_samples,) or (rows, num_samples).

        Raises:
            TypeError: another dtype, or num_samples is not an integer.
            ValueError: another number of dimensions, weights that are negative, infinite or all 0, or a number
                of samples that cannot be drawn.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(0).multinomial([0.1, 0.2, 0.3, 0.4], 3).tolist()
        [2, 1, 3]
        >>> TorchGenerator(0).multinomial([0.1, 0.2, 0.3, 0.4], 5, replacement=True).tolist()
        [3, 3, 2, 3, 3]
        """
        table = values(weights, "weights", categories.DTYPES)
        if table.ndim not in (1, 2):
            raise ValueError(f"`weights` (of shape {table.shape}) must have one dimension, or two: rows of weights")
        if not (np.isfinite(table) & (table >= 0)).all() or not (table > 0).any(-1).all():
            raise ValueError("`weights` must be finite and not negative, with one above 0 in each row")
        count = integer(num_samples, "num_samples", 1, 2**31 - 1 if replacement else table.shape[-1])
        if replacement and count > 1:
            rows = [categories.with_replacement(self._stream, row, count) for row in np.atleast_2d(table)]
            return np.array(rows, np.int64).reshape(*table.shape[:-1], count)
        return categories.without_replacement(self._stream, table, count)
