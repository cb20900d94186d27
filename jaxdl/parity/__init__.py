"""Parity: the ladder that compares a training run with its PyTorch twin, tensor by tensor."""

from jaxdl.parity.climb import assert_ladder, check, ladder
from jaxdl.parity.ladder import Ladder, ParityError, Reference, Row
from jaxdl.parity.reference import Twin, require_torch, twin_of
from jaxdl.parity.tolerances import tolerance

__all__ = [
    "Ladder",
    "ParityError",
    "Reference",
    "Row",
    "Twin",
    "assert_ladder",
    "check",
    "ladder",
    "require_torch",
    "tolerance",
    "twin_of",
]
