"""A difference and its verified causes."""

from dataclasses import dataclass, field
from math import inf

from jaxdl.parity.divergence.comparison import Comparison, Place
from jaxdl.parity.divergence.recording import Change


@dataclass(frozen=True)
class Cause:
    """A change that was tried and gives the port's numbers.

    Attributes:
        kind: in a few words, such as 'transposed weight'.
        text: what is changed on PyTorch's side.
        difference: the largest that is left, in units of scale, where the change takes effect; None: of a gradient.
    """

    kind: str
    text: str
    difference: float | None

    def __str__(self) -> str:
        if self.difference is None:
            return self.text
        return f"{self.text} makes it agree (to {self.difference:.0e})"


END = (inf, inf)  # where nothing differs any more


@dataclass(frozen=True)
class Kept:
    """A change that helps.

    Attributes:
        cause: what it says.
        change: itself.
        reach: where the next difference stands.
        place: where this one stands.
        weak: whether nothing behind it is met: what a port does on the way to another result looks like this too.
    """

    cause: Cause
    change: Change
    reach: tuple[float, ...]
    place: tuple[float, ...]
    weak: bool

    @property
    def whole(self) -> bool:
        """Whether the whole output of the module agrees, and not only what the next function gives."""
        return self.reach[0] > self.place[0]


@dataclass(frozen=True)
class Fault:
    """A difference and its causes, the likeliest first.

    Attributes:
        place: where.
        where: the module in whose code the cause stands.
        function: of PyTorch's, whose result the port does not have; '' where that is not known.
        causes: all that were verified.
        tried: how many guesses there were.
        weak: whether the cause may be no more than a step on the port's way.
        passed: whether, without a cause, PyTorch was given the port's own tensor to go on behind it.
        again: whether the cause is that of a difference before it, in another module.
    """

    place: Place
    where: str
    function: str
    causes: tuple[Cause, ...]
    tried: int
    passed: bool = False
    weak: bool = False
    again: bool = False


@dataclass
class Found:
    """The result of a search.

    Attributes:
        comparison: before any change.
        faults: one behind the other: each with the changes of those before it made.
        changes: those.
        last: with all the changes made.
    """

    comparison: Comparison
    faults: list[Fault] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    last: Comparison | None = None
