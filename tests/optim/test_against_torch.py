"""sgd and adam against torch.optim: every combination of settings that is mathematics, 200 steps."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import optim

STEPS = 200
SGD = [
    dict(zip(("momentum", "dampening", "weight_decay", "nesterov", "maximize"), values, strict=True))
    for values in itertools.product((0.0, 0.9), (0.0, 0.3), (0.0, 0.1), (False, True), (False, True))
    if not values[3] or (values[0] and not values[1])
]
ADAM = [
    {
        "betas": betas,
        "weight_decay": decay,
        "amsgrad": amsgrad,
        "maximize": maximize,
        "decoupled_weight_decay": decoupled,
        "eps": eps,
    }
    for (betas, eps), decay, amsgrad, maximize, decoupled in itertools.product(
        (((0.9, 0.999), 1e-8), ((0.0, 0.5), 1e-2)), (0.0, 0.1), (False, True), (False, True), (False, True)
    )
    if decay or not decoupled
]
CASES = [("sgd", "SGD", kw) for kw in SGD] + [("adam", "Adam", kw) for kw in ADAM]
# float64: rounding alone. float32: rounding over 200 steps; the largest seen over all cases is 2.1e-6 of the scale.
TOLERANCE = {"float64": 1e-10, "float32": 2e-5}


def shapes(generator, dtype):
    return {name: generator.normal(size=size).astype(dtype) for name, size in (("w", (4, 3)), ("b", (3,)), ("s", ()))}


def gradients(generator, dtype):
    """Noise whose size varies over six decades and is sometimes zero, as real gradients are."""
    drawn = [shapes(generator, dtype) for _ in range(STEPS)]
    return [
        {name: (g * 10.0 ** -(3 * (i % 3))).astype(dtype) * (i % 7 != 0) for name, g in grads.items()}
        for i, grads in enumerate(drawn)
    ]


def trajectory(tx, params, grads):
    """Parameters after all steps (scanned) and the final state's tensors."""

    def step(carry, g):
        params, state = carry
        updates, state = tx.update(g, state, params)
        return (optax.apply_updates(params, updates), state), params

    stacked = jax.tree.map(lambda *g: jnp.stack(g), *grads)
    (params, state), _ = jax.jit(lambda c, g: jax.lax.scan(step, c, g))((params, tx.init(params)), stacked)
    return params, optim.named_state(state)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("name", "torch_name", "settings"),
    CASES,
    ids=lambda v: "-".join(map(str, v.values())) if isinstance(v, dict) else v,
)
def test_trajectory_and_state_are_torchs(torch, name, torch_name, settings, dtype):
    generator = np.random.default_rng(0)
    start, grads = shapes(generator, dtype), gradients(generator, dtype)
    with jax.enable_x64(dtype == "float64"):
        params, state = trajectory(getattr(optim, name)(0.05, **settings), jax.tree.map(jnp.asarray, start), grads)
    tensors = {n: torch.tensor(value, requires_grad=True) for n, value in start.items()}
    optimizer = getattr(torch.optim, torch_name)(tensors.values(), lr=0.05, **settings)
    for grad in grads:
        for n, tensor in tensors.items():
            tensor.grad = torch.tensor(grad[n])
        optimizer.step()
    expected = {n: tensor.detach() for n, tensor in tensors.items()}
    for n, tensor in tensors.items():
        expected |= {
            f"{n}.{field}": v for field, v in optimizer.state[tensor].items() if field != "step" and v is not None
        }
    computed = {**params, **state}
    assert computed.keys() == expected.keys()
    for n, reference in expected.items():
        gap, scale = np.abs(np.asarray(computed[n]) - reference.numpy()).max(), np.abs(reference.numpy()).max()
        assert gap <= TOLERANCE[dtype] * scale, n


@pytest.mark.torch
@pytest.mark.parametrize(("name", "torch_name"), [("sgd", "SGD"), ("adam", "Adam")])
def test_a_schedule_is_the_learning_rate_of_its_step(torch, name, torch_name):
    generator = np.random.default_rng(0)
    start, grads = shapes(generator, "float64"), gradients(generator, "float64")
    with jax.enable_x64(True):
        params, _ = trajectory(
            getattr(optim, name)(lambda step: 0.1 * 0.98**step), jax.tree.map(jnp.asarray, start), grads
        )
    tensors = {n: torch.tensor(value, requires_grad=True) for n, value in start.items()}
    optimizer = getattr(torch.optim, torch_name)(tensors.values(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.98)
    for grad in grads:
        for n, tensor in tensors.items():
            tensor.grad = torch.tensor(grad[n])
        optimizer.step()
        scheduler.step()
    for n, tensor in tensors.items():
        np.testing.assert_allclose(params[n], tensor.detach().numpy(), rtol=0, atol=1e-10)
