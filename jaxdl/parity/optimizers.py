"""Every optimiser of jaxdl.optim on the settings of PyTorch's optim_db, and on those that it leaves out.

200 steps on parameters of several shapes, in float64 and in float32, and then every parameter (on the way, too) and
every tensor of the state. The gradient is c · p + noise, of sizes over six decades and sometimes zero, so that each
trajectory feeds back into itself. L-BFGS minimises a function instead.

    python -m jaxdl.parity.optimizers Adam SGD
"""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import optim
from jaxdl.parity.optimizer_cases import DECAY, OUT, Settings, cases, entries
from jaxdl.parity.samples import FAST_COMPILE, Tally, difference

if TYPE_CHECKING:
    import torch

STEPS, EVERY = 200, 20  # parameters are compared every so many steps
FEEDBACK = 0.3
# Of the tensor's own scale. float32: rounding over 200 steps; the most seen is 4e-05, a mean of gradients that cancel.
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}
COMPLEX = {"float64": "complex128", "float32": "complex64"}
Tensors = dict[str, np.ndarray]
# Of PyTorch's error inputs, what cannot happen or is no fault here, and why.
ACCEPTED = {
    **dict.fromkeys(
        (
            "invalid param type",
            "a param group cannot have duplicate parameters",
            "duplicate parameters should not occur across param groups either",
            "all optimizer params should be with/without names",
            "all optimizer param groups should be with/without names.",
        ),
        "parameters are a tree: each is there once, under its name",
    ),
    "betas must be either both floats or both Tensors": "numbers and arrays mix in jax",
}


@dataclass(frozen=True)
class Row:
    """What one setting of an optimiser came to.

    Attributes:
        name: of PyTorch's class.
        settings: in words.
        cases: runs of 200 steps, one a precision.
        parameters: the largest difference in units of the tensor's scale, by dtype.
        state: the same for the state's tensors.
        faults: what went beyond its limit, in words.
    """

    name: str
    settings: str
    cases: int = 0
    parameters: dict[str, float] = field(default_factory=dict)
    state: dict[str, float] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


Run = tuple[Tensors, Tensors]  # parameters along the way, stacked; the state after the last step
# The largest difference in the parameters, and in the state (None where there is none); the faults.
Result = tuple[float, float | None, list[str]]


def names() -> list[str]:
    """The optimisers that are compared."""
    return [name for name in entries() if name not in OUT]


@cache
def noise(shapes: tuple[tuple[str, tuple[int, ...]], ...], dtype: str) -> tuple[Tensors, Tensors, np.ndarray]:
    """Parameters to begin with, the gradients' noise for every step, and the factor of the parameters in them."""
    generator = np.random.default_rng(0)

    def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
        real = generator.normal(size=shape)
        if name.startswith("complex"):
            return (real + 1j * generator.normal(size=shape)).astype(COMPLEX[dtype])
        return real.astype(dtype)

    start = {name: draw(name, shape) for name, shape in shapes}
    step = np.arange(STEPS)
    size, there = 10.0 ** -(3 * (step % 3)), step % 7 != 5  # 1, 1e-3, 1e-6; now and then all is zero
    stream = {name: draw(name, (STEPS, *shape)) for name, shape in shapes}
    for tensor in stream.values():
        tensor *= (size * there).reshape(-1, *[1] * (tensor.ndim - 1)).astype(dtype)
    return start, stream, (FEEDBACK * there).astype(dtype)


def measure(name: str, dtypes: tuple[str, ...] = ("float64", "float32")) -> list[Row]:
    """Every setting of an optimiser, in float64, and those of optim_db in float32.

    Raises:
        ModuleNotFoundError: torch is not installed.
    """
    if name == "LBFGS":
        from jaxdl.parity.minimizers import measure_lbfgs

        return measure_lbfgs(dtypes)
    if name == "Muon":
        from jaxdl.parity.orthogonalization import measure_muon

        return measure_muon(dtypes)
    found: dict[str, dict[str, Result]] = {}
    for dtype in dtypes:
        settings = cases(name, dtype)
        with ThreadPoolExecutor(1) as pool:  # jax compiles while PyTorch runs
            compiled = pool.submit(run_in_jax, name, settings, dtype)
            references = [run_in_torch(name, case, dtype) for case in settings]
            for case, ours, reference in zip(settings, compiled.result(), references, strict=True):
                found.setdefault(str(case), {})[dtype] = compare(ours, reference, TOLERANCE[dtype])
    return [row(name, settings, results) for settings, results in found.items()]


def row(name: str, settings: str, results: Mapping[str, Result]) -> Row:
    """One setting's results in every precision."""
    return Row(
        name,
        settings,
        cases=len(results),
        parameters={dtype: result[0] for dtype, result in results.items()},
        state={dtype: result[1] for dtype, result in results.items() if result[1] is not None},
        faults=tuple(f"{fault} ({dtype}) · {settings}" for dtype, result in results.items() for fault in result[2]),
    )


def compare(ours: Run, reference: Run, limit: float) -> Result:
    """How far two runs are apart."""
    worst: list[float] = [0.0, 0.0]
    faults: list[str] = []
    for place, (mine, theirs) in enumerate(zip(ours, reference, strict=True)):
        if mine.keys() != theirs.keys():
            faults.append(f"{sorted(mine)} where PyTorch has {sorted(theirs)}")
            continue
        for key, tensor in theirs.items():
            gap = difference(mine[key], tensor)
            worst[place] = max(worst[place], gap)
            if not gap <= limit:
                faults.append(f"{key} · {gap:.1e} > {limit:.0e}")
    return worst[0], worst[1] if reference[1] else None, faults


def refusals(name: str) -> list[str]:
    """What PyTorch refuses when an optimiser is built, or given parameters, and we do not, in words."""
    import torch

    faults = []
    for error in entries()[name].optim_error_inputs_func("cpu", torch.float64):
        given = error.optimizer_error_input
        if given.desc in ACCEPTED or {"foreach", "fused", "differentiable"} & given.kwargs.keys():
            continue
        try:
            params = [p.numpy() for p in given.params or [] if torch.is_tensor(p)]
            getattr(optim, name.lower())(**_ours(given.kwargs)).init(dict(enumerate(params)))
        except (ValueError, TypeError) as refusal:
            if not str(refusal).startswith(f"{name.lower()}: "):
                faults.append(f"refused without its name: {refusal} · PyTorch: {error.error_regex}")
        else:
            faults.append(f"not refused · {given.desc} · PyTorch: {error.error_regex}")
    return faults


# jax's side


def build(name: str, settings: Settings) -> Any:
    """Our optimiser."""
    factory = getattr(optim, name.lower())
    keywords = _ours(settings.keywords)
    if settings.scheduled:
        first = keywords.pop("learning_rate")
        keywords["learning_rate"] = lambda step: first * DECAY**step
    if settings.group:
        return optim.param_groups(factory, {next(iter(settings.shapes)): _ours(settings.group)}, **keywords)
    return factory(**keywords)


def _ours(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """PyTorch's keywords as ours: another name for the learning rate, tensors as arrays."""
    renamed = {"learning_rate" if key == "lr" else key: value for key, value in keywords.items()}
    return {key: jnp.asarray(value.tolist()) if hasattr(value, "tolist") else value for key, value in renamed.items()}


def run_in_jax(name: str, settings: list[Settings], dtype: str) -> list[Run]:
    """All runs of the same shapes in one compiled program."""
    done: dict[int, Run] = {}
    with jax.enable_x64(dtype == "float64"):
        for shapes in {tuple(case.shapes.items()): None for case in settings}:
            places = [place for place, case in enumerate(settings) if tuple(case.shapes.items()) == shapes]
            start, stream, factors = noise(shapes, dtype)
            transforms = [build(name, settings[place]) for place in places]
            program = jax.jit(lambda *data, t=transforms: _trajectories(t, *data), compiler_options=FAST_COMPILE)
            for place, (path, state) in zip(places, program(start, stream, factors), strict=True):
                done[place] = jax.tree.map(np.asarray, path), jax.tree.map(np.asarray, state)
    return [done[place] for place in range(len(settings))]


def _trajectories(transforms: list[Any], start: Any, stream: Any, factors: Any) -> list[Any]:
    """Every `EVERY` steps the parameters, and the named state after the last, of each."""

    def step(carry: list[Any], data: tuple[Any, Any]) -> tuple[list[Any], None]:
        drawn, factor = data
        after = []
        for (params, state), transform in zip(carry, transforms, strict=True):
            gradient = jax.tree.map(lambda n, p: jnp.conj(n + factor * p), drawn, params)  # jax's is the conjugate
            updates, state = transform.update(gradient, state, params)
            after.append((jax.tree.map(jnp.add, params, updates), state))
        return after, None

    def stretch(carry: list[Any], data: tuple[Any, Any]) -> tuple[list[Any], list[Any]]:
        carry, _ = jax.lax.scan(step, carry, data)
        return carry, [params for params, _ in carry]

    begin = [(jax.tree.map(jnp.asarray, start), transform.init(start)) for transform in transforms]
    data = jax.tree.map(lambda x: x.reshape(-1, EVERY, *x.shape[1:]), (stream, factors))
    last, paths = jax.lax.scan(stretch, begin, data)
    return [(path, optim.named_state(state)) for path, (_, state) in zip(paths, last, strict=True)]


# PyTorch's side


@contextmanager
def default_dtype(dtype: str) -> Iterator[None]:
    """PyTorch's default dtype, in which it keeps the scalars of a state, and one thread."""
    import torch

    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(getattr(torch, dtype))
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
        torch.set_num_threads(threads)


def run_in_torch(name: str, settings: Settings, dtype: str) -> Run:
    """The same run by PyTorch's own optimiser, one tensor at a time."""
    import torch

    start, stream, factors = noise(tuple(settings.shapes.items()), dtype)
    params = {key: torch.tensor(value) for key, value in start.items()}
    drawn = {key: torch.from_numpy(value) for key, value in stream.items()}
    path: dict[str, list[torch.Tensor]] = {key: [] for key in params}
    with default_dtype(dtype):
        optimizer = torchs(name, settings, params)
        for step in range(STEPS):
            factor = float(factors[step])
            for key, param in params.items():
                param.grad = torch.add(drawn[key][step], param, alpha=factor)
            optimizer.step()
            if settings.scheduled:
                optimizer.param_groups[0]["lr"] = settings.keywords["lr"] * DECAY ** (step + 1)
            if step % EVERY == EVERY - 1:
                for key, param in params.items():
                    path[key].append(param.clone())
    state = {
        f"{key}.{entry}": value.numpy()
        for key, param in params.items()
        for entry, value in optimizer.state[param].items()
        if entry != "step" and value is not None
    }
    return {key: torch.stack(tensors).numpy() for key, tensors in path.items()}, state


def torchs(name: str, settings: Settings, params: "dict[str, torch.Tensor]") -> Any:
    """PyTorch's optimiser, the for-loop implementation where there are others."""
    import torch

    first, *rest = params.values()
    groups: Any = list(params.values())
    if settings.group:
        groups = [{"params": [first], **settings.group}, {"params": rest}]
    plain = {} if name == "Muon" else {"foreach": False}
    # A tensor in the default dtype of now: PyTorch computes with it in its own.
    keywords = {k: torch.tensor(v.item()) if torch.is_tensor(v) else v for k, v in settings.keywords.items()}
    return getattr(torch.optim, name)(groups, **keywords, **plain)


def summary(name: str, rows: list[Row]) -> Tally:
    """The rows of one optimiser in one figure a precision."""
    tally = Tally(name, cases=sum(one.cases for one in rows), faults=[fault for one in rows for fault in one.faults])
    for one in rows:
        for kind, gaps in (("parameters", one.parameters), ("state", one.state)):
            for dtype, gap in gaps.items():
                tally.worst[kind, dtype] = max(tally.worst.get((kind, dtype), 0.0), gap)
    return tally


def main(chosen: list[str]) -> int:
    """Measure the named optimisers, or all, and print what differs."""
    failed = 0
    for name in chosen or names():
        tally = summary(name, measure(name))
        tally.faults += refusals(name)
        print(tally)
        for fault in tally.faults[:10]:
            print("   ", fault)
        failed += bool(tally.faults)
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
