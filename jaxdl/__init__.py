"""Deep learning's fundamentals in JAX, proven digit for digit against PyTorch.

>>> import jaxdl
>>> jaxdl.functional.relu(-1.0).item()
0.0
"""

import importlib
from typing import TYPE_CHECKING, Any

from jaxdl import _runtime

__version__ = "0.1.0"

__all__ = [
    "autodiff",
    "bridge",
    "compare",
    "data",
    "experiment",
    "functional",
    "metrics",
    "nn",
    "optim",
    "parity",
    "random",
    "report",
    "runtime",
    "train",
]

if TYPE_CHECKING:
    from jaxdl import (
        autodiff,
        bridge,
        compare,
        data,
        experiment,
        functional,
        metrics,
        nn,
        optim,
        parity,
        random,
        report,
        runtime,
        train,
    )

_runtime.prepare()


def __getattr__(name: str) -> Any:
    """Import a room when it is first named, so that `import jaxdl` costs nothing but the runtime guard."""
    if name in __all__:
        return importlib.import_module(f"jaxdl.{name}")
    raise AttributeError(f"module 'jaxdl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
