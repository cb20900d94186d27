"""Climbing the ladder: a program, or an experiment, trained beside its PyTorch twin or its frozen numbers."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from jaxdl import train
from jaxdl.data import ArraySource
from jaxdl.experiment import Experiment, precision
from jaxdl.parity.arguments import STARTS, check_run
from jaxdl.parity.frozen import condensed, load
from jaxdl.parity.ladder import Ladder, Row, compare
from jaxdl.parity.record import STEPS, Record, Tensors, initial_tensors, record_program, whole_run
from jaxdl.parity.reference import Twin, live_reference, other_ways, record_twin, torch_is_installed, twin_of

REFERENCES = ("live", "frozen")


def ladder(
    program: train.Program,
    twin: Twin,
    source: ArraySource,
    *,
    steps: int = STEPS,
    seed: int = 0,
    dtype: str = "float64",
    evaluation: ArraySource | None = None,
    weights: str | Sequence[str] = STARTS,
    name: str = "ladder",
) -> Ladder:
    """Train a Program and its PyTorch twin from one seed and compare every tensor on every rung.

    Args:
        program: the run in jax, in `dtype`; jax's x64 mode is set for it here.
        twin: the same run in PyTorch.
        source: the training data of both, in `dtype`.
        steps: of the whole run.
        seed: `fit`'s seed here, `torch.manual_seed`'s there.
        dtype: 'float64' or 'float32': the twin's model is cast to it, and the tolerances are its.
        evaluation: test data of both.
        weights: 'seed': jax draws its own parameters; 'copied': jax starts from PyTorch's; or both.
        name: of what is compared, for the table and the error.

    Returns:
        A Ladder: rows as data, `table()`, `assert_agreement()`.

    Raises:
        ModuleNotFoundError: PyTorch is not installed.
        TypeError: the program, twin or source is none.
        ValueError: steps below 1, another dtype or start, or data of another dtype.
    """
    starts = (weights,) if isinstance(weights, str) else tuple(weights)
    check_run(program, twin, source, evaluation, steps, dtype, starts)
    reference = record_twin(twin, source, steps=steps, seed=seed, dtype=dtype, evaluation=evaluation)
    rows: list[Row] = []
    curve = {"torch": reference.rungs["loss curve"]["loss"]}
    computed: Record | None = None
    with precision(dtype):
        for start in starts:
            given = {"seed": None, "copied": reference.rungs["initial"]}[start]
            if given is not None and not _fits(own := initial_tensors(program, seed), given):
                if "seed" not in starts:  # else its rows say so
                    rows += compare(Record({"initial": own}), _alone(reference, "initial"), dtype=dtype, weights=start)
                continue
            if computed is None or not _same_bits(computed.rungs["initial"], given):  # else the same run again
                computed = record_program(program, source, steps=steps, seed=seed, evaluation=evaluation, weights=given)
            rows += compare(computed, reference, dtype=dtype, weights=start)
            curve.setdefault("jax", computed.rungs["loss curve"]["loss"])
    return Ladder(name, tuple(rows), {dtype: curve}, live_reference())


def _fits(ours: Tensors, theirs: Tensors) -> bool:
    """Whether one model's tensors can stand for the other's."""
    return {n: a.shape for n, a in ours.items()} == {n: a.shape for n, a in theirs.items()}


def _alone(record: Record, rung: str) -> Record:
    return Record({rung: record.rungs[rung]})


def _same_bits(ours: Tensors, theirs: Tensors | None) -> bool:
    if theirs is None or ours.keys() != theirs.keys():
        return False
    return all(np.array_equal(ours[name], value) for name, value in theirs.items())


def assert_ladder(program: train.Program, twin: Twin, source: ArraySource, **settings: Any) -> Ladder:
    """`ladder(...)`, raising ParityError at the first tensor beyond its tolerance."""
    __tracebackhide__ = True
    result = ladder(program, twin, source, **settings)
    result.assert_agreement()
    return result


def check(
    experiment: Experiment,
    config: Any = None,
    *,
    dtypes: Sequence[str] = ("float64", "float32"),
    reference: str | None = None,
    spread: bool = False,
) -> Ladder:
    """The ladder of an experiment, float64 first, over its whole run and at least 200 steps, in whole epochs.

    Args:
        experiment: what to check.
        config: of the run; None is the default one. Its dtype is not looked at.
        dtypes: of the runs.
        reference: 'live': PyTorch trains the twin now; 'frozen': the numbers that it left in the experiment's
            `.reference.json`, which knows of fewer things (see `parity.frozen`); None: live where PyTorch is installed.
        spread: whether PyTorch also runs in float32 with its sums in other orders, to show how far it leaves itself.

    Returns:
        A Ladder; its `reference` says what it was compared with.

    Raises:
        LookupError: the experiment has no twin.
        ModuleNotFoundError: 'live' without PyTorch.
        FileNotFoundError: 'frozen' without the file.
        ValueError: the file is damaged or out of date, `config` is not the default one, whose numbers alone are
            frozen, or `reference` is another word.
    """
    if reference not in (None, *REFERENCES):
        raise ValueError(f"reference must be one of {', '.join(REFERENCES)}, given {reference!r}")
    config = experiment.config() if config is None else config
    live = reference == "live" or (reference is None and torch_is_installed())
    climb = _beside_the_twin if live else _beside_frozen_numbers
    result = climb(experiment, config, dtypes)
    return replace(result, spread=own_spread(experiment, config)) if spread and live else result


def own_spread(experiment: Experiment, config: Any) -> dict[str, np.ndarray]:
    """The losses of float32 runs of an experiment's twin that add up in other orders."""
    config = replace(config, dtype="float32")
    run = _run(experiment, config)
    del run["program"]
    return {
        str(way): record_twin(twin_of(experiment, config), seed=config.seed, dtype="float32", way=way, **run).rungs[
            "loss curve"
        ]["loss"]
        for way in other_ways(run["source"])
    }


def _beside_the_twin(experiment: Experiment, config: Any, dtypes: Sequence[str]) -> Ladder:
    rows: list[Row] = []
    curves: dict[str, dict[str, np.ndarray]] = {}
    twins = {dtype: twin_of(experiment, replace(config, dtype=dtype)) for dtype in dtypes}
    for dtype, twin in twins.items():
        part = ladder(twin=twin, seed=config.seed, dtype=dtype, **_run(experiment, replace(config, dtype=dtype)))
        rows += part.rows
        curves |= part.curves
    return Ladder(experiment.name, tuple(rows), curves, live_reference())


def _beside_frozen_numbers(experiment: Experiment, config: Any, dtypes: Sequence[str]) -> Ladder:
    default = experiment.config(dtype=config.dtype)
    frozen = load(experiment)
    if config != default:
        given = [f"{name}={value}" for name, value in asdict(config).items() if value != getattr(default, name)]
        raise ValueError(
            f"{experiment.name} has frozen numbers of its default Config alone, given {', '.join(given)}; "
            "any other is compared with PyTorch live, where that is installed (pip install 'jaxdl[torch]')"
        )
    rows: list[Row] = []
    curves: dict[str, dict[str, np.ndarray]] = {}
    for dtype in dtypes:
        with precision(dtype):
            computed = record_program(seed=config.seed, **_run(experiment, replace(config, dtype=dtype)))
        theirs = frozen.records[dtype]
        rows += compare(condensed(computed), theirs, dtype=dtype, weights="seed")
        curves[dtype] = {record: r.rungs["loss curve"]["loss"] for record, r in (("torch", theirs), ("jax", computed))}
    return Ladder(experiment.name, tuple(rows), curves, frozen.reference)


def _run(experiment: Experiment, config: Any) -> dict[str, Any]:
    """What an experiment's run is made of, and how long it is."""
    source = experiment.source(config)
    return {
        "program": experiment.program(config),
        "source": source,
        "steps": whole_run(config.epochs, len(source)),
        "evaluation": experiment.evaluation(config),
    }
