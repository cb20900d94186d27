"""Text, its characters as tokens, and the windows that a language model learns from."""

import importlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from jaxdl.data.embedded import Split
from jaxdl.random.arguments import integer, number


def pydoc_text(topics: Sequence[str] | None = None) -> str:
    """English prose about Python: what `help()` says of the language's topics, in the order of their names.

    Source: `pydoc_data.topics` of the standard library. Each version of Python has its own: 465,048 characters in
    3.11.7, 510,664 in 3.13.0. So scores and vocabularies hold for one version of Python; but some topics have not
    changed for years.

    Args:
        topics: names of some, whose text comes in this order; None: all.

    Raises:
        FileNotFoundError: this Python was packaged without it.
        ValueError: this Python has no such topic.

    >>> text = pydoc_text()
    >>> text[:24], 300_000 < len(text) < 900_000
    ('The "assert" statement\\n*', True)
    >>> pydoc_text(["with", "for"])[:20]
    'The "with" statement'
    """
    try:
        known = importlib.import_module("pydoc_data.topics").topics
    except ImportError:
        raise FileNotFoundError(
            "this Python has no pydoc_data, which holds the text; one from python.org has it"
        ) from None
    wanted = sorted(known) if topics is None else list(topics)
    missing = [topic for topic in wanted if topic not in known]
    if missing:
        raise ValueError(f"`topics`: this Python's help has no topic {missing[0]!r}; it has {', '.join(sorted(known))}")
    return "\n".join(known[topic] for topic in wanted)


class CharacterTokens:
    """Each character a token: its place among the text's characters in the order of their code points.

    Args:
        text: whatever holds every character that is to have a token.

    Raises:
        TypeError: the text is not a str.
        ValueError: it is empty.

    >>> tokens = CharacterTokens("banana")
    >>> tokens.encode("nab").tolist(), tokens.decode([1, 0, 2]), len(tokens)
    ([2, 0, 1], 'ban', 3)
    """

    def __init__(self, text: str) -> None:
        self._codes = np.unique(_code_points(text))
        if not self._codes.size:
            raise ValueError("`text` (='') must hold at least one character")

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def vocabulary(self) -> str:
        """The characters; a token is an index into it."""
        return _joined(self._codes)

    def encode(self, text: str) -> np.ndarray:
        """The text's tokens, `[len(text)]` int64.

        Raises:
            TypeError: the text is not a str.
            ValueError: a character has no token.
        """
        codes = _code_points(text)
        tokens = np.searchsorted(self._codes, codes).clip(max=len(self) - 1)
        unknown = np.flatnonzero(self._codes[tokens] != codes)
        if unknown.size:
            place = unknown[0].item()
            raise ValueError(
                f"character {text[place]!r} at {place} has no token: it does not occur in the text of these "
                f"{len(self)} characters (BytePairTokens encodes any text)"
            )
        return tokens.astype(np.int64)

    def decode(self, tokens: Any) -> str:
        """The text of tokens `[N]`.

        Raises:
            TypeError: the tokens are not a row of integers.
            ValueError: one is not in the vocabulary.
        """
        return _joined(self._codes[checked(tokens, len(self))])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write them to a JSON file."""
        # One by one: side by side, JSON's reader joins two surrogates to one character.
        write(path, {"kind": "characters", "vocabulary": list(self.vocabulary)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Those that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds no such tokens.
        """
        vocabulary = read(path, "characters", "vocabulary")
        characters = vocabulary if isinstance(vocabulary, list) else []
        sound = all(isinstance(character, str) and len(character) == 1 for character in characters)
        if not characters or not sound or characters != sorted(set(characters)):
            raise ValueError(f"{path} is damaged: its vocabulary must be different characters in order")
        return cls("".join(characters))


def windows(tokens: Any, length: int, stride: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """What a language model sees and what it is to say: at each place, the next token.

        inputs[n, i] = tokens[n · stride + i],   targets[n, i] = tokens[n · stride + i + 1]

    Args:
        tokens: `[T]` integers; what is left after the last whole window is not used.
        length: tokens a window.
        stride: from one window's start to the next; None: `length`, so that each token is a target once.

    Returns:
        Inputs and targets, `[N, length]` in the tokens' dtype, N = ⌊(T - 1 - length) / stride⌋ + 1.

    Raises:
        TypeError: the tokens are not a row of integers, or length or stride is none.
        ValueError: length or stride below 1, or too few tokens for one window.

    >>> inputs, targets = windows(np.arange(8), 3)
    >>> inputs.tolist(), targets.tolist()
    ([[0, 1, 2], [3, 4, 5]], [[1, 2, 3], [4, 5, 6]])
    """
    row = _row(tokens)
    length = integer(length, "length", 1, 2**63 - 1)
    step = length if stride is None else integer(stride, "stride", 1, 2**63 - 1)
    if row.size < length + 1:
        raise ValueError(f"a window of `length` (={length}) needs {length + 1} tokens, given {row.size}")
    views = np.lib.stride_tricks.sliding_window_view(row, length + 1)[::step]
    return views[:, :-1].copy(), views[:, 1:].copy()


def sequences(tokens: Any, length: int, test_fraction: float = 0.1, stride: int | None = None) -> Split:
    """Windows to train and to test on, divided in time: the model is tested on what comes after all it has read.

    The stream is cut in two before there are windows, so no token that is tested on has been an input or a target.

    Args:
        tokens: `[T]` integers.
        length: tokens a window.
        test_fraction: how much of the stream, its end, is for testing.
        stride: as in `windows`, for training; the windows to test on do not overlap.

    Returns:
        `(x_train, y_train, x_test, y_test)`: inputs and targets `[N, length]`, in the tokens' dtype.

    Raises:
        TypeError: as `windows` does.
        ValueError: as `windows` does, or a fraction that is not between 0 and 1.

    >>> x_train, y_train, x_test, y_test = sequences(np.arange(20), 4, test_fraction=0.3)
    >>> x_train[-1].tolist(), y_train[-1].tolist(), x_test.tolist()
    ([8, 9, 10, 11], [9, 10, 11, 12], [[14, 15, 16, 17]])
    """
    row = _row(tokens)
    if not 0 < number(test_fraction, "test_fraction") < 1:
        raise ValueError(f"test_fraction must be between 0 and 1, given {test_fraction}")
    first = row.size - round(test_fraction * row.size)
    return *windows(row[:first], length, stride), *windows(row[first:], length)


def _code_points(text: Any) -> np.ndarray:
    if not isinstance(text, str):
        raise TypeError(f"`text` must be a str, given {type(text).__name__}")
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def _joined(codes: np.ndarray) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def _row(tokens: Any) -> np.ndarray:
    row = np.asarray(tokens)
    row = row.astype(np.int64) if not row.size else row  # an empty list is one of float64
    if row.ndim != 1 or row.dtype.kind not in "iu":
        raise TypeError(f"`tokens` must be a row of integers, given shape {row.shape} of dtype {row.dtype}")
    return row


def checked(tokens: Any, count: int) -> np.ndarray:
    """The tokens as an array of numbers from 0 to count - 1."""
    row = _row(tokens)
    wrong = row[(row < 0) | (row >= count)]
    if wrong.size:
        raise ValueError(f"token {wrong[0]} is not in the vocabulary, which has tokens 0 to {count - 1}")
    return row


def write(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    """A JSON file, whole or not at all."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        unfinished.write_text(json.dumps(content) + "\n", encoding="ascii")
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


def read(path: str | os.PathLike[str], kind: str, field: str) -> Any:
    """What the JSON file of tokens holds under `field`."""
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    try:
        content = json.loads(file.read_text(encoding="ascii"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("kind") != kind or field not in content:
        raise ValueError(f"{file} holds no tokens of kind {kind!r}; it must be a file that their save wrote")
    return content[field]
