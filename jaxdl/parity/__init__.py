"""Parity: the ladder that compares a training run with its PyTorch twin, tensor by tensor."""

from jaxdl.parity.divergence import Diff, diff
from jaxdl.parity.errors import ParityError
from jaxdl.parity.ladder import Ladder, Row, assert_ladder, check, ladder, twin_of
from jaxdl.parity.reference import Twin, require_torch
from jaxdl.parity.tolerances import tolerance

__all__ = [
    "Diff",
    "Ladder",
    "ParityError",
    "Row",
    "Twin",
    "assert_ladder",
    "check",
    "diff",
    "ladder",
    "require_torch",
    "tolerance",
    "twin_of",
]
