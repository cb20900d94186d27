"""What a function computes, recorded: a program of one operation a line, that can be read, run and drawn."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.arguments import as_array, own
from jaxdl.autodiff.call import Call
from jaxdl.autodiff.engine.forward import kept
from jaxdl.autodiff.engine.primitive import Primitive
from jaxdl.autodiff.engine.trace import Params, Trace, Tracer, require_function
from jaxdl.autodiff.numpy_protocol import as_arraylike, kind
from jaxdl.autodiff.primitives.shape import Splitting


class Variable(Tracer):
    """A value that is not known yet: an argument of the program, or the result of one of its operations."""

    __slots__ = ("name",)

    def __init__(self, trace: Trace, hollow: Any, name: str = "") -> None:
        super().__init__(trace, hollow.shape, hollow.dtype)
        self.name = name


@dataclass(frozen=True)
class Equation:
    """result = primitive(*args, **params); the arguments are variables and constants."""

    primitive: Primitive
    args: tuple[Any, ...]
    params: Params
    result: Variable


class Recording(Trace):
    """Writes each operation down, computing nothing."""

    def __init__(self, purpose: str) -> None:
        super().__init__(purpose)
        self.equations: list[Equation] = []

    def process(self, primitive: Primitive, args: tuple[Any, ...], params: Params) -> Any:
        """One more equation; one with several results is recorded as what it computes."""
        if isinstance(primitive, Call | Splitting):
            return primitive.rule("evaluate")(*args, **params)
        result = Variable(self, primitive.rule("result")(*args, **params))
        self.equations.append(Equation(primitive, tuple(map(kept, args)), params, result))
        return result


@dataclass(frozen=True)
class Program:
    """A recorded function; `print` shows it.

    Attributes:
        inputs: the variables of its arguments' leaves.
        equations: what it computes, in order.
        outputs: variables and constants.
    """

    inputs: tuple[Any, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[Any, ...]
    structures: tuple[tree.Structure, tree.Structure]

    def __call__(self, *args: Any) -> Any:
        """Run it on arguments of the shapes that it was recorded for; traced ones, too."""
        return self.outcome(self.checked(args))

    def outcome(self, arguments: Sequence[Any]) -> Any:
        """The result in its structure, from the leaves of the arguments."""
        values = self.run(arguments)
        return tree.unflatten(
            self.structures[1],
            [values.get(each, each) if isinstance(each, Tracer) else own(each) for each in self.outputs],
        )

    def captured(self) -> tuple[Any, ...]:
        """The traced values that it uses besides its arguments."""
        known = {*self.inputs, *(equation.result for equation in self.equations)}
        used = [*(arg for equation in self.equations for arg in equation.args), *self.outputs]
        return tuple(dict.fromkeys(each for each in used if isinstance(each, Tracer) and each not in known))

    def checked(self, args: tuple[Any, ...]) -> list[Any]:
        """The arguments' arrays.

        Raises:
            ValueError: the program was recorded for others.
        """
        leaves, structure = tree.flatten(args)
        if structure != self.structures[0]:
            raise ValueError("the program was recorded for arguments of another structure")
        arrays = [as_arraylike(leaf) for leaf in leaves]
        for array, variable in zip(arrays, self.inputs, strict=True):
            if (array.shape, array.dtype) != (variable.shape, variable.dtype):
                raise ValueError(f"the program was recorded for {variable.name}: {kind(variable)}, given {kind(array)}")
        return arrays

    def draw(self, *args: Any, file: str | Path, dark: bool = False) -> Path:
        """Draw it with the values and gradients for these arguments, as `autodiff.draw` does."""
        from jaxdl.autodiff.drawing import draw_program

        return draw_program(self, args, file, dark)

    def run(self, arguments: Sequence[Any], added: Sequence[Any] = ()) -> dict[Any, Any]:
        """Every variable's value.

        Args:
            arguments: the leaves of the arguments.
            added: what is added to each equation's result: zeros, by which a value in the middle can be differentiated.
        """
        values: dict[Any, Any] = dict(zip(self.inputs, arguments, strict=True))
        for i, equation in enumerate(self.equations):
            given = [values.get(arg, arg) if isinstance(arg, Tracer) else arg for arg in equation.args]
            result = equation.primitive(*given, **equation.params)
            values[equation.result] = np.add(result, added[i]) if added and added[i] is not None else result
        return values

    def __str__(self) -> str:
        inputs = ", ".join(f"{each.name}: {kind(each)}" for each in self.inputs)
        lines = [
            f"    {one.result.name}: {kind(one.result)} = {one.primitive}({', '.join(_written(one))})"
            for one in self.equations
        ]
        outputs = ", ".join(_argument(each) for each in self.outputs)
        return "\n".join([f"program({inputs}):", *lines, f"    return {outputs}"])


def _written(equation: Equation) -> Iterator[str]:
    yield from (_argument(arg) for arg in equation.args)
    yield from (f"{name}={value!r}" for name, value in equation.params.items())


def _argument(value: Any) -> str:
    if isinstance(value, Variable):
        return value.name
    return f"{value.item():.6g}" if value.ndim == 0 and not isinstance(value, Tracer) else f"<{kind(value)}>"


def names() -> Iterator[str]:
    """a, b, …, z, aa, ab, …"""
    for length in count(1):
        yield from ("".join(letters) for letters in product("abcdefghijklmnopqrstuvwxyz", repeat=length))


def trace(function: Callable[..., Any]) -> Callable[..., Program]:
    """Record what a function computes, from the shapes of its arguments alone.

    Args:
        function: of arrays, or trees of them, to such.

    Returns:
        What takes the arguments and gives the `Program`: printed, it is one operation a line; called, it computes.
        Python's loops have run in it and its branches were taken; operations that no result needs are left out.

    Raises:
        TypeError: when called: an argument is no array, or the function asks for a value (as in `if x > 0`).

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> program = autodiff.trace(lambda w, x: np.sum(np.tanh(w @ x)))(np.ones((2, 3)), np.ones(3))
    >>> print(program)
    program(w: float64[2, 3], x: float64[3]):
        a: float64[2] = einsum(w, x, spec='ab,b->a')
        b: float64[2] = tanh(a)
        c: float64[] = sum(b, axes=(0,))
        return c
    >>> program(np.ones((2, 3)), np.zeros(3)).item()
    0.0
    """

    require_function("trace", function)

    def recorded(*args: Any, **settings: Any) -> Program:
        return record("trace", function, args, settings)

    return recorded


def record(purpose: str, function: Callable[..., Any], args: tuple[Any, ...], settings: dict[str, Any]) -> Program:
    """The function's program for arguments of these shapes.

    Args:
        purpose: what the user called, for errors.
        function: of arrays, or trees of them, to such.
        args: whatever has a shape and a dtype, or numbers.
        settings: further arguments, passed on as they are.

    Raises:
        TypeError: an argument is no array.
    """
    named = [
        pair
        for arg, name in zip(args, _names(function, len(args)), strict=True)
        for pair in tree.flatten_named(arg, name)[0]
    ]
    structure = tree.flatten(args)[1]
    with Recording(purpose) as recording:
        inputs = []
        for name, leaf in named:
            array = leaf if hasattr(leaf, "dtype") and hasattr(leaf, "shape") else np.asarray(leaf)
            if np.dtype(array.dtype).kind not in "fiub":
                raise TypeError(f"{purpose}: argument {name} must be an array, given a {type(leaf).__name__}")
            inputs.append(Variable(recording, array, name))
        outputs, out_structure = tree.flatten(function(*tree.unflatten(structure, inputs), **settings))
        outputs = [own(as_array(purpose, output)) for output in outputs]
    equations = _needed(recording.equations, outputs)
    taken = {each.name for each in inputs}
    letters = (name for name in names() if name not in taken)
    for equation in equations:
        equation.result.name = next(letters)
    return Program(tuple(inputs), tuple(equations), tuple(outputs), (structure, out_structure))


def _names(function: Callable[..., Any], number: int) -> list[str]:
    """The names of a function's arguments by place."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    found = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:number]
    return found + [f"x{i}" for i in range(len(found), number)]


def _needed(equations: list[Equation], outputs: list[Any]) -> list[Equation]:
    """The equations that the outputs depend on."""
    wanted = {each for each in outputs if isinstance(each, Variable)}
    kept = []
    for equation in reversed(equations):
        if equation.result in wanted:
            kept.append(equation)
            wanted.update(arg for arg in equation.args if isinstance(arg, Variable))
    return kept[::-1]
