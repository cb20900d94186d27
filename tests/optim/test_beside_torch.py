"""What optim_db has no case for, beside PyTorch: groups, clipping, averages, L-BFGS on a function."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import optim

pytestmark = [pytest.mark.torch, pytest.mark.slow]

START = {"fc.weight": np.array([[1.0, -2.0], [0.5, 3.0]]), "fc.bias": np.array([0.3, -0.7]), "scale": np.array(1.5)}


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def assert_same(ours, theirs, tolerance=1e-12):
    for name, tensor in theirs.items():
        np.testing.assert_allclose(ours[name], tensor.detach().numpy(), rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("name", ["SGD", "AdamW", "RMSprop"])
def test_groups_are_torchs_groups(torch, name):
    leaves = {key: torch.tensor(value, requires_grad=True) for key, value in START.items()}
    optimizer = getattr(torch.optim, name)(
        [
            {"params": [leaves["fc.weight"]]},
            {"params": [leaves["fc.bias"]], "weight_decay": 0.0},
            {"params": [leaves["scale"]], "lr": 0.5},
        ],
        lr=0.01,
        weight_decay=0.1,
    )
    tx = optim.param_groups(
        getattr(optim, name.lower()),
        {"*.bias": {"weight_decay": 0.0}, "scale": {"learning_rate": 0.5}},
        learning_rate=0.01,
        weight_decay=0.1,
    )
    params = {key: jnp.asarray(value) for key, value in START.items()}
    state, update = tx.init(params), jax.jit(tx.update)
    for step in range(20):
        for leaf in leaves.values():
            leaf.grad = torch.cos(leaf.detach() + step)
        optimizer.step()
        gradients = {key: jnp.cos(value + step) for key, value in params.items()}
        updates, state = update(gradients, state, params)
        params = optax.apply_updates(params, updates)
    assert_same(params, leaves)
    assert update._cache_size() == 1


@pytest.mark.parametrize("order", [2.0, 1.0, 3.0, np.inf, 0.0])
@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_clipping_by_the_norm(torch, order, limit):
    leaves = {key: torch.tensor(value) for key, value in START.items()}
    for leaf in leaves.values():
        leaf.requires_grad_()
        leaf.grad = torch.sin(3 * leaf.detach())
    gradients = {key: jnp.sin(3 * value) for key, value in START.items()}
    norm = torch.nn.utils.clip_grad_norm_(leaves.values(), limit, order)
    np.testing.assert_allclose(optim.total_norm(gradients, order), norm, rtol=1e-12)
    clip = optim.clip_grad_norm(limit, order)
    clipped, _ = jax.jit(clip.update)(gradients, clip.init(gradients))
    assert_same(clipped, {key: leaf.grad for key, leaf in leaves.items()})


def test_clipping_by_value(torch):
    leaf = torch.zeros(5, requires_grad=True)
    leaf.grad = torch.tensor([-3.0, -0.5, 0.0, 0.25, np.nan])
    torch.nn.utils.clip_grad_value_([leaf], 0.5)
    clip = optim.clip_grad_value(0.5)
    clipped, _ = clip.update({"w": jnp.array([-3.0, -0.5, 0.0, 0.25, jnp.nan])}, clip.init(None))
    np.testing.assert_array_equal(clipped["w"], leaf.grad.numpy())


def test_a_norm_that_is_not_finite_is_an_error_if_asked_for():
    with pytest.raises(ValueError, match="clip_grad_norm"):
        optim.clip_grad_norm(1.0, error_if_nonfinite=True).update({"w": jnp.array([jnp.inf])}, optax.EmptyState())


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_averages_are_averaged_models(torch, kind, use_buffers):
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    model = torch.nn.BatchNorm1d(3, dtype=torch.float64)
    arguments = {"multi_avg_fn": get_ema_multi_avg_fn(0.9)} if kind == "ema" else {}
    reference = AveragedModel(model, use_buffers=use_buffers, **arguments)
    average = optim.ema(0.9, use_buffers) if kind == "ema" else optim.swa(use_buffers)

    def tensors(named):
        return {name: jnp.asarray(tensor.detach().numpy().copy()) for name, tensor in named}

    state = average.init(tensors(model.named_parameters()), tensors(model.named_buffers()))
    update = jax.jit(average.update)
    for _ in range(6):
        model(torch.randn(5, 3, dtype=torch.float64))
        with torch.no_grad():
            model.weight += torch.randn(3, dtype=torch.float64)
        reference.update_parameters(model)
        state = update(state, tensors(model.named_parameters()), tensors(model.named_buffers()))
    assert_same(state.params, dict(reference.module.named_parameters()))
    assert_same(state.buffers, dict(reference.module.named_buffers()))
    assert int(state.n_averaged) == int(reference.n_averaged)
    assert update._cache_size() == 1


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_takes_torchs_path(torch, search):
    """Rosenbrock's valley: the same points and as many evaluations, update by update."""
    point = torch.tensor([-1.2, 1.0, 0.8], dtype=torch.float64, requires_grad=True)
    arguments = {"max_iter": 6, "history_size": 4, "line_search_fn": search}
    rate = 1.0 if search else 0.002

    def valley(p, total):
        return total(100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2)

    optimizer = torch.optim.LBFGS([point], lr=rate, **arguments)

    def closure():
        optimizer.zero_grad()
        loss = valley(point, torch.sum)
        loss.backward()
        return loss

    tx = optim.lbfgs(rate, **arguments)

    def loss(params):
        return valley(params["p"], jnp.sum)

    @jax.jit
    def step(params, state):
        value, gradients = jax.value_and_grad(loss)(params)
        updates, state = tx.update(gradients, state, params, value=value, value_fn=loss)
        return optax.apply_updates(params, updates), state

    params = {"p": jnp.asarray(point.detach().numpy().copy())}
    state = tx.init(params)
    for _ in range(4):
        optimizer.step(closure)
        params, state = step(params, state)
        memory = optimizer.state[point]
        assert int(state.func_evals) == memory["func_evals"]
        assert int(state.n_iter) == memory["n_iter"]
        np.testing.assert_allclose(params["p"], point.detach().numpy(), rtol=1e-9, atol=1e-9)
    assert step._cache_size() == 1


def test_lbfgs_of_many_under_vmap():
    tx = optim.lbfgs(line_search_fn="strong_wolfe")

    def minimum(target):
        def loss(p):
            return jnp.sum((p - target) ** 4 + (p - target) ** 2)

        p = jnp.zeros(3)
        value, gradient = jax.value_and_grad(loss)(p)
        updates, _ = tx.update(gradient, tx.init(p), p, value=value, value_fn=loss)
        return p + updates

    targets = jnp.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 5.0]])
    found = jax.jit(jax.vmap(minimum))(targets)
    np.testing.assert_allclose(found, targets, rtol=0, atol=1e-5)  # tolerance_change stops it there
