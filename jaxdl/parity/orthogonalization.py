"""jaxdl.optim.muon against torch.optim.Muon, each of 200 steps from where PyTorch stands.

Muon rounds to bfloat16 on its way. Where a sum of products lies within float32's rounding of the middle between two
bfloat16 numbers, the order of its terms decides which one it becomes, and no two matrix products need have the same
order: about one step in a thousand of these small matrices, and from then on two runs are apart. So the runs are not
compared, but every step by itself: few may differ at all, and those by no more than such a turned digit is worth.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import optim
from jaxdl.parity.optimizer_cases import DECAY, Settings, cases
from jaxdl.parity.optimizers import STEPS, Row, Tensors, build, default_dtype, noise, row, torchs
from jaxdl.parity.samples import FAST_COMPILE

TOLERANCE = {"float64": 1e-10, "float32": 2e-6}
TURNED = 0.02  # the largest share of steps in which a digit may be turned (seen: 2e-3)
WORTH = 0.1  # the most that such a step may differ by, of its own largest entry (seen: 0.03)


def measure_muon(dtypes: tuple[str, ...]) -> list[Row]:
    """Every setting: the largest difference after any one step, turned digits included."""
    found: dict[str, dict[str, tuple[float, float, list[str]]]] = {}
    for dtype in dtypes:
        settings = cases("Muon", dtype)
        tracks = [torchs_track(case, dtype) for case in settings]
        for case, track, steps in zip(settings, tracks, our_steps(settings, tracks, dtype), strict=True):
            found.setdefault(str(case), {})[dtype] = judged(case, track, steps, dtype)
    return [row("Muon", settings, results) for settings, results in found.items()]


def torchs_track(case: Settings, dtype: str) -> tuple[Tensors, Tensors]:
    """Parameters and momentum buffers before every step, and after the last."""
    import torch

    start, stream, factors = noise(tuple(case.shapes.items()), dtype)
    params = {name: torch.tensor(value) for name, value in start.items()}
    path: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def look() -> None:
        buffers = {name: optimizer.state[p].get("momentum_buffer", torch.zeros_like(p)) for name, p in params.items()}
        path.append(({n: p.clone() for n, p in params.items()}, {n: b.clone() for n, b in buffers.items()}))

    with default_dtype(dtype):
        optimizer = torchs("Muon", case, params)
        look()
        for step in range(STEPS):
            for name, param in params.items():
                param.grad = torch.add(torch.from_numpy(stream[name])[step], param, alpha=float(factors[step]))
            optimizer.step()
            if case.scheduled:
                optimizer.param_groups[0]["lr"] = case.keywords["lr"] * DECAY ** (step + 1)
            look()
    stacked = [{n: torch.stack([entry[kind][n] for entry in path]).numpy() for n in params} for kind in (0, 1)]
    return stacked[0], stacked[1]


def our_steps(settings: list[Settings], tracks: list[tuple[Tensors, Tensors]], dtype: str) -> list[Any]:
    """Parameters and buffers after each single step from PyTorch's track, for all settings in one program."""
    with jax.enable_x64(dtype == "float64"):
        transforms = [build("Muon", case) for case in settings]
        start, stream, factors = noise(tuple(settings[0].shapes.items()), dtype)

        def step(states: list[Any], data: Any) -> tuple[list[Any], list[Any]]:
            drawn, factor, places = data
            after, results = [], []
            for transform, state, (params, buffers) in zip(transforms, states, places, strict=True):
                gradient = jax.tree.map(lambda n, p: n + factor * p, drawn, params)
                updates, state = transform.update(gradient, _with_buffers(state, buffers), params)
                after.append(state)
                results.append((jax.tree.map(jnp.add, params, updates), _buffers(state)))
            return after, results

        def run(data: Any) -> list[Any]:
            return jax.lax.scan(step, [transform.init(start) for transform in transforms], data)[1]

        before = [jax.tree.map(lambda x: x[:-1], track) for track in tracks]
        program = jax.jit(run, compiler_options=FAST_COMPILE)
        return list(jax.tree.map(np.asarray, program((stream, factors, before))))


def _with_buffers(state: Any, buffers: Any) -> Any:
    """The optimiser's state with other momentum buffers."""

    def replaced(path: Any, leaf: Any) -> Any:
        held = any(getattr(key, "name", None) == "momentum_buffer" for key in path)
        return buffers[path[-1].key] if held else leaf

    return jax.tree_util.tree_map_with_path(replaced, state)


def _buffers(state: Any) -> dict[str, jax.Array]:
    return {key.removesuffix(".momentum_buffer"): value for key, value in optim.named_state(state).items()}


def judged(case: Settings, track: tuple[Tensors, Tensors], steps: Any, dtype: str) -> tuple[float, float, list[str]]:
    """The largest differences in units of scale, and what is wrong: too many turned digits, or more than digits."""
    faults: list[str] = []
    worst = [0.0, 0.0]
    for kind, (ours, theirs) in enumerate(zip(steps, track, strict=True)):
        for name, reference in theirs.items():
            gaps = np.abs(ours[name] - reference[1:]).max(axis=(1, 2))
            scale = np.abs(reference).max()
            worst[kind] = max(worst[kind], float(gaps.max() / scale))
            turned = gaps > TOLERANCE[dtype] * scale
            if kind == 1 and turned.any():
                faults.append(f"{name}.momentum_buffer · {gaps.max() / scale:.1e} > {TOLERANCE[dtype]:.0e}")
            if turned.mean() > TURNED:
                faults.append(f"{name} · {turned.mean():.1%} of the steps differ")
            moved = np.abs(np.diff(theirs[name], axis=0)).max(axis=(1, 2))
            if kind == 0 and (gaps > WORTH * moved).any():
                faults.append(f"{name} · a step differs by {(gaps / moved).max():.1e} of itself")
    return worst[0], worst[1], faults
