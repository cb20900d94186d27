"""Whether `train.fit` chooses well where a run's loop is: beside both ways that it chooses from."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from jaxdl.compare import machine
from jaxdl.compare.benchmark import DEFAULT, Result, Settings, checked
from jaxdl.compare.modes import LOOPS
from jaxdl.compare.timing import Timing
from jaxdl.compare.workload import Workload


def run(
    works: Sequence[Workload], settings: Settings = DEFAULT, tell: Callable[[str], None] = lambda text: None
) -> Result:
    """Time the training of each workload with `fit`'s choice, with a call a step, and with a loop on the device.

    Args:
        works: experiments; what else than training there is to do is left out.
        settings: as the benchmark's.
        tell: called with a line of text at each stage.

    Returns:
        The result as JSON holds it: machine and versions; `loops`, for each workload its `label`, milliseconds a step
        by mode, and `ratio`, the median over the rounds of the choice's time over the better one's.
    """
    job = {"cores": checked(settings), "device": settings.device, "tf32": settings.tf32}
    return {
        **machine.describe(),
        "settings": {"rounds": settings.rounds, "device": machine.device(settings.device)},
        "loops": [_chosen(work, settings, job, tell) for work in works],
    }


def _chosen(work: Workload, settings: Settings, job: dict[str, Any], tell: Callable[[str], None]) -> Result:
    tell(work.label)
    work = replace(work, tasks=(("train", work.experiment.source(work.config).batch_size),))
    modes = [replace(mode, caches=False) for mode in LOOPS]
    timing = Timing(
        work, modes, rounds=settings.rounds, turn=settings.turn, settings=job, tell=lambda text: None, reference="jax"
    )
    (rows,) = timing.take().values()
    found: Result = {"name": work.experiment.name, "label": work.label}
    failed = [row for row in rows if "reason" in row]
    if failed:
        return found | {"reason": f"{failed[0]['label']}: {failed[0]['reason']}"}
    times = {row["mode"]: row["step_ms"] for row in rows}
    better = min(("jax_host", "jax_device"), key=lambda mode: statistics.median(times[mode]))
    ratios = [mine / best for mine, best in zip(times["jax"], times[better], strict=True)]
    return found | {"step_ms": times, "better": better, "ratios": ratios, "ratio": statistics.median(ratios)}
