"""batch_norm: the formula, the buffers, and how it holds up in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 2, 2)])
def test_training_is_the_formula(shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0)
    x, (mean, weight, bias), var = draw.normal(2, 3, shape), draw.normal(size=(3, 3)), draw.uniform(1, 2, 3)
    axes, across = (0, *range(2, x.ndim)), (1, 3, *[1] * (x.ndim - 2))
    mu, sigma2 = x.mean(axes), x.var(axes)
    expected = (x - mu.reshape(across)) / np.sqrt(sigma2 + 1e-3).reshape(across)
    with jax.enable_x64(True):
        y, new_mean, new_var = F.batch_norm(x, mean, var, weight, bias, training=True, momentum=0.3, eps=1e-3)
    np.testing.assert_allclose(y, expected * weight.reshape(across) + bias.reshape(across), rtol=1e-12)
    np.testing.assert_allclose(new_mean, 0.7 * mean + 0.3 * mu, rtol=1e-12)
    np.testing.assert_allclose(new_var, 0.7 * var + 0.3 * x.var(axes, ddof=1), rtol=1e-12)


def test_evaluation_uses_the_running_statistics() -> None:
    x = np.array([[1.0, 10.0], [3.0, 30.0]], np.float32)
    y = F.batch_norm(x, np.array([1.0, 10.0], np.float32), np.array([4.0, 100.0], np.float32), eps=0.0)
    np.testing.assert_allclose(y, [[0, 0], [1, 2]])


def test_what_comes_back() -> None:
    x, zero, one = jnp.arange(6.0).reshape(3, 2), jnp.zeros(2), jnp.ones(2)
    assert isinstance(F.batch_norm(x, zero, one), jax.Array)
    assert isinstance(F.batch_norm(x, None, None, training=True), jax.Array)
    assert len(F.batch_norm(x, zero, one, training=True)) == 3


@pytest.mark.parametrize("shape", [(0, 2), (3, 2, 0), (0, 2, 4, 4)])
def test_an_empty_batch_changes_nothing(shape: tuple[int, ...]) -> None:
    y, mean, var = F.batch_norm(np.ones(shape), np.zeros(2), np.ones(2), training=True)
    assert (y.shape, mean.tolist(), var.tolist()) == (shape, [0, 0], [1, 1])


def test_an_offset_costs_no_more_digits_than_it_must() -> None:
    """E[x²] - E[x]² would be off by hundreds here; the input alone is rounded by 5e-4."""
    draw = np.random.default_rng(0).normal(size=(64, 4, 8, 8))
    y = F.batch_norm(np.float32(draw + 1e4), None, None, training=True)
    axes = (0, 2, 3)
    expected = (draw - draw.mean(axes, keepdims=True)) / np.sqrt(draw.var(axes, keepdims=True) + 1e-5)
    assert np.abs(y - expected).max() < 3e-3


def test_half_input_is_summed_in_float32_beside_float32_buffers() -> None:
    x = np.random.default_rng(0).normal(5, 1, (4096, 2)).astype(np.float32)
    y, mean, var = F.batch_norm(
        jnp.asarray(x, jnp.bfloat16), jnp.zeros(2), jnp.ones(2), jnp.ones(2), jnp.zeros(2), True, 1.0
    )
    assert (y.dtype, mean.dtype, var.dtype) == (jnp.bfloat16, jnp.float32, jnp.float32)
    np.testing.assert_allclose(mean, x.mean(0), rtol=1e-3)
    np.testing.assert_allclose(var, x.var(0, ddof=1), rtol=1e-2)


def test_momentum_may_be_traced() -> None:
    """As for the cumulative average of nn.BatchNorm(momentum=None), whose factor is 1 / batches seen."""
    x = jnp.arange(6.0).reshape(3, 2)
    moved = jax.jit(lambda seen: F.batch_norm(x, jnp.ones(2), jnp.ones(2), training=True, momentum=1 / seen)[1])
    np.testing.assert_allclose(moved(4.0), [0.75 + 0.25 * 2, 0.75 + 0.25 * 3], rtol=1e-6)


def test_new_running_statistics_carry_no_gradient() -> None:
    def moved(x: jax.Array) -> jax.Array:
        return sum(jnp.sum(b) for b in F.batch_norm(x, jnp.ones(2), jnp.ones(2), training=True)[1:])

    assert (jax.grad(moved)(jnp.arange(6.0).reshape(3, 2)) == 0).all()
