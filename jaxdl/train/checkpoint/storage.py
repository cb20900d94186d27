"""Arrays on disk: Orbax writes them in the background and reads them into any placement."""

import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.train.checkpoint.integrity import require_room
from jaxdl.train.placement import Placement
from jaxdl.train.program import State

OVERHEAD = 2**12  # bytes an array that Orbax writes beside its numbers, generously


class Storage:
    """Writes and reads the arrays of a run: its state, and the metrics of its steps.

    Args:
        folder: of the checkpoints.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._echoes, self._failed = _Echoes(folder), False
        self._orbax = _orbax_checkpointer()

    def write(self, place: Path, state: State, measures: dict[str, np.ndarray]) -> None:
        """Begin to write; returns when the state has been copied.

        Raises:
            OSError: there is no room.
        """
        import orbax.checkpoint as orbax

        tree = {"history": measures, "state": _leaves(state)}
        size = sum(leaf.nbytes + OVERHEAD for leaf in jax.tree.leaves(tree)) + OVERHEAD
        with self._watched(), _quiet():
            require_room(self._folder, size)
            self._orbax.save(place, args=orbax.args.PyTreeSave(tree))

    def wait(self) -> None:
        """Until what was begun is on disk."""
        with self._watched():
            self._orbax.wait_until_finished()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._failed = True
            raise

    def read(
        self, place: Path, state: State, measures: list[str], placement: Placement
    ) -> tuple[State, dict[str, np.ndarray]]:
        """A state of the form of `state`, in its placement, and the metrics of the steps."""
        import orbax.checkpoint as orbax

        template = _leaves(state)
        homes = _leaves(placement.shardings(state), raw=True)
        numbers = orbax.RestoreArgs(restore_type=np.ndarray)
        arguments = {
            "history": dict.fromkeys(measures, numbers),
            "state": {
                name: orbax.ArrayRestoreArgs(sharding=homes[name], global_shape=leaf.shape, dtype=leaf.dtype)
                for name, leaf in template.items()
            },
        }
        item = {"history": dict.fromkeys(measures, 0), "state": template}
        with self._watched(), _quiet():
            found = self._orbax.restore(place, args=orbax.args.PyTreeRestore(item=item, restore_args=arguments))
        return _rebuilt(state, found["state"]), found["history"]

    def close(self) -> None:
        """Let go of the threads."""
        self._orbax.close()
        if not self._failed:
            self._echoes.end()


def _orbax_checkpointer() -> Any:
    """Orbax takes half a second to import, and says much on the way."""
    with _quiet():
        import orbax.checkpoint as orbax

        return orbax.AsyncCheckpointer(orbax.PyTreeCheckpointHandler())


class _quiet(warnings.catch_warnings):  # noqa: N801  used as the context manager that it is
    """Without the warnings and log lines of Orbax."""

    def __enter__(self) -> Any:
        logging.getLogger("absl").setLevel(logging.CRITICAL)  # its threads report what is reported here
        found = super().__enter__()
        warnings.simplefilter("ignore")
        return found


class _Echoes:
    """When a write or a read fails, everything else that Orbax had begun reports its own failure, to an event loop that
    is gone and to the log, some of it long after: none of that is shown, since the failure itself is raised."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._shown = str(folder), sys.excepthook
        sys.excepthook = self._hook
        logging.getLogger("asyncio").addFilter(self._wanted)

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not (isinstance(error, RuntimeError) and "Event loop is closed" in str(error)):
            self._shown(kind, error, trace)

    def _wanted(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and self._folder in f"{record.getMessage()} {record.exc_info[1]!r}")

    def end(self) -> None:
        """Show everything again, where no write has failed."""
        if sys.excepthook == self._hook:
            sys.excepthook = self._shown
        logging.getLogger("asyncio").removeFilter(self._wanted)


def _leaves(state: Any, raw: bool = False) -> dict[str, Any]:
    """The arrays of a state by name, keys as the numbers they are made of; empty ones hold nothing to write."""
    found = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        found[name] = leaf if raw else _numbers(leaf)
    return found


def _numbers(leaf: Any) -> Any:
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    # On CPU Orbax would look at the memory that the next step is given; elsewhere it copies first.
    return jnp.copy(leaf) if jax.default_backend() == "cpu" else leaf


def _rebuilt(template: Any, found: dict[str, Any]) -> Any:
    def leaf(path: Any, old: Any) -> Any:
        new = found[jax.tree_util.keystr(path, simple=True, separator="/")]
        if jax.dtypes.issubdtype(old.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(new, impl=jax.random.key_impl(old))
        return new

    return jax.tree_util.tree_map_with_path(leaf, template)


def reason_of(error: BaseException) -> str:
    """The innermost reason, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    system = re.search(r"([A-Z][\w ]+) \[os_error_code", text)
    return system[1] if system else text[:300]
