"""What a run is, so that a checkpoint of another one is known for what it is."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import jax
import numpy as np

from jaxdl.data import Source
from jaxdl.random import TorchGenerator
from jaxdl.train.calls import batches_from
from jaxdl.train.run import Run

FREE = ("epochs",)  # of a configuration: a run may be prolonged


class Identity:
    """What decides a run: its configuration, seed, data and program.

    Args:
        run: the run at its beginning.
        config: settings by name, as JSON can hold them; None where there are none.

    Raises:
        TypeError: JSON cannot hold them.
    """

    def __init__(self, run: Run, config: Mapping[str, Any] | None) -> None:
        try:  # as it comes back from a checkpoint
            self._config: dict[str, Any] = json.loads(json.dumps(dict(config or {})))
        except (TypeError, ValueError) as error:
            raise TypeError(f"config must be a dict that JSON can hold, given {config!r}: {error}") from None
        self._run = run

    def describe(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**self.quick, "program": self._program}

    @cached_property
    def quick(self) -> dict[str, Any]:
        """What needs no tracing."""
        run = self._run
        source, evaluation = run.source, run.evaluation
        return {
            "config": self._config,
            "seed": run.generator.initial_seed(),
            "generator": hashlib.sha256(run.generator.get_state().tobytes()).hexdigest(),
            "batches": len(source),
            "data": [[str(array.dtype), *array.shape] for array in _arrays(source)],
            "contents": _contents(_arrays(source)),
            "order": _order(source, run.start_of(0)),
            "evaluation": None if evaluation is None else _evaluation(evaluation),
            "jax": jax.__version__,
        }

    @cached_property
    def _program(self) -> str:
        """A digest of what a step computes, the same for every mesh."""
        run = self._run
        batch = next(batches_from(run.source, 0, run.start_of(0), 0))
        shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), (run.state, batch))
        return hashlib.sha256(jax.jit(run.program.step).lower(*shapes).as_text().encode()).hexdigest()


def _arrays(source: Source) -> list[np.ndarray]:
    """What a source holds in memory; a stream holds nothing."""
    return [np.asarray(array) for array in getattr(source, "arrays", ())]


def _order(source: Source, generator: TorchGenerator) -> int | None:
    order = getattr(source, "order", None)
    return None if order is None else _contents([order(0, generator)])


def _evaluation(source: Source) -> list[int]:
    """Its batches, and a checksum of all that the rounding of its means depends on."""
    order, size = _order(source, TorchGenerator(0)), getattr(source, "batch_size", 0)
    return [len(source), _contents([*_arrays(source), np.array([size, order or 0])])]


def _contents(arrays: Iterable[np.ndarray]) -> int:
    sum_ = 0
    for array in arrays:
        sum_ = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8), sum_)
    return sum_


def signature_of(state: Any) -> dict[str, str]:
    """The arrays of a state by name: dtype and shape."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): f"{leaf.dtype}{list(leaf.shape)}"
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
    }


def difference(record: Mapping[str, Any], tensors: Mapping[str, str], identity: Identity) -> str | None:
    """What another run a checkpoint is of, in words; None where it is of this one."""
    there, here = record["identity"], identity.quick
    fields = {name: (value, here["config"].get(name, "nothing")) for name, value in there["config"].items()}
    fields |= {name: ("nothing", value) for name, value in here["config"].items() if name not in there["config"]}
    changed = [
        f"{name} was {a!r} and is {b!r}"
        for name, (a, b) in fields.items()
        if json.dumps(a, sort_keys=True) != json.dumps(b, sort_keys=True) and name not in FREE  # NaN is NaN
    ]
    if changed:
        return f"another configuration: {', '.join(changed)}; give it what it was begun with, or another directory"
    if record["tensors"] != tensors:
        return f"another model or optimiser: {first_difference(record['tensors'], tensors)}"
    if there["seed"] != here["seed"]:
        return f"another seed: it was {there['seed']} and is {here['seed']}"
    if (there["data"], there["batches"]) != (here["data"], here["batches"]):
        return (
            f"other data: {there['batches']} batches an epoch of arrays {there['data']}, and here are "
            f"{here['batches']} of {here['data']}"
        )
    if there["contents"] != here["contents"]:
        return "other data: arrays of the same shapes with other numbers in them"
    if there["order"] != here["order"]:
        return "other data: the same rows in another order (`shuffle`, the sampler or its seed)"
    if there["evaluation"] != here["evaluation"]:
        return (
            f"another evaluation: it was {_words(there['evaluation'])} and is {_words(here['evaluation'])} (of its "
            "rows, their order and its batch size)"
        )
    if there["generator"] != here["generator"]:
        return "another model: its parameters took another number of draws from the seed"
    if there["jax"] == here["jax"] and there["program"] != identity.describe()["program"]:
        return (
            "another program: its step computed something else (another learning rate, loss, layer or jaxdl); "
            "train.restore(directory) gives its state, to begin another run from: fit(..., state=...)"
        )
    return None


def _words(evaluation: list[int] | None) -> str:
    return "none" if evaluation is None else f"{evaluation[0]} batches with checksum {evaluation[1]:08x}"


def first_difference(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """The first array that two states do not both have in one form, in words."""
    for name in {**there, **here}:
        if there.get(name) != here.get(name):
            return f"{name} was {there.get(name, 'not there')} and is {here.get(name, 'not there')}"
    return "its arrays have another order"
