"""Schedules made of schedules."""

from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from jaxdl.optim.schedules.schedule import Rate, Schedule, folded, require


def sequential_lr(schedulers: Sequence[Schedule], milestones: Sequence[int]) -> Schedule:
    """One schedule after another: each takes over at its milestone and counts its steps from there.

    **Matches** `torch.optim.lr_scheduler.SequentialLR`, PyTorch 2.13: `multiplicative_lr` goes on from the rate that
    it finds, all others from their own.
    **Differs**: the schedules carry their own learning rates (PyTorch: the optimiser's).

    Args:
        schedulers: functions of the step from this module, at least one.
        milestones: where the second, third, ... takes over; increasing.

    Returns:
        A function of the step.

    Raises:
        ValueError: no schedule, or not one milestone fewer than schedules, or milestones that do not increase.
        TypeError: something that is not a schedule of this module.

    >>> from jaxdl.optim import schedules
    >>> warm = schedules.linear_lr(1.0, 0.5, total_iters=2)
    >>> schedule = sequential_lr([warm, schedules.exponential_lr(1.0, 0.5)], [3])
    >>> [schedule(step) for step in range(6)]
    [0.5, 0.75, 1.0, 1.0, 0.5, 0.25]
    """
    parts, starts = _checked("sequential_lr", schedulers), [0, *milestones]
    wanted = f"milestones must be one fewer than the {len(parts)} schedulers"
    require(len(starts) == len(parts), "sequential_lr", wanted, list(milestones))
    increasing = all(a <= b for a, b in pairwise(starts))
    require(increasing, "sequential_lr", "milestones must be at least 0 and increase", list(milestones))

    def part(index: int, t: Any, xp: ModuleType) -> Rate:
        """The rate of the index-th schedule, t steps after it took over."""
        current = parts[index]
        if not current._continues or index == 0:
            return current._value(t, xp)
        found = part(index - 1, np.int64(starts[index] - starts[index - 1] - 1), np)
        return folded(lambda rate, i: current._change(rate, i, xp), found, 0, t, xp)

    def value(t: Any, xp: ModuleType) -> Rate:
        if xp is np and np.ndim(t):
            return np.array([value(step, np) for step in np.ravel(t)]).reshape(np.shape(t))
        if xp is np:
            index = int(np.searchsorted(starts[1:], t, "right"))
            return part(index, t - starts[index], np)
        rate = part(0, t, xp)
        for index, start in enumerate(starts[1:], 1):
            rate = xp.where(t >= start, part(index, xp.maximum(t - start, 0), xp), rate)
        return rate

    return Schedule(value)


def chained_scheduler(schedulers: Sequence[Schedule]) -> Schedule:
    """Several schedules at once: in every step each changes the rate that the one before it left.

    **Matches** `torch.optim.lr_scheduler.ChainedScheduler`, PyTorch 2.13, recursion for recursion: schedules that
    multiply give the product of their factors; one that sets the rate, such as `lambda_lr`, undoes what stands before
    it.
    **Differs**: the learning rate is the first schedule's own. With a schedule that does not merely multiply
    (`cosine_annealing_lr` and those that set the rate) it goes through the steps from 0 on, every time it is asked.

    Args:
        schedulers: functions of the step from this module, at least one.

    Returns:
        A function of the step.

    Raises:
        ValueError: no schedule.
        TypeError: something that is not a schedule of this module.

    >>> from jaxdl.optim import schedules
    >>> chained_scheduler([schedules.constant_lr(1.0, 0.5, 2), schedules.exponential_lr(1.0, 0.5)])(1)
    0.25
    """
    parts = _checked("chained_scheduler", schedulers)

    def multiplied(t: Any, xp: ModuleType) -> Rate:
        rate = parts[0]._value(t, xp)
        for part in parts[1:]:
            assert part._factor is not None
            rate = rate * part._factor(t, xp)
        return rate

    def started() -> Rate:
        rate = parts[0]._value(np.int64(0), np)
        for part in parts[1:]:
            rate = part._start(rate)
        return rate

    def change(rate: Rate, t: Any, xp: ModuleType) -> Rate:
        for part in parts:
            rate = part._change(rate, t, xp)
        return rate

    if all(part._factor for part in parts):
        return Schedule(multiplied, change=change)
    return Schedule(lambda t, xp: folded(lambda rate, i: change(rate, i, xp), started(), 1, t, xp), change=change)


def _checked(name: str, schedulers: Sequence[Any]) -> list[Schedule]:
    parts = list(schedulers)
    require(len(parts) > 0, name, "schedulers must hold at least one schedule", parts)
    for part in parts:
        if not isinstance(part, Schedule):
            what = f"function {part.__name__}" if hasattr(part, "__name__") else type(part).__name__
            raise TypeError(
                f"{name}: schedulers must be schedules of optim.schedules, given {what}; wrap a function: "
                "schedules.lambda_lr(1.0, function)"
            )
    return parts
