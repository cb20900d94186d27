"""linear: its shapes, and frozen numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl.functional import _bias


def test_it_multiplies_by_the_transposed_weight() -> None:
    x = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]], np.float32)
    w = np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.5]], np.float32)
    assert F.linear(x, w, np.array([0.25, -1.0], np.float32)).tolist() == [[-1.75, 4.5], [-1.75, -2.5]]


@pytest.mark.parametrize("leading", [(), (4,), (2, 3), (0,), (2, 0, 3)])
def test_leading_axes_are_kept(leading: tuple[int, ...]) -> None:
    x = np.ones((*leading, 5), np.float32)
    assert F.linear(x, np.ones((7, 5), np.float32)).shape == (*leading, 7)
    assert F.linear(x, np.ones(5, np.float32)).shape == leading


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 1), (3, 7), (2, 3, 7)])
def test_bias_broadcasts_as_in_torch(shape: tuple[int, ...]) -> None:
    x, w, b = np.ones((2, 3, 5)), np.ones((7, 5)), np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(F.linear(x, w, b), np.broadcast_to(5 + b, (2, 3, 7)), rtol=1e-6)
    gradient = jax.grad(lambda b: F.linear(x, w, b).sum())(jnp.asarray(b))
    np.testing.assert_array_equal(gradient, np.full(shape, 42 // b.size))


def test_dtype_is_the_input_s() -> None:
    for dtype in (jnp.bfloat16, jnp.float16, jnp.float32, jnp.int8, jnp.complex64):
        assert F.linear(jnp.ones((2, 3), dtype), jnp.ones((4, 3), dtype), jnp.ones(4, dtype)).dtype == dtype


@pytest.mark.parametrize(
    "shape",
    [(5, 3), (0, 5, 3), *(pytest.param(s, marks=pytest.mark.slow) for s in ((3,), (2, 5, 3), (2, 4, 5, 3), (2, 0, 3)))],
)
def test_a_bias_s_derivatives_are_those_of_a_plain_sum(shape: tuple[int, ...]) -> None:
    """Its gradient is a product with ones where that is faster: forward, reverse, batched and mixed."""
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(0), 3)
        y, b, g = (jax.random.normal(k, s) for k, s in zip(keys, (shape, (3,), shape), strict=True))
        for function in (_bias.plus, jnp.add):
            results = [
                *jax.vjp(function, y, b)[1](g),
                jax.jvp(function, (y, b), (g, 2 * b))[1],
                jax.jvp(lambda b, f=function: f(y, b), (b,), (2 * b,))[1],
                jax.vmap(jax.grad(lambda b, f=function: jnp.sum(f(y, b) ** 3)))(jnp.stack([b, 2 * b])),
                jax.hessian(lambda b, f=function: jnp.sum(f(y, b) ** 3))(b),
            ]
            if function is _bias.plus:
                ours = results
        for a, expected in zip(ours, results, strict=True):
            np.testing.assert_allclose(a, expected, rtol=1e-13, atol=1e-13)
