"""Callbacks that end a run, or lower its learning rate, when it no longer improves."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import data, functional, nn, optim, random, train

RANDOM = np.random.RandomState(0)


class Run:
    """What callbacks see of a run."""

    def __init__(self, opt_state=()):
        self.state, self.epoch, self.reason = train.State({}, {}, opt_state, None, None), 0, None

    def stop(self, reason):
        self.reason = reason

    def tell(self, callback, value, metric="test_loss"):
        """An epoch with this metric; the callback goes through JSON on the way, as in a run that is resumed."""
        callback.load_state_dict(json.loads(json.dumps(callback.state_dict(), allow_nan=False)))
        callback.epoch_ended(self, {"loss": 0.0, metric: value})
        self.epoch += 1
        return self.reason


@pytest.mark.parametrize(
    ("settings", "values", "stops_after"),
    [
        ({"patience": 2}, [3.0, 2.0, 2.0, 2.0, 1.0], 4),
        ({"patience": 2}, [3.0, 2.0, 2.5, 1.9, 1.9, 1.95], 6),
        ({"patience": 1, "min_delta": 0.5}, [3.0, 2.4, 2.0], 3),
        ({"patience": 3, "mode": "max"}, [0.5, 0.7, 0.6, math.nan, 0.7], 5),
        ({"patience": 2}, [math.nan, math.nan, 1.0], 2),
        ({"patience": 9}, [1.0] * 9, None),
    ],
)
def test_early_stopping(settings, values, stops_after):
    run, stopping = Run(), train.EarlyStopping(**settings)
    stopped = [number for number, value in enumerate(values, 1) if run.tell(stopping, value)]
    assert (stopped or [None])[0] == stops_after


def test_early_stopping_says_why_and_what_was_best():
    run, stopping = Run(), train.EarlyStopping("accuracy", patience=1, mode="max")
    for value in (0.5, 0.75, 0.7):
        run.tell(stopping, value, "accuracy")
    assert run.reason == "accuracy has not become more than 0.75 (epoch 2) in 1 epoch"
    assert (stopping.best, stopping.best_epoch) == (0.75, 2)


SETTINGS = [
    {},
    {"patience": 1, "factor": 0.5, "cooldown": 2},
    {"patience": 0, "threshold": 0.05, "threshold_mode": "abs"},
    {"patience": 2, "mode": "max", "threshold": 0.01},
    {"patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.0, "min_lr": 1e-3},
    {"patience": 0, "factor": 0.5, "eps": 0.01, "threshold": 0.0},
]
FALLING = [1 / (1 + epoch) + 0.05 * RANDOM.randn() for epoch in range(40)]
FALLING[7] = math.nan


@pytest.mark.torch
@pytest.mark.parametrize("settings", SETTINGS)
def test_reductions_are_pytorch_s(torch, settings):
    """Three rates, in a group, a chain and bare: the metric is one, each falls by itself."""
    leaves = [torch.zeros(1, requires_grad=True) for _ in range(2)]
    optimizer = torch.optim.SGD([{"params": leaves[:1], "lr": 0.1}, {"params": leaves[1:], "lr": 0.002}])
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
    with jax.enable_x64(True):
        groups = {rate: optim.adjustable(optim.sgd, learning_rate=value) for rate, value in (("a", 0.1), ("b", 0.002))}
        groups["*"] = optax.chain(optim.clip_grad_norm(1.0), optax.inject_hyperparams(optim.adam)(learning_rate=0.1))
        tx = optim.param_groups(optim.sgd, groups)
        run = Run(tx.init({name: jnp.zeros((), jnp.float64) for name in "abc"}))
        plateau = train.ReduceLROnPlateau(**settings)
        plateau.start(run)
        for epoch, metric in enumerate(FALLING):
            run.tell(plateau, metric)
            scheduler.step(metric)
            states = run.state.opt_state.inner_states
            found = [float(states[name].inner_state.hyperparams["learning_rate"]) for name in "ab"]
            assert found == [group["lr"] for group in optimizer.param_groups], epoch
            assert float(states["*"].inner_state[1].hyperparams["learning_rate"]) == found[0]


@pytest.mark.torch
def test_a_run_that_reduces_is_pytorch_s_loop(torch):
    """In float64, the learning rate from the state: parameters, losses and rates over 60 epochs."""
    x, y = RANDOM.randn(32, 3), RANDOM.randn(32, 1)
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.8, momentum=0.5)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=1, cooldown=1)
    with jax.enable_x64(True):
        tx = optim.adjustable(optim.sgd, learning_rate=0.8, momentum=0.5)
        program = train.supervised(lambda rngs: nn.Linear(3, 1, rngs=rngs), functional.mse_loss, tx, dtype="float64")
        run, plateau = Run(), train.ReduceLROnPlateau("loss", factor=0.3, patience=1, cooldown=1)
        run.state, step = program.init(random.TorchGenerator(0)), jax.jit(program.step, donate_argnums=0)
        rates = []
        for _ in range(60):
            run.state, measured = step(run.state, (jnp.asarray(x), jnp.asarray(y)))
            plateau.epoch_ended(run, {"loss": float(measured["loss"])})
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(torch.tensor(x)), torch.tensor(y))
            loss.backward()
            optimizer.step()
            scheduler.step(loss.item())
            rates.append(float(run.state.opt_state.hyperparams["learning_rate"]))
            assert rates[-1] == optimizer.param_groups[0]["lr"]
            np.testing.assert_allclose(measured["loss"], loss.item(), rtol=1e-12)
        assert len(set(rates)) > 3
        assert step._cache_size() == 1
        np.testing.assert_allclose(run.state.params["weight"], model.weight.detach(), rtol=1e-12)


def test_through_fit():
    x = RANDOM.randn(16, 3).astype(np.float32)
    tx = optim.adjustable(optim.adam, learning_rate=0.1)
    program = train.supervised(lambda rngs: nn.Linear(3, 1, rngs=rngs), functional.mse_loss, tx)
    callbacks = [train.ReduceLROnPlateau("loss", patience=1), train.EarlyStopping("loss", patience=9)]
    source = data.ArraySource((x, RANDOM.randn(16, 1).astype(np.float32)), 16)
    state, history = train.fit(program, source, epochs=1000, callbacks=callbacks, progress=False)
    assert len(history.epochs) < 1000
    assert float(state.opt_state.hyperparams["learning_rate"]) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop", "adagrad", "nadam", "lbfgs"])
def test_an_adjustable_optimiser_is_the_optimiser(name):
    """With the number that it was given, bit for bit or one rounding off; with another, that of another."""
    factory = getattr(optim, name)
    params = {"w": jnp.asarray(RANDOM.randn(4, 3), jnp.float32), "b": jnp.ones(3)}

    def value_fn(params):
        return sum(jnp.sum((leaf - 0.5) ** 4) for leaf in params.values())

    def after(tx, state, steps=3):
        moved = params
        for _ in range(steps):
            value, gradients = jax.value_and_grad(value_fn)(moved)
            tx = optax.with_extra_args_support(tx)
            updates, state = tx.update(gradients, state, moved, value=value, value_fn=value_fn)
            moved = optax.apply_updates(moved, updates)
        return moved, state

    tx = optim.adjustable(factory, learning_rate=0.1)
    state = tx.init(params)
    for rate in (0.1, 0.02):
        state.hyperparams["learning_rate"] = jnp.float32(rate)
        found, moved = after(tx, state)
        plain = factory(rate)
        expected, inner = after(plain, plain.init(params))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=3e-6, atol=1e-6), found, expected)
        assert jax.tree.map(jax.typeof, moved) == jax.tree.map(jax.typeof, tx.init(params))
    assert list(optim.named_state(moved)) == list(optim.named_state(inner))


def plateau_on(tx):
    return train.ReduceLROnPlateau().start(Run(tx.init({"w": jnp.zeros(())})))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: train.EarlyStopping(patience=0), ValueError, "patience must be an integer, at least 1, given 0"),
        (lambda: train.EarlyStopping(min_delta=-1), ValueError, "min_delta must be at least 0, given -1"),
        (lambda: train.EarlyStopping(mode="least"), ValueError, "mode must be 'min' or 'max', given 'least'"),
        (
            lambda: train.EarlyStopping().epoch_ended(Run(), {"loss": 1.0}),
            ValueError,
            r"metric must be one of loss, given 'test_loss'; fit\(..., evaluation=source\) measures",
        ),
        (lambda: train.ReduceLROnPlateau(factor=1.0), ValueError, "factor must be below 1"),
        (lambda: train.ReduceLROnPlateau(mode="least"), ValueError, "mode must be"),
        (lambda: plateau_on(optim.adam()), ValueError, "must have its learning rate in its state"),
        (
            lambda: plateau_on(optax.inject_hyperparams(optim.adam)(optim.schedules.exponential_lr(0.1, gamma=0.9))),
            ValueError,
            "a schedule sets this one",
        ),
        (lambda: optim.adjustable(optim.adam, 0.1, momentum=0.9), TypeError, "adam has no keyword 'momentum'; it has"),
        (lambda: optim.adjustable(optim.adam, -0.1), ValueError, "learning_rate must be at least 0, given -0.1"),
        (lambda: optim.adjustable(optim.sgd, lambda step: 0.1), TypeError, "a schedule goes to sgd itself"),
        (lambda: optim.adjustable(optim.sgd, 0.1, nesterov=True), ValueError, "nesterov=True needs momentum"),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
