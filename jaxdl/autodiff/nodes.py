"""What a drawing says of a program: its nodes with their values and gradients, as lines of text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jaxdl.autodiff.derivatives import grad
from jaxdl.autodiff.program import Program, Variable

ROWS, COLUMNS = 3, 4  # an array of at most so many numbers is written out
LONGEST = 34  # characters of a line
SHOWN = ("shape", "lengths")  # parameters that are the shape of the result, which is there anyway


@dataclass
class Node:
    """One box.

    Attributes:
        role: input, constant, operation or output.
        name: what is computed there, such as 'a = sin'.
        facts: shape and parameters.
        value: its lines.
        gradient: its lines, none where there is no gradient.
    """

    role: str
    name: str
    facts: str = ""
    value: list[str] = field(default_factory=list)
    gradient: list[str] = field(default_factory=list)


def graph(program: Program, leaves: Sequence[Any]) -> tuple[list[Node], list[tuple[int, int]]]:
    """The nodes of a program that is run on these arrays, each behind those that it needs, and the edges."""
    values, gradients = computed(program, leaves)
    nodes: list[Node] = []
    places: dict[Any, int] = {}
    edges: list[tuple[int, int]] = []
    outputs = {id(each) for each in program.outputs}

    def add(key: Any, role: str, name: str, facts: list[str], value: Any) -> None:
        places[key] = len(nodes)
        role = "output" if key in outputs else role
        gradient = written(gradients[key], of_gradient=True) if key in gradients else []
        nodes.append(Node(role, shortened(name), shortened("  ".join(facts)), written(value), gradient))

    for variable in program.inputs:
        add(id(variable), "input", variable.name, shaped(variable), values[variable])
    for equation in program.equations:
        nodes_of = [arg for arg in equation.args if isinstance(arg, Variable) or arg.ndim]
        for arg in nodes_of:
            if id(arg) not in places:
                add(id(arg), "constant", "constant", shaped(arg), arg)
        into = ["·" if isinstance(arg, Variable) or arg.ndim else number(arg[()]) for arg in equation.args]
        called = f"({', '.join(into)})" if len(nodes_of) < len(into) else ""
        settings = [f"{name}={setting(value)}" for name, value in equation.params.items() if name not in SHOWN]
        facts = [*shaped(equation.result), *settings]
        add(
            id(equation.result),
            "operation",
            f"{equation.result.name} = {equation.primitive}{called}",
            facts,
            values[equation.result],
        )
        edges += [(places[id(arg)], places[id(equation.result)]) for arg in nodes_of]
    for output in program.outputs:
        if id(output) not in places:
            add(id(output), "constant", "constant", shaped(output), output)
    return nodes, edges


def computed(program: Program, leaves: Sequence[Any]) -> tuple[dict[Variable, Any], dict[int, Any]]:
    """Every variable's value, and, where the program gives one floating number, its gradient by each of them."""
    values = program.run(leaves)
    outputs = program.outputs
    if len(outputs) != 1 or not isinstance(outputs[0], Variable) or outputs[0].shape or outputs[0].dtype.kind != "f":
        return values, {}
    real = [i for i, each in enumerate(program.inputs) if each.dtype.kind == "f"]
    between = [i for i, one in enumerate(program.equations) if one.result.dtype.kind == "f"]

    def of_all(chosen: list[Any], added: list[Any]) -> Any:
        given, more = dict(zip(real, chosen, strict=True)), dict(zip(between, added, strict=True))
        arguments = [given.get(i, leaf) for i, leaf in enumerate(leaves)]
        found = program.run(arguments, [more.get(i) for i in range(len(program.equations))])
        return found[outputs[0]]

    zeros = [
        np.zeros(values[program.equations[i].result].shape, values[program.equations[i].result].dtype) for i in between
    ]
    by_inputs, by_results = grad(of_all, (0, 1))([leaves[i] for i in real], zeros)
    found = {id(program.inputs[i]): each for i, each in zip(real, by_inputs, strict=True)}
    return values, found | {id(program.equations[i].result): g for i, g in zip(between, by_results, strict=True)}


def shaped(value: Any) -> list[str]:
    """The shape, and the dtype where that is not floating; nothing of one floating number."""
    shape = f"[{', '.join(map(str, value.shape))}]" if value.shape else ""
    dtype = "" if value.dtype.kind == "f" else str(value.dtype)
    return [dtype + shape] if dtype or shape else []


def written(value: Any, of_gradient: bool = False) -> list[str]:
    """An array in a few lines: its numbers, or what they are like.

    >>> written(np.array([[1.0, -0.25], [1e-7, 20000.0]]))
    ['[1  −0.25]', '[1e−07  2e+04]']
    >>> written(np.arange(100.0)), written(np.ones(100), of_gradient=True)
    (['mean 49.5 ± 28.87'], ['norm 10'])
    """
    array = np.asarray(value)
    rows = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    if not array.size:
        return ["empty"]
    if array.ndim <= 2 and rows.shape[0] <= ROWS and rows.shape[1] <= COLUMNS:
        joined = ["  ".join(number(each) for each in row) for row in rows]
        return [f"[{row}]" for row in joined] if array.ndim else joined
    if array.dtype == bool:
        return [f"true: {number(np.mean(array) * 100)} %"]
    wide = array.astype(np.float64)
    with np.errstate(all="ignore"):
        if of_gradient:
            return [f"norm {number(np.sqrt(np.sum(wide * wide)))}"]
        return [f"mean {number(np.mean(wide))} ± {number(np.std(wide))}"]


def number(value: Any) -> str:
    """Four significant digits.

    >>> number(np.float64(-0.123456)), number(-0.0), number(np.int64(12345)), number(np.True_)
    ('−0.1235', '0', '12345', 'True')
    """
    if not np.issubdtype(np.asarray(value).dtype, np.floating):
        return str(value).replace("-", "−")
    return f"{value + 0.0:.4g}".replace("-", "−")


def setting(value: Any) -> str:
    """A primitive's parameter."""
    return value.replace("->", "→") if isinstance(value, str) else str(value)


def shortened(text: str) -> str:
    """One line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
