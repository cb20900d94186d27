"""The dropouts: distributions, shapes of masks, and what PyTorch's formula makes of the same mask."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl.parity.noise import keyed, masked

KEY = jax.random.key(0)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_share_that_falls_and_the_scale_of_the_rest(p: float) -> None:
    y = np.asarray(F.dropout(jnp.ones((500, 400)), p, key=KEY))
    fallen = (y == 0).mean()
    assert abs(fallen - p) < 5 * np.sqrt(p * (1 - p) / y.size)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / (1 - p))}
    assert np.abs((y == 0).mean(axis=1) - p).max() < 5 * np.sqrt(p * (1 - p) / 400)  # rows are not alike by chance


def test_the_gradient_is_the_mask() -> None:
    y, pull = jax.vjp(lambda x: F.dropout(x, 0.3, key=KEY), jnp.ones(100))
    np.testing.assert_array_equal(pull(jnp.ones(100))[0], y)


def test_one_key_one_mask() -> None:
    first, again, other = (F.dropout(jnp.ones(100), key=key) for key in (KEY, jax.random.key(0), jax.random.key(1)))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_nothing_is_drawn_where_nothing_is_random() -> None:
    x = np.array([np.nan, np.inf, -1.0], np.float32)
    np.testing.assert_array_equal(F.dropout(x, 0.5, training=False), x)
    np.testing.assert_array_equal(F.dropout(x, 0.0), x)
    np.testing.assert_array_equal(F.dropout(x, 1.0), [np.nan, np.nan, 0])
    assert F.dropout(np.ones(3, np.int32), 1.0).tolist() == [0, 0, 0]
    assert F.dropout(np.ones((0, 3))).shape == (0, 3)


def test_a_key_is_asked_for_where_a_mask_is_drawn() -> None:
    with pytest.raises(ValueError, match=r"dropout: key is None but training with p=0\.5 draws a mask; pass key="):
        F.dropout(np.ones(3))


KINDS = [F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout]


def sample(function: Callable[..., jax.Array]) -> np.ndarray:
    """An input of a shape that the function takes without a warning."""
    x = np.random.default_rng(0).normal(size=(3, 4, 2, 2, 2))
    return x[..., 0, 0] if "1d" in function.__name__ else x[..., 0] if "2d" in function.__name__ else x


@pytest.mark.parametrize(
    ("function", "shape", "mask"),
    [
        (F.dropout1d, (40, 50, 3), (40, 50, 1)),
        (F.dropout1d, (500, 3), (500, 1)),
        (F.dropout2d, (40, 50, 2, 3), (40, 50, 1, 1)),
        (F.dropout3d, (40, 50, 1, 2, 3), (40, 50, 1, 1, 1)),
        (F.dropout3d, (500, 1, 2, 3), (500, 1, 1, 1)),
        (F.feature_alpha_dropout, (40, 50, 6), (40, 50, 1)),
    ],
)
def test_channels_fall_as_a_whole(
    function: Callable[..., jax.Array], shape: tuple[int, ...], mask: tuple[int, ...]
) -> None:
    """The share that falls is within 5 standard deviations: a false alarm in 1.7 million."""
    ones, zeros = (function(jnp.full(shape, value), 0.3, True, key=KEY) for value in (1.0, 0.0))
    fallen = np.asarray(ones == zeros)
    channels = fallen[tuple(slice(size) for size in mask)]
    np.testing.assert_array_equal(np.broadcast_to(channels, shape), fallen)
    assert abs(channels.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / channels.size)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    """Within 5 standard deviations of n samples: 1/√n for the mean, less than 2.4/√n for the second moment."""
    n = 400_000
    y = np.asarray(F.alpha_dropout(jax.random.normal(jax.random.key(1), (n,)), 0.4, True, key=KEY))
    assert abs(y.mean()) < 5 / np.sqrt(n)
    assert abs((y**2).mean() - 1) < 5 * 2.4 / np.sqrt(n)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("function", KINDS, ids=lambda function: function.__name__)
def test_torch_s_formula_with_our_mask(torch: ModuleType, function: Callable[..., jax.Array]) -> None:
    x = sample(function)
    with jax.enable_x64(True):
        for p in (0.0, 0.3, 1.0):
            leaf = torch.tensor(x, requires_grad=True)
            expected = masked(function)(torch, leaf, p, True)
            value, pull = jax.vjp(lambda x, p=p: keyed(function)(x, p, True), jnp.asarray(x))
            np.testing.assert_allclose(value, expected.detach(), 1e-12, 1e-15)
            (gradient,) = torch.autograd.grad(expected.sum(), leaf)
            np.testing.assert_allclose(pull(jnp.ones(x.shape))[0], gradient, 1e-12, 1e-15)


@pytest.mark.parametrize("function", KINDS, ids=lambda function: function.__name__)
def test_every_kind_draws_only_in_training(function: Callable[..., jax.Array]) -> None:
    x = sample(function).astype(np.float32)
    np.testing.assert_array_equal(function(x, 0.5, training=False), x)
    np.testing.assert_array_equal(function(x, 0.0, training=True), x)
    np.testing.assert_array_equal(function(x, 1.0, training=True), 0 * x)
    with pytest.raises(ValueError, match=f"{function.__name__}: key is None but training with p="):
        function(x, 0.5, training=True)


@pytest.mark.parametrize(
    ("call", "exception", "words"),
    [
        (lambda: F.dropout1d(np.ones((2, 2, 2, 2)), training=False), ValueError, r"dropout1d: input has shape \(2, 2"),
        (lambda: F.feature_alpha_dropout(np.ones(3), 0.5, True), ValueError, "feature_alpha_dropout: .* no axis of ch"),
        (lambda: F.alpha_dropout(np.ones(3), -0.1), ValueError, r"alpha_dropout: p is -0\.1; a probability lies in"),
        (lambda: F.dropout3d(np.ones((2, 2, 2, 2)), "a"), TypeError, "dropout3d: p must be a number .* but got 'a'"),
        (lambda: F.alpha_dropout(np.ones(3, int), training=True), TypeError, "alpha_dropout: input has dtype int"),
    ],
)
def test_refused(call: Callable[[], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words):
        call()


def test_shapes_that_are_taken_otherwise_than_one_might_think_warn() -> None:
    with pytest.warns(UserWarning, match=r"dropout2d: input of shape \(2, 2, 2\) is taken as \[N, C, L\]") as caught:
        F.dropout2d(np.ones((2, 2, 2)), training=False)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"dropout2d: input has shape \(2, 2\) instead of \[N, C, H, W\]"):
        F.dropout2d(np.ones((2, 2)), training=False)
    with pytest.warns(UserWarning, match=r"dropout3d: input has shape \(2, 2, 2\) instead of"):
        F.dropout3d(np.ones((2, 2, 2)), training=False)
