"""The functions of jaxdl beside what a user of stock jax, Flax and optax would write: the same numbers, timed in turns.

Both run in one process, compiled, forward and with the gradient of every floating input. Values must agree before a
time is taken; where stock computes something else on purpose (jax.image.resize's cubic), the entry says so.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.compare import machine
from jaxdl.compare.operation_cases import CASES, Operation

SECONDS_A_TURN = 0.03


@dataclass(frozen=True)
class Timing:
    """One function, forward or with its gradient.

    Attributes:
        name: of the function.
        kind: 'forward' or 'gradient'.
        ours_us: microseconds a call, median of the rounds.
        stock_us: the same for stock.
        ratios: ours / stock of each round.
        alike: the same where stock gets and returns PyTorch's layout as well; empty where its own is that.
        difference: of the two results, in units of scale.
        note: from the case.
    """

    name: str
    kind: str
    ours_us: float
    stock_us: float
    ratios: tuple[float, ...]
    alike: tuple[float, ...]
    difference: float
    note: str


def run(
    names: Sequence[str] = (), *, rounds: int = 9, tell: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Time the named functions, or all.

    Args:
        names: of the cases; none: all.
        rounds: turns that each side gets.
        tell: called with a line of text at each stage.

    Returns:
        The result as JSON holds it: machine and versions, and `operations`, a `Timing` each.

    Raises:
        ValueError: a name that has no case; results that differ.
    """
    unknown = [name for name in names if name not in {case.name for case in CASES}]
    if unknown:
        raise ValueError(f"there is no case for {', '.join(unknown)}; there are {', '.join(c.name for c in CASES)}")
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, given {rounds}")
    found, load = [], machine.load()
    for case in CASES:
        if not names or case.name in names:
            for kind in ("forward", "gradient") if case.smooth else ("forward",):
                tell(f"{case.name}, {kind}")
                found.append(asdict(_time(case, kind, rounds)))
    return {**machine.describe(), "rounds": rounds, "load": load, "operations": found}


def stages(names: Sequence[str] = ()) -> int:
    """How often `run` tells something."""
    return sum(1 + case.smooth for case in CASES if not names or case.name in names)


def _time(case: Operation, kind: str, rounds: int) -> Timing:
    rng = np.random.RandomState(0)
    arrays = [jnp.asarray(draw(rng)) for draw in case.inputs]
    difference = _difference(case, kind, arrays)
    if not difference <= case.allowed:
        raise ValueError(f"{case.name}, {kind}: jaxdl and stock differ by {difference:.1e} of the scale")
    stock_inputs = case.prepare(*arrays) if case.prepare else arrays
    sides = [_side(case.ours, kind, arrays), _side(case.stock, kind, stock_inputs)]
    if case.prepare:
        sides.append(_side(_in_our_layout(case), kind, arrays))
    calls = [max(1, round(SECONDS_A_TURN / max(_turn(*side, 3), 1e-7))) for side in sides]
    times: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        for side in range(len(sides))[:: 1 if number % 2 == 0 else -1]:
            times[side].append(_turn(*sides[side], calls[side]))
    ratios, *alike = (tuple(o / s for o, s in zip(times[0], other, strict=True)) for other in times[1:])
    ours, stock = (1e6 * statistics.median(side) for side in times[:2])
    return Timing(case.name, kind, ours, stock, ratios, alike[0] if alike else (), difference, case.note)


def _side(function: Callable[..., Any], kind: str, inputs: Sequence[Any]) -> tuple[Callable[..., Any], Sequence[Any]]:
    """What is timed, compiled and run once, and what it is called with."""
    if kind == "gradient":
        inputs = [_cotangent(jax.eval_shape(function, *inputs)), *inputs]
    program = jax.jit(_gradient(function) if kind == "gradient" else function)
    jax.block_until_ready((inputs, program(*inputs)))
    return program, inputs


def _in_our_layout(case: Operation) -> Callable[..., Any]:
    """Stock with PyTorch's layout at both ends."""
    return lambda *inputs: case.restore(case.stock(*(case.prepare(*inputs) if case.prepare else inputs)))


def _gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """The gradients of all floating inputs, of a cotangent and the inputs."""

    def gradient(cotangent: Any, *inputs: Any) -> Any:
        floating = [jnp.issubdtype(a.dtype, jnp.floating) for a in inputs]

        def of_floating(*given: Any) -> Any:
            rest = iter(given)
            return function(*(next(rest) if floats else a for a, floats in zip(inputs, floating, strict=True)))

        _, pull = jax.vjp(of_floating, *(a for a, floats in zip(inputs, floating, strict=True) if floats))
        return pull(cotangent)

    return gradient


def _cotangent(like: Any) -> Any:
    rng = np.random.RandomState(1)
    return jax.tree.map(lambda y: jnp.asarray(rng.randn(*y.shape), y.dtype), like)


def _turn(program: Callable[..., Any], inputs: Sequence[Any], calls: int) -> float:
    """Seconds a call."""
    began = time.perf_counter()
    for _ in range(calls):
        result = program(*inputs)
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls


def _difference(case: Operation, kind: str, arrays: Sequence[Any]) -> float:
    """How far values or gradients (for one cotangent, in our layout) differ: the largest difference in units of scale,
    of gradients the root mean square one, as a tie is broken in another way here and there.
    """
    stock = _in_our_layout(case)
    if kind == "forward":
        pairs = zip(*(jax.tree.leaves(jax.jit(side)(*arrays)) for side in (case.ours, stock)), strict=True)
        return max(float(jnp.abs(a - b).max() / jnp.maximum(jnp.abs(b).max(), 1e-30)) for a, b in pairs)
    cotangent = _cotangent(jax.eval_shape(case.ours, *arrays))
    sides = (jax.jit(_gradient(side))(cotangent, *arrays) for side in (case.ours, stock))
    pairs = zip(*(jax.tree.leaves(side) for side in sides), strict=True)
    return max(float(jnp.linalg.norm(a - b) / jnp.maximum(jnp.linalg.norm(b), 1e-30)) for a, b in pairs)
