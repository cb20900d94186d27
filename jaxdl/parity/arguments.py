"""What the ladder is given: checked before either framework runs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxdl import train
from jaxdl.data import ArraySource
from jaxdl.experiment import DTYPES
from jaxdl.parity.reference import Twin

STARTS = ("seed", "copied")


def check_run(
    program: Any, twin: Any, source: Any, evaluation: Any, steps: Any, dtype: str, starts: Sequence[str]
) -> None:
    """Raise TypeError or ValueError, in one sentence, for what the ladder cannot climb."""
    wanted: list[tuple[str, Any, type, str]] = [
        ("program", program, train.Program, "a train.Program, as train.supervised makes one")
    ]
    wanted += [("twin", twin, Twin, "a parity.Twin(model, loss, optimizer)")]
    wanted += [("source", source, ArraySource, "a data.ArraySource")]
    wanted += [("evaluation", evaluation, ArraySource, "a data.ArraySource")] * (evaluation is not None)
    for name, value, kind, words in wanted:
        if not isinstance(value, kind):
            raise TypeError(f"ladder: {name} must be {words}, given a {type(value).__name__}")
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"ladder: steps must be a whole number of at least 1, given {steps!r}")
    if dtype not in DTYPES:
        raise ValueError(f"ladder: dtype must be one of {', '.join(DTYPES)}, given {dtype!r}")
    if not starts or any(start not in STARTS for start in starts):
        raise ValueError(f"ladder: weights must be 'seed', 'copied' or both, given {', '.join(map(repr, starts))}")
    for name, given in (("source", source), ("evaluation", evaluation)):
        for array in given.arrays if given is not None else ():
            if np.issubdtype(array.dtype, np.floating) and array.dtype != dtype:
                raise ValueError(
                    f"ladder: the {name} holds {array.dtype} and dtype is {dtype!r}; give it array.astype({dtype!r})"
                )
