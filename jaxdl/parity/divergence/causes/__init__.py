"""Causes: what a port may do otherwise, tried one by one on PyTorch's side."""

from jaxdl.parity.divergence.causes import (
    attention,
    convolution,
    elementwise,
    layer,
    normalisation,
    optimizer,
    pooling,
    recurrent,
    shape,
)
from jaxdl.parity.divergence.causes.catalogue import candidates

__all__ = [
    "attention",
    "candidates",
    "convolution",
    "elementwise",
    "layer",
    "normalisation",
    "optimizer",
    "pooling",
    "recurrent",
    "shape",
]
