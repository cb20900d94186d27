"""The benchmark that compares jax with PyTorch: parity first, then time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxdl.compare.benchmark import run, save, stages

__all__ = ["run", "save", "stages"]


def __getattr__(name: str) -> Any:
    """Import the benchmark when it is asked for: a worker process imports this package and must stay light."""
    if name in __all__:
        return getattr(import_module("jaxdl.compare.benchmark"), name)
    raise AttributeError(f"module 'jaxdl.compare' has no attribute {name!r}")
