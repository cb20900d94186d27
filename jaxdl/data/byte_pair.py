"""Byte-pair tokens: the bytes of a text, and what most often stands side by side in it."""

import heapq
import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Self

import numpy as np

from jaxdl.data.text import checked, read, write
from jaxdl.random.arguments import integer

BYTES = 256
# No token reaches over the border of two pieces: a word with the blank before it, other signs, white space.
PIECES = re.compile(r" ?\w+| ?[^\w\s]+|\s+(?!\S)|\s+")
SECONDS_BETWEEN_LINES = 2.0

NOWHERE = GONE = -1  # no place; no token
NO_PAIR = (GONE, GONE)

Pair = tuple[int, int]


class BytePairTokens:
    """Tokens 0 to 255 are the bytes of UTF-8; each further one is two earlier ones that it joins.

    Any text is encoded, and comes back exactly.

    Args:
        merges: the two tokens that token 256 joins, those that 257 joins, and so on.

    Raises:
        ValueError: a merge of tokens that do not come before it.

    >>> tokens = BytePairTokens.train("low lower lowest", vocabulary_size=259)
    >>> [tokens.decode([token]) for token in tokens.encode("slow lows")]
    ['s', 'low', ' low', 's']

    Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016.
    """

    def __init__(self, merges: Sequence[Pair]) -> None:
        self._table = [bytes([byte]) for byte in range(BYTES)]
        for merge in merges:
            if not _is_pair(merge, len(self._table)):
                raise ValueError(
                    f"merge {len(self._table)} (={merge!r}) must join two of the {len(self._table)} tokens before it"
                )
            self._table.append(self._table[merge[0]] + self._table[merge[1]])
        self.merges = [(left, right) for left, right in merges]
        self._joined = {merge: BYTES + rank for rank, merge in enumerate(self.merges)}

    def __len__(self) -> int:
        return len(self._table)

    @classmethod
    def train(cls, text: str, vocabulary_size: int, progress: bool = True) -> Self:
        """The tokens of a text: again and again the pair that stands side by side most often becomes one.

        Of pairs as frequent the one of lower numbers comes first, so one text gives the same tokens everywhere.

        Args:
            text: to learn from.
            vocabulary_size: tokens to have in the end, at least 256; fewer come where no pair is there twice.
            progress: whether to say on stderr, every two seconds, how far it is.

        Raises:
            TypeError: the text is not a str, or the size is not an integer.
            ValueError: a size below 256.
        """
        merges = integer(vocabulary_size, "vocabulary_size", BYTES, 2**31 - 1) - BYTES
        learner = _Learner(Counter(_pieces(text)))
        shown = time.monotonic()
        while len(learner.merges) < merges and learner.merge():
            if progress and time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
                shown = time.monotonic()
                print(f"byte pairs: {len(learner.merges)} of {merges}", file=sys.stderr, flush=True)
        return cls(learner.merges)

    def encode(self, text: str) -> np.ndarray:
        """The text's tokens, `[N]` int64: every merge where it applies, in the order in which they were learned.

        Raises:
            TypeError: the text is not a str.
        """
        pieces = _pieces(text)
        encoded = {piece: self._encode(piece) for piece in set(pieces)}
        return np.fromiter(chain.from_iterable(map(encoded.__getitem__, pieces)), np.int64)

    def decode(self, tokens: Any) -> str:
        """The text of tokens `[N]`; bytes that are not UTF-8, as a model may say them, become U+FFFD.

        Raises:
            TypeError: the tokens are not a row of integers.
            ValueError: one is not in the vocabulary.
        """
        content = b"".join(map(self._table.__getitem__, checked(tokens, len(self)).tolist()))
        try:
            return content.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return content.decode("utf-8", "replace")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write them to a JSON file."""
        write(path, {"kind": "byte pairs", "merges": self.merges})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Those that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds no such tokens.
        """
        merges = read(path, "byte pairs", "merges")
        try:
            return cls([tuple(merge) for merge in merges])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is damaged: {error}") from None

    def _encode(self, piece: bytes) -> list[int]:
        """One piece's tokens. The earliest merge comes first, and the leftmost of its places."""
        line = _Line([piece])
        waiting = [(self._joined[pair], i) for i in range(len(piece)) if (pair := line.pair(i)) in self._joined]
        heapq.heapify(waiting)
        while waiting:
            token, i = heapq.heappop(waiting)
            if self._joined.get(line.pair(i)) != token:  # one of the two has become part of another token
                continue
            line.join(i, token)
            for place in (line.before[i], i):
                if (pair := line.pair(place)) in self._joined:
                    heapq.heappush(waiting, (self._joined[pair], place))
        return [token for token in line.tokens if token != GONE]


class _Line:
    """Tokens in pieces, of which two that stand side by side can become one; a place is that of the left one."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.tokens: list[int] = []
        self.before: list[int] = []
        self.after: list[int] = []
        for piece in pieces:
            start = len(self.tokens)
            self.tokens += piece
            self.before += [NOWHERE, *range(start, len(self.tokens) - 1)]
            self.after += [*range(start + 1, len(self.tokens)), NOWHERE]

    def pair(self, i: int) -> Pair:
        """The tokens at `i` and after it; at the end of a piece what no merge joins."""
        j = NOWHERE if i == NOWHERE else self.after[i]
        return NO_PAIR if j == NOWHERE else (self.tokens[i], self.tokens[j])

    def join(self, i: int, token: int) -> None:
        """Put `token` in place of the two."""
        j = self.after[i]
        k = self.after[j]
        self.tokens[i], self.tokens[j], self.after[i] = token, GONE, k
        if k != NOWHERE:
            self.before[k] = i


class _Learner:
    """How often each pair stands side by side, kept up to date merge by merge: each costs what it changes."""

    def __init__(self, pieces: Counter[bytes]) -> None:
        self.merges: list[Pair] = []
        self._line = _Line(pieces)
        self._weights = [times for piece, times in pieces.items() for _ in piece]
        self._counts: Counter[Pair] = Counter()
        self._places: defaultdict[Pair, list[int]] = defaultdict(list)
        for i in range(len(self._weights)):
            self._add(i)
        self._waiting = [(-count, pair) for pair, count in self._counts.items()]  # outdated entries stay in it
        heapq.heapify(self._waiting)

    def merge(self) -> bool:
        """Join the most frequent pair; whether there was one that is there twice."""
        while self._waiting:
            count, pair = heapq.heappop(self._waiting)
            if count < -1 and self._counts[pair] == -count:
                self._join(pair)
                return True
        return False

    def _join(self, pair: Pair) -> None:
        line, token, changed = self._line, BYTES + len(self.merges), set()
        self.merges.append(pair)
        for i in sorted(self._places.pop(pair)):
            if line.pair(i) != pair:  # the first two of three that are equal were joined
                continue
            around = line.before[i], line.after[i]
            for place in (*around, i):
                self._counts[line.pair(place)] -= self._weights[i]
                changed.add(line.pair(place))
            line.join(i, token)
            changed |= {self._add(around[0]), self._add(i)}
        for one in changed - {pair, NO_PAIR}:
            heapq.heappush(self._waiting, (-self._counts[one], one))
        del self._counts[pair]

    def _add(self, i: int) -> Pair:
        pair = self._line.pair(i)
        if pair != NO_PAIR:
            self._counts[pair] += self._weights[i]
            self._places[pair].append(i)
        return pair


def _pieces(text: str) -> list[bytes]:
    if not isinstance(text, str):
        raise TypeError(f"`text` must be a str, given {type(text).__name__}")
    return [piece.encode("utf-8", "surrogatepass") for piece in PIECES.findall(text)]


def _is_pair(merge: Any, count: int) -> bool:
    return (
        isinstance(merge, tuple)
        and len(merge) == 2
        and all(isinstance(token, int) and 0 <= token < count for token in merge)
    )
