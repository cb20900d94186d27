"""Device calls: how many steps one call of the device holds, and where their batches are cut from."""

import inspect
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from jaxdl.data import ArraySource, Source
from jaxdl.data.table import Cut, Resident
from jaxdl.random import TorchGenerator
from jaxdl.train.contract import begun, require_count, require_program, stepped
from jaxdl.train.placement import Placement
from jaxdl.train.program import Metrics, Program, State
from jaxdl.train.run import Measured, Run
from jaxdl.train.work import loops_well

# Enough that the device never waits for the host, few enough that memory, Ctrl-C and the display keep up.
STEPS_IN_FLIGHT = 64
CALLS_IN_FLIGHT = 2
SECONDS_A_CALL = 0.05  # of a call that holds many steps: half of the display's pace
CAPACITY = 512  # steps that a call can hold


class RecompilationWarning(UserWarning):
    """A step had to be compiled again in the middle of a run."""


@dataclass(frozen=True)
class Given:
    """A batch that the source made itself."""

    def __call__(self, batch: Any, index: jax.Array) -> Any:
        return batch


@dataclass(frozen=True)
class Stacked:
    """Batch number `index` of several, stacked."""

    def __call__(self, batches: Any, index: jax.Array) -> Any:
        return jax.tree.map(lambda array: jax.lax.dynamic_index_in_dim(array, index, keepdims=False), batches)


class Feed(NamedTuple):
    """What calls cut their batches from: `cut(inputs, index)` for `batches` indices from `first` on.

    `many`: whether it is one of those that a call may take several batches from.
    """

    inputs: Any
    cut: Callable[[Any, jax.Array], Any]
    first: int
    batches: int
    many: bool


class Calls:
    """The compiled calls of a run.

    A step that is mostly dispatch gains when many of them are one call; XLA's CPU backend compiles some convolutions
    badly inside a loop (`work.loops_well` has the rule). Either way the steps are the same function of the same
    numbers, and how many share a call, which is measured as the run goes, is an argument of one compiled program.

    Args:
        run: the run whose state they move.
        steps_per_call: 1 for a host loop, more for a loop on the device; None to choose.

    Raises:
        TypeError: steps_per_call is not an integer.
        ValueError: steps_per_call below 1.
    """

    def __init__(self, run: Run, steps_per_call: int | None) -> None:
        if steps_per_call is not None:
            require_count("steps_per_call", steps_per_call, ", or None to choose")
        self._run, self._wanted = run, steps_per_call
        self._pace, self._shapes = _Pace(steps_per_call), _Shapes()
        self._placed: tuple[Any, Any] = (None, None)
        self._scalars: dict[int, jax.Array] = {}
        self.looped: bool | None = None if steps_per_call is None else steps_per_call > 1

    def epoch(self, generator: TorchGenerator, due: Callable[[], int]) -> Iterator[Measured]:
        """Make the steps that are left of the run's epoch, call by call; `due()` is how many a call may hold now.

        Raises:
            ValueError: the source gives more batches, or fewer, than its `len()`.
        """
        run = self._run
        for feed in self._feeds(generator):
            self._require_length(run.batch + feed.batches <= len(run.source), "more")
            index, left = self._scalar(feed.first), feed.batches
            once, loop = _compiled(run, feed.cut, max(CAPACITY, self._wanted or 1))
            if self.looped is None:
                self.looped = feed.many and loops_well(once.trace(run.state, feed.inputs, index).jaxpr.jaxpr)
            looped = self.looped and feed.many
            while left:
                if looped:
                    count = min(left, due(), self._pace.steps)
                    run.state, metrics, index = loop(run.state, feed.inputs, index, self._scalar(count))
                else:
                    count = 1
                    run.state, metrics, index = once(run.state, feed.inputs, index)
                left, run.batch = left - count, run.batch + count
                measured = Measured(metrics, count)
                self._pace.called(measured, CALLS_IN_FLIGHT if looped else STEPS_IN_FLIGHT)
                yield measured
        self._require_length(run.batch == len(run.source), str(run.batch))

    def _require_length(self, holds: bool, given: str) -> None:
        run = self._run
        if not holds:
            raise ValueError(
                f"the source gave {given} batches in epoch {run.epoch + 1}, and its len() says {len(run.source)}; "
                "every epoch must have that many: checkpoints and histories count by it"
            )

    def _scalar(self, value: int) -> jax.Array:
        if value not in self._scalars:
            self._scalars[value] = self._run.placement.put_whole(np.int32(value))
        return self._scalars[value]

    def _feeds(self, generator: TorchGenerator) -> Iterator[Feed]:
        source = self._run.source
        if isinstance(source, ArraySource) and type(source).batches is ArraySource.batches:
            return self._resident(source, generator)
        return self._streamed(source, generator)

    def _resident(self, source: ArraySource, generator: TorchGenerator) -> Iterator[Feed]:
        """Rows that live on the device: one order an epoch goes there, nothing else."""
        run, size = self._run, source.batch_size
        arrays, order = source.resident(run.epoch, generator)
        if self._placed[0] is not arrays:
            self._placed = arrays, run.placement.put_whole(arrays)
        epoch = Resident(self._placed[1], run.placement.put_whole(order))
        whole, rest = divmod(len(order), size)
        if run.batch < whole:
            yield Feed(epoch, Cut(size), run.batch, whole - run.batch, many=whole > 1)
        if rest and not source.drop_last and run.batch <= whole:
            yield Feed(epoch, Cut(rest, whole * size), 0, 1, many=False)

    def _streamed(self, source: Source, generator: TorchGenerator) -> Iterator[Feed]:
        """Batches that the source makes: singly, or stacked where several shall share a call."""
        run, together = self._run, self._wanted or 1
        batches = batches_from(source, run.epoch, generator, run.batch)
        for group in _groups(batches, together):
            self._shapes.see(group[0], run)
            if together == 1 or len(group) == 1:
                yield Feed(run.placement.put_batch(group[0]), Given(), 0, 1, many=False)
                continue
            full = [*group, *[group[-1]] * (together - len(group))]
            stacked = run.placement.put_whole(jax.tree.map(lambda *arrays: jnp.stack(arrays), *full))
            yield Feed(stacked, Stacked(), 0, len(group), many=True)


def batches_from(source: Source, epoch: int, generator: TorchGenerator, start: int) -> Iterator[Any]:
    """An epoch's batches from number `start` on, also of a source that can only begin at the first."""
    if start == 0:
        return iter(source.batches(epoch, generator))
    if "start" in inspect.signature(source.batches).parameters:
        return iter(source.batches(epoch, generator, start))
    return islice(source.batches(epoch, generator), start, None)


def _groups(batches: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Up to `size` batches of one kind, one after the other."""
    group: list[Any] = []
    for batch in batches:
        if group and (len(group) == size or signature(batch) != signature(group[0])):
            yield group
            group = []
        group.append(batch)
    if group:
        yield group


def signature(batch: Any) -> tuple[Any, ...]:
    """Shapes and dtypes of a batch: what a step is compiled for."""
    leaves, structure = jax.tree.flatten(batch)
    return (str(structure), *((np.shape(leaf), jnp.result_type(leaf)) for leaf in leaves))


def _compiled(run: Run, cut: Callable[..., Any], capacity: int) -> tuple[Any, Any]:
    """`once` and `loop` for batches that are cut so: compiled once a program, whoever runs it."""
    program, placement = run.program, run.placement
    known = program.calls.get((cut, placement, capacity))
    if known is None:
        step = _step(program, placement, cut)
        known = jax.jit(step, donate_argnums=0), jax.jit(_loop(step, placement, capacity), donate_argnums=0)
        program.calls[cut, placement, capacity] = known
    return known


def _step(program: Program, placement: Any, cut: Callable[..., Any]) -> Callable[..., tuple[State, Metrics, jax.Array]]:
    def step(state: State, inputs: Any, index: jax.Array) -> tuple[State, Metrics, jax.Array]:
        batch = placement.split_batch(cut(inputs, index))
        new, metrics = stepped(state, program.step(state, batch))
        return placement.keep_state(new), placement.gathered(metrics), index + 1

    return step


def _loop(step: Callable[..., Any], placement: Any, capacity: int) -> Callable[..., tuple[State, Metrics, jax.Array]]:
    once = jax.jit(step)  # traced once, for a call of one step as well

    def loop(state: State, inputs: Any, index: jax.Array, count: jax.Array) -> tuple[State, Metrics, jax.Array]:
        _, metrics, _ = jax.eval_shape(once, state, inputs, index)
        rows = jax.tree.map(lambda value: jnp.zeros((capacity,), value.dtype), metrics)

        def body(made: jax.Array, carried: Any) -> Any:
            state, rows, index = carried
            state, metrics, index = once(state, inputs, index)
            return state, jax.tree.map(lambda row, value: row.at[made].set(value), rows, metrics), index

        return jax.lax.fori_loop(0, count, body, (state, rows, index))

    return loop


class _Pace:
    """How many steps share a call: as many as take a twentieth of a second, measured as calls end."""

    def __init__(self, given: int | None) -> None:
        self._given = given
        self.steps = given or 16
        self._under_way: deque[Measured] = deque()
        self._ended: float | None = None  # none before the first call, which compiles

    def called(self, measured: Measured, most: int) -> None:
        """A call was handed over; wait while more than `most` are under way."""
        self._under_way.append(measured)
        while len(self._under_way) > most:
            oldest = self._under_way.popleft()
            jax.block_until_ready(oldest.metrics["loss"])
            now = time.perf_counter()
            if self._given is None and self._ended is not None:
                seconds = (now - self._ended) / oldest.steps
                self.steps = max(1, min(CAPACITY, round(SECONDS_A_CALL / max(seconds, 1e-9))))
            self._ended = now


class _Shapes:
    """The shapes of streamed batches: another one in the middle of a run means compiling again."""

    def __init__(self) -> None:
        self._seen: list[tuple[Any, ...]] = []

    def see(self, batch: Any, run: Run) -> None:
        """Warn of a batch unlike all before, but for a shorter last one of an epoch."""
        found = signature(batch)
        if found in self._seen:
            return
        last = run.batch >= len(run.source) - 1
        if self._seen and not last:
            warnings.warn(
                f"step {run.step + 1} ({run.place(run.step)}) is compiled again: its batch has "
                f"{_words(found)}, and those before had {_words(self._seen[-1])}; batches of one shape would not need "
                "it (pad them, or drop the last rows)",
                RecompilationWarning,
                stacklevel=2,
            )
        self._seen.append(found)


def _words(found: tuple[Any, ...]) -> str:
    return ", ".join(f"{dtype}{list(shape)}" for shape, dtype in found[1:])


def memory(program: Program, source: ArraySource, mesh: Mesh | None = None) -> dict[str, int]:
    """How much memory a step needs on each device, from the compiled program.

    Args:
        program: what is to be trained.
        source: its data.
        mesh: as for `fit`.

    Returns:
        Bytes a device: `arguments` (the state and the data), `state` (the state's share of them), `temporary`
        (activations and gradients, at their largest) and `total`.

    Raises:
        TypeError: the source is no `ArraySource`.

    >>> import numpy as np
    >>> from jaxdl import data, functional, nn, optim, train
    >>> program = train.supervised(lambda rngs: nn.Linear(8, 8, rngs=rngs), functional.mse_loss, optim.adam(0.1))
    >>> x = np.ones((32, 8), np.float32)
    >>> train.memory(program, data.ArraySource((x, x), 16))["state"]
    880
    """
    require_program(program)
    if not isinstance(source, ArraySource):
        raise TypeError(f"memory: source must be a data.ArraySource, given {type(source).__name__}")
    placement, generator = Placement(mesh), TorchGenerator(0)
    state = placement.put_state(begun(program, generator))
    run = Run(program, source, None, 1, generator, placement, state)
    feed = next(Calls(run, 1)._resident(source, generator))
    once, _ = _compiled(run, feed.cut, CAPACITY)
    compiled = once.lower(state, feed.inputs, placement.put_whole(np.int32(0))).compile().memory_analysis()
    held = sum(leaf.addressable_shards[0].data.nbytes for leaf in jax.tree.leaves(state))
    arguments, temporary = compiled.argument_size_in_bytes, compiled.temp_size_in_bytes
    return {"arguments": arguments, "state": held, "temporary": temporary, "total": arguments + temporary}
