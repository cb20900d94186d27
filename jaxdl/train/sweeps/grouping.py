"""Which runs of a sweep go together, and their states as one."""

import os
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

# On the CPU: enough that dispatch costs nothing, few enough that a small model's runs stay in a core's own cache. (MLP
# 64-64-10, batch 128: 55, 49, 44, 44, 45 and 58 µs for a step of a run, with 1, 2, 4, 8, 16 and 32 of them together.)
RUNS_TOGETHER = 8


class Plan(NamedTuple):
    """The runs of each group, by number.

    `size`: of the largest group; a smaller one is filled up with its last run, so that one program serves all.
    `shared`: whether the runs of a group see the same batches, which are then cut once for all of them.
    """

    groups: list[list[int]]
    size: int
    shared: bool


def processors() -> int:
    """How many groups can be under way: on the CPU one a core, since XLA computes a small product on one of them."""
    if jax.default_backend() != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def chosen_together(runs: int, convolves: bool) -> int:
    """How many runs share a device call, where nobody says.

    On an accelerator all; on the CPU few. Convolutions with a kernel for each run are grouped ones, for which XLA's CPU
    backend is slow: with those one run goes at a time, and the cores are shared by runs.
    """
    if jax.default_backend() != "cpu":
        return runs
    return 1 if convolves else min(RUNS_TOGETHER, -(-runs // processors()))


def available_memory() -> int | None:
    """Bytes that the device has for all runs' states; None where nobody knows."""
    if jax.default_backend() != "cpu":
        return (jax.devices()[0].memory_stats() or {}).get("bytes_limit")
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)


def planned(classes: Sequence[Hashable], together: int) -> Plan:
    """Groups of at most `together` runs; runs of one class visit their rows in one order.

    >>> planned(["a", "b", "a", "b"], 2)
    Plan(groups=[[0, 2], [1, 3]], size=2, shared=True)
    >>> planned(["a", "b", "c"], 2)
    Plan(groups=[[0, 1], [2]], size=2, shared=False)
    """
    members: dict[Hashable, list[int]] = {}
    for run, which in enumerate(classes):
        members.setdefault(which, []).append(run)
    blocks = list(members.values())
    fewest = min(map(len, blocks))
    shared = fewest > 1 and (fewest >= together or len(blocks) == 1)
    if not shared:
        blocks = [[run for block in blocks for run in block]]
    size = max(-(-len(block) // -(-len(block) // together)) for block in blocks)
    groups = [block[start : start + size] for block in blocks for start in range(0, len(block), size)]
    return Plan(groups, size, shared)


def stacked_states(states: Sequence[Any]) -> Any:
    """States of one structure as a single one, the runs as the first axis of every array, on the host.

    Raises:
        ValueError: the states are not of one structure, or of one shape.
    """

    def stack(path: Any, *leaves: Any) -> Any:
        shapes = sorted({np.shape(leaf) for leaf in leaves})
        if len(shapes) > 1:
            raise ValueError(
                f"sweep: state{jax.tree_util.keystr(path)} has shape {shapes[0]} in one run and {shapes[1]} in "
                "another; what decides shapes needs a sweep of its own for each value"
            )
        return on_host(lambda *arrays: np.stack(arrays), *leaves)

    if len({str(jax.tree.structure(state)) for state in states}) > 1:
        raise ValueError("sweep: the runs' states must have one structure; what decides it needs a sweep of its own")
    return jax.tree_util.tree_map_with_path(stack, *states)


def on_host(function: Callable[..., np.ndarray], *leaves: Any) -> Any:
    """A function of NumPy arrays; of arrays of keys as well, by the numbers that they hold."""
    if not jax.dtypes.issubdtype(leaves[0].dtype, jax.dtypes.prng_key):
        return function(*map(np.asarray, leaves))
    made = function(*(np.asarray(jax.random.key_data(leaf)) for leaf in leaves))
    return jax.random.wrap_key_data(jax.device_put(made), impl=jax.random.key_impl(leaves[0]))
