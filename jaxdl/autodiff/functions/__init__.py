"""What NumPy's functions do on tracers, and the functions of networks."""

from jaxdl.autodiff.functions import indexing, linear, network, reduction, shape

__all__ = ["indexing", "linear", "network", "reduction", "shape"]
