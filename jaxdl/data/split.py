"""Splitting data at random into parts."""

import math
import warnings
from collections.abc import Sequence, Sized
from itertools import accumulate
from typing import Any

import numpy as np

from jaxdl.data.sampler import own, rows_of
from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import integer


def random_split(
    data: int | Sized, lengths: Sequence[int | float], generator: TorchGenerator
) -> list[np.ndarray] | list[tuple[Any, ...]]:
    """Parts of the data that have no row in common: training and test sets, say.

    One permutation of all rows is drawn, and cut into pieces of the given lengths. Lengths that sum to 1 are fractions:
    part i has ⌊fraction · rows⌋ rows, and the rows that are then left over go to the parts in turn, one each.

    **Matches** `torch.utils.data.random_split`, PyTorch 2.13, exactly; the generator moves on as its does, by one
    permutation.
    **Differs**: the generator is always given (PyTorch's default one, where none is); negative lengths are refused.

    Args:
        data: number of rows (or something whose `len()` it is), or a tuple or list of arrays of one length.
        lengths: rows a part, which sum to the number of rows; or fractions, which sum to 1.
        generator: where the permutation is drawn from.

    Returns:
        For a number of rows: for each part, its rows, an int64 array. For arrays: for each part, a tuple of the arrays'
        rows.

    Raises:
        TypeError: data, lengths or a generator of another type.
        ValueError: a length below 0, lengths that sum to neither 1 nor the number of rows, or arrays of different
            lengths.

    Warns:
        UserWarning: a fraction leaves a part without rows.

    >>> [rows.tolist() for rows in random_split(6, [4, 2], TorchGenerator(0))]
    [[2, 5, 3, 0], [1, 4]]
    >>> x, y = np.arange(10.0), np.arange(10)
    >>> (x_train, y_train), (x_test, y_test) = random_split((x, y), [0.8, 0.2], TorchGenerator(0))
    >>> y_test.tolist()
    [6, 2]
    """
    arrays = data if isinstance(data, tuple | list) else None
    counts = [len(array) if isinstance(array, Sized) else None for array in arrays or ()]
    if arrays is not None and (len(set(counts)) != 1 or None in counts):
        raise ValueError(f"`data` must be a tuple of arrays of one length, given lengths {counts}")
    rows = rows_of(data if arrays is None else arrays[0], 0)
    if own(generator) is None:
        raise TypeError("`generator` (=None) must be a TorchGenerator; make one with TorchGenerator(seed)")
    given = listed(lengths)
    if is_fractions(given):
        sizes = shares(rows, given)
    elif sum(given) == rows:
        sizes = [integer(n, "length", 0, rows) for n in given]
    else:
        raise ValueError(f"`lengths` (={given}) must sum to 1 or to the {rows} rows; they sum to {sum(given)}")
    order = generator.randperm(rows)
    parts = [order[end - size : end] for end, size in zip(accumulate(sizes), sizes, strict=True)]
    return parts if arrays is None else [tuple(array[part] for array in arrays) for part in parts]


def listed(lengths: Any) -> list[Any]:
    """`lengths` as a list of numbers."""
    try:
        given = list(lengths)
    except TypeError:
        given = ["none"]
    if not all(hasattr(n, "__float__") and np.ndim(n) == 0 for n in given):
        raise TypeError(f"`lengths` (={lengths!r}) must be a list of numbers: rows a part, or fractions that sum to 1")
    return given


def is_fractions(lengths: Sequence[int | float]) -> bool:
    """Whether PyTorch takes them for fractions: they sum to 1, or to a rounding error less."""
    return math.isclose(sum(lengths), 1) and sum(lengths) <= 1


def shares(rows: int, fractions: Sequence[float]) -> list[int]:
    """The fractions in whole rows."""
    if min(fractions) < 0:
        raise ValueError(f"`lengths` (={list(fractions)}) must not be negative")
    sizes = [math.floor(rows * fraction) for fraction in fractions]
    for part in range(rows - sum(sizes)):
        sizes[part % len(sizes)] += 1
    for part, size in enumerate(sizes):
        if size == 0:
            warnings.warn(f"random_split: part {part} of the {rows} rows has none", stacklevel=3)
    return sizes
