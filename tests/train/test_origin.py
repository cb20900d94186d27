"""The operation that made what is not finite, found inside compiled parts, branches and scans."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import data, functional, nn, optim, random, train
from jaxdl.train.origin import origin


def here(code):
    """The line of this file that holds some code."""
    lines = inspect.getsource(inspect.getmodule(here)).splitlines()
    return f"{__name__.rpartition('.')[2]}.py:{[code in line for line in lines].index(True) + 1}"


def under_jit(x):
    return jax.jit(lambda y: y * jnp.arctanh(y))(x).sum()


def in_a_branch(x):
    return jax.lax.cond(x[0] > 0, lambda y: y, lambda y: jnp.log(y - 1), x)


def in_a_scan(x):
    return jax.lax.scan(lambda carry, row: (carry + row, jax.lax.rsqrt(row - carry)), 0.0, x)[1]


def in_a_scan_backwards(x):
    return jax.lax.scan(lambda carry, row: (carry + 1.0, carry / (row - 2.0)), 1.0, x, reverse=True)[0:2]


def in_a_gradient(x):
    return jax.grad(lambda y: jnp.sqrt(jnp.abs(y) * 2.0).sum())(x)


def in_a_loop(x):
    return jax.lax.fori_loop(0, jnp.int32(x[3]), lambda i, y: jnp.exp(y * 90.0), x)


def rematerialised(x):
    return jax.grad(jax.checkpoint(lambda y: jnp.power(y - 3.0, 0.5).sum()))(x)


CASES = [
    (under_jit, "atanh", "jnp.arctanh(y)"),
    (in_a_branch, "log", "jnp.log(y - 1)"),
    (in_a_scan, "rsqrt", "jax.lax.rsqrt(row"),
    (in_a_scan_backwards, "div", "carry / (row"),
    (in_a_gradient, "div", "jnp.sqrt(jnp.abs"),
    (in_a_loop, "while", "jnp.exp(y * 90.0)"),
    (rematerialised, "pow", "jnp.power(y - 3.0"),
]


@pytest.mark.parametrize(("function", "operation", "code"), CASES, ids=[case[0].__name__ for case in CASES])
def test_it_is_named_with_its_line(function, operation, code):
    x = jnp.arange(4.0)
    assert not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(function(x)))
    found = origin(function, x)
    assert found.operation == f"{operation} at {here(code)}"
    assert not np.isfinite(found.value).all()


def test_what_a_mask_takes_away_is_not_it():
    def masked(x, mask):
        kept = jnp.where(x > 0, jnp.log(x), 0.0)
        scores = jnp.where(mask, kept, -jnp.inf)
        return jax.nn.softmax(scores).sum() + (kept - 10.0).sum()

    x, mask = jnp.arange(4.0), jnp.array([True, False, True, True])
    assert origin(masked, x, mask) is None
    assert origin(lambda x, mask: masked(x, mask) + jnp.log(x[0]), x, mask).operation.startswith("log at")


@pytest.mark.slow
def test_it_evaluates_what_jax_does():
    """A recurrent network with dropout, its gradient and Adam: everything goes through the evaluation and is finite."""

    class Net(nn.Module):
        def __init__(self, *, rngs):
            self.lstm = nn.LSTM(3, 4, num_layers=2, dropout=0.3, rngs=rngs)
            self.head = nn.Linear(4, 2, rngs=rngs)

        def __call__(self, x):
            return self.head(self.lstm(x)[0][-1])

    program = train.supervised(Net, functional.cross_entropy, optim.adam(0.1))
    state = program.init(random.TorchGenerator(0))
    batch = jnp.ones((5, 4, 3)), jnp.zeros(4, jnp.int32)
    assert origin(program.step, state, batch) is None
    huge = origin(lambda s, b: program.step(s, (b[0] * 1e38 * 1e38, b[1])), state, batch)
    assert huge.operation.startswith("mul at test_origin.py")


def steep(p):
    return jnp.exp(p).sum() * 100.0


def test_minimise_names_it():
    program = train.minimise(lambda p: -steep(p), jnp.array([3.0, 2.0]), optim.sgd(0.1))
    with pytest.raises(train.NonFiniteLossError, match=r"first tensor that is not finite is the result of exp at") as e:
        train.fit(program, data.NoData(10), 1, progress=False)
    assert e.value.tensor == f"result of exp at {here('return jnp.exp(p).sum()')}"
    assert e.value.step == 2


def test_a_player_s_moves_name_it():
    def objective(play, batch, key):
        return (play.one(batch[0]) ** 2).sum() * 1e30

    linear = lambda rngs: nn.Linear(2, 1, rngs=rngs)  # noqa: E731
    program = train.adversarial({"one": train.Player(linear, objective, optim.sgd(1.0), steps=3)})
    source = data.ArraySource((np.ones((4, 2), np.float32),), 4)
    with pytest.raises(train.NonFiniteLossError, match=r"the result of \w+ at test_origin.py:\d+") as e:
        train.fit(program, source, 1, progress=False)
    assert e.value.step == 1


def test_a_hand_written_program_names_it():
    plain = train.minimise(steep, jnp.zeros(2), optim.sgd(0.1))

    def step(state, batch):
        new, metrics = plain.step(state, batch)
        return new, {"loss": metrics["loss"] / (3.0 - state.step)}

    program = train.Program(plain.init, step, plain.evaluate)
    with pytest.raises(train.NonFiniteLossError) as e:
        train.fit(program, data.NoData(10), 1, progress=False)
    assert e.value.tensor == f"result of div at {here('(3.0 - state.step)')}"
    assert e.value.step == 4
