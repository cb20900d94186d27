"""jaxdl.optim.lbfgs against torch.optim.LBFGS: functions that both minimise, evaluation by evaluation.

In float64 every branch is taken alike: the counts of evaluations and iterations, which are part of the state, must be
equal after every update. Rounding is all that differs, and the iteration multiplies it: PyTorch itself, given the
same parameters in another order, ends as far from itself (bowl: 1e-13, with the line search 1e-12; the valley after
200 evaluations, were it not stopped after 60: 3e-09).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import optim
from jaxdl.optim.lbfgs import LBFGSState
from jaxdl.parity.optimizer_cases import DECAY, entries
from jaxdl.parity.optimizers import COMPLEX, Result, Row, Run, compare, default_dtype, row
from jaxdl.parity.samples import FAST_COMPILE

if TYPE_CHECKING:
    import torch

EVALUATIONS = {"float64": 200, "float32": 30}
# float32: a branch is soon decided by rounding, so only the parameters are compared, and only over 30 evaluations.
TOLERANCE = {"float64": 1e-10, "float32": 1e-2}
Loss = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]


def bowl(params: Mapping[str, Any], centres: Mapping[str, Any]) -> Any:
    """Convex, its curvature between 1 and 10 and growing outwards."""
    total = 0.0
    for power, name in enumerate(sorted(params)):
        away = params[name] - centres[name]
        square = (away * away.conj()).real
        total = total + (10.0 ** (power / (len(params) - 1)) * square / 2 + square**2 / 4).sum()
    return total


def wells(params: Mapping[str, Any], centres: Mapping[str, Any]) -> Any:
    """Two wells along every axis, one a little deeper."""
    total = 0.0
    for name in sorted(params):
        away = params[name] - centres[name]
        square = (away * away.conj()).real
        total = total + ((square - 1) ** 2 + 0.3 * away.real).sum()
    return total


def valley(params: Mapping[str, Any], centres: Mapping[str, Any]) -> Any:
    """Rosenbrock's, curved and narrow."""
    x = params["vector"] - centres["vector"]
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@dataclass(frozen=True)
class Minimization:
    """A function, PyTorch's keywords, and how far the run goes.

    Attributes:
        loss: of parameters and centres.
        keywords: of torch.optim.LBFGS.
        evaluations: the run ends with the update that reaches them.
        scheduled: the learning rate falls by `DECAY` an update.
    """

    loss: Loss
    keywords: Mapping[str, Any]
    evaluations: int | None = None
    scheduled: bool = False

    def __str__(self) -> str:
        words = [self.loss.__name__, *(f"{key}={value}" for key, value in self.keywords.items())]
        return ", ".join(words + (["lr scheduled"] if self.scheduled else []))

    def rate(self, update: Any) -> Any:
        """The learning rate of an update, counted from 0."""
        first = float(self.keywords.get("lr", 1.0))
        return first * DECAY**update if self.scheduled else first


SEARCH = {"line_search_fn": "strong_wolfe"}
SHAPES = {"complex": (2,), "matrix": (4, 3), "scalar": (), "vector": (6,)}
FURTHER = [
    Minimization(wells, SEARCH),
    Minimization(valley, SEARCH, 60),
    Minimization(valley, {}, 60),
    Minimization(bowl, {"lr": 0.3, "max_iter": 4, "history_size": 2}, 100),
    Minimization(bowl, {**SEARCH, "max_iter": 4, "history_size": 2}),
    Minimization(wells, {**SEARCH, "max_eval": 3}),
    Minimization(wells, {**SEARCH, "max_iter": 1}),
    Minimization(wells, {**SEARCH, "lr": 20.0}),
    Minimization(bowl, {**SEARCH, "lr": 1e5, "max_iter": 1, "max_eval": 30}, 100),
    Minimization(valley, {**SEARCH, "lr": 1e-4, "max_iter": 3}),
    Minimization(bowl, {**SEARCH, "tolerance_grad": 1.0}),
    Minimization(bowl, {"lr": 0.5, "max_iter": 3}, scheduled=True),
]


def minimizations(dtype: str) -> list[Minimization]:
    """optim_db's settings on the bowl, and further ones; in float32 the first alone."""
    known = [Minimization(bowl, inputs.kwargs) for inputs in entries()["LBFGS"].optim_inputs_func(device="cpu")]
    return known if dtype == "float32" else known + FURTHER


def points(dtype: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Where the runs begin, and the functions' centres."""
    generator = np.random.default_rng(0)

    def draw(name: str) -> np.ndarray:
        real = generator.normal(size=SHAPES[name])
        if name == "complex":
            return (real + 1j * generator.normal(size=SHAPES[name])).astype(COMPLEX[dtype])
        return real.astype(dtype)

    start, centres = ({name: np.asarray(draw(name)) for name in sorted(SHAPES)} for _ in range(2))
    return start, centres


def measure_lbfgs(dtypes: tuple[str, ...]) -> list[Row]:
    """Every minimisation in float64, those of optim_db in float32."""
    found: dict[str, dict[str, Result]] = {}
    for dtype in dtypes:
        cases = minimizations(dtype)
        references = [run_in_torch(case, dtype) for case in cases]
        updates = [len(path["scalar"]) for path, _ in references]
        for case, ours, reference in zip(cases, run_in_jax(cases, updates, dtype), references, strict=True):
            if dtype == "float32":
                ours, reference = (ours[0], {}), (reference[0], {})
            found.setdefault(str(case), {})[dtype] = compare(ours, reference, TOLERANCE[dtype])
    return [row("LBFGS", settings, results) for settings, results in found.items()]


@cache
def first_gradient(loss: Loss, dtype: str) -> np.ndarray:
    """Of all parameters at the start, in one vector: the unit of later gradients, which fall to nothing."""
    import torch

    start, centres = points(dtype)
    params = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    gradients = torch.autograd.grad(
        loss(params, {name: torch.tensor(value) for name, value in centres.items()}),
        list(params.values()),
        allow_unused=True,
        materialize_grads=True,
    )
    parts = [torch.view_as_real(g) if g.is_complex() else g for g in gradients]
    return torch.cat([part.reshape(-1) for part in parts]).numpy()


def run_in_torch(case: Minimization, dtype: str) -> Run:
    """Parameters and state after every update, until the evaluations are spent."""
    import torch

    start, centres = points(dtype)
    params = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    fixed = {name: torch.tensor(value) for name, value in centres.items()}
    limit = min(case.evaluations or EVALUATIONS[dtype], EVALUATIONS[dtype])
    path: list[dict[str, np.ndarray]] = []
    states: list[dict[str, Any]] = []

    with default_dtype(dtype):
        optimizer = torch.optim.LBFGS(list(params.values()), **case.keywords)

        def closure() -> "torch.Tensor":
            optimizer.zero_grad()
            loss = case.loss(params, fixed)
            loss.backward()
            return loss

        state = optimizer.state[next(iter(params.values()))]
        while not states or states[-1]["func_evals"] < limit:
            optimizer.param_groups[0]["lr"] = case.rate(len(states))
            optimizer.step(closure)
            path.append({name: param.detach().numpy().copy() for name, param in params.items()})
            states.append(_plain(state))
    return _stacked(path), _in_units(_stacked(states), case.loss, dtype)


def _in_units(states: dict[str, np.ndarray], loss: Loss, dtype: str) -> dict[str, np.ndarray]:
    """With the first gradient before all gradients, and 1 before all steps, as scales of what comes after."""
    first = first_gradient(loss, dtype)
    before = {"prev_flat_grad": first, "old_dirs": first, "d": np.ones_like(first), "old_stps": np.ones_like(first)}
    for name, unit in before.items():
        states[name] = np.concatenate([np.broadcast_to(unit, states[name][:1].shape), states[name]])
    return states


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of what PyTorch remembers, as arrays; the oldest pair of the history first."""
    lists = {name: [np.asarray(x) for x in state.get(name) or []] for name in ("old_dirs", "old_stps")}
    kept = {name: np.asarray(state[name]).copy() for name in ("func_evals", "n_iter", "d", "t", "prev_flat_grad")}
    return {**kept, "prev_loss": np.asarray(state["prev_loss"]), **lists}


def _stacked(entries: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """One array a name, an update a row; histories are filled up with zeros to the longest."""
    found = {}
    for name, value in entries[-1].items():
        if isinstance(value, list):
            longest = max(len(entry[name]) for entry in entries)
            blank = np.zeros((len(entries), longest, entries[-1]["d"].size), entries[-1]["d"].dtype)
            for row, entry in zip(blank, entries, strict=True):
                row[: len(entry[name])] = entry[name] or row[:0]
            found[name] = blank
        else:
            found[name] = np.stack([np.asarray(entry[name]) for entry in entries])
    return found


def run_in_jax(cases: list[Minimization], updates: list[int], dtype: str) -> list[Run]:
    """As many updates of each, scanned, all in one compiled program."""
    start, centres = points(dtype)

    def everything(params: Mapping[str, Any], centres: Mapping[str, Any]) -> list[Any]:
        return [_scanned(case, count, params, centres) for case, count in zip(cases, updates, strict=True)]

    with jax.enable_x64(dtype == "float64"):
        results = jax.jit(everything, compiler_options=FAST_COMPILE)(start, centres)
        results = jax.tree.map(np.asarray, results)
    runs = []
    for case, count, (path, states) in zip(cases, updates, results, strict=True):
        ordered = [_in_order(jax.tree.map(lambda x: x[i], states)) for i in range(count)]  # noqa: B023  called at once
        runs.append((path, _in_units(_stacked(ordered), case.loss, dtype)))
    return runs


def _scanned(case: Minimization, updates: int, params: Mapping[str, Any], centres: Mapping[str, Any]) -> Any:
    """Parameters and states after every update."""
    keywords = {key: value for key, value in case.keywords.items() if key != "lr"}
    transform = optim.lbfgs(case.rate if case.scheduled else case.rate(0), **keywords)

    def function(params: Mapping[str, Any]) -> jax.Array:
        value: jax.Array = case.loss(params, centres)
        return value

    def step(carry: Any, _: None) -> tuple[Any, Any]:
        params, state = carry
        value, gradients = jax.value_and_grad(function)(params)
        moved, state = transform.update(gradients, state, params, value=value, value_fn=function)
        params = jax.tree.map(jnp.add, params, moved)
        return (params, state), (params, state)

    return jax.lax.scan(step, (params, transform.init(params)), length=updates)[1]


def _in_order(state: LBFGSState) -> dict[str, Any]:
    """The ring's rows, the oldest pair first, and the rest of what PyTorch has."""
    size = state.ro.size
    count = min(int(state.stored), size)
    rows = (int(state.stored) - count + np.arange(count)) % size
    names = ("func_evals", "n_iter", "d", "t", "prev_flat_grad", "prev_loss")
    lists = {name: list(getattr(state, name)[rows]) for name in ("old_dirs", "old_stps")}
    return {**{name: getattr(state, name) for name in names}, **lists}
