"""TorchGenerator: PyTorch's CPU generator."""

from jaxdl.random.continuous import ContinuousDraws
from jaxdl.random.counts import CountDraws
from jaxdl.random.discrete import DiscreteDraws


class TorchGenerator(ContinuousDraws, DiscreteDraws, CountDraws):
    r"""PyTorch's CPU generator: the numbers that follow `torch.manual_seed(seed)`, without PyTorch.

    The stream is the Mersenne Twister's, :math:`x_{k+624} = x_{k+397} \oplus \text{twist}(x_k, x_{k+1})`, one
    32-bit word a draw. Each method says how a number is made of draws; calls follow one another as they do in
    PyTorch.

    **Matches** `torch.Generator` on a CPU, PyTorch 2.13 on x86-64 Linux with AVX2 or AVX-512: bitwise, and
    the same on whatever machine this runs, so that a seed means one set of numbers. What needs a function of
    the C library is bitwise where that is PyTorch's own (checked: glibc 2.36): normals in float64 or fewer
    than 16, and everything made of a logarithm, a tangent or an exponential.
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

    def __init__(self, seed: int, *, fused: bool = True) -> None:  # so that Python's errors name this class
        super().__init__(seed, fused=fused)
