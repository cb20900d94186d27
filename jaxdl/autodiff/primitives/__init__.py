"""The primitives and their rules: all that the engine can differentiate is made of these."""

from jaxdl.autodiff.primitives import contraction, elementwise, indexing, reduction, shape, window

__all__ = ["contraction", "elementwise", "indexing", "reduction", "shape", "window"]
