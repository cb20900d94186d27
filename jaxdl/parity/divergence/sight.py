"""The evaluation of a JAX trace that keeps every tensor on its way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import sep
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.nn import watch
from jaxdl.parity.divergence.match import Value
from jaxdl.train.origin import line, scan_parts

# Primitives that only call what stands inside them.
CALLS = frozenset(
    {"jit", "pjit", "custom_jvp_call", "custom_vjp_call", "checkpoint", "remat2", "remat", "closed_call", "core_call"}
)
STEPS = 256  # of a scan whose inside is shown


@dataclass(frozen=True)
class Narrow:
    """A place where the port computes in a smaller type.

    Attributes:
        dtype: the type.
        place: the port's line.
        library: whether it is a function of jax's own that does so, whatever type it is given.
    """

    dtype: str
    place: str
    library: bool


class Kept(NamedTuple):
    """What is known of a kept tensor before it is computed.

    Attributes:
        place: the port's line.
        name: what its name says.
        steps: of the scan in which it stands: its first axis; 0 outside.
        each: how often its module is called in a step.
        backwards: whether the scan runs so.
    """

    place: str
    name: watch.Seen | None
    steps: int = 0
    each: int = 1
    backwards: bool = False

    def values(self, array: np.ndarray) -> list[tuple[Value, watch.Seen | None]]:
        """The tensor with its name; of a scan, that of each step."""
        if not self.steps:
            return [(Value(array, self.place), self.name)]
        found: list[tuple[Value, watch.Seen | None]] = [(Value(array, self.place), None)]
        for step, part in enumerate(array):
            number = self.steps - 1 - step if self.backwards else step
            name = self.name and self.name._replace(occurrence=self.name.occurrence + number * self.each)
            found.append((Value(part, self.place), name))
        return found


class Sight:
    """Evaluates a trace.

    Args:
        widened: whether in float64 what would be computed in a smaller type.
    """

    def __init__(self, widened: bool) -> None:
        self._widened = widened
        self.kept: list[Kept] = []
        self.narrow: list[Narrow] = []
        self._arrays: list[jax.Array] = []
        self._tags: dict[str, int] = {}

    def evaluate(self, closed: Any, arguments: Sequence[Any]) -> tuple[list[Any], list[jax.Array]]:
        """The results, and all the tensors on the way, in float64."""
        results = self._run(closed.jaxpr, closed.consts, arguments, keep=True)
        return results, self._arrays

    def results(self, closed: Any, arguments: Sequence[Any]) -> list[Any]:
        """The results alone."""
        return self._run(closed.jaxpr, closed.consts, arguments, keep=False)

    def _run(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any], *, keep: bool) -> list[Any]:
        known: dict[Any, Any] = {}
        for variable, value in [*zip(jaxpr.constvars, consts, strict=True), *zip(jaxpr.invars, arguments, strict=True)]:
            known[variable] = self._wide(value)
        read = lambda atom: self._wide(atom.val) if hasattr(atom, "val") else known[atom]  # noqa: E731
        for equation in jaxpr.eqns:
            values = [read(atom) for atom in equation.invars]
            results = self._apply(equation, values, keep)
            for variable, result in zip(equation.outvars, results, strict=True):
                known[variable] = result
                if keep:
                    self._keep(equation, variable, result)
        return [read(atom) for atom in jaxpr.outvars]

    def _inner(self, jaxpr: Any, arguments: Sequence[Any], *, keep: bool) -> list[Any]:
        """A trace within a trace, closed or open."""
        return self._run(getattr(jaxpr, "jaxpr", jaxpr), getattr(jaxpr, "consts", ()), arguments, keep=keep)

    def _apply(self, equation: Any, values: list[Any], keep: bool) -> list[Any]:
        name, parameters = equation.primitive.name, equation.params
        if name in CALLS:
            inner = parameters.get("jaxpr", parameters.get("call_jaxpr"))
            return self._inner(inner, values, keep=keep)
        keep = keep and name == "scan" and parameters["length"] <= STEPS
        if name == "scan" and (self._widened or keep):
            return self._scan(parameters, values, keep)
        if self._widened and name == "reduce_precision":
            return values
        if self._widened and name in FIXED:
            values = [_as(value, atom.aval) for value, atom in zip(values, equation.invars, strict=True)]
        elif self._widened:
            parameters = {key: _wider(key, value) for key, value in parameters.items()}
        results = equation.primitive.bind(*values, **parameters)
        return [self._wide(result) for result in (results if equation.primitive.multiple_results else [results])]

    def _scan(self, parameters: dict[str, Any], values: list[Any], keep: bool) -> list[Any]:
        """A scan whose body is evaluated as all else is; what it computes comes out step by step."""
        body = parameters["jaxpr"]
        fixed, carried = scan_parts(parameters)
        consts, carry, slices = values[:fixed], values[fixed : fixed + carried], values[fixed + carried :]
        outer, before = self._arrays, self.kept
        inside: list[Kept] = []

        def step(carry: list[Any], x: list[Any]) -> tuple[list[Any], Any]:
            self._arrays, self.kept = [], []
            results = self._inner(body, [*consts, *carry, *x], keep=keep)
            inside[:] = self.kept
            return results[:carried], (results[carried:], self._arrays)

        length, backwards = parameters["length"], parameters["reverse"]
        carry, (outputs, arrays) = jax.lax.scan(step, carry, slices, length=length, reverse=backwards)
        self._arrays, self.kept = outer, before
        names = [kept.name and kept.name._replace(occurrence=0) for kept in inside]
        for kept, name, array in zip(inside, names, arrays, strict=True):
            if not kept.steps:  # a scan within a scan shows no more than its results
                self._arrays.append(array)
                self.kept.append(Kept(kept.place, kept.name, length, names.count(name), backwards))
        return [*carry, *outputs]

    def _keep(self, equation: Any, variable: Any, result: Any) -> None:
        if not inexact(result):
            return
        place = line(equation.source_info)
        if _narrow(variable.aval) and not any(_narrow(atom.aval) for atom in equation.invars):
            frames = equation.source_info.traceback.frames if equation.source_info.traceback else ()
            library = any(frame.file_name.startswith(NARROWING) for frame in frames)
            self.narrow.append(Narrow(variable.aval.dtype.name, place, library))
        self._arrays.append(_shown(result))
        name = None
        if equation.primitive.name == "name":
            given = equation.params["name"]
            name = watch.read(given)
            if name is None:
                name = watch.Seen(given, self._tags.get(given, 0), "out", 0)
                self._tags[given] = name.occurrence + 1
        self.kept.append(Kept(place, name))

    def _wide(self, value: Any) -> Any:
        if not self._widened or not inexact(value):
            return value
        return jnp.asarray(value, jnp.complex128 if jnp.iscomplexobj(value) else jnp.float64)


# Primitives whose types cannot be changed from outside.
FIXED = frozenset({"bitcast_convert_type", "while", "cond", "pure_callback", "io_callback"})


def _as(value: Any, aval: Any) -> Any:
    return jnp.asarray(value, aval.dtype) if inexact(value) else value


def _wider(name: str, value: Any) -> Any:
    """A primitive's parameter with float64 for a smaller floating type."""
    try:
        dtype = np.dtype(value) if name.endswith(("dtype", "type")) and value is not None else np.dtype(int)
    except TypeError:
        return value
    if jnp.issubdtype(dtype, jnp.complexfloating):
        return np.dtype(np.complex128)
    return np.dtype(np.float64) if jnp.issubdtype(dtype, jnp.floating) else value


def _narrow(aval: Any) -> bool:
    if not inexact(aval):
        return False
    return bool(aval.dtype.itemsize < (16 if jnp.issubdtype(aval.dtype, jnp.complexfloating) else 8))


def inexact(value: Any) -> bool:
    """Whether it holds real or complex numbers."""
    return hasattr(value, "dtype") and bool(jnp.issubdtype(value.dtype, jnp.inexact))


def _shown(value: Any) -> jax.Array:
    """In float64; complex numbers as pairs."""
    if jnp.iscomplexobj(value):
        value = jnp.stack([value.real, value.imag], -1)
    return jnp.asarray(value, jnp.float64)


# jax.nn.dot_product_attention takes the softmax in float32 at all times.
NARROWING = str(Path(jax.__file__).parent / "_src" / "nn") + sep


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Under jit, compiled in a hurry: it runs once or twice."""
    options = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    return jax.jit(function, compiler_options=options)
