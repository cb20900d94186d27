"""Small files in the forms of the real data sets."""

import gzip
import io
import struct
import tarfile
import wave
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jaxdl.data.remote.registry import FILES

IDX_NAMES = (
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
)  # fmt: skip


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return gzip.compress(head + array.astype(np.uint8).tobytes(), 1)


def digits(train: int = 5, test: int = 3, seed: int = 0) -> dict[str, bytes]:
    """MNIST's four files, with fewer images."""
    draw = np.random.default_rng(seed)
    arrays = [array for n in (train, test) for array in (draw.integers(0, 256, (n, 28, 28)), draw.integers(0, 10, n))]
    return {name: idx(array) for name, array in zip(IDX_NAMES, arrays, strict=True)}


def python2(value: Any) -> bytes:
    """A pickle as Python 2's cPickle writes it in protocol 2, opcode for opcode."""
    memo = 0

    def remember() -> bytes:
        nonlocal memo
        memo += 1
        return b"q" + bytes([memo]) if memo < 256 else b"r" + struct.pack("<I", memo)

    def text(content: bytes) -> bytes:
        if len(content) < 256:
            return b"U" + bytes([len(content)]) + content
        return b"T" + struct.pack("<i", len(content)) + content

    def integer(number: int) -> bytes:
        if 0 <= number < 256:
            return b"K" + bytes([number])
        return b"M" + struct.pack("<H", number) if 0 <= number < 2**16 else b"J" + struct.pack("<i", number)

    def array(content: np.ndarray) -> bytes:
        columns_first = content.flags.f_contiguous and not content.flags.c_contiguous
        made = b"cnumpy.core.multiarray\n_reconstruct\n" + remember() + b"cnumpy\nndarray\n" + remember()
        made += integer(0) + b"\x85" + text(b"b") + b"\x87R" + remember()
        shape = b"".join(map(integer, content.shape)) + b"\x86"
        kind = b"cnumpy\ndtype\n" + remember() + text(b"u1") + integer(0) + integer(1) + b"\x87R" + remember()
        kind += b"(" + integer(3) + text(b"|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"
        order = b"\x88" if columns_first else b"\x89"
        return made + b"(" + integer(1) + shape + kind + order + text(content.tobytes("A")) + b"tb"

    def written(part: Any) -> bytes:
        if isinstance(part, str):
            return text(part.encode("latin-1")) + remember()
        if isinstance(part, int):
            return integer(part)
        if isinstance(part, np.ndarray):
            return array(part)
        if isinstance(part, list):
            return b"]" + remember() + b"(" + b"".join(map(written, part)) + b"e"
        start = b"}" + remember() + b"("
        return start + b"".join(text(key.encode()) + remember() + written(entry) for key, entry in part.items()) + b"u"

    return b"\x80\x02" + written(value) + b"."


def photographs(count: int, seed: int, **labels: list[int]) -> bytes:
    """A batch of CIFAR."""
    data = np.random.default_rng(seed).integers(0, 256, (count, 3072)).astype(np.uint8)
    return python2({"data": data, **labels, "batch_label": "a batch", "filenames": [f"{n}.png" for n in range(count)]})


def tar(members: Mapping[str, bytes], change: Callable[[tarfile.TarInfo], None] | None = None) -> bytes:
    """A .tar.gz; `change` may make each member something else."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if change is not None:
                change(info)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def zipped(members: Mapping[str, bytes], mode: int = 0o100644) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()


def sound(samples: np.ndarray, rate: int = 16_000, width: int = 2, channels: int = 1) -> bytes:
    """A .wav file."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as clip:
        clip.setnchannels(channels)
        clip.setsampwidth(width)
        clip.setframerate(rate)
        clip.writeframes(samples.astype(f"<i{width}").tobytes())
    return stream.getvalue()


def cifar(train: int = 2, test: int = 3, seed: int = 0) -> dict[str, bytes]:
    """CIFAR-10's file, with fewer images: so many in each of its five batches to train with."""
    labels = np.random.default_rng(seed).integers(0, 10, 5 * train + test).tolist()
    members = {
        f"cifar-10-batches-py/data_batch_{number + 1}": photographs(
            train, seed + number, labels=labels[number * train : (number + 1) * train]
        )
        for number in range(5)
    }
    members["cifar-10-batches-py/test_batch"] = photographs(test, seed + 5, labels=labels[5 * train :])
    return {"cifar-10-python.tar.gz": tar(members)}


def put_in_cache(folder: Path, monkeypatch: pytest.MonkeyPatch, sets: Mapping[str, Mapping[str, bytes]]) -> None:
    """Data sets into a folder that is the cache from now on, as if their files were the official ones; no network."""
    monkeypatch.setenv("JAXDL_DATA", str(folder))
    monkeypatch.setenv("JAXDL_MIRRORS", "http://127.0.0.1:9")  # where nothing listens
    for data_set, files in sets.items():
        (folder / data_set).mkdir(parents=True)
        for name, content in files.items():
            (folder / data_set / name).write_bytes(content)
        known = tuple(replace(file, sha256=sha256(files[file.name]).hexdigest()) for file in FILES[data_set])
        monkeypatch.setitem(FILES, data_set, known)
