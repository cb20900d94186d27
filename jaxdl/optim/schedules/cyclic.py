"""Schedules that rise and fall: cosine annealing, warm restarts, triangles, one cycle."""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

import numpy as np

from jaxdl.optim.schedules.schedule import Rate, Schedule, power, real, require


def cosine_annealing_lr(learning_rate: Rate, T_max: int, eta_min: float = 0.0) -> Schedule:
    """eta_min + (learning_rate - eta_min) · (1 + cos(π · step / T_max)) / 2.

    **Matches** `torch.optim.lr_scheduler.CosineAnnealingLR`, PyTorch 2.13: after T_max steps it rises again, and in
    `chained_scheduler` it changes the rate that it finds, by PyTorch's recursion.

    Args:
        learning_rate: of step 0.
        T_max: steps from the top to the bottom, above 0.
        eta_min: the bottom.

    Returns:
        A function of the step.

    Raises:
        ValueError: T_max is not positive.

    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts".

    >>> [round(cosine_annealing_lr(1.0, T_max=2)(step), 12) for step in range(5)]
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """
    require(T_max > 0, "cosine_annealing_lr", "T_max must be positive", T_max)
    height = learning_rate - eta_min

    def wave(t: Any, xp: ModuleType) -> Any:
        return 1 + xp.cos(math.pi * real(t % (2 * T_max), xp) / T_max)

    def change(rate: Rate, t: Any, xp: ModuleType) -> Rate:
        leaves_the_bottom = (t - 1 - T_max) % (2 * T_max) == 0
        before = xp.where(leaves_the_bottom, 1.0, wave(t - 1, xp))
        falling = wave(t, xp) / before * (rate - eta_min) + eta_min
        return xp.where(leaves_the_bottom, rate + height * (1 - math.cos(math.pi / T_max)) / 2, falling)

    return Schedule(lambda t, xp: eta_min + height * wave(t, xp) / 2, start=lambda rate: rate, change=change)


def cosine_annealing_warm_restarts(learning_rate: Rate, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Schedule:
    """Cosine annealing that starts again at the top after T_0, then T_0 · T_mult, then T_0 · T_mult² ... steps.

    **Matches** `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`, PyTorch 2.13, stepped without an epoch.

    Args:
        learning_rate: at each start.
        T_0: steps of the first period, at least 1.
        T_mult: by how much each period is longer than the one before, at least 1.
        eta_min: the bottom.

    Returns:
        A function of the step.

    Raises:
        ValueError: T_0 or T_mult is not an integer of at least 1.

    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts".

    >>> [round(cosine_annealing_warm_restarts(1.0, 2, 2)(step), 12) for step in (0, 1, 2, 4, 6)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    for name, given in (("T_0", T_0), ("T_mult", T_mult)):
        wanted = f"{name} must be an integer of at least 1"
        require(isinstance(given, int) and given >= 1, "cosine_annealing_warm_restarts", wanted, given)
    starts, length = [0], T_0
    while T_mult > 1 and starts[-1] + length < 2**31:
        starts.append(starts[-1] + length)
        length *= T_mult

    def value(t: Any, xp: ModuleType) -> Rate:
        if T_mult == 1:
            share = real(t % T_0, xp) / T_0
        else:
            period = xp.sum(xp.asarray(t)[..., None] >= np.asarray(starts[1:], np.int32), -1)
            share = real(t - xp.asarray(np.asarray(starts, np.int32))[period], xp) / T_0 / real(T_mult**period, xp)
        return eta_min + (learning_rate - eta_min) * (1 + xp.cos(math.pi * share)) / 2

    return Schedule(value)


def cyclic_lr(
    base_lr: float,
    max_lr: float,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
    gamma: float = 1.0,
    scale_fn: Callable[[Any], Any] | None = None,
    scale_mode: Literal["cycle", "iterations"] = "cycle",
    cycle_momentum: bool = True,
    base_momentum: float = 0.8,
    max_momentum: float = 0.9,
) -> Schedule:
    """Triangles between base_lr and max_lr, and between max_momentum and base_momentum the other way round.

    The height of the n-th triangle is 1 ('triangular'), 1 / 2ⁿ⁻¹ ('triangular2'), gamma ** step ('exp_range'), or
    what scale_fn says of n (scale_mode 'cycle') or of the step ('iterations').

    **Matches** `torch.optim.lr_scheduler.CyclicLR`, PyTorch 2.13.
    **Differs**: the momentum is not set on an optimiser but given by the schedule's `.momentum`, a function of the
    step as well: `optax.inject_hyperparams(optim.sgd)(schedule, momentum=schedule.momentum)`.

    Args:
        base_lr: at the foot of a triangle.
        max_lr: at its top.
        step_size_up: steps from the foot to the top.
        step_size_down: steps back; None: as many.
        mode: how the height changes, without scale_fn.
        gamma: of 'exp_range'.
        scale_fn: a height of one's own; inside jit it must be a function that jax can trace.
        scale_mode: what scale_fn is given.
        cycle_momentum: whether there is a `.momentum`.
        base_momentum: at the top of the rate.
        max_momentum: at its foot.

    Returns:
        A function of the step.

    Raises:
        ValueError: an unknown mode without scale_fn, a size that is not positive.

    Smith 2017, "Cyclical Learning Rates for Training Neural Networks".

    >>> schedule = cyclic_lr(0.0, 1.0, step_size_up=2)
    >>> [schedule(step) for step in range(5)], schedule.momentum(2)
    ([0.0, 0.5, 1.0, 0.5, 0.0], 0.8)
    """
    known = ("triangular", "triangular2", "exp_range")
    require(mode in known or scale_fn is not None, "cyclic_lr", f"mode must be one of {', '.join(known)}", repr(mode))
    down = step_size_up if step_size_down is None else step_size_down
    require(step_size_up > 0 and down >= 0, "cyclic_lr", "step sizes must be positive", (step_size_up, step_size_down))
    total = step_size_up + down
    by_cycle = mode != "exp_range" if scale_fn is None else scale_mode == "cycle"

    def height(t: Any, xp: ModuleType) -> Any:
        """How high the triangle stands at step t, of a top of 1."""
        cycle, within = t // total, real(t % total, xp)
        rising = within <= step_size_up
        up = xp.where(rising, within / step_size_up, (total - within) / max(down, 1e-300))
        scaled_by = cycle + 1 if by_cycle else t
        if scale_fn is not None:
            return up * scale_fn(scaled_by)
        if mode == "triangular2":
            return up * power(0.5, cycle, xp)
        return up * power(gamma, t, xp) if mode == "exp_range" else up

    momentum = Schedule(lambda t, xp: max_momentum - (max_momentum - base_momentum) * height(t, xp))
    return Schedule(
        lambda t, xp: base_lr + (max_lr - base_lr) * height(t, xp), momentum=momentum if cycle_momentum else None
    )


def one_cycle_lr(
    max_lr: float,
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """From max_lr / div_factor up to max_lr in the first pct_start of the steps, then down to
    max_lr / div_factor / final_div_factor; with three_phase first down as slowly as up, then on to the end.

    **Matches** `torch.optim.lr_scheduler.OneCycleLR`, PyTorch 2.13: phases end at pct_start · total_steps - 1 and
    total_steps - 1.
    **Differs**: the momentum is not set on an optimiser but given by the schedule's `.momentum`, a function of the
    step as well: `optax.inject_hyperparams(optim.sgd)(schedule, momentum=schedule.momentum)`. A step beyond
    total_steps is an error where it is known, and NaN inside jit.

    Args:
        max_lr: the top.
        total_steps: of the whole cycle; or
        epochs: and
        steps_per_epoch: their product.
        pct_start: the share of the steps that go up.
        anneal_strategy: 'cos' or 'linear'.
        cycle_momentum: whether there is a `.momentum`.
        base_momentum: at the top of the rate.
        max_momentum: at its ends.
        div_factor: of the start.
        final_div_factor: of the end, from the start.
        three_phase: see above.

    Returns:
        A function of the step.

    Raises:
        ValueError: no positive number of steps, pct_start that is no float in [0, 1] or leaves a phase of length 0,
            an unknown anneal_strategy; when called, a step beyond total_steps.

    Smith and Topin 2018, "Super-Convergence".

    >>> schedule = one_cycle_lr(1.0, total_steps=11, pct_start=0.5, anneal_strategy="linear", final_div_factor=1.0)
    >>> round(schedule(0), 12), round(schedule(10), 12), round(schedule.momentum(10), 12)
    (0.04, 0.04, 0.95)
    """
    steps = _total(total_steps, epochs, steps_per_epoch)
    ok = isinstance(pct_start, float) and 0 <= pct_start <= 1
    require(ok, "one_cycle_lr", "pct_start must be a float in [0, 1]", pct_start)
    known = anneal_strategy in ("cos", "linear")
    require(known, "one_cycle_lr", "anneal_strategy must be 'cos' or 'linear'", repr(anneal_strategy))
    initial, minimum = max_lr / div_factor, max_lr / div_factor / final_div_factor
    ends = [pct_start * steps - 1, steps - 1.0]
    rates, momenta = [(initial, max_lr), (max_lr, minimum)], [(max_momentum, base_momentum)] * 2
    momenta[1] = (base_momentum, max_momentum)
    if three_phase:
        ends.insert(1, 2 * pct_start * steps - 2)
        rates[1:] = [(max_lr, initial), (initial, minimum)]
        momenta.append((max_momentum, max_momentum))
    starts = [0.0, *ends[:-1]]
    for start, end in zip(starts, ends, strict=True):
        require(start != end, "one_cycle_lr", "a phase must have a length; change pct_start or the steps", pct_start)

    def annealed(values: list[tuple[float, float]], t: Any, xp: ModuleType) -> Any:
        if xp is np:
            require(bool(np.all(t <= steps)), "one_cycle_lr", f"a step must be at most total_steps (={steps})", t)
        now, last = real(t, xp), len(ends) - 1
        found = xp.where(now <= steps, 0.0, np.nan)
        chosen = now < -np.inf
        for i, ((first, final), start, end) in enumerate(zip(values, starts, ends, strict=True)):
            here = ~chosen & ((now <= end) | (i == last))
            share = (now - start) / (end - start)
            cosine = final + (first - final) / 2.0 * (1 + xp.cos(math.pi * share))
            curve = cosine if anneal_strategy == "cos" else first + (final - first) * share
            found, chosen = found + xp.where(here, curve, 0.0), chosen | here
        return found

    momentum = Schedule(lambda t, xp: annealed(momenta, t, xp))
    return Schedule(lambda t, xp: annealed(rates, t, xp), momentum=momentum if cycle_momentum else None)


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    given = (
        {"total_steps": total_steps}
        if total_steps is not None
        else {"epochs": epochs} | {"steps_per_epoch": steps_per_epoch}
    )
    for name, value in given.items():
        wanted = f"{name} must be an integer of at least 1"
        if value is None:
            wanted = "total_steps, or epochs and steps_per_epoch, must be given"
        require(isinstance(value, int) and value > 0, "one_cycle_lr", wanted, value)
    return math.prod(value for value in given.values() if value is not None)
