"""Text that every supported Python carries: its help, as windows to learn from."""

from jaxdl.data.embedded import Split
from jaxdl.data.text import CharacterTokens, pydoc_text, sequences

UNCHANGED = (  # the longest topics that are the same in Python 3.11 to 3.13
    *("import", "comparisons", "calls", "operator-summary", "with", "exceptions", "for", "id-classes"),
    *("context-managers", "slicings"),
)
PRINTABLE = CharacterTokens("\n" + "".join(map(chr, range(32, 127))))


def python_help(length: int, test_fraction: float = 0.2, stride: int | None = None) -> Split:
    """45,825 characters of English about Python, in windows: the ten longest topics of its help that are the same in
    Python 3.11 to 3.13.

    Each character is a token of `PRINTABLE`: the line's end, and ASCII from space to tilde; the few that are none of
    these read as '?'. The text to test on is the last part, which no window to train on reaches.

    Source: `pydoc_data.topics` of the standard library. Where a Python's topics are others, so is the text.

    Args:
        length: characters a window.
        test_fraction: how much of the text is for testing.
        stride: from one training window's start to the next; None: `length`.

    Returns:
        `(x_train, y_train, x_test, y_test)`, `[N, length]` int64: characters, and at each place the one that follows.

    Raises:
        FileNotFoundError: this Python was packaged without the text.
        TypeError, ValueError: as `sequences` has it.

    >>> x, y, x_test, y_test = python_help(64)
    >>> PRINTABLE.decode(x[0, :22]), PRINTABLE.decode(y[0, :22])
    ('The "import" statement', 'he "import" statement\\n')
    """
    text = pydoc_text(UNCHANGED).encode("ascii", "replace").decode()
    return sequences(PRINTABLE.encode(text), length, test_fraction, stride)
