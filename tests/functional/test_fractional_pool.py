"""What fractional pooling draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F


def starts(x_size: int, kernel: int, count: int, key: jax.Array, planes: int) -> np.ndarray:
    """Where the windows of each plane begin: with rising elements a window's maximum is its last."""
    x = jnp.broadcast_to(jnp.arange(float(x_size))[:, None], (planes, 1, x_size, 2))
    rows = F.fractional_max_pool2d(x, (kernel, 1), (count, 1), key=key)
    return np.asarray(rows)[:, 0, :, 0].astype(int) - kernel + 1


def test_windows_fit_rise_and_end_at_the_edge() -> None:
    begins = starts(25, 2, 18, jax.random.key(1), 500)
    steps = np.diff(begins, axis=1)
    assert (begins[:, 0] == 0).all()
    assert (begins[:, -1] == 23).all()
    assert set(np.unique(steps)) == {1, 2}  # α = 23 / 17


def test_the_samples_are_uniform() -> None:
    """α = 1.5 and three windows: the second begins at ⌊1.5(1 + u)⌋ - ⌊1.5u⌋, which is 1 if u < 1/3 or u ≥ 2/3, else 2.

    Of 20,000 planes, the share with 1 is within 5 standard deviations of 2/3: a false alarm in 1.7 million runs.
    """
    second = starts(5, 2, 3, jax.random.key(0), 20_000)[:, 1]
    assert abs((second == 1).mean() - 2 / 3) < 5 * np.sqrt(2 / 9 / 20_000)


def test_planes_axes_and_keys_draw_their_own() -> None:
    first, again, other = (starts(40, 3, 17, jax.random.key(seed), 8) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(np.unique(first, axis=0)) > 1
    x = jnp.arange(40.0)[:, None] * 100 + jnp.arange(40.0)
    _, index = F.fractional_max_pool2d_with_indices(x[None], 3, 17, key=jax.random.key(0))
    rows, columns = np.divmod(np.asarray(index[0]), 40)
    assert (rows[:, 0] != columns[0]).any()


def test_samples_outside_the_unit_interval_stay_in_the_plane() -> None:
    x = jnp.arange(36.0).reshape(1, 6, 6)
    for sample in (-0.7, 9.0, np.nan):
        value, index = F.fractional_max_pool2d_with_indices(x, 2, 3, _random_samples=jnp.full((1, 1, 2), sample))
        np.testing.assert_array_equal(value, index)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_a_ratio_is_rounded_down_and_keeps_the_dtype(dtype: jnp.dtype) -> None:
    pooled = F.fractional_max_pool3d(jnp.ones((2, 1, 5, 6, 7), dtype), 2, output_ratio=0.5, key=jax.random.key(0))
    assert (pooled.shape, pooled.dtype) == ((2, 1, 2, 3, 3), dtype)
