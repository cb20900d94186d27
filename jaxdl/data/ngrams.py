"""What to expect of a next token by counting alone: what a language model has to beat."""

from typing import Any

import numpy as np

from jaxdl.data.text import checked
from jaxdl.random.arguments import integer


def ngram_bits(tokens: Any, inputs: Any, targets: Any, order: int, size: int) -> np.ndarray:
    """The bits that each target takes, coded by how often it followed the same `order` - 1 tokens in another text.

        p₀(x) = 1 / size
        pₙ(x | c) = (count(c x) + d(c) pₙ₋₁(x | c')) / (count(c) + d(c))

    c is the last n - 1 tokens, c' without the first of them, count(c) how often any token followed c, and d(c) how many
    different ones did: the more there were, the likelier is another new one. Nothing in it is to be chosen. Where a
    window has fewer tokens before a target, all that it has count, and where c never occurred, c' decides.

    Args:
        tokens: `[T]` integers in [0, size), the text that is counted.
        inputs, targets: `[N, L]`, windows of another one, as `windows` gives them.
        order: 0 counts nothing, 1 single tokens, 2 pairs, and so on.
        size: of the vocabulary.

    Returns:
        -log₂ p of each target, `[N, L]` float64.

    Raises:
        TypeError: what must be integers is not.
        ValueError: a token that is not in the vocabulary, inputs and targets of different shapes, an order below 0
            or so large that as many tokens have more combinations than an int64 has numbers.

    >>> from jaxdl.data import windows
    >>> inputs, targets = windows(np.array([0, 1, 0, 1]), 3)
    >>> ngram_bits([0, 0, 0, 1], inputs, targets, 0, size=4).tolist()
    [[2.0, 2.0, 2.0]]
    >>> ngram_bits([0, 0, 0, 1], inputs, targets, 1, size=4).round(3).tolist()  # (1 + 2/4) / 6 and (3 + 2/4) / 6
    [[2.0, 0.778, 2.0]]

    Witten and Bell 1991, "The Zero-Frequency Problem: Estimating the Probabilities of Novel Events in Adaptive Text
    Compression", method C; as in Chen and Goodman 1996, "An Empirical Study of Smoothing Techniques for Language
    Modeling".
    """
    size = integer(size, "size", 1, 2**31 - 1)
    order = integer(order, "order", 0, max(1, int(62 / np.log2(size + 1))))
    text, inputs, targets = checked(tokens, size), np.asarray(inputs), np.asarray(targets)
    if inputs.ndim != 2 or inputs.shape != targets.shape:
        raise ValueError(f"inputs and targets must be [N, L] both, given {inputs.shape} and {targets.shape}")
    checked(inputs.ravel(), size), checked(targets.ravel(), size)
    rows = np.concatenate([inputs, targets[:, -1:]], axis=1)
    expected = np.full(targets.shape, 1 / size)
    for n in range(1, order + 1):
        if min(len(text), rows.shape[1]) < n:
            break
        places = _codes(rows, n, size)[:, -targets.shape[1] :]
        shorter = expected[:, -places.shape[1] :]
        seen, after, kinds = _counts(_codes(text, n, size), places, size)
        known = after > 0
        shorter[known] = (seen[known] + kinds[known] * shorter[known]) / (after[known] + kinds[known])
    return -np.log2(expected)


def _codes(rows: np.ndarray, n: int, size: int) -> np.ndarray:
    """Each n tokens that follow one another as one number, `[..., L - n + 1]`; without the last token: // size."""
    views = np.lib.stride_tricks.sliding_window_view(rows.astype(np.int64), n, axis=-1)
    return views @ size ** np.arange(n - 1, -1, -1, dtype=np.int64)


def _counts(text: np.ndarray, places: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each place's n-gram: how often the text has it, how often its context, and with how many last tokens."""
    grams, times = np.unique(text, return_counts=True)
    contexts, belongs = np.unique(grams // size, return_inverse=True)
    return (
        _found(grams, times, places),
        _found(contexts, np.bincount(belongs, times), places // size),
        _found(contexts, np.bincount(belongs), places // size),
    )


def _found(names: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Of each wanted name its value, 0 where there is none."""
    place = np.searchsorted(names, wanted).clip(max=len(names) - 1)
    return np.where(names[place] == wanted, values[place], 0)
