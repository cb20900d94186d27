"""Settings of a whole process that make jax faster on a CPU, and its second start quicker: for programs, not libraries.

docs/tuning.md has what they do, measured.
"""

import ctypes
import hashlib
import logging
import os
import platform
import stat
import sys
import warnings
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path

from jaxdl import _runtime

SWITCH = "JAXDL_TUNE"  # =0 in the environment: tune() does nothing
FOLDER = "JAXDL_CACHE_DIR"
LARGEST = 2**29  # bytes of compiled programs that are kept

# glibc's mallopt: its numbers for the settings, and what they are set to.
ALLOCATOR = {
    "M_ARENA_MAX": (-8, 1),  # one heap for all threads
    "M_MMAP_MAX": (-4, 0),  # large blocks come from the heap, too
    "M_TRIM_THRESHOLD": (-1, 2**31 - 1),  # and stay there when they are freed
}


@dataclass(frozen=True)
class Tuned:
    """What `tune` did: 'on', or why not.

    Attributes:
        allocator: freed memory is kept for the next step.
        cache: compiled programs are kept for the next start.
        folder: where; None without a cache.
    """

    allocator: str
    cache: str
    folder: Path | None = None


def tune(*, allocator: bool = True, cache: bool = True) -> Tuned:
    """Make this process a fast one: call it first in a program of your own, before the first jax computation.

    The experiments and the benchmark do; `import jaxdl` does not, for it changes the whole process:

    - allocator: XLA asks for its temporary memory anew in every step, and the C library gives large blocks back to the
      system each time: every step waits until the system has handed out and cleared thousands of pages. glibc is told
      to keep them (one arena, no mmap, no trimming). The process stays as large as it once was. Other C libraries
      and other systems than Linux are left alone.
    - cache: compiled programs are written to a folder of the user's own, and a second start reads them there. What lies
      there is executed: a folder that somebody else could write to or replace is refused, in one sentence, and the
      program goes on without. Damaged programs go, and beyond half a gigabyte those that were not used for longest.
      `JAXDL_CACHE_DIR` names another folder; where jax has one already, as from `JAX_COMPILATION_CACHE_DIR`, it stays.

    No number changes: a program that was read is the one that was compiled.

    Undo: `JAXDL_TUNE=0` in the environment turns all of it off; removing the folder empties the cache.

    Args:
        allocator: keep freed memory.
        cache: keep compiled programs.

    Returns:
        What was done.

    >>> from jaxdl import runtime
    >>> runtime.tune(allocator=False, cache=False)
    Tuned(allocator='not asked for', cache='not asked for', folder=None)
    """
    if turned_off():
        return Tuned(turned_off(), turned_off())
    kept = keep_freed_memory() if allocator else "not asked for"
    if not cache:
        return Tuned(kept, "not asked for")
    try:
        folder = keep_compiled_programs()
    except (OSError, RuntimeError) as error:  # RuntimeError: nobody knows the user's home
        logging.getLogger("jaxdl").warning("compiled programs are not kept for the next start: %s", error)
        return Tuned(kept, str(error))
    return Tuned(kept, "on", folder)


def turned_off() -> str:
    """How the environment turns everything off; empty where it does not."""
    given = os.environ.get(SWITCH, "")
    return f"{SWITCH}={given}" if given.lower() in ("0", "off", "false", "no") else ""


@once
def keep_freed_memory() -> str:
    """Tell glibc to keep the memory that is freed; 'on', or why not."""
    if sys.platform != "linux":
        return f"a setting of Linux's, and this is {sys.platform}"
    if _runtime.backend_is_up():
        return "too late: jax has started its threads"
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return "a setting of glibc's, and this C library is another"
    refused = [name for name, (number, value) in ALLOCATOR.items() if not library.mallopt(number, value)]
    return f"glibc refused {', '.join(refused)}" if refused else "on"


def keep_compiled_programs() -> Path:
    """Turn jax's persistent compilation cache on, in a folder of the user's own.

    Raises:
        OSError: there is no such folder, and none could be made; or somebody else could write there.
        RuntimeError: no folder is named, and nobody knows the user's home.
    """
    import jax

    given: str | None = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    if given is not None:
        return Path(given)
    folder = Path(os.path.realpath(cache_folder())) / machine()
    require_own(cache_folder().absolute())  # and then, with its links followed, once it is there
    for place in reversed([folder, *folder.parents]):
        place.mkdir(mode=0o700, exist_ok=True)
    require_own(folder)
    sweep(folder.parent)
    # A damaged program, or a full disk: jax compiles, and its warning would say nothing that a user can do.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache", UserWarning)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # a start consists of many quick ones
    return folder


def cache_folder() -> Path:
    """Where compiled programs are kept: in $JAXDL_CACHE_DIR, or in jaxdl's part of the user's cache folder.

    Raises:
        RuntimeError: neither is named, and nobody knows the user's home.
    """
    named = os.environ.get(FOLDER)
    if named:
        return Path(named).expanduser() / "xla"
    base = os.environ.get("XDG_CACHE_HOME") or ("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return Path(base).expanduser() / "jaxdl" / "xla"


def machine() -> str:
    """A name for this kind of processor: homes are shared, and jax's own keys do not tell processors apart."""
    features = ""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        features = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return f"{platform.machine()}-{hashlib.sha256(features.encode()).hexdigest()[:12]}"


def require_own(folder: Path) -> None:
    """See that nobody else can put a program into a folder, or another folder or link in the place of one above it.

    Raises:
        PermissionError: one of them belongs to somebody else but root, or others may write there.
    """
    if not hasattr(os, "getuid"):  # on Windows a user's own folders are closed to others
        return
    for place in (folder, *folder.parents):
        try:
            found = place.lstat()
        except FileNotFoundError:
            continue  # it will be made, and by us
        if found.st_uid not in (os.getuid(), 0):
            raise PermissionError(f"{place} belongs to another user, who could put programs there for you to run")
        if stat.S_ISLNK(found.st_mode) or (found.st_mode & stat.S_ISVTX and place != folder):
            continue  # in a sticky folder, such as /tmp, each may replace only what is his
        if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and not users_own(found.st_gid)):
            raise PermissionError(
                f"others may write to {place}, and could put programs there for you to run; chmod go-w {place} cures it"
            )


def users_own(group: int) -> bool:
    """Whether nobody but the user is in a group: many systems give each user one of the same name."""
    import grp
    import pwd

    with suppress(KeyError):
        name = pwd.getpwuid(os.getuid()).pw_name
        found = grp.getgrgid(group)
        return found.gr_name == name and set(found.gr_mem) <= {name}
    return False


def sweep(folder: Path, largest: int = LARGEST) -> None:
    """Remove the programs that were cut short, and beyond `largest` bytes those that were not used for longest.

    jax writes a program in place, under its last name: a killed process and a full disk leave the first half, and it
    would be found again and again. One that was seen to be whole is made read-only, and is not looked at a second time.
    """
    kept = []
    for file in folder.rglob("*-cache"):
        with suppress(OSError):  # another process sweeps as well
            found = file.stat()
            if found.st_mode & stat.S_IWUSR:
                if not whole(file.read_bytes()):
                    file.unlink()
                    continue
                file.chmod(0o400)
            kept.append((max(found.st_atime, found.st_mtime), found.st_size, file))
    total = sum(size for _, size, _ in kept)
    for _, size, file in sorted(kept):
        if total <= largest:
            break
        with suppress(OSError):
            file.unlink()
        total -= size


def whole(content: bytes) -> bool:
    """Whether a compressed program is all there; of zstd, which jax prefers where it is installed, nothing is known."""
    if content.startswith(b"\x28\xb5\x2f\xfd"):
        return True
    try:
        zlib.decompress(content)
    except zlib.error:
        return False
    return True


def cache_state() -> str:
    """What `jaxdl doctor` says of the cache: where it is, how large, and how to empty it."""
    try:
        folder = cache_folder()
        require_own(Path(os.path.realpath(folder)))
        sizes = [file.stat().st_size for file in folder.rglob("*-cache")]
    except (OSError, RuntimeError) as error:
        return f"refused: {error}"
    held = f"{len(sizes)} programs, {sum(sizes) / 1e6:.1f} MB" if sizes else "empty"
    off = f"; off: {turned_off()}" if turned_off() else ""
    return f"{folder}: {held}{off}" + (f"; rm -r {folder} empties it" if sizes else "")
