"""Every schedule beside its torch.optim.lr_scheduler namesake, over three periods."""

import math
import re
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import optim
from jaxdl.optim import schedules as s

STEPS = 100
LR = 0.3

# name of the torch class, our function, its arguments (without optimizer or learning rate)
CASES = [
    ("LambdaLR", {"lr_lambda": lambda step: 0.9**step}),
    ("LambdaLR", {"lr_lambda": lambda step: 1.0 / (1.0 + 0.1 * step)}),
    ("MultiplicativeLR", {"lr_lambda": lambda step: 0.5 + step / (2.0 * step + 1)}),
    ("StepLR", {"step_size": 30}),
    ("StepLR", {"step_size": 1, "gamma": 0.97}),
    ("StepLR", {"step_size": 7, "gamma": 1.5}),
    ("MultiStepLR", {"milestones": [3, 40, 40, 77]}),
    ("MultiStepLR", {"milestones": [0, 5], "gamma": 0.5}),
    ("MultiStepLR", {"milestones": []}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.7, "total_iters": 33}),
    ("ConstantLR", {"factor": 0.7, "total_iters": 0}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 33}),
    ("LinearLR", {"start_factor": 0.2, "end_factor": 0.9, "total_iters": 1}),
    ("LinearLR", {"start_factor": 0.2, "total_iters": 0}),
    ("ExponentialLR", {"gamma": 0.95}),
    ("ExponentialLR", {"gamma": 0.0}),
    ("ExponentialLR", {"gamma": 1.02}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 33, "power": 2.5}),
    ("PolynomialLR", {"total_iters": 0}),
    ("CosineAnnealingLR", {"T_max": 33}),
    ("CosineAnnealingLR", {"T_max": 16, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 1, "eta_min": 0.1}),
    ("CosineAnnealingWarmRestarts", {"T_0": 33}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 2, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 16}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 5, "step_size_down": 11, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 8, "mode": "exp_range", "gamma": 0.98}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 8, "scale_fn": lambda n: 1 / (5.0**n)}),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 8, "scale_fn": lambda t: 0.9**t, "scale_mode": "iterations"},
    ),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": STEPS}),
    ("OneCycleLR", {"max_lr": 1.0, "epochs": 10, "steps_per_epoch": 10, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": STEPS + 7, "three_phase": True, "pct_start": 0.4}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": STEPS, "pct_start": 0.0, "div_factor": 5.0}),
]


def snake(name):
    """CosineAnnealingLR as cosine_annealing_lr."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def ours(name, arguments, lr=LR):
    build = getattr(s, snake(name))
    return build(**arguments) if name in ("CyclicLR", "OneCycleLR") else build(lr, **arguments)


def rates_in_torch(torch, build, steps=STEPS, momentum=False):
    """The learning rate (and momentum) after 0, 1, ..., steps calls of step()."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR, momentum=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no optimizer.step() between
        scheduler = build(optimizer)
        group, found = optimizer.param_groups[0], []
        for _ in range(steps):
            found.append((group["lr"], group["momentum"]))
            scheduler.step()
        found.append((group["lr"], group["momentum"]))
    return np.array(found)[:, int(momentum)]


def assert_same(schedule, reference):
    steps = np.arange(len(reference))
    scale = np.abs(reference).max()
    with jax.enable_x64(True):
        known = np.array([schedule(int(step)) for step in steps])
        at_once = schedule(steps)
        traced = jax.jit(jax.vmap(schedule))(steps.astype(np.int32))
    for found in (known, at_once, traced):
        assert np.abs(np.asarray(found) - reference).max() <= 1e-12 * scale
    single = jax.jit(schedule)(jnp.int32(7))  # float32 where x64 is off
    assert single.dtype == jnp.float32
    assert abs(float(single) - reference[7]) <= 1e-6 * scale


@pytest.mark.torch
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)])
def test_it_is_torchs(torch, name, arguments):
    def build(optimizer):
        return getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments)

    assert_same(ours(name, arguments), rates_in_torch(torch, build))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "arguments"), [c for c in CASES if c[0] in ("CyclicLR", "OneCycleLR")], ids=lambda v: str(v)[:40]
)
def test_the_momentum_is_torchs(torch, name, arguments):
    def build(optimizer):
        return getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments)

    assert_same(ours(name, arguments).momentum, rates_in_torch(torch, build, momentum=True))
    assert ours(name, arguments | {"cycle_momentum": False}).momentum is None


@pytest.mark.torch
def test_all_of_torchs_schedulers_are_here(torch):
    known = {
        name
        for name, value in vars(torch.optim.lr_scheduler).items()
        if isinstance(value, type)
        and issubclass(value, torch.optim.lr_scheduler.LRScheduler)
        and name not in ("LRScheduler", "_LRScheduler")
    }
    assert len(known) == 15
    for name in known:
        special = {"ReduceLROnPlateau": "reduce_lr_on_plateau"}
        assert hasattr(s, special.get(name, snake(name))), name


WARM = ("LinearLR", {"start_factor": 0.1, "total_iters": 10})
COMPOSED = {
    "warm-up, cosine": ([WARM, ("CosineAnnealingLR", {"T_max": 30})], [10]),
    "three": ([("ConstantLR", {}), ("ExponentialLR", {"gamma": 0.9}), ("StepLR", {"step_size": 5})], [20, 60]),
    "from the start": ([("ExponentialLR", {"gamma": 0.9}), ("PolynomialLR", {"total_iters": 50})], [0]),
    "restarts": ([WARM, ("CosineAnnealingWarmRestarts", {"T_0": 7, "T_mult": 2})], [13]),
    "multiplicative goes on": (
        [("ExponentialLR", {"gamma": 0.9}), ("MultiplicativeLR", {"lr_lambda": lambda t: 0.95 + t / 1000})],
        [12],
    ),
    "lambda": ([WARM, ("LambdaLR", {"lr_lambda": lambda t: 0.9**t})], [5]),
}


@pytest.mark.torch
@pytest.mark.parametrize("case", COMPOSED.values(), ids=COMPOSED)
def test_one_after_another(torch, case):
    parts, milestones = case

    def build(optimizer):
        inner = [getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments) for name, arguments in parts]
        return torch.optim.lr_scheduler.SequentialLR(optimizer, inner, milestones)

    schedule = s.sequential_lr([ours(name, arguments) for name, arguments in parts], milestones)
    assert_same(schedule, rates_in_torch(torch, build))


CHAINED = {
    "factors": [("ConstantLR", {"factor": 0.1, "total_iters": 20}), ("ExponentialLR", {"gamma": 0.97})],
    "many factors": [
        WARM,
        ("StepLR", {"step_size": 30}),
        ("MultiStepLR", {"milestones": [3, 50]}),
        ("PolynomialLR", {"total_iters": 80}),
        ("MultiplicativeLR", {"lr_lambda": lambda t: 0.99}),
    ],
    "cosine over its bottom": [WARM, ("CosineAnnealingLR", {"T_max": 30}), ("ExponentialLR", {"gamma": 0.97})],
    "cosine with a floor": [("ExponentialLR", {"gamma": 0.97}), ("CosineAnnealingLR", {"T_max": 30, "eta_min": 0.01})],
    "one that sets": [
        ("ExponentialLR", {"gamma": 0.5}),
        ("LambdaLR", {"lr_lambda": lambda t: 0.9**t}),
        ("StepLR", {"step_size": 10}),
    ],
}


@pytest.mark.torch
@pytest.mark.parametrize("parts", CHAINED.values(), ids=CHAINED)
def test_all_at_once(torch, parts):
    def build(optimizer):
        inner = [getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments) for name, arguments in parts]
        return torch.optim.lr_scheduler.ChainedScheduler(inner)

    schedule = s.chained_scheduler([ours(name, arguments) for name, arguments in parts])
    assert_same(schedule, rates_in_torch(torch, build))


def test_a_composition_may_stand_in_a_composition():
    inner = s.chained_scheduler([s.linear_lr(1.0, 0.5, total_iters=4), s.exponential_lr(1.0, 0.9)])
    both = s.sequential_lr([inner, s.constant_lr(0.1, 1.0)], [3])
    assert both(2) == inner(2)
    assert both(3) == 0.1


@pytest.mark.torch
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"patience": 0, "factor": 0.5},
        {"mode": "max", "patience": 2, "threshold_mode": "abs", "threshold": 0.05},
        {"mode": "max", "patience": 1, "cooldown": 3},
        {"patience": 1, "cooldown": 2, "min_lr": 0.01, "factor": 0.3},
        {"patience": 0, "factor": 0.1, "eps": 0.01},
        {"threshold_mode": "abs", "threshold": 0.0, "patience": 3},
    ],
    ids=str,
)
def test_the_plateau_is_torchs(torch, arguments):
    metrics = 1 / (1 + np.arange(60) / 10) + 0.1 * np.random.RandomState(0).randn(60)
    metrics[17] = np.nan
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
    with jax.enable_x64(True):
        plateau = s.reduce_lr_on_plateau(LR, **arguments)
        state, update = plateau.init(), jax.jit(plateau.update)
        for metric in metrics:
            scheduler.step(metric)
            state = update(state, metric)
            assert math.isclose(state.learning_rate, optimizer.param_groups[0]["lr"], rel_tol=1e-12)
            assert int(state.num_bad_epochs) == scheduler.num_bad_epochs
            assert int(state.cooldown_counter) == scheduler.cooldown_counter
        assert update._cache_size() == 1


def test_the_plateau_drives_an_optimizer():
    tx = optax.inject_hyperparams(optim.sgd)(learning_rate=1.0)
    plateau = s.reduce_lr_on_plateau(1.0, patience=0, factor=0.5)

    @jax.jit
    def step(carry, loss):
        opt_state, state = carry
        state = plateau.update(state, loss)
        opt_state.hyperparams["learning_rate"] = state.learning_rate
        updates, opt_state = tx.update({"w": jnp.ones(())}, opt_state, {"w": jnp.ones(())})
        return (opt_state, state), updates["w"]

    carry = tx.init({"w": jnp.ones(())}), plateau.init()
    _, updates = jax.lax.scan(step, carry, jnp.array([3.0, 2.0, 2.0, 2.0]))
    assert updates.tolist() == [-1.0, -1.0, -0.5, -0.25]


@pytest.mark.torch
@pytest.mark.parametrize("which", ["SGD", "Adam"])
def test_one_cycle_moves_rate_and_momentum_of_an_optimizer(torch, which):
    """The whole of it: 60 steps, the learning rate and momentum (or first beta) of each as torch sets them."""
    schedule = s.one_cycle_lr(max_lr=0.1, total_steps=60)
    start = np.array([1.0, -2.0, 0.5])
    parameter = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, which)([parameter], lr=0.1)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=60)
    with jax.enable_x64(True):
        if which == "SGD":
            tx = optax.inject_hyperparams(optim.sgd)(schedule, momentum=schedule.momentum)
        else:
            tx = optax.inject_hyperparams(lambda learning_rate, beta1: optim.adam(learning_rate, (beta1, 0.999)))(
                learning_rate=schedule, beta1=schedule.momentum
            )
        params = jnp.asarray(start)
        state = tx.init(params)

        @jax.jit
        def step(params, state):
            updates, state = tx.update(jnp.cos(params) + params, state, params)
            return optax.apply_updates(params, updates), state

        for _ in range(60):
            parameter.grad = torch.cos(parameter.detach()) + parameter.detach()
            optimizer.step()
            scheduler.step()
            params, state = step(params, state)
            np.testing.assert_allclose(params, parameter.detach().numpy(), rtol=1e-10, atol=1e-12)
        assert step._cache_size() == 1


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: s.lambda_lr(0.1, 0.5), "lambda_lr: lr_lambda must be a function of the step, given float"),
        (lambda: s.step_lr(0.1, 0), "step_lr: step_size must be at least 1, given 0"),
        (lambda: s.constant_lr(0.1, 1.5), r"constant_lr: factor must lie in \[0, 1\], given 1.5"),
        (lambda: s.linear_lr(0.1, 0.0), r"linear_lr: start_factor must lie in \(0, 1\], given 0.0"),
        (lambda: s.linear_lr(0.1, end_factor=2.0), "linear_lr: end_factor"),
        (lambda: s.cosine_annealing_lr(0.1, 0), "cosine_annealing_lr: T_max must be positive, given 0"),
        (lambda: s.cosine_annealing_warm_restarts(0.1, 0), "T_0 must be an integer of at least 1, given 0"),
        (lambda: s.cosine_annealing_warm_restarts(0.1, 3, 1.5), "T_mult must be an integer of at least 1, given 1.5"),
        (lambda: s.cyclic_lr(0.1, 1.0, mode="square"), "cyclic_lr: mode must be one of .*, given 'square'"),
        (lambda: s.one_cycle_lr(0.1), "one_cycle_lr: total_steps, or epochs and steps_per_epoch, must be given"),
        (lambda: s.one_cycle_lr(0.1, 0), "one_cycle_lr: total_steps must be an integer of at least 1, given 0"),
        (lambda: s.one_cycle_lr(0.1, 9, pct_start=2.0), r"one_cycle_lr: pct_start must be a float in \[0, 1\]"),
        (lambda: s.one_cycle_lr(0.1, 10, pct_start=0.1), "one_cycle_lr: a phase must have a length"),
        (lambda: s.one_cycle_lr(0.1, 9, anneal_strategy="cubic"), "anneal_strategy must be 'cos' or 'linear'"),
        (lambda: s.one_cycle_lr(0.1, 9)(10), r"one_cycle_lr: a step must be at most total_steps \(=9\), given 10"),
        (lambda: s.sequential_lr([], []), "sequential_lr: schedulers must hold at least one"),
        (lambda: s.sequential_lr([s.step_lr(1.0, 1)], [3]), "milestones must be one fewer than the 1 schedulers"),
        (lambda: s.chained_scheduler([lambda step: 1.0]), "chained_scheduler: schedulers must be schedules of"),
        (lambda: s.reduce_lr_on_plateau(0.1, factor=1.0), "reduce_lr_on_plateau: factor must be below 1, given 1.0"),
        (lambda: s.reduce_lr_on_plateau(0.1, mode="up"), "reduce_lr_on_plateau: mode must be 'min' or 'max'"),
        (lambda: s.reduce_lr_on_plateau(0.1, threshold_mode="x"), "threshold_mode must be 'rel' or 'abs'"),
        (lambda: s.step_lr(0.1, 1)(-1), "a schedule's step must be an integer, at least 0, given -1"),
        (lambda: s.step_lr(0.1, 1)(0.5), "a schedule's step must be an integer, at least 0, given 0.5"),
    ],
)
def test_what_is_refused(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build()


def test_beyond_its_end_one_cycle_is_nan_inside_jit():
    assert np.isnan(jax.jit(s.one_cycle_lr(0.1, 9))(jnp.int32(10)))


def test_an_optimizer_takes_it_without_a_second_compilation():
    tx = optim.sgd(s.cosine_annealing_lr(0.1, T_max=10))
    update = jax.jit(tx.update)
    state = tx.init(jnp.ones(3))
    for step in range(5):
        updates, state = update(jnp.ones(3), state)
        expected = -0.05 * (1 + math.cos(math.pi * step / 10))
        np.testing.assert_allclose(updates, expected, rtol=1e-6)
    assert update._cache_size() == 1
