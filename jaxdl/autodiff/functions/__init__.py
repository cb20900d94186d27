"""What NumPy's functions do on tracers, and the functions of networks."""

from jaxdl.autodiff.functions import elementwise, indexing, linear, network, reduction, shape

__all__ = ["elementwise", "indexing", "linear", "network", "reduction", "shape"]
