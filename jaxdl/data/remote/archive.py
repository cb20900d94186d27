"""Archives from the network: their members' contents, read without unpacking anything to the disk."""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple, Self

from jaxdl.data.remote.download import Fetched

PIECE = 2**20
ABOUT_A_MEMBER = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
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
    if member.size < 0:
        raise RefusedError(f"its member {member.name!r} has a size of {member.size:,} bytes")
    if not member.plain:
        raise RefusedError(f"its member {member.name!r} is a link or a device, and only plain files would do")


def _too_much(members: int, size: int) -> str:
    return f"it holds more than the {members:,} files and {size / 1e6:,.0f} MB that this data set may have"


def _zipped(path: Path, limit: int) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            yield Member(info.filename, info.file_size, plain, partial(_unzipped, archive, info))


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a limit
        raise RefusedError(f"its member {info.filename!r} is compressed in an unusual way, and deflate would do")
    with archive.open(info) as member:
        content = member.read(info.file_size)  # never more, whatever the member unpacks to
    if len(content) < info.file_size:
        raise zipfile.BadZipFile(f"its member {info.filename!r} ends early")
    return content


def _tarred(path: Path, limit: int) -> Iterator[Member]:
    with (
        _Limited(path, limit) as stream,
        tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE, tarinfo=_Header) as archive,
    ):
        for info in archive:
            plain = info.isdir() or (info.isreg() and not info.issparse())
            yield Member(info.name, info.size, plain, partial(_extracted, archive, info))
        while rest := archive.fileobj.read(PIECE):  # to the end, for gzip's checksum
            if rest.strip(b"\0"):
                raise tarfile.ReadError("something follows its end")


class _Header(tarfile.TarInfo):
    """A member's header. A damaged one, which tarfile takes for the archive's end, is an error, and so is none."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            info = super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # not in its stubs
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"it holds no member where one belongs: {error}") from None
        if info.type in ABOUT_A_MEMBER and info.size > PIECE:  # tarfile reads it as a whole
            raise RefusedError("the name of a member is longer than a megabyte")
        return info


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
