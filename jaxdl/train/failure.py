"""When a run goes wrong: the first number that is not finite is looked for, and a full device says what would help."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.train.calls import batches_from
from jaxdl.train.contract import unchanged_types
from jaxdl.train.origin import origin
from jaxdl.train.program import State
from jaxdl.train.run import Run

SECONDS_BETWEEN_SNAPSHOTS = 5.0
SHARE_OF_TIME = 0.01  # that snapshots may take of a run
SMALL = 2**26  # bytes that may come to the host to be looked at


class NonFiniteLossError(FloatingPointError):
    """A number of the run became NaN or infinite.

    Attributes:
        step: the step of the run, counted from 1, at which it rose.
        tensor: the first tensor that held it, as in 'output of fc1' or 'gradient of fc1.weight'; None where the batch
            or nothing can be named.
        state: the last good state, before that step, where it could be found again; None else.
    """

    def __init__(self, message: str, step: int, tensor: str | None, state: State | None) -> None:
        super().__init__(message)
        self.step, self.tensor, self.state = step, tensor, state


class OutOfMemoryError(MemoryError):
    """The device has too little memory for the run; the message says what would need less."""


class Snapshots:
    """The last state of a run that was seen to be good, on the host, and the search that begins from it.

    A run computes the same again from the same state. So nothing watches the gradients while it goes well; when a loss
    is not finite, the steps since the last snapshot are made once more, one at a time, and looked at. `kept()` says
    which checkpoint is the last good one.
    """

    def __init__(self, run: Run, kept: Callable[[], str]) -> None:
        self._run, self._kept = run, kept
        self._cost = 0.0
        # What begins infinite (a mask) may stay so.
        self._watched = [name for name, leaf in _tensors(run.state).items() if _is_finite(leaf)]
        self.renew()

    def renew(self, by: str | None = None) -> None:
        """Keep the run's state as it is, or as a callback has made it.

        Raises:
            NonFiniteLossError: what the callback made of it is not finite.
        """
        tensors = _tensors(self._run.state) if by else {}
        bad = [name for name in self._watched if name in tensors and not _is_finite(tensors[name])]
        if bad:
            raise NonFiniteLossError(
                f"{by} put a number that is not finite into the {bad[0]} after step {self._run.step}{self._kept()}",
                self._run.step,
                bad[0],
                None,
            )
        began = time.monotonic()
        run = self._run
        whole = all(getattr(leaf, "is_fully_addressable", True) for leaf in jax.tree.leaves(run.state))
        # Over several processes nobody holds all of it: the search begins where the run began.
        self._state = jax.tree.map(_on_host, run.state) if whole else None
        self._place = (run.epoch, run.batch)
        self._taken = time.monotonic()
        self._cost = self._taken - began

    def look(self, last: bool) -> None:
        """Look at the run, all of whose losses were finite, if enough time has passed, and keep its state; or at the
        last one of all.

        Raises:
            NonFiniteLossError: a parameter or buffer is not finite.
        """
        passed = time.monotonic() - self._taken
        due = passed > SECONDS_BETWEEN_SNAPSHOTS and self._cost < SHARE_OF_TIME * passed
        if due or last:
            self.check()
        if due and not last:
            self.renew()

    def check(self) -> None:
        """Raise for a parameter or buffer that is not finite.

        Raises:
            NonFiniteLossError: there is one.
        """
        tensors = _tensors(self._run.state)
        if not all(_is_finite(tensors[name]) for name in self._watched):
            raise self.explain(self._run.step)

    def explain(self, steps: int) -> NonFiniteLossError:
        """Why the run is not finite after so many steps."""
        run = self._run
        found = self._search(steps)
        if found is None:
            why = (
                "over several processes, the tensor is not looked for"
                if self._state is None
                else "made again, the same steps were finite: this device does not compute the same twice"
            )
            return NonFiniteLossError(
                f"a number that is not finite rose at step {steps} ({run.place(steps - 1)}) and the run was stopped; "
                f"{why}{self._kept()}",
                steps,
                None,
                None,
            )
        step, state, batch, loss = found
        run.discard_after(step + 1)
        what = f"the loss became {loss:g}" if not np.isfinite(loss) else "a number that is not finite rose"
        tensor, cause = self._cause(state, batch)
        return NonFiniteLossError(
            f"{what} at step {step + 1} ({run.place(step)}) and the run was stopped: {cause}{self._kept()}",
            step + 1,
            tensor,
            state,
        )

    def _search(self, steps: int) -> tuple[int, State, Any, float] | None:
        """The first step (counted from 0) that is not finite, the state before it, its batch and its loss."""
        run = self._run
        epoch, start = self._place
        if self._state is None:
            return None
        state = run.placement.put_state(self._state)
        number = epoch * len(run.source) + start
        once = jax.jit(lambda state, batch: _checked_step(run, state, batch))
        while number < steps:
            for batch in batches_from(run.source, epoch, run.start_of(epoch), start):
                new, loss = once(state, run.placement.put_batch(batch))
                tensors = _tensors(new)
                if not (np.isfinite(loss) and all(_is_finite(tensors[name]) for name in self._watched)):
                    return number, state, batch, float(loss)
                state, number = new, number + 1
                if number >= steps:
                    return None
            epoch, start = epoch + 1, 0
        return None

    def _cause(self, state: State, batch: Any) -> tuple[str | None, str]:
        for name, leaf in _tensors(state).items():
            if name.startswith("parameter") and name not in self._watched and not _is_finite(leaf):
                return name, f"the {name} was not finite when the run began"
        bad = [number for number, array in enumerate(jax.tree.leaves(batch)) if not _is_finite(array)]
        if bad:
            return None, f"that batch holds NaN or infinity in its array {', '.join(map(str, bad))} (counted from 0)"
        advice = (
            "that batch is finite, so the numbers had grown too large or left a function's domain; a smaller learning "
            "rate or optim.clip_grad_norm may help"
        )
        found = self._first_tensor(state, batch)
        if found is None:
            return None, f"every activation and gradient is finite, so the optimiser's update is not; {advice}"
        name, value = found
        numbers = np.asarray(value)
        counts = f"{np.isnan(numbers).sum()} NaN and {np.isinf(numbers).sum()} infinite of {numbers.size}"
        return name, f"the first tensor that is not finite is the {name} ({counts}); {advice}"

    def _first_tensor(self, state: State, batch: Any) -> tuple[str, Any] | None:
        """The first that is not finite on the way of a step, and its name: the program's, or that of an operation."""
        program = self._run.program
        if program.inspect is None:
            rose = origin(program.step, state, batch)
            return None if rose is None else (f"result of {rose.operation}", rose.value)
        return next(((name, value) for name, value in program.inspect(state, batch) if not _is_finite(value)), None)


def _checked_step(run: Run, state: State, batch: Any) -> tuple[State, jax.Array]:
    new, metrics = run.program.step(state, run.placement.split_batch(batch))
    return run.placement.keep_state(unchanged_types(state, new)), metrics["loss"]


def _tensors(state: State) -> dict[str, Any]:
    leaves = {"parameter": state.params, "buffer": state.buffers}
    return {
        f"{kind} {jax.tree_util.keystr(path, simple=True, separator='.')}": leaf
        for kind, tree in leaves.items()
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def _on_host(leaf: Any) -> Any:
    """A copy: a view would keep the device from giving the memory to the next state."""
    if isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        copied = jax.device_put(np.array(jax.random.key_data(leaf)))  # jnp.copy and jnp.asarray compile a program
        return jax.random.wrap_key_data(copied, impl=jax.random.key_impl(leaf))
    return np.array(leaf)


def _is_finite(array: Any) -> bool:
    """Looked at on the host where it can be: that compiles nothing."""
    if isinstance(array, jax.Array) and not (array.is_fully_addressable and array.nbytes < SMALL):
        return bool(_finite(array))
    numbers = np.asarray(array)
    return not jnp.issubdtype(numbers.dtype, jnp.inexact) or bool(np.isfinite(numbers).all())


@jax.jit
def _finite(array: jax.Array) -> jax.Array:
    return jnp.isfinite(array).all()


@contextmanager
def memory_explained(run: Run) -> Iterator[None]:
    """A device that is out of memory says what would need less.

    Raises:
        OutOfMemoryError: it is.
    """
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        text = str(error)
        if "RESOURCE_EXHAUSTED" not in text and "out of memory" not in text.lower():
            raise
        raise OutOfMemoryError(
            f"the device ran out of memory at step {run.step + 1} ({text.strip().splitlines()[0][:200]}); what needs "
            "less: a smaller batch; train.supervised(..., accumulate=4), which takes a batch in parts; "
            "remat=('blocks.*',), which computes activations twice instead of keeping them; compute_dtype='bfloat16'; "
            "fit(..., mesh=jax.make_mesh((8,), ('fsdp',))), which splits the state over devices"
        ) from error
