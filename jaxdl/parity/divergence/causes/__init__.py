"""Causes: what a port may do otherwise, tried one by one on PyTorch's side."""

from jaxdl.parity.divergence.causes import attention, elementwise, layer, normalisation, optimizer, recurrent, shape
from jaxdl.parity.divergence.causes.catalogue import candidates

__all__ = ["attention", "candidates", "elementwise", "layer", "normalisation", "optimizer", "recurrent", "shape"]
