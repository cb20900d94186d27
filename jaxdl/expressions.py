"""Tables of expressions: the same question in two libraries, both answers computed and held against each other."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import jax
import numpy as np

from jaxdl.experiment import Exhibit

Rows = Sequence[tuple[str, str]]  # topic and expression
LACKING = "not installed"
LONGEST = 100  # characters of an error's first line


def tables(
    same: Rows, apart: Rows, names: Mapping[str, Any], theirs: ModuleType | None, note: str = ""
) -> list[Exhibit]:
    """What two libraries answer: a table of expressions that agree, and one of those that do not.

    Args:
        same: (topic, expression) pairs, in jax.
        apart: the same, of those that answer otherwise than the other library.
        names: what the expressions may use.
        theirs: the twin, with the same topics in the same order as its SAME and APART, and what those use; None where
            PyTorch is not installed: then there are jax's answers alone, of the rows that do without torch.
        note: of the second table.

    Returns:
        Both tables. An expression that is refused answers with its error.

    Raises:
        ValueError: a row of the first table has two answers, or one of the second only one; or the topics of the two
            libraries are not the same.

    >>> import types
    >>> theirs = types.ModuleType("theirs")
    >>> theirs.SAME, theirs.APART = [("sums", "2 + 3")], [("halves", "7 // 2")]
    >>> found = tables([("sums", "3 + 2")], [("halves", "7 / 2")], {}, theirs)
    >>> [table.rows for table in found]
    [[['sums', '3 + 2', '2 + 3', '5']], [['halves', '7 / 2', '3.5', '7 // 2', '3']]]
    """
    both = [
        _answered(same, theirs.SAME if theirs else same, names, theirs),
        _answered(apart, theirs.APART if theirs else apart, names, theirs),
    ]
    for rows, wanted in zip(both, (True, False), strict=True):
        wrong = [row for row in rows if theirs and equal(row[2], row[4]) != wanted]
        if wrong:
            raise ValueError(f"{'apart' if wanted else 'the same'} in both: {wrong[0]}")
    return [
        Exhibit(
            "The same in both",
            headings=("", "JAX", "PyTorch", "both answer"),
            rows=[
                [topic, code, other if theirs else LACKING, shown(value)] for topic, code, value, other, _ in both[0]
            ],
            caption="Each row was computed by both just now, and the two answers were equal."
            if theirs
            else "PyTorch is not installed: the answers are those of JAX alone.",
        ),
        Exhibit(
            "Where they differ",
            headings=("", "JAX", "answers", "PyTorch", "answers"),
            rows=[
                [topic, code, shown(value), other if theirs else "", shown(found)]
                for topic, code, value, other, found in both[1]
            ],
            caption=note,
        ),
    ]


def _answered(own: Rows, others: Rows, names: Mapping[str, Any], theirs: ModuleType | None) -> list[tuple[Any, ...]]:
    """Topic, expression and answer, the other library's expression and answer, row by row."""
    topics = [[topic for topic, _ in rows] for rows in (own, others)]
    if topics[0] != topics[1]:
        raise ValueError(f"the topics of the two libraries are not the same: {topics[0]} and {topics[1]}")
    return [
        (topic, code, answer(code, names), other, answer(other, vars(theirs)) if theirs else LACKING)
        for (topic, code), (_, other) in zip(own, others, strict=True)
        if theirs or "torch" not in code
    ]


def answer(code: str, names: Mapping[str, Any]) -> Any:
    """What an expression comes to: its value, or the error.

    >>> answer("x + 1", {"x": 2}), answer("[][0]", {})
    (3, IndexError('list index out of range'))
    """
    try:
        return eval(code, dict(names))
    except (AttributeError, TypeError, ValueError, IndexError, RuntimeError) as error:
        return error


def plain(value: Any) -> Any:
    """A value without its library: numbers as lists, a dtype as its name, a shape as a tuple, an error as its class.

    >>> plain(np.arange(2)), plain(np.dtype("int8")), plain((2, 3)), plain((np.ones(1), 2.0)), plain(None)
    ([0, 1], 'int8', (2, 3), [[1.0], 2.0], 'None')
    """
    if isinstance(value, Exception):
        return type(value).__name__
    if hasattr(value, "detach"):  # of PyTorch
        value = value.detach().resolve_conj()
    if hasattr(value, "tolist"):
        return np.asarray(value).tolist()
    if isinstance(value, tuple) and all(isinstance(size, int) for size in value):
        return tuple(value)
    if isinstance(value, tuple | list):  # PyTorch's may have names
        return [plain(part) for part in value]
    return value if isinstance(value, bool | int | float | complex | str) else str(value).rpartition(".")[2]


def equal(value: Any, other: Any) -> bool:
    """Whether both libraries have given the same, to six digits.

    >>> equal(np.ones(2), (1.0, 1.0)), equal(np.nan, np.nan), equal(1, 1.5), equal(ValueError(), TypeError())
    (True, True, False, False)
    """
    value, other = plain(value), plain(other)
    if type(value) is not type(other) or isinstance(value, str | tuple):
        return bool(value == other)
    return np.shape(value) == np.shape(other) and np.allclose(value, other, rtol=1e-6, equal_nan=True)


def shown(value: Any) -> str:
    """A value as a cell has it, to seven digits; of an error, its class and what it says first.

    >>> shown(np.float32(0.1)), shown((1.0, True)), shown(ValueError("no, and why"))
    ('0.1', '[1.0, True]', 'ValueError: no, and why')
    """
    if not isinstance(value, Exception):
        return str(_rounded(plain(value)))
    said = (str(value).splitlines() or [""])[0]
    return textwrap.shorten(f"{type(value).__name__}: {said}", LONGEST, placeholder=" …")


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def traced(function: Callable[..., Any], *inputs: Any) -> str:
    """The operations that jax traces, in their order; in brackets those that one of them holds.

    >>> traced(lambda x: jax.lax.cond(x > 0, jax.numpy.sin, jax.numpy.cos, 2 * x), 1.0)
    'gt, mul, convert_element_type, cond[cos | sin]'
    """
    return _operations(jax.make_jaxpr(function)(*inputs))


def _operations(jaxpr: Any) -> str:
    names = []
    for equation in jaxpr.eqns:
        held = [_operations(part) for part in jax.tree.leaves(list(equation.params.values())) if hasattr(part, "eqns")]
        names.append(equation.primitive.name + (f"[{' | '.join(held)}]" if held else ""))
    return ", ".join(names)
