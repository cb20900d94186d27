"""Parity: `diff` compares a port with its model, the ladder a training run with its twin, tensor by tensor."""

from jaxdl.parity.climb import assert_ladder, check, ladder
from jaxdl.parity.divergence import Diff, diff
from jaxdl.parity.errors import ParityError
from jaxdl.parity.ladder import Ladder, Reference, Row
from jaxdl.parity.reference import Twin, require_torch, twin_of
from jaxdl.parity.tolerances import tolerance

__all__ = [
    "Diff",
    "Ladder",
    "ParityError",
    "Reference",
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
