"""The first tensor in which a port differs from its PyTorch model, and why."""

from jaxdl.parity.divergence.finder import diff
from jaxdl.parity.divergence.result import Diff, First

__all__ = ["Diff", "First", "diff"]
