"""A case in jax: ours, and stock in its own layout and in ours."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import functional
from jaxdl.compare.operations.case import Operation, cotangents
from jaxdl.compare.operations.cases import CASES
from jaxdl.compare.operations.stock import STOCK

Side = tuple[Callable[..., Any], Sequence[Any]]  # a compiled program and what it is called with


def sides(name: str, kind: str) -> tuple[dict[str, Callable[[int], float]], dict[str, list[np.ndarray]]]:
    """What takes so many calls and says how many seconds one took, by side; and the results, in PyTorch's layout."""
    case, stock = CASES[name], STOCK.get(name)
    arrays = [jnp.asarray(a) for a in case.draw()]
    programs = {"ours": _side(case, _ours(case), kind, arrays)}
    results = {"ours": _leaves(programs["ours"])}
    if stock:
        alike = _side(case, stock.in_our_layout, kind, arrays)
        results["stock"] = _leaves(alike)
        programs["stock"] = _side(case, stock.call, kind, stock.prepare(*arrays)) if stock.prepare else alike
        if stock.prepare:
            programs["alike"] = alike
    return {side: _turn(*program) for side, program in programs.items()}, results


def _ours(case: Operation) -> Callable[..., Any]:
    if case.random:
        return lambda key, *inputs: case.call(functional, *inputs, key=key)
    return lambda *inputs: case.call(functional, *inputs)


def _side(case: Operation, function: Callable[..., Any], kind: str, arrays: Sequence[Any]) -> Side:
    inputs = [jax.random.key(0), *arrays] if case.random else list(arrays)
    if kind == "gradient":
        outputs = _floating(jax.eval_shape(function, *inputs))
        chosen = [i + case.random for i in case.differentiated(list(arrays))]
        function = _value_and_gradient(function, chosen)
        inputs = [[jnp.asarray(c) for c in cotangents([y.shape for y in outputs])], *inputs]
    program = jax.jit(function)
    jax.block_until_ready((inputs, program(*inputs)))
    return program, inputs


def _value_and_gradient(function: Callable[..., Any], chosen: Sequence[int]) -> Callable[..., Any]:
    """The results and the gradients of the chosen inputs: what a training step needs."""

    def run(pulled: Any, *inputs: Any) -> Any:
        def of_chosen(*given: Any) -> Any:
            merged = list(inputs)
            for position, value in zip(chosen, given, strict=True):
                merged[position] = value
            return _floating(function(*merged))

        value, pull = jax.vjp(of_chosen, *(inputs[position] for position in chosen))
        return value, pull(pulled)

    return run


def _floating(tree: Any) -> list[Any]:
    return [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]


def _leaves(side: Side) -> list[np.ndarray]:
    program, inputs = side
    return [np.asarray(leaf) for leaf in jax.tree.leaves(program(*inputs))]


def _turn(program: Callable[..., Any], inputs: Sequence[Any]) -> Callable[[int], float]:
    """The first call of a turn is not timed: it wakes threads and fills caches."""

    def turn(calls: int) -> float:
        jax.block_until_ready(program(*inputs))
        began = time.perf_counter()
        for _ in range(calls):
            result = program(*inputs)
        jax.block_until_ready(result)
        return (time.perf_counter() - began) / calls

    return turn
