"""Reverse mode: forward mode whose tangents are not computed but written on a tape, and the tape transposed.

Of ẏ = f′(x) ẋ every step is linear in the tangents. The forward trace computes the primals, and where it would
compute a tangent, the tape below it notes the linear operation instead. Read from its end, each step transposed, the
tape gives x̄ = f′(x)ᵀ ȳ:

    ẏ = Aₙ … A₂ A₁ ẋ,      x̄ = A₁ᵀ A₂ᵀ … Aₙᵀ ȳ

A tape is a flat list, and the way back a loop over it: nothing recurses, however long the program.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from jaxdl.autodiff.engine.primitive import Hollow, Primitive
from jaxdl.autodiff.engine.trace import Params, Trace, Tracer


class Gap(Hollow):
    """A tangent's place on the tape, with its shape and dtype: it is not computed."""

    __slots__ = ("place",)

    def __init__(self, place: int, like: Any) -> None:
        super().__init__(like.shape, like.dtype)
        self.place = place


class TapeTracer(Tracer):
    """What stands for a tangent while the tape is written; the tape itself knows the gap alone."""

    __slots__ = ("gap",)

    def __init__(self, tape: "Tape", like: Any) -> None:
        super().__init__(tape, like.shape, like.dtype)
        self.gap = Gap(tape.places, like)
        tape.places += 1


class Step(NamedTuple):
    """One linear operation; its arguments are gaps and what is kept from the way forward."""

    primitive: Primitive
    args: tuple[Any, ...]
    params: Params
    places: tuple[int, ...]


class Tape(Trace):
    """The linear operations in the order in which they were made."""

    def __init__(self, purpose: str) -> None:
        super().__init__(purpose)
        self.steps: list[Step] = []
        self.places = 0

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Params) -> Any:
        """Note the operation; nothing is computed."""
        found = primitive.rule("result")(*args, **params)
        made = [TapeTracer(self, one) for one in (found if isinstance(found, list) else [found])]
        written = tuple(arg.gap if isinstance(arg, TapeTracer) and arg.trace is self else arg for arg in args)
        self.steps.append(Step(primitive, written, params, tuple(one.gap.place for one in made)))
        return made if isinstance(found, list) else made[0]

    def transposed(self, seeds: list[tuple[Any, Any]], inputs: list[TapeTracer], *, once: bool) -> list[Any]:
        """The inputs' cotangents, from those of results; None for zero.

        Args:
            seeds: results (a `TapeTracer`, or None where a result does not depend on the inputs), each with its
                cotangent.
            inputs: where the tape begins.
            once: the tape is not needed again: each step's memory is freed as soon as it has been used.
        """
        found: dict[int, Any] = {}
        for tangent, cotangent in seeds:
            if tangent is not None:
                _add(found, tangent.gap.place, cotangent)
        for step in self._backwards(once):
            cotangents = [found.pop(place, None) for place in step.places]
            if any(cotangent is not None for cotangent in cotangents):
                wanted = [i for i, arg in enumerate(step.args) if isinstance(arg, Gap)]
                pulled = step.primitive.pull(cotangents, step.args, wanted, step.params)
                for i, cotangent in zip(wanted, pulled, strict=True):
                    _add(found, step.args[i].place, cotangent)
        return [found.get(each.gap.place) for each in inputs]

    def _backwards(self, once: bool) -> Iterator[Step]:
        if not once:
            yield from reversed(self.steps)
        while once and self.steps:
            yield self.steps.pop()


def _add(found: dict[int, Any], place: int, cotangent: Any) -> None:
    found[place] = np.add(found[place], cotangent) if place in found else cotangent
