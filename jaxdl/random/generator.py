"""TorchGenerator: PyTorch's CPU generator."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from jaxdl.random import integers, normal, permutation, uniform
from jaxdl.random.arguments import Shape, extents, floating, integer, integer_range, integral, real, within
from jaxdl.random.state import State, pack, unpack
from jaxdl.random.stream import Array, Stream


class TorchGenerator:
    r"""PyTorch's CPU generator: the numbers that follow `torch.manual_seed(seed)`, without PyTorch.

    The stream is the Mersenne Twister's, :math:`x_{k+624} = x_{k+397} \oplus \text{twist}(x_k, x_{k+1})`, one
    32-bit word a draw. Each method says how a number is made of draws; calls follow one another as they do in
    PyTorch.

    **Matches** `torch.Generator` on a CPU, PyTorch 2.13 on x86-64 Linux with AVX2 or AVX-512: bitwise, and
    the same on whatever machine this runs, so that a seed means one set of numbers. Two kinds of normals go
    through this machine's C library and are bitwise where that is PyTorch's own (checked: glibc 2.36):
    float64, and fewer than 16 elements.
    **Differs**: PyTorch's own numbers depend on its machine. `fused=False` gives those of x86-64 without AVX2
    (`ATEN_CPU_CAPABILITY=default`), bitwise. On others it was not run; by its source and its compilers'
    defaults, 64-bit ARM draws the numbers given here, except that normals of 16 or more elements other than
    float64 differ in the last places. CUDA and MPS have other streams.

    Args:
        seed: any integer from −2**63 to 2**64 − 1. As in PyTorch only its low 32 bits matter.
        fused: whether u · (high − low) + low is rounded once, as by the fused multiply-add of a CPU with AVX2
            (half of all `uniform(-a, a)` depend on it in their last bits), or twice.

    Raises:
        TypeError: the seed is not an integer.
        ValueError: the seed is out of range.

    >>> generator = TorchGenerator(0)
    >>> generator.uniform((2,), -1.0, 1.0).tolist()
    [-0.007486820220947266, 0.5364435911178589]
    >>> generator.randperm(5).tolist()
    [3, 1, 0, 4, 2]

    M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
    pseudo-random number generator", ACM Transactions on Modeling and Computer Simulation 8 (1998).
    """

    def __init__(self, seed: int, *, fused: bool = True) -> None:
        self.fused = bool(fused)
        self._stream = Stream(integer(seed, "seed", -(2**63), 2**64 - 1))
        self._cached: float | None = None

    def __repr__(self) -> str:
        return f"TorchGenerator(seed={self.initial_seed()})"

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

    def normal(self, shape: Shape, mean: float = 0.0, std: float = 1.0, *, dtype: DTypeLike = np.float32) -> Array:
        r"""Normal numbers: `tensor.normal_(mean, std)`.

        .. math:: x = \text{mean} + \text{std}\,\sqrt{-2\log(1 - u_1)}\,\{\cos, \sin\}(2\pi u_2).

        Fewer than 16 come as pairs from 53-bit uniforms, an odd one being kept for the next such call; 16 or
        more come in blocks of 8 cosines and 8 sines from `uniform`'s u, with 16 more draws where 16 does not
        divide their number.

        **Matches** PyTorch 2.13, bitwise, for contiguous tensors.
        **Differs**: PyTorch makes pairs for tensors that are not contiguous, whatever their size, and takes a
        mean and std that are infinite or beyond the dtype.

        Args:
            shape: of the result; an integer, a tuple, or () for one number.
            mean, std: of the distribution, std ≥ 0.
            dtype: float32, float64, float16 or bfloat16.

        Returns:
            Array of `shape` and `dtype`.

        Raises:
            TypeError: a mean or std that is not a number, or another dtype.
            ValueError: a negative size, std < 0, or a mean or std that the dtype cannot hold.

        >>> TorchGenerator(0).normal(3)
        array([ 1.5409961, -0.2934289, -2.1787894], dtype=float32)

        G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates" (1958).
        """
        sizes, resolved = extents(shape), floating(dtype)
        mean, std = within(real(mean, "mean"), "mean", resolved), within(real(std, "std"), "std", resolved)
        if std < 0:
            raise ValueError(f"`std` (={std}) must not be negative")
        count = math.prod(sizes)
        if count >= normal.BLOCK:
            return normal.in_blocks(self._stream, count, mean, std, resolved, self.fused).reshape(sizes)
        values, self._cached = normal.in_pairs(self._stream, count, self._cached)
        return normal.scaled(values, mean, std, resolved, self.fused).reshape(sizes)

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

        >>> TorchGenerator(0).randperm(10).tolist()
        [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]

        R. Durstenfeld, "Algorithm 235: Random permutation", Communications of the ACM 7 (1964).
        """
        return permutation.shuffle(self._stream, integer(n, "n", 0, permutation.LARGEST))

    def random(self) -> int:
        """One integer of 0 … 2**63 − 1: `torch.empty((), dtype=torch.int64).random_()`, a loader's seed.

        Two draws, the high word first, without the top bit. **Matches** PyTorch 2.13, exactly.

        >>> TorchGenerator(0).random()
        900450186894289455
        """
        return int(self._stream.pairs(1)[0]) % 2**63

    def bernoulli(self, p: float, shape: Shape) -> Array:
        """True with probability p: `tensor.bernoulli_(p)`, every dropout's mask (which keeps with 1 − its p).

        u < p for a 53-bit uniform u (two draws), whatever the tensor's dtype.

        **Matches** PyTorch 2.13, exactly, and by its source every version since 2.7.
        **Differs**: builds with MKL (x86) up to 2.6 took another stream, and `torch.bernoulli(tensor)` takes
        24-bit uniforms for float32 probabilities.

        Args:
            p: from 0 to 1; 0 and 1 draw as well, which PyTorch's dropout does not.
            shape: of the result; an integer, a tuple, or () for one.

        Returns:
            bool array of `shape`.

        Raises:
            TypeError: p is not a number.
            ValueError: a negative size, or p outside [0, 1].

        >>> TorchGenerator(0).bernoulli(0.5, 6).tolist()
        [False, False, True, False, False, False]
        """
        sizes, probability = extents(shape), real(p, "p")
        if not 0 <= probability <= 1:
            raise ValueError(f"`p` (={probability}) must lie between 0 and 1")
        return uniform.below(self._stream, math.prod(sizes), probability).reshape(sizes)

    def skip(self, draws: int) -> None:
        """Pass over `draws` 32-bit draws, as if something else had taken them.

        >>> generator = TorchGenerator(0)
        >>> generator.skip(1)
        >>> generator.uniform(1)
        array([0.7682218], dtype=float32)
        """
        self._stream.skip(integer(draws, "draws", 0, 2**63 - 1))

    def initial_seed(self) -> int:
        """The seed as PyTorch gives it back: modulo 2**64, so never negative.

        >>> TorchGenerator(-1).initial_seed() == 2**64 - 1
        True
        """
        return self._stream.seed

    def get_state(self) -> Array:
        """Everything the next numbers depend on: the bytes that `torch.get_rng_state()` has at this point.

        **Matches** PyTorch 2.13, bitwise, so `torch.set_rng_state(torch.from_numpy(state))` goes on from
        here.

        Returns:
            uint8 array of shape (5056,).

        >>> TorchGenerator(7).get_state()[:12].tolist()
        [7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
        """
        return pack(State(self._stream, self._cached))

    def set_state(self, state: Any) -> None:
        """Go on from a state that `get_state()` or `torch.get_rng_state()` gave.

        Args:
            state: 5056 uint8s: an array, a torch.ByteTensor, or bytes.

        Raises:
            ValueError: another length or dtype, or bytes that describe no generator; this one is then
                unchanged.

        >>> generator, other = TorchGenerator(0), TorchGenerator(1)
        >>> other.set_state(generator.get_state())
        >>> other.random() == generator.random()
        True
        """
        self._stream, self._cached = unpack(state)

    def clone(self) -> "TorchGenerator":
        """A second generator in the same state: `torch.Generator.clone_state()`.

        >>> generator = TorchGenerator(0)
        >>> generator.clone().random() == generator.random()
        True
        """
        other = TorchGenerator(0, fused=self.fused)
        other.set_state(self.get_state())
        return other
