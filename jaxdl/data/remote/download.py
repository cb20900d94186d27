"""Files of the table on this machine: taken from the cache, or downloaded whole and checked, or not at all."""

import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from jaxdl.data.remote.registry import FILES, File
from jaxdl.data.remote.transfer import Transfer, TransferError

ATTEMPTS = 8  # at one address, each of which must bring something new

Folder = str | os.PathLike[str] | None
Mirrors = Sequence[str] | None
Checksums = Mapping[str, str] | None


class Fetched(NamedTuple):
    """A file on this machine, and what is known of it."""

    path: Path
    file: File


def fetch(data_set: str, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None) -> list[Fetched]:
    """The files of a data set, in the table's order; those that are missing or damaged are downloaded.

    Args:
        data_set: its name in the table.
        folder: of the cache; None: the environment's JAXDL_DATA, or else the user's cache folder.
        mirrors: addresses to try in this order instead of the official ones, each a copy of the cache folder; None:
            those in the environment's JAXDL_MIRRORS, separated by spaces, or else the official ones.
        checksums: by file name, of files that stand in for the official ones.

    Raises:
        ConnectionError: a file is not here and no address gave it.
        TypeError: mirrors that are one string.
        ValueError: a mirror that is no address, or a checksum of a file that the data set does not have.
    """
    place = folder_of(data_set, folder)
    known = known_files(data_set, checksums)
    bases = _checked_mirrors(mirrors)
    return [
        Fetched(_held(place / file.name, file, _urls(data_set, file, bases), replaced=bool(checksums)), file)
        for file in known
    ]


def folder_of(data_set: str, folder: Folder) -> Path:
    """Where a data set's files are kept."""
    import pooch

    if folder is not None and not isinstance(folder, str | os.PathLike):
        raise TypeError(f"`folder` (={folder!r}) must be a path, or None")
    return Path(folder or os.environ.get("JAXDL_DATA") or pooch.os_cache("jaxdl")).expanduser() / data_set


def known_files(data_set: str, checksums: Checksums) -> list[File]:
    """The table's files, with the caller's checksums."""
    files = {file.name: file for file in FILES[data_set]}
    if checksums is not None and not isinstance(checksums, Mapping):
        raise TypeError(f"`checksums` (={checksums!r}) must be a dict, from file names to checksums")
    unknown = sorted(set(checksums or ()) - set(files))
    if unknown:
        raise ValueError(f"`checksums` names {', '.join(unknown)}; {data_set} has {', '.join(files)}")
    for name, checksum in (checksums or {}).items():
        algorithm, _, digits = str(checksum).rpartition(":")
        if _digits(algorithm or "sha256") != len(digits) or not re.fullmatch("[0-9a-fA-F]+", digits):
            raise ValueError(f"the checksum of {name} must be a SHA-256, or such as 'md5:...', given {checksum!r}")
    return [replace(file, sha256=(checksums or {}).get(name, file.sha256)) for name, file in files.items()]


def _digits(algorithm: str) -> int:
    """How many an algorithm's checksum has; 0 where there is none, or it has no length of its own."""
    return 2 * hashlib.new(algorithm).digest_size if algorithm in hashlib.algorithms_available else 0


def _checked_mirrors(mirrors: Mirrors) -> list[str] | None:
    if isinstance(mirrors, str):
        raise TypeError(f"`mirrors` (={mirrors!r}) must be a list of addresses; [{mirrors!r}] would do")
    if mirrors is not None and not isinstance(mirrors, Sequence):
        raise TypeError(f"`mirrors` (={mirrors!r}) must be a list of addresses, or None")
    given = os.environ.get("JAXDL_MIRRORS", "").split() or None if mirrors is None else list(mirrors)
    for mirror in given or ():
        if not (isinstance(mirror, str) and mirror.startswith(("http://", "https://"))):
            raise ValueError(f"a mirror must be an address that begins with https:// or http://, given {mirror!r}")
    return given


def _urls(data_set: str, file: File, mirrors: list[str] | None) -> list[str]:
    if mirrors is None:
        return list(file.urls)
    return [f"{mirror.rstrip('/')}/{data_set}/{file.name}" for mirror in mirrors]


def _held(path: Path, file: File, urls: list[str], replaced: bool) -> Path:
    """The path of the file, once it is there with the right checksum."""
    if _is_right(path, file):
        return path
    failures = []
    with usable(path), alone(path):
        if _is_right(path, file):  # another process made it meanwhile
            return path
        for url in urls:
            failure = _downloaded(url, path, file)
            if failure is None:
                return path
            failures.append(f"{url} ({failure})")
    state = "has another checksum" if path.is_file() else "is not here"
    official = f" (from {file.urls[0]})" if not replaced else ""
    raise ConnectionError(
        f"{path} {state}, and could not be downloaded; tried {', '.join(failures) or 'no address, as none was given'}; "
        f"put the file there by hand{official}, or name a folder that has it: folder=... or JAXDL_DATA"
    )


def _is_right(path: Path, file: File) -> bool:
    import pooch

    return path.is_file() and pooch.hashes.hash_matches(path, file.sha256)


def _downloaded(url: str, path: Path, file: File) -> str | None:
    """Download to the path, and say why not where that fails; nothing with another checksum ever has that name."""
    import pooch

    failure = ""
    checked = unfinished(path).with_suffix(".checked")  # a folder of its own for pooch's files, which a kill leaves
    for _ in range(ATTEMPTS):
        transfer = Transfer(unfinished(path), file.size)
        try:
            shutil.rmtree(checked, ignore_errors=True)
            with _quiet(pooch.get_logger()):
                pooch.retrieve(url, file.sha256, path.name, checked, downloader=transfer)
            os.replace(checked / path.name, path)
            return None
        except TransferError as error:
            failure = str(error)
            if not transfer.received:
                break
        except ValueError:  # pooch's word for another checksum
            failure = f"its checksum is not {file.sha256}"
            if not transfer.resumed:
                break
        finally:
            shutil.rmtree(checked, ignore_errors=True)
    return failure


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """pooch says nothing meanwhile: the transfer has its own words."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def unfinished(path: Path) -> Path:
    """Where an unfinished download waits for the next attempt."""
    return path.with_name(f".{path.name}.part" if _locks() else f".{path.name}.{os.getpid()}.part")


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """What the system refuses while the file or folder at the path is made, in a sentence that says what would do."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except ConnectionError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise OSError(
            error.errno,
            f"{path} cannot be written ({reason}); name a folder with room for it: folder=... or JAXDL_DATA",
        ) from error


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time makes what belongs at the path; however one ends, the system then lets the next begin.

    Where the system has no such lock (Windows), each process works on its own.
    """
    if not _locks():
        yield
        return
    import fcntl

    with open(path.with_name(f".{path.name}.lock"), "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"jaxdl: waits for another process, which makes {path}", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _locks() -> bool:
    return os.name == "posix"
