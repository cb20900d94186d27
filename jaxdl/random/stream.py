"""The raw stream: what torch.Generator draws before it becomes a number of some distribution."""

from collections.abc import Iterator
from typing import Any

import numpy as np

WORDS = 624  # of the Mersenne Twister's state
PIECE = 1 << 15  # elements at a time: the temporaries of one piece stay in the cache
LANDMARKS = 4  # places remembered: an epoch's order skips the draws of all epochs before it, in two steps

Array = np.ndarray[Any, np.dtype[Any]]


def pieces(count: int, size: int = PIECE) -> Iterator[slice]:
    """Consecutive slices that cover 0 … count − 1."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


class Stream:
    """The 32-bit outputs of mt19937, seeded by its authors' 2002 routine from one word.

    RandomState is that very engine, and NumPy has promised never to change it (NEP 19).
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed % 2**64
        self._engine = np.random.RandomState(self.seed % 2**32)  # PyTorch keeps the low word alone
        self.untouched = True  # seeded and not drawn from: PyTorch's state tells it from "624 of 624 used"
        self._passed = 0
        self._landmarks: dict[int, tuple[Array, int]] = {}  # shared with copies: positions by draws passed

    def words(self, count: int) -> Array:
        """`count` 32-bit draws as uint32."""
        self.untouched = self.untouched and count == 0
        self._passed += count
        return self._engine.randint(0, 2**32, size=count, dtype=np.uint32)

    def pairs(self, count: int) -> Array:
        """`count` 64-bit draws as uint64, each from two 32-bit ones, the high word first."""
        words = self.words(2 * count).astype(np.uint64)
        return words[::2] << np.uint64(32) | words[1::2]

    def skip(self, count: int) -> None:
        """Pass over `count` 32-bit draws, from a place where a stream of this beginning has been if one is known."""
        end = self._passed + count
        known = max((passed for passed in list(self._landmarks) if self._passed < passed <= end), default=None)
        if known is not None and (place := self._landmarks.get(known)):
            self._put(*place)
            self._passed, self.untouched = known, False
        for piece in pieces(end - self._passed, 1 << 12):
            self.words(piece.stop - piece.start)
        if count > WORDS:
            self._landmarks[end] = self.position()
            for oldest in list(self._landmarks)[:-LANDMARKS]:
                self._landmarks.pop(oldest, None)

    def fill(self, out: Array) -> None:
        """Uniforms in [0, 1): the low 24 bits of a 32-bit draw (float32), or 53 of a 64-bit one (float64)."""
        for piece in pieces(out.size):
            view = out[piece]
            if out.dtype == np.float32:
                np.multiply(
                    self.words(view.size) & np.uint32(2**24 - 1),
                    np.float32(2.0**-24),
                    out=view,
                    dtype=np.float32,
                )
                continue
            words = self.words(2 * view.size)
            high = words[::2] & np.uint32(2**21 - 1)
            np.multiply(high, 2.0**-21, out=view)
            view += words[1::2] * 2.0**-53  # exact: the two parts share no bit

    def position(self) -> tuple[Array, int]:
        """The 624 words of the state, and how many of them have been used."""
        state: Any = self._engine.get_state(legacy=False)
        return state["state"]["key"], int(state["state"]["pos"])

    def move(self, key: Array, position: int) -> None:
        """Continue from such a position."""
        self._put(key, position)
        self.untouched, self._passed, self._landmarks = False, 0, {}

    def copy(self) -> "Stream":
        """A second stream at the same place."""
        other = Stream(self.seed)
        other._put(*self.position())
        other.untouched, other._passed, other._landmarks = self.untouched, self._passed, self._landmarks
        return other

    def _put(self, key: Array, position: int) -> None:
        self._engine.set_state(("MT19937", key.astype(np.uint32), position, 0, 0.0))
