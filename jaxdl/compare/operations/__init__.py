"""The functions of jaxdl beside stock jax, Flax and optax, and beside PyTorch: the same numbers, timed in turns.

`cases` says what is called on what, once for jaxdl and PyTorch; `stock` what a user without jaxdl would write. One
process runs jax and one PyTorch (`worker`), so that neither framework's threads or allocator are in the other's way.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxdl.compare.operations.timing import run, stages

__all__ = ["run", "stages"]


def __getattr__(name: str) -> Any:
    """Import what times when it is asked for: a worker process imports this package and must hold one framework."""
    if name in __all__:
        return getattr(import_module("jaxdl.compare.operations.timing"), name)
    raise AttributeError(f"module 'jaxdl.compare.operations' has no attribute {name!r}")
