"""Forward mode: every value carries its tangent.

x = (primal, tangent):   f(x + ε ẋ) = f(x) + ε f′(x) ẋ
"""

from typing import Any

import numpy as np

from jaxdl.autodiff.engine.primitive import Primitive
from jaxdl.autodiff.engine.trace import Params, Trace, Tracer


class ForwardTracer(Tracer):
    """A value and its tangent."""

    __slots__ = ("primal", "tangent")

    def __init__(self, trace: Trace, primal: Any, tangent: Any) -> None:
        super().__init__(trace, np.shape(primal), primal.dtype)
        self.primal, self.tangent = primal, tangent

    def __repr__(self) -> str:
        known = not self.shape and not isinstance(self.primal, Tracer)
        return super().__repr__()[:-1] + (f", now {self.primal:.6g})" if known else ")")


class ForwardTrace(Trace):
    """Pushes tangents from the arguments of each operation to its result."""

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Params) -> Any:
        """The operation on the primals, and its rule on the tangents."""
        mine = [isinstance(arg, Tracer) and arg.trace is self for arg in args]
        primals = [arg.primal if own else kept(arg) for arg, own in zip(args, mine, strict=True)]
        tangents = [arg.tangent if own else None for arg, own in zip(args, mine, strict=True)]
        y, tangent = primitive.push(primals, tangents, params)
        self.refuse_captured(y, params)
        if isinstance(y, list):
            return [self.wrap(one, t) for one, t in zip(y, tangent, strict=True)]
        return self.wrap(y, tangent)

    def wrap(self, primal: Any, tangent: Any) -> Any:
        """The pair; without a tangent, the value alone, which is a constant to this trace."""
        if tangent is None:
            frozen = isinstance(primal, np.ndarray) and not primal.flags.writeable
            return primal.copy() if frozen else primal
        return ForwardTracer(self, kept(primal, copy=False), tangent)

    def unwrap(self, value: Any) -> tuple[Any, Any]:
        """A function's result as primal and tangent."""
        own = isinstance(value, Tracer) and value.trace is self
        return (value.primal, value.tangent) if own else (value, None)

    def truth(self, tracer: ForwardTracer) -> bool:
        """The primal decides; nothing is differentiated there."""
        return bool(tracer.primal)


def kept(value: Any, copy: bool = True) -> Any:
    """The array as the engine keeps it, read-only: whatever its owner writes into it later cannot change a derivative.

    Args:
        value: an array, perhaps the user's; or a tracer.
        copy: False if nobody else has it.
    """
    if isinstance(value, np.ndarray):
        if copy and _writeable(value):
            value = value.copy()
        value.flags.writeable = False
    return value


def _writeable(array: Any) -> bool:
    """Somebody can write it: through itself, or through what it is a view of."""
    while array is not None and not (isinstance(array, np.ndarray) and array.flags.writeable):
        array = getattr(array, "base", None)
    return array is not None
