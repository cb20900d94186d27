"""Bare functions as programs, beside the PyTorch loops that they stand for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import data, optim, random, train

START = np.array([-1.2, 1.0])


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def fitted(program, steps, epochs=1, **settings):
    return train.fit(program, data.NoData(steps), epochs, progress=False, **settings)


@pytest.mark.torch
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("ours", "theirs", "settings"),
    [
        (lambda: optim.sgd(1e-3), "SGD", {"lr": 1e-3}),
        (lambda: optim.sgd(1e-4, momentum=0.9, nesterov=True), "SGD", {"lr": 1e-4, "momentum": 0.9, "nesterov": True}),
        (lambda: optim.adam(0.02), "Adam", {"lr": 0.02}),
        (lambda: optim.lbfgs(0.5, max_iter=4), "LBFGS", {"lr": 0.5, "max_iter": 4}),
        (
            lambda: optim.lbfgs(max_iter=3, line_search_fn="strong_wolfe"),
            "LBFGS",
            {"max_iter": 3, "line_search_fn": "strong_wolfe"},
        ),
    ],
    ids=["descent", "momentum", "adam", "lbfgs", "lbfgs with a line search"],
)
def test_rosenbrock_s_valley_is_pytorch_s(torch, ours, theirs, settings):
    x = torch.tensor(START, requires_grad=True)
    optimizer = getattr(torch.optim, theirs)([x], **settings)
    steps = 200 if theirs != "LBFGS" else 7

    def closure():
        optimizer.zero_grad()
        value = rosenbrock(x)
        value.backward()
        return value

    losses = [float(optimizer.step(closure).detach()) for _ in range(steps)]
    state, history = fitted(train.minimise(rosenbrock, START, ours()), steps)
    tolerance = 1e-12 if theirs != "LBFGS" else 1e-8  # a chain of curvatures, each a quotient of differences
    np.testing.assert_allclose(history["loss"], losses, rtol=tolerance, atol=1e-14)
    np.testing.assert_allclose(state.params["x"], x.detach(), rtol=tolerance)
    assert state.params["x"].dtype == jnp.float64


@pytest.mark.torch
@pytest.mark.usefixtures("double")
def test_with_data_the_batch_comes_as_well(torch):
    x, y = np.random.RandomState(0).randn(40, 3), np.random.RandomState(1).randn(40)
    w, b = (torch.zeros(shape, dtype=torch.float64, requires_grad=True) for shape in ((3,), ()))
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    for step in range(12):
        rows = slice(step % 4 * 10, step % 4 * 10 + 10)
        optimizer.zero_grad()
        ((torch.tensor(x[rows]) @ w + b - torch.tensor(y[rows])) ** 2).mean().backward()
        optimizer.step()

    def squares(line, x, y):
        return jnp.mean((x @ line["slope"] + line["shift"] - y) ** 2)

    program = train.minimise(squares, {"slope": np.zeros(3), "shift": 0.0}, optim.sgd(0.1))
    state, _ = train.fit(program, data.ArraySource((x, y), 10), epochs=3, progress=False)
    np.testing.assert_allclose(state.params["slope"], w.detach(), rtol=1e-12)
    np.testing.assert_allclose(state.params["shift"], b.detach(), rtol=1e-12)


def test_any_tree_keeps_its_form_and_gives_its_names():
    """Twelve layers in a list: their names in a dict are not in the list's order."""
    layers = [jnp.full(number + 1, float(number)) for number in range(12)]

    def far(tree):
        assert [leaf.shape for leaf in tree["layers"]] == [(number + 1,) for number in range(12)]
        return sum(jnp.sum((leaf - number) ** 2) for number, leaf in enumerate(tree["layers"])) + tree["z"][1] ** 2

    program = train.minimise(far, {"layers": layers, "z": (jnp.ones(2), jnp.float32(3.0))}, optim.sgd(0.5))
    state = program.init(random.TorchGenerator(0))
    assert set(state.params) == {*(f"layers.{number}" for number in range(12)), "z.0", "z.1"}
    moved, measured = program.compiled_step(state, ())
    assert measured["loss"] == 9.0
    assert float(program.compiled_evaluate(moved, ())["loss"]) == 0.0


def test_a_noisy_function_draws_anew_at_every_step():
    def noisy(x, *, key):
        return jnp.sum((x + jax.random.normal(key, x.shape)) ** 2)

    program = train.minimise(noisy, jnp.zeros(2), optim.sgd(0.0), noisy=True)
    _, history = fitted(program, 5, epochs=2)
    assert len(set(history["loss"].tolist())) == 10
    _, again = fitted(program, 5, epochs=2)
    np.testing.assert_array_equal(history["loss"], again["loss"])
    _, other = fitted(program, 5, epochs=2, seed=1)
    assert not set(other["loss"].tolist()) & set(history["loss"].tolist())


def test_a_drawn_beginning_is_a_function_of_the_seed():
    def drawn(rngs):
        return jnp.asarray(rngs.normal((3,)))

    program = train.minimise(lambda x: jnp.sum(x**2), drawn, optim.sgd(0.1))
    starts = [program.init(random.TorchGenerator(seed)).params["x"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])
    np.testing.assert_array_equal(starts[2], random.TorchGenerator(1).normal((3,)))


def test_it_compiles_once_and_gives_the_state_away():
    program = train.minimise(lambda x: jnp.sum(x**2), 3.0, optim.adam(0.1))
    state = begun = program.init(random.TorchGenerator(0))
    types = jax.tree.map(jax.typeof, state)
    for _ in range(3):
        state, _ = program.compiled_step(state, ())
    assert jax.tree.map(jax.typeof, state) == types
    assert begun.params["x"].is_deleted()
    assert program.compiled_step._cache_size() == 1
    probe = program.probe(state, ())
    np.testing.assert_allclose(probe.gradients["x"], 2 * state.params["x"])


def test_a_given_array_survives():
    given = jnp.ones(3)
    fitted(train.minimise(lambda x: jnp.sum(x**2), given, optim.sgd(0.1)), 2)
    np.testing.assert_array_equal(given, np.ones(3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: train.minimise(3, 1.0, optim.sgd()), TypeError, "function must be a function of the parameters"),
        (lambda: train.minimise(rosenbrock, 1.0, 0.1), TypeError, "must be an optax transformation"),
        (lambda: train.minimise(rosenbrock, {"a": 1}, optim.sgd()), TypeError, "'a' must be floating .* given int32"),
        (lambda: train.minimise(rosenbrock, {}, optim.sgd()), ValueError, "given no array"),
        (lambda: train.minimise(rosenbrock, {"a.b": 1.0, "a": {"b": 1.0}}, optim.sgd()), ValueError, "of one name"),
        (lambda: train.minimise(lambda x: x, jnp.ones(2), optim.sgd()), ValueError, r"one number, gave shape \(2,\)"),
        (lambda: data.NoData(0), ValueError, "steps"),
        (lambda: data.NoData(1.5), TypeError, "steps"),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        fitted(call(), 1)


def test_a_source_without_data():
    source = data.NoData(3)
    assert (len(source), source.draws) == (3, 0)
    assert list(source.batches(5, start=2)) == [()]
