"""What is true of every optimiser: it composes with optax, compiles once, and says what is wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import optim

NAMES = (
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "asgd", "muon", "nadam", "radam", "rmsprop",
    "rprop", "sgd",
)  # fmt: skip
FULL = {  # settings under which every field of the state is there
    "adam": {"amsgrad": True},
    "adamw": {"amsgrad": True},
    "rmsprop": {"momentum": 0.9, "centered": True},
    "sgd": {"momentum": 0.9},
}
STATIC = {"muon": ("ns_steps", "eps")}
PARAMS = {"b": jnp.full((3, 2), 0.25, jnp.float32), "w": jnp.ones((2, 3))}  # matrices: muon takes nothing else
GRADS = {"b": jnp.full((3, 2), -1.0, jnp.float32), "w": jnp.array([[0.5, -0.25, 1.0], [1.0, 0.5, 0.125]])}


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def factory(name):
    return getattr(optim, name)


def walk(tx, steps=3, params=PARAMS):
    """Parameters after some steps, without jit."""
    state = tx.init(params)
    for step in range(steps):
        updates, state = tx.update(jax.tree.map(lambda g: g * 0.5**step, GRADS), state, params)  # noqa: B023
        params = optax.apply_updates(params, updates)
    return params


def assert_close(ours, reference, rtol=2e-6):
    assert jax.tree.structure(ours) == jax.tree.structure(reference)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(reference), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-7)


def test_it_compiles_once_and_keeps_its_dtypes(name, factory):
    traces = []
    tx = factory(0.1, **FULL.get(name, {}))

    @jax.jit
    def step(params, state):
        traces.append(1)
        updates, state = tx.update(GRADS, state, params)
        return optax.apply_updates(params, updates), state

    params, state = PARAMS, tx.init(PARAMS)
    for _ in range(3):
        before = jax.tree.map(lambda x: (x.shape, x.dtype), state)
        params, state = step(params, state)
        assert jax.tree.map(lambda x: (x.shape, x.dtype), state) == before
    assert len(traces) == 1


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_types_stay_half(factory, dtype):
    params, grads = (jax.tree.map(lambda x: x.astype(dtype), tree) for tree in (PARAMS, GRADS))
    tx = factory(jnp.float32(0.1))
    state = tx.init(params)
    updates, new = tx.update(grads, state, params)
    assert jax.tree.map(lambda x: x.dtype, new) == jax.tree.map(lambda x: x.dtype, state)
    assert all(x.dtype == dtype for x in jax.tree.leaves(optax.apply_updates(params, updates)))
    assert all(np.isfinite(x.astype(np.float32)).all() for x in jax.tree.leaves(updates))


@pytest.mark.slow
def test_vmap_trains_many(factory):
    rates = jnp.array([0.1, 0.01])
    many = jax.vmap(lambda rate: walk(factory(rate)))(rates)
    for index, rate in enumerate(rates):
        assert_close(jax.tree.map(lambda x: x[index], many), walk(factory(float(rate))), rtol=1e-5)  # noqa: B023


def test_a_chain_is_one_after_the_other(factory):
    tx = factory(0.1)
    clipped = optax.chain(optim.clip_grad_norm(1e-3), tx)
    updates, _ = clipped.update(GRADS, clipped.init(PARAMS), PARAMS)
    factor = jnp.minimum(1e-3 / (optim.total_norm(GRADS) + 1e-6), 1.0)
    expected, _ = tx.update(jax.tree.map(lambda g: g * factor, GRADS), tx.init(PARAMS), PARAMS)
    assert_close(updates, expected)


def test_masked_parameters_stay(factory):
    tx = factory(0.1)
    part = optax.masked(tx, {"b": False, "w": True})
    updates, _ = part.update(GRADS, part.init(PARAMS), PARAMS)
    expected, _ = tx.update({"w": GRADS["w"]}, tx.init({"w": PARAMS["w"]}), {"w": PARAMS["w"]})
    assert_close(updates["w"], expected["w"])
    assert_close(updates["b"], GRADS["b"])  # optax.masked lets them through


@pytest.mark.slow
def test_multi_steps_is_one_step_of_the_mean(factory):
    tx = factory(0.1)
    several = optax.MultiSteps(tx, 2)
    state, params = several.init(PARAMS), PARAMS
    for factor in (0.5, 1.5):
        updates, state = several.update(jax.tree.map(lambda g: g * factor, GRADS), state, params)  # noqa: B023
        params = optax.apply_updates(params, updates)
    assert_close(params, walk(tx, 1))


def test_hyperparameters_can_be_injected_and_changed(name, factory):
    tx = optax.inject_hyperparams(factory, static_args=STATIC.get(name, ()))(learning_rate=0.1)
    assert_close(walk(tx), walk(factory(0.1)), rtol=1e-5)
    if name == "rprop":
        return  # its learning rate is the first step size, and acts no more
    state = tx.init(PARAMS)
    update = jax.jit(tx.update)
    for rate in (0.1, 0.0, 0.0):  # asgd's acts a step later, as in PyTorch
        state.hyperparams["learning_rate"] = jnp.asarray(rate)
        updates, state = update(GRADS, state, PARAMS)
    assert max(jnp.abs(u).max() for u in jax.tree.leaves(updates)) == 0
    assert update._cache_size() == 1


def test_a_schedule_is_the_learning_rate_of_its_step(name, factory):
    schedule, rates = factory(lambda step: 0.1 * 0.5**step), (0.1, 0.05, 0.025)
    tx = optax.inject_hyperparams(factory, static_args=STATIC.get(name, ()))(learning_rate=0.1)
    state, params = tx.init(PARAMS), PARAMS
    for step, rate in enumerate(rates):
        state.hyperparams["learning_rate"] = jnp.asarray(rate)
        updates, state = tx.update(jax.tree.map(lambda g: g * 0.5**step, GRADS), state, params)  # noqa: B023
        params = optax.apply_updates(params, updates)
    assert_close(walk(schedule), params, rtol=1e-5)


def test_the_state_shares_no_memory(name, factory):
    """A donated step refuses one buffer under two names."""
    tx = factory(0.1, **FULL.get(name, {}))
    state = jax.jit(lambda params, state: tx.update(GRADS, state, params)[1], donate_argnums=1)(PARAMS, tx.init(PARAMS))
    assert len(jax.tree.leaves(state)) > 1


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("adafactor", "muon")])
def test_the_gradient_of_jax_grad_descends_in_complex_parameters(name):
    """jax.grad is the conjugate of the direction of ascent, and of torch's gradient."""

    def loss(params):
        return jnp.abs(params["z"] - (1 + 2j)) ** 2

    tx, params = getattr(optim, name)(0.05), {"z": jnp.array(-1 - 1j)}

    @jax.jit
    def step(carry, _):
        params, state = carry
        updates, state = tx.update(jax.grad(loss)(params), state, params)
        return (optax.apply_updates(params, updates), state), loss(params)

    (_, _), losses = jax.lax.scan(step, (params, tx.init(params)), length=40)
    assert (np.diff(losses[:10]) < 0).all()
    assert losses[-1] < losses[0]  # rprop is at the minimum by then


def test_the_named_state_has_torchs_names():
    params = {"w": jnp.ones(2)}
    assert list(optim.named_state(optim.nadam().init(params))) == ["w.exp_avg", "w.exp_avg_sq", "w.mu_product"]
    assert set(optim.named_state(optim.asgd().init(params))) == {"w.ax", "w.eta", "w.mu"}
    grouped = optim.param_groups(optim.adam, {"w": {"amsgrad": True}})
    assert "w.max_exp_avg_sq" in optim.named_state(grouped.init({**params, "b": jnp.ones(1)}))
    injected = optax.inject_hyperparams(optim.adam)(0.1)
    assert list(optim.named_state(injected.init(params))) == ["w.exp_avg", "w.exp_avg_sq"]
    several = optax.MultiSteps(optim.adam(), 2)
    assert {"w.exp_avg", "w.exp_avg_sq"} <= set(optim.named_state(several.init(params)))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: optim.sgd(-0.1), ValueError, r"sgd: learning_rate must be at least 0, given -0\.1"),
        (lambda: optim.sgd("fast"), TypeError, "sgd: learning_rate must be a number, given 'fast'"),
        (lambda: optim.sgd(jnp.ones(2)), ValueError, r"learning_rate must be one number, given an array of shape \(2,"),
        (lambda: optim.sgd(0.1, momentum=-1), ValueError, "momentum must be at least 0, given -1"),
        (lambda: optim.sgd(0.1, weight_decay=-1), ValueError, "weight_decay must be at least 0, given -1"),
        (lambda: optim.sgd(0.1, nesterov=True), ValueError, "nesterov=True needs momentum above 0 and dampening 0"),
        (lambda: optim.sgd(0.1, 0.9, 0.1, nesterov=True), ValueError, r"given momentum=0\.9, dampening=0\.1"),
        (lambda: optim.adam(float("nan")), ValueError, "learning_rate must be at least 0, given nan"),
        (lambda: optim.adam(eps=-1), ValueError, "adam: eps must be at least 0"),
        (lambda: optim.adam(betas=(1.0, 0.9)), ValueError, r"betas\[0\] must be at least 0 and below 1, given 1\.0"),
        (lambda: optim.adam(betas=(0.9,)), ValueError, "betas must be 2 numbers"),
        (lambda: optim.adamw(weight_decay=-1), ValueError, "adamw: weight_decay must be at least 0"),
        (lambda: optim.nadam(momentum_decay=-1), ValueError, "nadam: momentum_decay must be at least 0"),
        (lambda: optim.adagrad(lr_decay=-1), ValueError, "adagrad: lr_decay must be at least 0"),
        (lambda: optim.adadelta(rho=1.1), ValueError, r"adadelta: rho must be at least 0 and at most 1, given 1\.1"),
        (lambda: optim.rmsprop(alpha=-1), ValueError, "rmsprop: alpha must be at least 0"),
        (lambda: optim.rprop(etas=(1.0, 0.5)), ValueError, r"etas must be a number between 0 and 1 and one above 1"),
        (lambda: optim.rprop(etas=(0.5,)), ValueError, "rprop: etas must be 2 numbers"),
        (lambda: optim.rprop(step_sizes=1 * (0.5,)), ValueError, "rprop: step_sizes must be 2 numbers"),
        (lambda: optim.asgd(weight_decay=-1), ValueError, "asgd: weight_decay must be at least 0"),
        (
            lambda: optim.asgd().update(GRADS, optim.asgd().init(PARAMS)),
            ValueError,
            "asgd: update needs the parameters",
        ),
        (lambda: optim.adafactor(d=0.5), ValueError, r"adafactor: d must be at least 1, given 0\.5"),
        (lambda: optim.adafactor(beta2_decay=0.8), ValueError, r"beta2_decay must be at most 0, given 0\.8"),
        (lambda: optim.adafactor(eps=(-1, 1)), ValueError, r"adafactor: eps\[0\] must be at least 0"),
        (lambda: optim.adafactor(eps=(1,)), ValueError, "eps must be 2 numbers, the first of which may be None"),
        (lambda: optim.adafactor().init({"z": jnp.ones(2, complex)}), TypeError, "parameter 'z' has dtype complex64"),
        (
            lambda: optim.muon().init({"b": jnp.ones(2)}),
            ValueError,
            r"parameter 'b' has shape \(2,\); it must be a mat",
        ),
        (lambda: optim.muon(ns_steps=100), ValueError, "muon: ns_steps must be below 100, given 100"),
        (lambda: optim.muon(ns_steps=jnp.array(5)), TypeError, "muon: ns_steps must be a Python integer, given an arr"),
        (lambda: optim.muon(ns_coefficients=(1, 2)), ValueError, "ns_coefficients must be 3 numbers"),
        (lambda: optim.muon(adjust_lr_fn="any"), ValueError, "adjust_lr_fn must be 'original', 'match_rms_adamw' or"),
    ],
)
def test_bad_settings_are_named(build, error, message):
    with pytest.raises(error, match=message):
        build()
