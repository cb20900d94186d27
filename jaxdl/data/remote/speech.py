"""Spoken words: Speech Commands."""

import io
import json
import os
import re
import shutil
import struct
import wave
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.data.embedded import Split
from jaxdl.data.remote import archive
from jaxdl.data.remote.download import (
    Checksums,
    Fetched,
    Folder,
    Mirrors,
    alone,
    fetch,
    folder_of,
    known_files,
    unfinished,
    usable,
)

RATE = 16_000  # samples a second, and a clip
CLIP = re.compile(r"([a-z]+)/[^/]+\.wav")  # a word's folder; _background_noise_ is none
PARTS = ("training", "validation", "testing")
LISTS = {f"{part}_list.txt": part for part in PARTS[1:]}  # what neither names is for training


def speech_commands(
    words: Sequence[str] | None = None,
    held_out: str = "testing",
    *,
    folder: Folder = None,
    mirrors: Mirrors = None,
    checksums: Checksums = None,
) -> Split:
    """105,829 recordings of 35 spoken words, a second each: x `[N, 16000]` int16 at 16 kHz, y `[N]` int64.

    x / 32,768 is between -1 and 1. A shorter recording is followed by silence. The published parts, by speaker: 84,843
    recordings to train with, 9,981 for validation and 11,005 for testing. Version 0.02; Warden 2018, arXiv:1804.03209.

    2.4 GB to download. The first call lays the recordings out beside it in 3.4 GB, which takes a minute; from then on
    they are read from the disk as they are used, where all words are asked for (`numpy.memmap`), and copied to memory
    where some are.

    Args:
        words: the ones to have, and their classes in that order; None: all, in alphabetical order.
        held_out: the part that is returned for testing: "testing" or "validation". Training has neither.
        folder: of the cache.
        mirrors: addresses to try.
        checksums: of files that stand in for the official ones.

    Raises:
        ValueError: words that are not there, another part, or a damaged archive.
    """
    if held_out not in PARTS[1:]:
        raise ValueError(f"`held_out` (={held_out!r}) must be 'testing' or 'validation'")
    (file,) = known_files("speech_commands", checksums)
    place = folder_of("speech_commands", folder) / f"recordings-{file.sha256.rpartition(':')[2][:16]}"
    if not place.is_dir():
        (fetched,) = fetch("speech_commands", folder, mirrors, checksums)
        with usable(place), alone(place):
            if not place.is_dir():
                _lay_out(fetched, place)
    clips, labels, index = _laid_out(place)
    classes = None if words is None else _classes(words, index["words"])
    ends = dict(zip(PARTS, accumulate(index["clips"]), strict=True))
    rows = [slice(ends[part] - index["clips"][PARTS.index(part)], ends[part]) for part in ("training", held_out)]
    (x_train, y_train), (x_test, y_test) = (_chosen(clips[part], labels[part], classes) for part in rows)
    return x_train, y_train, x_test, y_test


def _laid_out(place: Path) -> tuple[np.ndarray, np.ndarray, dict[str, list[Any]]]:
    """The recordings, their words' numbers, and the words and how many recordings each part has."""
    try:
        clips, labels = np.load(place / "clips.npy", mmap_mode="r"), np.load(place / "labels.npy")
        index = json.loads((place / "index.json").read_text(encoding="utf-8"))
        if not len(clips) == len(labels) == sum(index["clips"]):
            raise ValueError("its files are of different lengths")
    except (OSError, EOFError, ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{place} is damaged ({error}); remove it, and it is laid out again") from error
    return clips, labels, index


def _classes(words: Sequence[str], known: list[str]) -> np.ndarray:
    """For each known word, its class among the chosen ones, or -1."""
    given = [words] if isinstance(words, str) else list(words)
    unknown = [word for word in given if word not in known]
    if unknown or not given or len(set(given)) < len(given):
        raise ValueError(f"`words` (={words!r}) must be different words of: {', '.join(known)}")
    return np.array([given.index(word) if word in given else -1 for word in known])


def _chosen(clips: np.ndarray, labels: np.ndarray, classes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if classes is None:
        return clips, labels
    chosen = classes[labels]
    return np.asarray(clips[chosen >= 0]), chosen[chosen >= 0]


def _lay_out(fetched: Fetched, place: Path) -> None:
    """The archive's recordings as one array, in a folder that has its name once it is whole."""
    building = unfinished(place)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        parts = _parts(fetched)
        names = sorted(parts, key=lambda name: (parts[name], name))
        words = sorted({name.partition("/")[0] for name in names})
        labels = np.array([words.index(name.partition("/")[0]) for name in names], np.int64)
        _write_clips(fetched, names, building / "clips.npy")
        np.save(building / "labels.npy", labels)
        counts = [sum(part == number for part in parts.values()) for number in range(len(PARTS))]
        (building / "index.json").write_text(json.dumps({"words": words, "clips": counts}), encoding="utf-8")
        os.replace(building, place)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _parts(fetched: Fetched) -> dict[str, int]:
    """Each recording's part, by name: 0 training, 1 validation, 2 testing."""
    names = []

    def wanted(name: str) -> bool:
        if CLIP.fullmatch(name):
            names.append(name)
        return name in LISTS

    lists = {}
    for name, content in archive.contents(fetched, wanted):
        try:
            lists[LISTS[name]] = content.decode("utf-8").split()
        except UnicodeDecodeError as error:
            raise ValueError(f"{fetched.path}, {name}, is no text in UTF-8: {error}") from error
    missing = [name for name, part in LISTS.items() if part not in lists]
    if missing or not names:
        raise ValueError(f"{fetched.path} does not hold {', '.join(missing) or 'recordings such as yes/1.wav'}")
    held_out = {name: PARTS.index(part) for part, listed in lists.items() for name in listed}
    return {name: held_out.get(name, 0) for name in names}


def _write_clips(fetched: Fetched, names: list[str], path: Path) -> None:
    rows = {name: row for row, name in enumerate(names)}
    with open(path, "wb") as stream:  # written, not mapped: where the disk is full, that would end the process
        form = {"descr": "<i2", "fortran_order": False, "shape": (len(names), RATE)}
        np.lib.format.write_array_header_1_0(stream, form)
        start = stream.tell()
        stream.truncate(start + 2 * RATE * len(names))
        for name, content in archive.contents(fetched, rows.__contains__):
            stream.seek(start + 2 * RATE * rows[name])
            stream.write(_samples(content, f"{fetched.path}, {name},")[:RATE].tobytes())


def _samples(content: bytes, place: str) -> np.ndarray:
    """The samples of a .wav file."""
    try:
        with wave.open(io.BytesIO(content)) as clip:
            form, count = (clip.getnchannels(), 8 * clip.getsampwidth(), clip.getframerate()), clip.getnframes()
            samples = clip.readframes(count)
    except (wave.Error, EOFError, struct.error, RuntimeError) as error:  # RuntimeError: a chunk beyond the end
        raise ValueError(f"{place} is no sound .wav file: {str(error) or 'it ends early'}") from error
    if form != (1, 16, RATE):
        raise ValueError(
            f"{place} has {form[0]} channels of {form[1]} bits at {form[2]} Hz; 1 of 16 bits at {RATE} Hz would do"
        )
    if len(samples) < 2 * count:
        raise ValueError(f"{place} ends after {len(samples) // 2} of its {count} samples")
    return np.frombuffer(samples, "<i2")
