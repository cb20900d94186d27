"""Where a generator stands in its stream: its seed, its state, and moving it."""

from copy import copy
from typing import Any, Self

from jaxdl.random.arguments import integer
from jaxdl.random.state import State, pack, unpack
from jaxdl.random.stream import Array, Stream


class Position:
    """A stream, and the normal number that waits for the next small normal(): what every draw reads and moves."""

    def __init__(self, seed: int, *, fused: bool = True) -> None:
        self.fused = bool(fused)
        self._stream: Stream
        self._cached: float | None
        self.manual_seed(seed)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(seed={self.initial_seed()})"

    def manual_seed(self, seed: int) -> Self:
        """Start anew from a seed: `torch.Generator.manual_seed(seed)`, which returns the generator as this does.

        Args:
            seed: any integer from −2**63 to 2**64 − 1; only its low 32 bits matter.

        Raises:
            TypeError: the seed is not an integer.
            ValueError: the seed is out of range.

        >>> from jaxdl.random import TorchGenerator
        >>> generator = TorchGenerator(0)
        >>> generator.manual_seed(5).random() == TorchGenerator(5).random()
        True
        """
        self._stream, self._cached = Stream(integer(seed, "seed", -(2**63), 2**64 - 1)), None
        return self

    def initial_seed(self) -> int:
        """The seed as PyTorch gives it back: modulo 2**64, so never negative.

        >>> from jaxdl.random import TorchGenerator
        >>> TorchGenerator(-1).initial_seed() == 2**64 - 1
        True
        """
        return self._stream.seed

    def skip(self, draws: int) -> None:
        """Pass over `draws` 32-bit draws, as if something else had taken them.

        Raises:
            TypeError: not an integer.
            ValueError: a negative one.

        >>> from jaxdl.random import TorchGenerator
        >>> generator = TorchGenerator(0)
        >>> generator.skip(1)
        >>> generator.uniform(1)
        array([0.7682218], dtype=float32)
        """
        self._stream.skip(integer(draws, "draws", 0, 2**63 - 1))

    def get_state(self) -> Array:
        """Everything the next numbers depend on: the bytes that `torch.get_rng_state()` has at this point.

        **Matches** PyTorch 2.13, bitwise, so `torch.set_rng_state(torch.from_numpy(state))` goes on from
        here.

        Returns:
            uint8 array of shape (5056,).

        >>> from jaxdl.random import TorchGenerator
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

        >>> from jaxdl.random import TorchGenerator
        >>> generator, other = TorchGenerator(0), TorchGenerator(1)
        >>> other.set_state(generator.get_state())
        >>> other.random() == generator.random()
        True
        """
        self._stream, self._cached = unpack(state)

    @property
    def state(self) -> Array:
        """The state as a property: reading it is `get_state()`, assigning to it `set_state()`.

        >>> from jaxdl.random import TorchGenerator
        >>> generator = TorchGenerator(0)
        >>> before, number = generator.state, generator.random()
        >>> generator.state = before
        >>> generator.random() == number
        True
        """
        return self.get_state()

    @state.setter
    def state(self, state: Any) -> None:
        self.set_state(state)

    def clone(self) -> Self:
        """A second generator in the same state: `torch.Generator.clone_state()`.

        >>> from jaxdl.random import TorchGenerator
        >>> generator = TorchGenerator(0)
        >>> generator.clone().random() == generator.random()
        True
        """
        other = copy(self)
        other._stream = self._stream.copy()
        return other
