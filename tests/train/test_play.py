"""What players may do: draw, be grouped, be measured, be refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import nn, optim, random, train

REAL = np.random.RandomState(0).randn(60, 2)


def game(steps=1, **settings):
    """Two players that draw: one by its objective's key, one by dropout in its model."""

    def hide(play, batch, key):
        place = play.hider(jax.random.normal(key, (8, 2)))
        return -jnp.mean((place - play.seeker(batch[0][:8])) ** 2)

    def seek(play, batch, key):
        return jnp.mean((play.seeker(batch[0][:8]) - play.hider(batch[0][:8], train=False)) ** 2)

    def seeker(rngs):
        return nn.Sequential(nn.Linear(2, 4, rngs=rngs), nn.Dropout(0.5), nn.Linear(4, 2, rngs=rngs))

    return train.adversarial(
        {
            "hider": train.Player(lambda rngs: nn.Linear(2, 2, rngs=rngs), hide, optim.sgd(0.01), steps=steps),
            "seeker": train.Player(seeker, seek, optim.adam(0.01), steps=steps),
        },
        **settings,
    )


@pytest.mark.parametrize("steps", [1, 3])
def test_it_compiles_once_is_donated_and_a_function_of_the_seed(steps):
    program = game(steps, metrics={"distance": lambda play, batch, key: jnp.mean(play.hider(batch[0]) ** 2)})
    batch = (jnp.asarray(REAL, jnp.float32),)
    runs = []
    for seed in (0, 0, 1):
        state = begun = program.init(random.TorchGenerator(seed))
        types = jax.tree.map(jax.typeof, state)
        for _ in range(3):
            state, measured = program.compiled_step(state, batch)
        assert jax.tree.map(jax.typeof, state) == types
        assert begun.params["hider.weight"].is_deleted()
        assert set(measured) == {"loss", "hider_loss", "seeker_loss"}
        runs.append(np.asarray(state.params["seeker.0.weight"]))
    assert program.compiled_step._cache_size() == 1
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    first, second = (program.evaluate(state, batch) for _ in range(2))
    assert set(first) == {"loss", "hider_loss", "seeker_loss", "distance"}
    assert first["seeker_loss"] == second["seeker_loss"]


def test_groups_see_the_players_in_front_of_the_names():
    tx = optim.param_groups(optim.sgd, {"one.bias": {"learning_rate": 0.0}}, learning_rate=0.1)
    player = train.Player(
        lambda rngs: nn.Linear(2, 1, rngs=rngs), lambda play, batch, key: jnp.sum(play.one(batch[0])), tx
    )
    program = train.adversarial({"one": player})
    state = program.init(random.TorchGenerator(0))
    moved, _ = program.step(state, (jnp.ones((3, 2)),))
    np.testing.assert_array_equal(moved.params["one.bias"], state.params["one.bias"])
    assert not np.array_equal(moved.params["one.weight"], state.params["one.weight"])


def test_lbfgs_plays():
    player = train.Player(
        lambda rngs: nn.Linear(2, 1, rngs=rngs),
        lambda play, batch, key: jnp.mean((play.one(batch[0]) - 1) ** 2),
        optim.lbfgs(line_search_fn="strong_wolfe"),
    )
    program = train.adversarial({"one": player})
    state = program.init(random.TorchGenerator(0))
    batch = (jnp.asarray(REAL, jnp.float32),)
    for _ in range(3):
        state, _ = program.compiled_step(state, batch)
    assert float(program.evaluate(state, batch)["loss"]) < 1e-6


def judge(rngs):
    return nn.Linear(2, 1, rngs=rngs)


def silent(play, batch, key):
    return jnp.zeros(())


def player(model=judge, objective=silent, optimizer=None, steps=1):
    return train.Player(model, objective, optim.sgd() if optimizer is None else optimizer, steps)


def begun(program):
    state = program.init(random.TorchGenerator(0))
    return program.step(state, (jnp.asarray(REAL, jnp.float32),))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: train.adversarial({}), ValueError, "must hold a player"),
        (lambda: train.adversarial({"a": judge}), TypeError, "player 'a' must be a train.Player, given"),
        (lambda: train.adversarial({"a.b": player()}), ValueError, "able to follow `play.`, given 'a.b'"),
        (lambda: train.adversarial({"move": player()}), ValueError, "able to follow `play.`, given 'move'"),
        (lambda: train.adversarial({"a": player(model=3)}), TypeError, "the model of 'a' must be a function"),
        (lambda: train.adversarial({"a": player(objective=3)}), TypeError, "the objective of 'a' must be a function"),
        (lambda: train.adversarial({"a": player(optimizer=3)}), TypeError, "'a': optimizer must be an optax"),
        (lambda: train.adversarial({"a": player(steps=0)}), ValueError, "steps of 'a' must be an integer, at least 1"),
        (lambda: game(order=("hider",)), ValueError, "order must hold each of hider, seeker once, given hider"),
        (lambda: game(metrics={"m": 3}), TypeError, "metric 'm' must be a function"),
        (
            lambda: begun(train.adversarial({"a": player(objective=lambda play, batch, key: play.b(1))})),
            AttributeError,
            "play has no player 'b'; they are a",
        ),
        (
            lambda: begun(train.adversarial({"a": player(objective=lambda play, batch, key: play.a(batch[0]))})),
            ValueError,
            r"the objective of 'a' must give one number, gave shape \(60, 1\)",
        ),
        (
            lambda: train.player_tensors(game().init(random.TorchGenerator(0)), "nobody"),
            ValueError,
            "player must be one of hider, seeker, given 'nobody'",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
