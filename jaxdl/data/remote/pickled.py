"""Python 2's pickles of CIFAR, read by a machine that calls nothing.

A pickle is a program, and Python's own reader runs it. This one knows the few steps that these files take (plain
values, and NumPy arrays of bytes), and refuses every other, by its name.
"""

import pickletools
import warnings
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True)
class Name:
    """Something on the stack that is no value: a function's name, or what is to become an array."""

    text: str


RECONSTRUCT, NDARRAY, DTYPE = "numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"
ARRAY, BYTES = Name("an array without content"), Name("the kind of number that is a byte")
PLAIN = {"BININT", "BININT1", "BININT2", "BINSTRING", "SHORT_BINSTRING", "BINUNICODE"}
NEW = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def loads(content: bytes, name: str) -> Any:
    """What a pickle holds; its strings, which Python 2 wrote as bytes, are read as Latin-1.

    Args:
        content: of the pickle.
        name: for the error's sentence.

    Raises:
        ValueError: the pickle is damaged, or takes a step that data does not need.

    >>> import pickle
    >>> loads(pickle.dumps({"labels": [3, 5]}, protocol=2), "batch")
    {'labels': [3, 5]}
    >>> loads(pickle.dumps(print, protocol=2), "batch")
    Traceback (most recent call last):
    ValueError: batch is no sound pickle of data: it asks for `__builtin__ print`; only arrays of bytes would do
    """
    machine = _Machine(len(content))
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes in names that are refused anyway
            for step, argument, _ in pickletools.genops(content):
                machine.take(step.name, argument)
        (value,) = machine.stack
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{name} is no sound pickle of data: {error}") from None
    return value


class _Machine:
    """pickle's stack, its marks and its memo; its arrays have no more bytes than the pickle."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def take(self, step: str, argument: Any) -> None:
        """One step of the program."""
        stack = self.stack
        if step in PLAIN:
            stack.append(argument)
        elif step in NEW:
            stack.append(NEW[step]())
        elif step in CONSTANTS:
            stack.append(CONSTANTS[step])
        elif step == "MARK":
            self.marks.append(len(stack))
        elif step in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif step in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif step == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif step in TUPLES:
            stack.append(tuple(self._last(TUPLES[step])))
        elif step in ("APPEND", "APPENDS"):
            items = self._since_mark() if step == "APPENDS" else self._last(1)
            _as(list, stack[-1]).extend(items)
        elif step in ("SETITEM", "SETITEMS"):
            items = self._since_mark() if step == "SETITEMS" else self._last(2)
            keys = [_as(str, key) for key in items[::2]]
            _as(dict, stack[-1]).update(zip(keys, items[1::2], strict=True))
        elif step not in ("PROTO", "STOP"):
            self._construct(step, argument)

    def _construct(self, step: str, argument: Any) -> None:
        """The steps that make an array; in Python's own reader they call functions."""
        if step in ("GLOBAL", "INST", "STACK_GLOBAL"):
            name = " ".join(self._last(2)) if step == "STACK_GLOBAL" else argument
            if step != "GLOBAL" or name not in (RECONSTRUCT, NDARRAY, DTYPE):
                raise ValueError(f"it asks for `{name[:100]}`; only arrays of bytes would do")
            self.stack.append(Name(name))
        elif step == "REDUCE":
            self.stack.append(_made(*self._last(2)))
        elif step == "BUILD":
            filled = _filled(*self._last(2))
            self.left -= getattr(filled, "nbytes", 0)
            if self.left < 0:  # one string, from the memo, in many arrays
                raise ValueError("its arrays take more bytes than it has")
            self.stack.append(filled)
        else:
            raise ValueError(f"it takes the step {step}, which data does not need")

    def _last(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("it takes more than it holds")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def _since_mark(self) -> list[Any]:
        place = self.marks.pop()
        items = self.stack[place:]
        del self.stack[place:]
        return items


def _as(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind):
        raise ValueError(f"it holds a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _made(function: Any, arguments: Any) -> Name:
    if function == Name(RECONSTRUCT) and arguments == (Name(NDARRAY), (0,), "b"):
        return ARRAY
    if function == Name(DTYPE) and arguments[0] == "u1":
        return BYTES
    raise ValueError("it makes an object or an array of other numbers; only arrays of bytes would do")


def _filled(made: Any, state: Any) -> Any:
    if made is BYTES:
        return BYTES  # whose state is the order of its bytes: one has none
    _, shape, kind, columns_first, content = _as(tuple, state)
    if made is not ARRAY or kind is not BYTES:
        raise ValueError("it fills something other than an array of bytes")
    numbers = np.frombuffer(_as(str, content).encode("latin-1"), np.uint8)
    return numbers.reshape(shape, order="F" if columns_first else "C")
