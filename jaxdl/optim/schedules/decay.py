"""Schedules that multiply the learning rate."""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np

from jaxdl.optim.schedules.schedule import Rate, Schedule, folded, power, real, require, scaled


def lambda_lr(learning_rate: Rate, lr_lambda: Callable[[Any], Any]) -> Schedule:
    """learning_rate · lr_lambda(step).

    **Matches** `torch.optim.lr_scheduler.LambdaLR`, PyTorch 2.13.
    **Differs**: inside jit the step is traced, so lr_lambda must be a function that jax can trace (jnp.where for if).

    Args:
        learning_rate: of step 0, before lr_lambda.
        lr_lambda: from the step to a factor.

    Returns:
        A function of the step.

    Raises:
        TypeError: lr_lambda is not a function.

    >>> lambda_lr(0.1, lambda step: 0.5**step)(2)
    0.025
    """
    _require_function("lambda_lr", lr_lambda)
    return Schedule(lambda t, xp: learning_rate * _each(lr_lambda, t, xp))


def multiplicative_lr(learning_rate: Rate, lr_lambda: Callable[[Any], Any]) -> Schedule:
    """learning_rate · lr_lambda(1) · lr_lambda(2) · ... · lr_lambda(step).

    **Matches** `torch.optim.lr_scheduler.MultiplicativeLR`, PyTorch 2.13: as a later part of `sequential_lr` it goes on
    from the rate that it finds, times lr_lambda(0).
    **Differs**: inside jit lr_lambda must be a function that jax can trace. A function of the step alone has no memory:
    it multiplies anew, up to the step asked for.

    Args:
        learning_rate: of step 0.
        lr_lambda: from the step to the factor by which it changes the rate.

    Returns:
        A function of the step.

    Raises:
        TypeError: lr_lambda is not a function.

    >>> multiplicative_lr(1.0, lambda step: 0.5)(3)
    0.125
    """
    _require_function("multiplicative_lr", lr_lambda)

    def factor(t: Any, xp: ModuleType) -> Any:
        return folded(lambda rate, i: rate * lr_lambda(i), 1.0, 1, t, xp)

    return scaled(learning_rate, factor, lambda t, xp: lr_lambda(t), continues=True)


def step_lr(learning_rate: Rate, step_size: int, gamma: float = 0.1) -> Schedule:
    """learning_rate · gamma ** (step // step_size).

    **Matches** `torch.optim.lr_scheduler.StepLR`, PyTorch 2.13.

    Args:
        learning_rate: of the first step_size steps.
        step_size: steps between decays, at least 1.
        gamma: factor of a decay.

    Returns:
        A function of the step.

    Raises:
        ValueError: step_size below 1, negative gamma.

    >>> [step_lr(1.0, 2, 0.5)(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    require(step_size >= 1, "step_lr", "step_size must be at least 1", step_size)
    require(gamma >= 0, "step_lr", "gamma must be at least 0", gamma)
    return scaled(
        learning_rate,
        lambda t, xp: power(gamma, t // step_size, xp),
        lambda t, xp: xp.where(t % step_size == 0, gamma, 1.0),
    )


def multi_step_lr(learning_rate: Rate, milestones: Iterable[int], gamma: float = 0.1) -> Schedule:
    """learning_rate · gamma ** (how many milestones the step has reached).

    **Matches** `torch.optim.lr_scheduler.MultiStepLR`, PyTorch 2.13: a milestone named twice counts twice.

    Args:
        learning_rate: before the first milestone.
        milestones: steps at which it decays.
        gamma: factor of a decay.

    Returns:
        A function of the step.

    Raises:
        ValueError: negative gamma.

    >>> [multi_step_lr(1.0, [1, 3], 0.5)(step) for step in range(4)]
    [1.0, 0.5, 0.5, 0.25]
    """
    require(gamma >= 0, "multi_step_lr", "gamma must be at least 0", gamma)
    places = np.sort(np.asarray(list(milestones), np.int32))
    return scaled(
        learning_rate,
        lambda t, xp: power(gamma, xp.sum(xp.asarray(t)[..., None] >= places, -1), xp),
        lambda t, xp: power(gamma, xp.sum(xp.asarray(t)[..., None] == places, -1), xp),
    )


def constant_lr(learning_rate: Rate, factor: float = 1.0 / 3, total_iters: int = 5) -> Schedule:
    """learning_rate · factor until step total_iters, then learning_rate.

    **Matches** `torch.optim.lr_scheduler.ConstantLR`, PyTorch 2.13, also in that total_iters=0 keeps the factor for
    ever. **Differs**: factor=0 works (PyTorch divides by it).

    Args:
        learning_rate: in the end.
        factor: of the beginning, in [0, 1].
        total_iters: how long it lasts.

    Returns:
        A function of the step.

    Raises:
        ValueError: factor outside [0, 1].

    >>> [constant_lr(1.0, 0.5, 2)(step) for step in range(4)]
    [0.5, 0.5, 1.0, 1.0]
    """
    require(0 <= factor <= 1, "constant_lr", "factor must lie in [0, 1]", factor)
    if total_iters <= 0:
        return scaled(learning_rate, lambda t, xp: factor + 0.0 * real(t, xp), lambda t, xp: 1.0)
    return scaled(
        learning_rate,
        lambda t, xp: xp.where(t < total_iters, factor, 1.0),
        lambda t, xp: xp.where(t == total_iters, 1.0 / factor if factor else np.inf, 1.0),
    )


def linear_lr(
    learning_rate: Rate, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5
) -> Schedule:
    """learning_rate · a factor that goes from start_factor to end_factor in total_iters steps and stays there.

    **Matches** `torch.optim.lr_scheduler.LinearLR`, PyTorch 2.13; with total_iters=0 start_factor stays.

    Args:
        learning_rate: of factor 1.
        start_factor: in (0, 1].
        end_factor: in [0, 1].
        total_iters: steps from one to the other.

    Returns:
        A function of the step.

    Raises:
        ValueError: a factor out of its range.

    >>> [linear_lr(1.0, 0.5, 1.0, 2)(step) for step in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """
    require(0 < start_factor <= 1, "linear_lr", "start_factor must lie in (0, 1]", start_factor)
    require(0 <= end_factor <= 1, "linear_lr", "end_factor must lie in [0, 1]", end_factor)
    rise = end_factor - start_factor

    def factor(t: Any, xp: ModuleType) -> Any:
        return start_factor + rise * xp.minimum(total_iters, real(t, xp)) / max(total_iters, 1)

    def ratio(t: Any, xp: ModuleType) -> Any:
        t = real(t, xp)
        growth = rise / (total_iters * start_factor + (xp.minimum(t, max(total_iters, 1)) - 1) * rise)
        return xp.where(t > total_iters, 1.0, 1.0 + growth)

    if total_iters <= 0:
        return scaled(learning_rate, lambda t, xp: start_factor + 0.0 * real(t, xp), lambda t, xp: 1.0)
    return scaled(learning_rate, factor, ratio)


def exponential_lr(learning_rate: Rate, gamma: float) -> Schedule:
    """learning_rate · gamma ** step.

    **Matches** `torch.optim.lr_scheduler.ExponentialLR`, PyTorch 2.13.

    Args:
        learning_rate: of step 0.
        gamma: factor of a step.

    Returns:
        A function of the step.

    Raises:
        ValueError: negative gamma.

    >>> exponential_lr(1.0, 0.5)(3)
    0.125
    """
    require(gamma >= 0, "exponential_lr", "gamma must be at least 0", gamma)
    return scaled(learning_rate, lambda t, xp: power(gamma, t, xp), lambda t, xp: gamma)


def polynomial_lr(learning_rate: Rate, total_iters: int = 5, power: float = 1.0) -> Schedule:
    """learning_rate · (1 - step / total_iters) ** power, 0 from step total_iters on.

    **Matches** `torch.optim.lr_scheduler.PolynomialLR`, PyTorch 2.13; with total_iters=0 the rate stays.

    Args:
        learning_rate: of step 0.
        total_iters: steps until it is 0.
        power: of the polynomial.

    Returns:
        A function of the step.

    >>> [polynomial_lr(1.0, 4, 2.0)(step) for step in (0, 2, 4, 5)]
    [1.0, 0.25, 0.0, 0.0]
    """

    def factor(t: Any, xp: ModuleType) -> Any:
        if total_iters <= 0:
            return 1.0 + 0.0 * real(t, xp)
        left = total_iters - xp.minimum(total_iters, real(t, xp))  # not 1 - t / T, which may round below 0
        return (left / total_iters) ** power

    def ratio(t: Any, xp: ModuleType) -> Any:
        left = total_iters - xp.minimum(total_iters, real(t, xp))
        return xp.where(t > total_iters, 1.0, (left / (left + 1)) ** power)

    return scaled(learning_rate, factor, ratio)


def _require_function(schedule: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(f"{schedule}: lr_lambda must be a function of the step, given {type(function).__name__}")


def _each(function: Callable[[Any], Any], t: Any, xp: ModuleType) -> Any:
    """function(t); of Python integers where the steps are known."""
    if xp is not np:
        return function(t)
    values = [function(int(step)) for step in np.ravel(t)]
    return np.array(values).reshape(np.shape(t)) if np.ndim(t) else values[0]
