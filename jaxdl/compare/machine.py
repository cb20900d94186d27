"""What a figure was measured on: machine, versions, flags."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import jaxdl
from jaxdl.parity.frozen import processor

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "torch")
EXTRA = {"tensorflow": ("tensorflow", "keras")}


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def require(frameworks: Sequence[str]) -> None:
    """See that the frameworks that are no part of a usual installation are there.

    Raises:
        ModuleNotFoundError: one is not; the error says how to get it.
    """
    for framework, packages in EXTRA.items():
        if framework in frameworks and find_spec(packages[0]) is None:
            raise ModuleNotFoundError(
                f"{framework} is not installed; in a checkout: make compare FRAMEWORKS=jax,torch,{framework}, "
                f"elsewhere: pip install 'jaxdl[{framework}]'",
                name=packages[0],
            )


def device(kind: str) -> str:
    """The name of what is computed on.

    Raises:
        OSError: 'gpu' where jax or PyTorch sees none.
    """
    if kind == "cpu":
        return "CPU"
    import jax
    import torch

    try:
        seen = jax.devices("gpu")
    except RuntimeError:
        seen = []
    if not seen or not torch.cuda.is_available():
        both = (("jax", bool(seen)), ("PyTorch", torch.cuda.is_available()))
        blind = " and ".join(name for name, sees in both if not sees)
        raise OSError(
            f"--gpu: {blind} can use no GPU here; install jax[cuda13] and a CUDA build of PyTorch, or leave it out"
        )
    return str(seen[0].device_kind)


def describe(frameworks: Sequence[str] = ()) -> dict[str, Any]:
    """Machine, versions, flags, time and commit, as JSON holds them."""
    packages = [*PACKAGES, *(package for name in frameworks for package in EXTRA.get(name, ()))]
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
        "versions": {"jaxdl": jaxdl.__version__, **{package: _version(package) for package in packages}},
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
