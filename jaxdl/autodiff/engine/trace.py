"""What a function sees in place of its arrays while the engine watches it: tracers; and whose they are: traces.

A trace is one transformation at work: one call of `grad`, `jvp`, `vmap` or `trace`. Each has a level, and one that
begins later has a higher one, so it is inside those that began before. An operation goes to the innermost trace among
its arguments, which takes its own wrapping off, does its part, and calls the operation again on what was inside:

    bind(f, x) = f.evaluate(x)                             if no argument is a tracer
    bind(f, x) = trace.process(f, x)                        for the trace with the highest level among the arguments

Since the levels keep traces apart, derivatives nest: an inner derivative never mistakes an outer perturbation for its
own. Nothing is kept outside the tracers, so an exception leaves nothing behind, and threads do not meet.
"""

import itertools
from typing import Any

import numpy as np

from jaxdl.autodiff.numpy_protocol import ArrayLike, kind

Params = dict[str, Any]

_LEVELS = itertools.count()


class Trace:
    """One transformation at work.

    Args:
        purpose: what the user called, for errors: 'grad'.
    """

    def __init__(self, purpose: str) -> None:
        self.level = next(_LEVELS)
        self.purpose = purpose
        self.ended = False

    def process(self, primitive: Any, args: tuple[Any, ...], params: Params) -> Any:
        """What the transformation makes of one operation."""
        raise NotImplementedError

    def truth(self, tracer: Any) -> bool:
        """The tracer as a condition of Python's `if` and `while`."""
        raise TypeError(
            f"the condition of an `if` or `while` depends on {tracer}, whose value {self.purpose} does not know while "
            "it watches the function; np.where chooses between two values"
        )

    def refuse_captured(self, made: Any, params: Params) -> None:
        """See that what an operation made of this trace's insides has none of its tracers.

        Raises:
            TypeError: it has: a function that was called as one operation uses a value besides its arguments.
        """
        for one in made if isinstance(made, list) else [made]:
            if isinstance(one, Tracer) and one.trace is self:
                raise TypeError(
                    f"{getattr(params.get('called'), 'name', 'a rule')}: the function uses a traced value that is none "
                    f"of its arguments and gives {one}; pass what it uses as an argument"
                )

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: object) -> None:
        self.ended = True


def innermost(args: Any) -> Trace | None:
    """The trace that an operation on these arguments belongs to; none if they are all plain arrays.

    Raises:
        RuntimeError: an argument was made in a trace that has ended.
    """
    found = None
    for arg in args:
        if isinstance(arg, Tracer):
            trace = arg.trace
            if trace.ended:
                raise RuntimeError(
                    f"{arg} was made while {trace.purpose} watched a function, and is used after that has ended; "
                    "return it from the function instead of keeping it elsewhere (has_aux=True passes it on)"
                )
            if found is None or trace.level > found.level:
                found = trace
    return found


class Tracer(ArrayLike):
    """An array's place in a function that is watched."""

    __slots__ = ("dtype", "shape", "trace")

    def __init__(self, trace: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.trace, self.shape, self.dtype = trace, shape, dtype

    def __repr__(self) -> str:
        return f"{kind(self)} (watched by {self.trace.purpose})"


def require_function(purpose: str, function: Any) -> None:
    """See that a function can be called.

    Raises:
        TypeError: it cannot.
    """
    if not callable(function):
        raise TypeError(f"{purpose} needs a function, given {type(function).__name__}")
