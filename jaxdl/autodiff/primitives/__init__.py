"""The primitives and their rules: all that the engine can differentiate is made of these."""

from jaxdl.autodiff.primitives import (
    arithmetic,
    choice,
    contraction,
    curves,
    elementwise,
    indexing,
    reduction,
    shape,
    steps,
    window,
)

__all__ = [
    "arithmetic", "choice", "contraction", "curves", "elementwise", "indexing", "reduction", "shape", "steps", "window",
]  # fmt: skip
