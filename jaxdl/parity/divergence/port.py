"""The port: a JAX model that shows every tensor that it computes on its way, in float64."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import nn
from jaxdl.nn import watch
from jaxdl.parity.divergence.match import Value

# Primitives that only call what stands inside them.
CALLS = frozenset(
    {"jit", "pjit", "custom_jvp_call", "custom_vjp_call", "checkpoint", "remat2", "closed_call", "core_call"}
)


@dataclass(frozen=True)
class Narrow:
    """A place where the port computes in a smaller type.

    Attributes:
        dtype: the type.
        place: the port's line.
    """

    dtype: str
    place: str


@dataclass
class PortRun:
    """What a run of the port showed.

    Attributes:
        values: every floating tensor on its way.
        outputs: the floating tensors of its result.
        inputs_of, outputs_of: those of each call of a named module: (name, occurrence) → tensors.
        buffers: after the run.
        narrow: where it left float64.
    """

    values: list[Value]
    outputs: list[np.ndarray]
    inputs_of: dict[tuple[str, int], list[np.ndarray]] = field(default_factory=dict)
    outputs_of: dict[tuple[str, int], list[np.ndarray]] = field(default_factory=dict)
    buffers: dict[str, np.ndarray] = field(default_factory=dict)
    narrow: list[Narrow] = field(default_factory=list)


class Port:
    """A model, or a function with a flat dict of tensors, as one pure function.

    Args:
        model: a jaxdl.nn or flax.nnx module, or `f(params, *inputs)`; with a keyword `train` it may give
            `(outputs, buffers)` where that is True.
        inputs: arguments.
        keywords: more of them.
        params: of a function.
    """

    def __init__(
        self, model: Any, inputs: Sequence[Any], keywords: Mapping[str, Any], params: Mapping[str, Any] | None
    ) -> None:
        self.inputs = [_wide(value) for value in inputs]
        self._keywords = {name: _wide(value) for name, value in keywords.items()}
        self.model = model
        self.named = nn.is_module(model)
        if self.named:
            _, trained, buffers = nn.functionalize(model)
            self.modules = {name: type(module).__name__ for name, module in nn.named_modules(model).items()}
        else:
            trained, buffers = dict(params or {}), {}
            self.modules = {}
        self.params = {name: _wide(value) for name, value in trained.items()}
        self.buffers = {name: _wide(value) for name, value in buffers.items()}
        self.can_train = self.named or "train" in inspect.signature(model).parameters

    def tensors(self) -> dict[str, np.ndarray]:
        """Every parameter and buffer that is an array of numbers."""
        found = {**self.params, **self.buffers}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}

    def function(self, train: bool) -> Callable[..., tuple[Any, dict[str, Any]]]:
        """`(params, buffers, *inputs) -> (outputs, buffers)` in one mode."""
        if self.named:
            apply = watch.watched(self.model, train=train)[0]
            return lambda params, buffers, *inputs: apply(params, buffers, *inputs, **self._keywords)
        if train and self.can_train:
            return self._trained
        return lambda params, buffers, *inputs: (self.model(params, *inputs, **self._keywords), buffers)

    def _trained(self, params: Any, buffers: Any, *inputs: Any) -> tuple[Any, dict[str, Any]]:
        found = self.model(params, *inputs, train=True, **self._keywords)
        changed = isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], Mapping)
        return found if changed else (found, buffers)

    def run(self, *, train: bool = False, widened: bool = False) -> PortRun:
        """The port on the inputs: every floating tensor that it computes.

        Args:
            train: in training mode, where nothing is dropped.
            widened: whether it computes in float64 what it would compute in a smaller type.
        """
        with jax.enable_x64(True):
            function = self.function(train)
            arguments = (self.params, self.buffers, *self.inputs)
            closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
            count = len(jax.tree.leaves(shape[0]))
            sight = _Sight(widened)
            leaves = jax.tree.leaves(arguments)
            results, seen = jax.jit(lambda flat: sight.evaluate(closed, flat))(leaves)
            outputs = [np.asarray(value) for value in results[:count] if _floating(value)]
            buffers = jax.tree.unflatten(jax.tree.structure(shape[1]), results[count:])
        run = PortRun([], outputs, narrow=sight.narrow)
        run.buffers = {name: np.asarray(value) for name, value in buffers.items() if _plain(value)}
        for value, place, name in zip(map(np.asarray, seen), sight.places, sight.names, strict=True):
            run.values.append(Value(value, place))
            if name is not None:
                side = run.inputs_of if name.side == "in" else run.outputs_of
                side.setdefault((name.module, name.occurrence), []).append(value)
        return run


class _Sight:
    """Evaluates a trace and keeps every floating tensor of it."""

    def __init__(self, widened: bool) -> None:
        self._widened = widened
        self.places: list[str] = []
        self.names: list[watch.Seen | None] = []
        self.narrow: list[Narrow] = []
        self._kept: list[jax.Array] = []
        self._tags: dict[str, int] = {}

    def evaluate(self, closed: Any, arguments: Sequence[Any]) -> tuple[list[Any], list[jax.Array]]:
        """The results, and all the tensors on the way, in float64."""
        return self._run(closed.jaxpr, closed.consts, arguments, keep=True), self._kept

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

    def _apply(self, equation: Any, values: list[Any], keep: bool) -> list[Any]:
        parameters = equation.params
        if equation.primitive.name in CALLS:
            inner = parameters.get("jaxpr", parameters.get("call_jaxpr"))
            consts = getattr(inner, "consts", ())
            return self._run(getattr(inner, "jaxpr", inner), consts, values, keep=keep)
        if self._widened and equation.primitive.name == "scan":
            return self._scan(parameters, values)
        if self._widened:
            parameters = {name: _wider(name, value) for name, value in parameters.items()}
        results = equation.primitive.bind(*values, **parameters)
        return list(results) if equation.primitive.multiple_results else [results]

    def _scan(self, parameters: dict[str, Any], values: list[Any]) -> list[Any]:
        """A scan whose body is evaluated as all else is."""
        body, fixed, carried = parameters["jaxpr"], parameters["num_consts"], parameters["num_carry"]
        consts, carry, slices = values[:fixed], values[fixed : fixed + carried], values[fixed + carried :]

        def step(carry: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
            results = self._run(body.jaxpr, body.consts, [*consts, *carry, *x], keep=False)
            return results[:carried], results[carried:]

        carry, outputs = jax.lax.scan(step, carry, slices, length=parameters["length"], reverse=parameters["reverse"])
        return [*carry, *outputs]

    def _keep(self, equation: Any, variable: Any, result: Any) -> None:
        if not _floating(result):
            return
        place = line(equation.source_info)
        dtype = variable.aval.dtype
        if dtype.itemsize < 8 and not any(_narrow(atom.aval) for atom in equation.invars):
            self.narrow.append(Narrow(dtype.name, place))
        self._kept.append(jnp.asarray(result, jnp.float64))
        self.places.append(place)
        name = None
        if equation.primitive.name == "name":
            given = equation.params["name"]
            name = watch.read(given)
            if name is None:
                name = watch.Seen(given, self._tags.get(given, 0), "out", 0)
                self._tags[given] = name.occurrence + 1
        self.names.append(name)

    def _wide(self, value: Any) -> Any:
        return jnp.asarray(value, jnp.float64) if self._widened and _floating(value) else value


def _wider(name: str, value: Any) -> Any:
    """A primitive's parameter with float64 for a smaller floating type."""
    try:
        return np.dtype(np.float64) if name.endswith(("dtype", "type")) and _smaller(np.dtype(value)) else value
    except TypeError:
        return value


def _smaller(dtype: Any) -> bool:
    return bool(jnp.issubdtype(dtype, jnp.floating)) and dtype.itemsize < 8


def _narrow(aval: Any) -> bool:
    return hasattr(aval, "dtype") and jnp.issubdtype(aval.dtype, jnp.floating) and aval.dtype.itemsize < 8


def _floating(value: Any) -> bool:
    return hasattr(value, "dtype") and bool(jnp.issubdtype(value.dtype, jnp.floating))


def _plain(value: Any) -> bool:
    return isinstance(value, np.ndarray | jax.Array) and not jnp.issubdtype(value.dtype, jax.dtypes.extended)


def _wide(value: Any) -> Any:
    """An array as NumPy's, a floating one in float64; PyTorch's tensors too."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        return type(value)(_wide(entry) for entry in value)
    if not _plain(value) and not isinstance(value, np.generic):
        return value
    array = np.array(value)
    return array.astype(np.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array


# Where the frames of a trace are not the port's own.
OTHERS = tuple(
    str(Path(spec.origin).parent) for name in ("jax", "flax", "jaxdl") if (spec := find_spec(name)) and spec.origin
)


def line(source: Any) -> str:
    """The port's own line in a trace: not one of jax's, Flax's or jaxdl's."""
    for frame in source.traceback.frames if source.traceback else ():
        if not frame.file_name.startswith(OTHERS):
            return f"{Path(frame.file_name).name}:{frame.line_num}"
    return ""
