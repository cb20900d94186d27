"""dropout: its distribution, and what PyTorch's formula makes of the same mask."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

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


@pytest.mark.torch
def test_torch_s_samples(torch: ModuleType, entries: Callable[[str], list[Any]]) -> None:
    """Where PyTorch draws a mask, ours takes its place in PyTorch's formula: x · (mask / (1 - p))."""
    (entry,) = entries("nn.functional.dropout")
    with jax.enable_x64(True):
        for number, sample in enumerate(entry.sample_inputs("cpu", torch.float64, requires_grad=True)):
            drop = jax.tree_util.Partial(F.dropout, **sample.kwargs, key=jax.random.key(number))
            ours, pull = jax.vjp(drop, sample.input.detach().numpy())
            p, training = sample.kwargs.get("p", 0.5), sample.kwargs.get("training", True)
            if training and 0 < p < 1:
                noise = torch.tensor(np.asarray(ours) != 0, dtype=torch.float64).div_(1 - p)
                expected = sample.input * noise
            else:
                expected = entry.op(sample.input, *sample.args, **sample.kwargs)
            np.testing.assert_array_equal(ours, expected.detach())
            cotangent = torch.randn_like(expected)
            (gradient,) = torch.autograd.grad(expected, sample.input, cotangent)
            np.testing.assert_array_equal(pull(cotangent.numpy())[0], gradient)
