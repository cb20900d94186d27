"""Texts: tiny Shakespeare, and reviews of films."""

import re

import numpy as np

from jaxdl.data.remote import archive
from jaxdl.data.remote.download import Checksums, Folder, Mirrors, fetch

REVIEW = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d{1,9})_\d+\.txt")


def tiny_shakespeare(*, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None) -> str:
    """1,115,394 characters of Shakespeare's plays, in one string; there is no published split.

    Source: Karpathy 2015, char-rnn. 1.1 MB; the arguments are those of every data set of `jaxdl.data.remote`.

    Raises:
        ValueError: the file is no text.
    """
    ((path, _),) = fetch("tiny_shakespeare", folder, mirrors, checksums)
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from error


def imdb(
    *, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None
) -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """50,000 reviews of films: texts, as a list of strings, and y `[N]` int64: 0 against the film, 1 for it.

    25,000 to train with and 25,000 to test with, as published, in each the half against and then the half for, in the
    files' own numbering. They are read from the archive, which takes some ten seconds. Source: Maas et al. 2011,
    "Learning Word Vectors for Sentiment Analysis". 84 MB.

    Returns:
        x_train, y_train, x_test, y_test.

    Raises:
        ValueError: the archive is damaged, or holds no reviews.
    """
    (fetched,) = fetch("imdb", folder, mirrors, checksums)
    found: dict[str, list[tuple[int, int, str]]] = {"train": [], "test": []}
    for name, content in archive.contents(fetched, lambda name: REVIEW.fullmatch(name) is not None):
        part, opinion, number = REVIEW.fullmatch(name).groups()  # type: ignore[union-attr]
        try:
            found[part].append((int(opinion == "pos"), int(number), content.decode("utf-8")))
        except UnicodeDecodeError as error:
            raise ValueError(f"{fetched.path}, {name}, is no text in UTF-8: {error}") from error
    missing = [part for part, reviews in found.items() if not reviews]
    if missing:
        raise ValueError(f"{fetched.path} holds no reviews aclImdb/{missing[0]}/neg/*.txt or pos/*.txt")
    return *_ordered(found["train"]), *_ordered(found["test"])


def _ordered(reviews: list[tuple[int, int, str]]) -> tuple[list[str], np.ndarray]:
    reviews.sort()
    return [text for _, _, text in reviews], np.array([opinion for opinion, _, _ in reviews], np.int64)
