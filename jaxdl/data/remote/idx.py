"""IDX, the format of MNIST: a magic number, the dimensions, and the numbers, row by row."""

import gzip
import math
import struct
import zlib

import numpy as np

from jaxdl.data.remote.download import Fetched

UNSIGNED_BYTES = 0x08


def read(fetched: Fetched, dimensions: int) -> np.ndarray:
    """The numbers in a gzipped IDX file of unsigned bytes: uint8, of so many dimensions.

    Raises:
        ValueError: it is no such file, or it is damaged, or larger than the table says.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from jaxdl.data.remote.registry import File
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels.gz"
    ...     _ = path.write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + bytes([0, 0, 0, 3]) + bytes([7, 2, 1])))
    ...     read(Fetched(path, File("labels.gz", "", size=99, unpacked=99, urls=())), dimensions=1)
    array([7, 2, 1], dtype=uint8)
    """
    path, file = fetched
    try:
        with gzip.open(path) as stream:
            return _parsed(stream, dimensions, file.unpacked)
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise ValueError(f"{path} is no sound IDX file: {error}") from error


def _parsed(stream: gzip.GzipFile, dimensions: int, limit: int) -> np.ndarray:
    magic = int.from_bytes(_exactly(stream, 4, "the magic number"))
    expected = UNSIGNED_BYTES << 8 | dimensions
    if magic != expected:
        raise ValueError(f"it begins with {magic:#010x}, and {expected:#010x} would do")
    shape = struct.unpack(f">{dimensions}I", _exactly(stream, 4 * dimensions, "the dimensions"))
    size = math.prod(shape)
    if size > limit:
        raise ValueError(f"it announces {' × '.join(map(str, shape))} numbers, and at most {limit:,} would do")
    numbers = np.frombuffer(_exactly(stream, size, "the numbers"), np.uint8).reshape(shape)
    if stream.read(1):
        raise ValueError(f"something follows its {size:,} numbers")
    return numbers


def _exactly(stream: gzip.GzipFile, size: int, what: str) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise ValueError(f"it ends after {len(content):,} of the {size:,} bytes of {what}")
    return content
