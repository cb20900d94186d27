"""Files that are whole or not there, known by their checksums, in a directory that one run writes to at a time."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Self

BLOCK = 2**20
LARGEST_TRIAL = 2**26


class DirectoryInUseError(ValueError):
    """Another run writes into the same directory."""


class Lock:
    """One run a directory, as long as its process lives: the system lets go of it even after a kill.

    Raises:
        DirectoryInUseError: another run, here or in another process, has it.
        OSError: it is no directory, or nobody may write there.
    """

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise OSError(
                f"a run cannot write into {directory} ({error.strerror}); another directory (--out) would do"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._file, 100, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise DirectoryInUseError(
                f"another run (process {owner}) writes into {directory}; give this one a directory of its own, or wait"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have it."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


def write_whole(file: Path, text: str) -> None:
    """Write a file that is there as a whole or not at all, even if the machine stops in between."""
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_directory(file.parent)


def require_room(folder: Path, size: int) -> None:
    """See that so many bytes can be written below a folder, before anything is begun that would end half-way.

    Raises:
        OSError: the disk is full, a quota or a limit is reached.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OSError(errno.ENOSPC, f"No space left on device: {size:,} bytes are needed and {free:,} are free")
    trial = folder / ".room"
    handle = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        os.posix_fallocate(handle, 0, max(1, min(size, LARGEST_TRIAL)))
    finally:
        os.close(handle)
        trial.unlink()


def sync_directory(folder: Path) -> None:
    """What was renamed in a folder survives a stop of the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder, by its path from there."""
    return {str(file.relative_to(folder)): _sha256(file) for file in sorted(folder.rglob("*")) if file.is_file()}


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def first_damage(folder: Path, expected: dict[str, str]) -> str | None:
    """What is wrong with the files below a folder, whose checksums are known; None where nothing is."""
    if not folder.is_dir():
        return f"the folder {folder} is missing"
    found = checksums(folder)
    for name, digest in expected.items():
        if name not in found:
            return f"its file {name} is missing"
        if found[name] != digest:
            return f"its file {name} is not what was written (truncated or altered)"
    strange = [name for name in found if name not in expected]
    return f"its file {strange[0]} does not belong to it" if strange else None


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} holds a {type(found).__name__}, not an object")
    return found
