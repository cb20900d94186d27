"""What a figure was measured on: machine, versions, flags."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import jaxdl
from jaxdl.parity.frozen import processor

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "torch")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, Any]:
    """Machine, versions, flags, time and commit, as JSON holds them."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            "processor": processor(),
            "cores": cores(),
            "memory_gib": _memory_gib(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "versions": {"jaxdl": jaxdl.__version__, **{package: _version(package) for package in PACKAGES}},
        "flags": {"XLA_FLAGS": os.environ.get("XLA_FLAGS", "")},
    }


def load() -> float | None:
    """How many processes wanted a core on average over the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    try:
        asked = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None if asked.returncode == 0 else None
