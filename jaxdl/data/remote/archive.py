"""Archives from the network: their members' contents, read without unpacking anything to the disk."""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from jaxdl.data.remote.download import Fetched

PIECE = 2**20
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, OverflowError, RuntimeError)


class RefusedError(ValueError):
    """What no archive of a data set holds."""


class Member(NamedTuple):
    """A file in an archive; `plain` is False for links, devices and the like."""

    name: str
    size: int
    plain: bool
    read: Callable[[], bytes]


def contents(fetched: Fetched, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Name and content of the wanted members of a .zip or .tar.gz file, in the archive's order.

    Raises:
        ValueError: the archive is damaged, or holds a member outside of its own folder, one that is no plain file, or
            more than the table's limits.
    """
    path, file = fetched
    members = _zipped if path.suffix == ".zip" else _tarred
    count = total = 0
    try:
        for member in members(path, file.unpacked):
            count, total = count + 1, total + member.size
            _check(member)
            if count > file.members or total > file.unpacked:
                raise RefusedError(_too_much(file.members, file.unpacked))
            name = str(PurePosixPath(member.name))  # some archives write ./ before every name
            if wanted(name):
                yield name, member.read()
    except RefusedError as error:
        raise ValueError(f"{path} is refused: {error}") from None
    except DAMAGE as error:
        raise ValueError(f"{path} is a damaged archive: {error}") from error


def _check(member: Member) -> None:
    name = PureWindowsPath(member.name)  # which knows both kinds of slashes, and drives
    if name.root or name.drive or ".." in name.parts:
        raise RefusedError(f"its member {member.name!r} would land outside of its folder")
    if not member.plain:
        raise RefusedError(f"its member {member.name!r} is a link or a device, and only plain files would do")


def _too_much(members: int, size: int) -> str:
    return f"it holds more than the {members:,} files and {size / 1e6:,.0f} MB that this data set may have"


def _zipped(path: Path, limit: int) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            yield Member(info.filename, info.file_size, plain, partial(archive.read, info))


def _tarred(path: Path, limit: int) -> Iterator[Member]:
    with _Limited(path, limit) as stream, tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE) as archive:
        for info in archive:
            plain = info.isdir() or (info.isreg() and not info.issparse())
            yield Member(info.name, info.size, plain, partial(_extracted, archive, info))


def _extracted(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    reader = archive.extractfile(info)
    return b"" if reader is None else reader.read()


class _Limited(gzip.GzipFile):
    """A gzipped file that ends with an error where it unpacks to more than it may."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(path, "rb")
        self._left = 2 * limit + PIECE  # twice: with what tar adds to each file

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self._left -= len(content)
        if self._left < 0:
            raise RefusedError("it unpacks to more than this data set may have")
        return content
