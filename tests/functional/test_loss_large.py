"""Losses of arrays so large that they are summed up in two steps, and of numbers where a logarithm is a series."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl.functional.loss._reduction import SPLIT_FROM

SHAPE = (8, 3, 1024)


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def pair():
    assert np.prod(SHAPE) >= SPLIT_FROM
    rng = np.random.RandomState(0)
    return rng.randn(*SHAPE), rng.randn(*SHAPE)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_value_and_derivatives_of_both_modes(pair, reduction):
    x, t = pair
    share = x.size if reduction == "mean" else 1
    loss = jax.jit(lambda x: F.mse_loss(x, t, reduction=reduction))
    value, gradient = jax.value_and_grad(loss)(x)
    np.testing.assert_allclose(value, ((x - t) ** 2).sum() / share, rtol=1e-13)
    np.testing.assert_allclose(gradient, 2 * (x - t) / share, rtol=1e-13)
    _, tangent = jax.jvp(loss, (x,), (t,))
    np.testing.assert_allclose(tangent, (2 * (x - t) * t).sum() / share, rtol=1e-10)
    _, second = jax.jvp(jax.grad(loss), (x,), (t,))
    np.testing.assert_allclose(second, 2 * t / share, rtol=1e-13)


def test_each_of_a_batch_of_losses_is_its_own(pair):
    x, t = (np.stack([a, 2 * a]) for a in pair)
    together = jax.vmap(jax.value_and_grad(F.mse_loss))(x, t)
    for i in range(2):
        apart = jax.value_and_grad(F.mse_loss)(x[i], t[i])
        jax.tree.map(lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-13), together, apart)


def test_logarithms_of_both_sides_keep_their_digits_and_their_second_derivatives():
    x = np.concatenate([-(10.0 ** np.linspace(-12, 2.5, 200)), 10.0 ** np.linspace(-12, 2.5, 200)])
    exact = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    np.testing.assert_allclose(F.softplus(x, threshold=1000), exact, rtol=1e-14)
    zero = np.zeros_like(x)
    with_logits = jax.jit(lambda x: F.binary_cross_entropy_with_logits(x, zero, reduction="none"))
    np.testing.assert_allclose(with_logits(x), exact, rtol=1e-14)
    slope = jax.vmap(jax.grad(jax.grad(lambda x: F.binary_cross_entropy_with_logits(x, jnp.zeros_like(x)))))(x)
    np.testing.assert_allclose(slope, np.exp(-np.logaddexp(0, x) - np.logaddexp(0, -x)), atol=1e-15)  # of 1 / 4


def test_logarithms_of_a_share_keep_their_digits():
    p = np.concatenate([10.0 ** np.linspace(-300, -0.31, 200), [0.5], 1 - 10.0 ** np.linspace(-15, -0.31, 200)])
    no, yes = (F.binary_cross_entropy(p, np.full_like(p, target), reduction="none") for target in (0.0, 1.0))
    np.testing.assert_allclose(no, -np.log1p(-p), rtol=1e-14)
    np.testing.assert_allclose(yes, np.minimum(-np.log(p), 100), rtol=1e-14)
