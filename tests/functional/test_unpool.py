"""Unpooling: shared places, places out of range, and pooling undone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pooling_what_was_unpooled_gives_it_back(axes: int) -> None:
    pool = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[axes]
    unpool = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}[axes]
    shape = (2, 3, *(7, 6, 5)[:axes])
    x = np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape).astype(np.float32)
    value, index = pool(x, 2, return_indices=True)
    whole = unpool(value, index, 2, output_size=x.shape)
    assert whole.shape == x.shape
    np.testing.assert_array_equal(whole.reshape(6, -1).sum(1), value.reshape(6, -1).sum(1))
    np.testing.assert_array_equal(pool(whole, 2), value)


def test_of_a_shared_place_the_last_stays_and_each_gets_its_gradient() -> None:
    x, index = jnp.array([[5.0, 7.0, 1.0]]), np.array([[2, 2, 1]])
    value, pull = jax.vjp(lambda x: F.max_unpool1d(x, index, 2), x)
    assert value.tolist() == [[0, 1, 7, 0, 0, 0]]
    assert pull(jnp.arange(6.0)[None])[0].tolist() == [[2, 2, 1]]
    _, tangent = jax.jvp(lambda x: F.max_unpool1d(x, index, 2), (x,), (jnp.ones_like(x),))
    assert tangent.tolist() == [[0, 1, 2, 0, 0, 0]]


def test_a_traced_place_out_of_range_falls_away() -> None:
    x, index = jnp.array([[5.0, 7.0, 1.0]]), jnp.array([[-1, 6, 1]])
    unpool = jax.jit(lambda x, index: F.max_unpool1d(x, index, 2))
    assert unpool(x, index).tolist() == [[0, 1, 0, 0, 0, 0]]


def test_under_vmap_and_in_half_precision() -> None:
    x, index = jnp.ones((4, 2, 3), jnp.bfloat16), jnp.broadcast_to(jnp.array([0, 2, 5]), (4, 2, 3))
    single = jax.vmap(lambda x, index: F.max_unpool1d(x, index, 2))(x, index)
    np.testing.assert_array_equal(single, F.max_unpool1d(x, index, 2))
    assert single.dtype == jnp.bfloat16
