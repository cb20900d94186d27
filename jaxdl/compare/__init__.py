"""The benchmark that compares jax with PyTorch: parity first, then time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxdl.compare.benchmark import Settings, run, save, stages
    from jaxdl.compare.workload import suite, training

__all__ = ["Settings", "run", "save", "stages", "suite", "training"]

HOMES = {"suite": "workload", "training": "workload"}


def __getattr__(name: str) -> Any:
    """Import the benchmark when it is asked for: a worker process imports this package and must stay light."""
    if name in __all__:
        return getattr(import_module(f"jaxdl.compare.{HOMES.get(name, 'benchmark')}"), name)
    raise AttributeError(f"module 'jaxdl.compare' has no attribute {name!r}")
