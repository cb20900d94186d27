"""Compiled for a CPU, images are computed channels last between convolutions, and nothing else changes."""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

SLOPES = jnp.array([0.1, -0.2, 0.3])
KEY = jax.random.key(0)
FAST_COMPILE = {"xla_backend_optimization_level": 0}  # a program that runs once

ACTIVATIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hardtanh": lambda x: F.hardtanh(x, -0.5, 0.7),
    "leaky_relu": F.leaky_relu,
    "one slope": lambda x: F.prelu(x, jnp.array([0.25], x.dtype)),
    "slopes": lambda x: F.prelu(x, SLOPES.astype(x.dtype)),
    "drawn slopes": lambda x: F.rrelu(x, training=True, key=KEY),
    "silu": F.silu,
    "gelu": F.gelu,
    "elu": F.elu,
    "softplus": F.softplus,
    "tanh": F.tanh,
    "hardshrink": F.hardshrink,
}
POOLS = {
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "avg_pool2d, ceiling": lambda x: F.avg_pool2d(x, 2, 3, ceil_mode=True),
    "max_pool2d": lambda x: F.max_pool2d(x, (2, 3)),
    "max_pool2d, places": lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
    "max_pool2d, large windows": lambda x: F.max_pool2d(x, (5, 1)),
    "lp_pool2d": lambda x: F.lp_pool2d(jnp.abs(x) + 1, 2.0, 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
}


def images(shape: tuple[int, ...], dtype: type = np.float32) -> jax.Array:
    x = np.random.RandomState(0).standard_normal(shape).astype(np.float32)
    x.flat[::7] = 0.5  # ties
    x.flat[::11] = np.nan
    return jnp.asarray(x, dtype)


def pulled(functions: dict[str, Callable[[jax.Array], jax.Array]], x: jax.Array) -> dict[str, tuple[jax.Array, ...]]:
    """Each one's value, what it pulls back of some weights and what it pushes forward, all from one program."""

    def everything(x: jax.Array, change: jax.Array) -> dict[str, tuple[jax.Array, ...]]:
        found = {}
        for name, function in functions.items():
            y, pull = jax.vjp(function, x)
            weight = jnp.cos(jnp.arange(y.size, dtype=x.dtype)).reshape(y.shape)
            found[name] = (y, *pull(weight), jax.jvp(function, (x,), (change,))[1])
        return found

    jax.clear_caches()  # of what was traced for another backend
    return jax.jit(everything, compiler_options=FAST_COMPILE)(x, jnp.sin(x))


def same(functions: dict[str, Callable[[jax.Array], jax.Array]], x: jax.Array, monkeypatch: pytest.MonkeyPatch) -> None:
    """Computed channels last and, as on an accelerator, not: the same numbers."""
    here = pulled(functions, x)
    with monkeypatch.context() as patch:
        patch.setattr(jax, "default_backend", lambda: "gpu")
        there = pulled(functions, x)
    for name, arrays in here.items():
        for ours, plain in zip(arrays, there[name], strict=True):
            assert (ours.shape, ours.dtype) == (plain.shape, plain.dtype)
            np.testing.assert_allclose(ours, plain, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 3, 4, 5), np.float32),
        ((2, 3, 4, 2, 3), np.float32),
        ((0, 3, 4, 4), np.float32),
        ((2, 3, 4, 5), jnp.bfloat16),
    ],
)
def test_activations_are_the_same_in_either_order(
    shape: tuple[int, ...], dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    same(ACTIVATIONS, images(shape, dtype), monkeypatch)


def test_pools_are_the_same_in_either_order(monkeypatch: pytest.MonkeyPatch) -> None:
    same(POOLS, images((2, 3, 6, 6)), monkeypatch)
    volumes = {"max": lambda x: F.max_pool3d(x, 2), "avg": lambda x: F.avg_pool3d(x, (2, 1, 2))}
    same(volumes, images((2, 3, 4, 4, 4)), monkeypatch)


def turns(function: Callable[..., Any], *arguments: jax.Array) -> int:
    """Transposed arrays in the program."""
    text = jax.jit(function).lower(*arguments).compile().as_text()
    return len(re.findall(r"\} transpose\(", text))


@pytest.mark.parametrize("activation", ["silu", "slopes of 8", "relu6"])
def test_nothing_is_turned_between_convolutions(activation: str) -> None:
    function = ACTIVATIONS.get(activation, lambda x: F.prelu(x, jnp.linspace(0.1, 0.5, 8)))
    first, second, x = jnp.ones((8, 8, 3, 3)), jnp.ones((8, 8, 3, 3)), jnp.ones((2, 8, 8, 8))

    def network(x: jax.Array, first: jax.Array, second: jax.Array) -> jax.Array:
        x = F.avg_pool2d(function(F.conv2d(x, first, padding=1)), 2)
        return F.max_pool2d(function(F.conv2d(x, second, padding=1)), 2).mean((2, 3))

    assert turns(network, x, first, second) == 3  # the image on its way in, and two kernels


def test_batches_and_second_derivatives_pass() -> None:
    x = images((2, 3, 2, 4, 4))[..., 1:3, :2]
    x = jnp.where(jnp.isnan(x), 0.25, x)

    def one(x: jax.Array) -> jax.Array:
        return jnp.sum(F.max_pool2d(F.silu(x), 2) ** 2)

    mapped = jax.jit(jax.vmap(jax.grad(one)))(x)
    np.testing.assert_allclose(mapped, jnp.stack([jax.grad(one)(image) for image in x]), rtol=1e-6)
    curvature = jax.jit(jax.hessian(one))(x[0])
    assert curvature.shape == 2 * x[0].shape
    size = x[0].size
    matrix = np.asarray(curvature).reshape(size, size)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-5, atol=1e-6)
    assert np.abs(matrix).max() > 0.1
