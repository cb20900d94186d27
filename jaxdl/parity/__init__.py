"""Parity: the ladder that compares a training run with its PyTorch twin, tensor by tensor."""

from jaxdl.parity.ladder import Ladder, ParityError, Row, assert_ladder, check, ladder, twin_of
from jaxdl.parity.reference import Twin, require_torch
from jaxdl.parity.tolerances import tolerance

__all__ = [
    "Ladder",
    "ParityError",
    "Row",
    "Twin",
    "assert_ladder",
    "check",
    "ladder",
    "require_torch",
    "tolerance",
    "twin_of",
]
