"""Who liked which film: MovieLens."""

import numpy as np

from jaxdl.data.embedded import Split
from jaxdl.data.remote import archive
from jaxdl.data.remote.download import Checksums, Folder, Mirrors, fetch

SPLITS = ("u1", "u2", "u3", "u4", "u5", "ua", "ub")


def movielens_100k(
    split: str = "u1", *, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None
) -> Split:
    """100,000 ratings of 1,682 films by 943 people: x `[N, 2]` int64, the person's and the film's number from 0; y
    `[N]` float32, 1 to 5.

    Source: Harper and Konstan 2015, "The MovieLens Datasets: History and Context". 5 MB.

    Args:
        split: the published one: "u1" to "u5" are the folds of a cross-validation, 80,000 ratings to train with and
            20,000 to test with; in "ua" and "ub" the test has ten ratings a person.
        folder: of the cache.
        mirrors: addresses to try.
        checksums: of files that stand in for the official ones.

    Raises:
        ValueError: another split, or a damaged archive.
    """
    if split not in SPLITS:
        raise ValueError(f"`split` (={split!r}) must be one of {', '.join(SPLITS)}")
    (fetched,) = fetch("movielens_100k", folder, mirrors, checksums)
    names = [f"ml-100k/{split}.{part}" for part in ("base", "test")]
    tables = dict(archive.contents(fetched, names.__contains__))
    missing = [name for name in names if name not in tables]
    if missing:
        raise ValueError(f"{fetched.path} does not hold {', '.join(missing)}")
    train, test = (_parsed(tables[name], f"{fetched.path}, {name},") for name in names)
    return *train, *test


def _parsed(content: bytes, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Lines of four numbers: the person, the film, the rating, and when, in seconds since 1970."""
    try:
        rows = np.array([[int(number) for number in line.split(b"\t")] for line in content.splitlines()], np.int64)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{place} is no table of ratings: {error}") from error
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise ValueError(f"{place} is a table of shape {rows.shape}, and four numbers a line would do")
    if rows[:, :2].min() < 1 or not 1 <= rows[:, 2].min() <= rows[:, 2].max() <= 5:
        raise ValueError(f"{place} has a person or film below 1, or a rating that is not 1 to 5")
    return rows[:, :2] - 1, rows[:, 2].astype(np.float32)
