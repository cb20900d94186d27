"""relu, softmax, log_softmax: kinks, limits, the choice of axis."""

from collections.abc import Callable
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

KINKS = np.array([np.nan, 0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, 1e-30, -1e-30], np.float32)


def test_relu_and_its_slope_at_the_kinks() -> None:
    value, pull = jax.vjp(F.relu, KINKS)
    np.testing.assert_array_equal(value, np.array([np.nan, 0, 0, 1, 0, np.inf, 0, 1e-30, 0], np.float32))
    np.testing.assert_array_equal(pull(jnp.ones(9))[0], [1, 0, 0, 1, 0, 1, 0, 1, 0])


@pytest.mark.torch
def test_relu_at_the_kinks_as_in_torch(torch: ModuleType) -> None:
    leaf = torch.tensor(KINKS, requires_grad=True)
    torch.nn.functional.relu(leaf).sum().backward()
    np.testing.assert_array_equal(jax.vjp(F.relu, KINKS)[1](jnp.ones(9))[0], leaf.grad)


def test_relu_takes_integers_and_ignores_inplace() -> None:
    assert F.relu(np.array([-2, 3], np.int8), inplace=True).tolist() == [0, 3]


@pytest.mark.parametrize(("shape", "dim"), [((), 0), ((4,), 0), ((4, 5), 1), ((3, 4, 5), 0), ((2, 3, 4, 5), 1)])
@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
def test_no_dim_means_the_deprecated_one_and_warns(
    function: Callable[..., jax.Array], shape: tuple[int, ...], dim: int
) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with pytest.warns(UserWarning, match="Implicit dimension choice for .*softmax") as caught:
        y = function(x)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(y, function(x, dim))


def test_softmax_in_numbers() -> None:
    x = np.log(np.array([[1.0, 3.0], [2.0, 6.0]], np.float32))
    np.testing.assert_allclose(F.softmax(x, 1), [[0.25, 0.75]] * 2, rtol=1e-6)
    np.testing.assert_allclose(F.softmax(x, 0), [[1 / 3] * 2, [2 / 3] * 2], rtol=1e-6)
    np.testing.assert_allclose(F.log_softmax(x, -1), np.log([[0.25, 0.75]] * 2), rtol=1e-6)


def test_large_and_infinite_logits() -> None:
    x = np.array([[1e4, 0.0, -1e4], [0.0, -np.inf, 0.0], [-np.inf] * 3, [np.inf, 0, 0]], np.float32)
    half = np.log(np.float32(0.5))
    np.testing.assert_array_equal(F.softmax(x, 1), [[1, 0, 0], [0.5, 0, 0.5], [np.nan] * 3, [np.nan] * 3])
    np.testing.assert_allclose(F.log_softmax(x[:2], 1), [[0, -1e4, -2e4], [half, -np.inf, half]], rtol=1e-6)


def test_half_types_are_computed_in_float32() -> None:
    x = jnp.asarray(np.random.default_rng(0).normal(size=2000), jnp.float16)
    np.testing.assert_array_equal(F.softmax(x, 0), F.softmax(x.astype(jnp.float32), 0).astype(jnp.float16))
    assert F.log_softmax(x, 0, dtype=jnp.float32).dtype == jnp.float32


def test_empty_arrays() -> None:
    assert F.softmax(np.ones((5, 0, 0)), -1).shape == (5, 0, 0)
    assert F.log_softmax(np.ones((5, 0)), 0).shape == (5, 0)
