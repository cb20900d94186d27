"""What is true of every optimiser."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import optim

FACTORIES = [optim.sgd, optim.adam]
PARAMS = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}
GRADS = {"w": jnp.full((2, 3), 0.5), "b": jnp.ones(3)}


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.__name__)
def factory(request):
    return request.param


def test_it_compiles_once(factory):
    traces = []
    tx = factory(0.1)

    @jax.jit
    def step(params, state):
        traces.append(1)
        updates, state = tx.update(GRADS, state, params)
        return optax.apply_updates(params, updates), state

    params, state = PARAMS, tx.init(PARAMS)
    for _ in range(3):
        params, state = step(params, state)
    assert len(traces) == 1


def test_vmap_trains_many(factory):
    rates = jnp.array([0.1, 0.01])

    def one(rate):
        tx = factory(rate)
        updates, _ = tx.update(GRADS, tx.init(PARAMS), PARAMS)
        return updates

    many = jax.vmap(one)(rates)
    for index, rate in enumerate(rates):
        for name, update in one(float(rate)).items():
            np.testing.assert_allclose(many[name][index], update, rtol=1e-6)


def test_it_chains_with_optax(factory):
    tx = optax.chain(optax.clip_by_global_norm(1e-3), factory(0.1))
    updates, _ = tx.update(GRADS, tx.init(PARAMS), PARAMS)
    assert jax.tree.map(jnp.shape, updates) == jax.tree.map(jnp.shape, PARAMS)


def test_hyperparameters_can_be_injected(factory):
    tx = optax.inject_hyperparams(factory)(learning_rate=0.1)
    state = tx.init(PARAMS)
    update = jax.jit(tx.update)
    first, state = update(GRADS, state, PARAMS)
    state.hyperparams["learning_rate"] = jnp.asarray(0.0)
    second, _ = update(GRADS, state, PARAMS)
    assert np.abs(first["w"]).max() > 0
    assert np.abs(second["w"]).max() == 0


def test_the_state_shares_no_memory(factory):
    """A donated step refuses one buffer under two names."""
    tx = factory(0.1, **({"momentum": 0.9} if factory is optim.sgd else {"amsgrad": True}))
    state = jax.jit(lambda params, state: tx.update(GRADS, state, params)[1], donate_argnums=1)(PARAMS, tx.init(PARAMS))
    assert len(jax.tree.leaves(state)) > 1


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: optim.sgd(-0.1), r"sgd: learning_rate must be at least 0, given -0\.1"),
        (lambda: optim.sgd(0.1, momentum=-1), "momentum must be at least 0, given -1"),
        (lambda: optim.sgd(0.1, weight_decay=-1), "weight_decay must be at least 0, given -1"),
        (lambda: optim.sgd(0.1, nesterov=True), "nesterov=True needs momentum above 0 and dampening 0"),
        (lambda: optim.sgd(0.1, 0.9, 0.1, nesterov=True), r"given momentum=0\.9, dampening=0\.1"),
        (lambda: optim.adam(float("nan")), "learning_rate must be at least 0, given nan"),
        (lambda: optim.adam(eps=-1), "adam: eps must be at least 0"),
        (lambda: optim.adam(betas=(1.0, 0.9)), r"betas\[0\] must be at least 0 and below 1, given 1\.0"),
        (lambda: optim.adam(betas=(0.9,)), "betas must be 2 numbers"),
    ],
)
def test_bad_settings_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()
