"""A trajectory is the way that `fit` takes, step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import data, optim, random, train


def bowl(learning_rate=0.1):
    return train.minimise(lambda w, x, y: jnp.mean((x @ w - y) ** 2), jnp.zeros(2), optim.sgd(learning_rate, 0.5))


def rows():
    x = np.arange(24, dtype=np.float32).reshape(12, 2) / 24
    return x, x @ np.array([1.0, -2.0], np.float32)


def test_it_ends_where_fit_ends():
    source = data.ArraySource(rows(), batch_size=4)
    reached, history = train.fit(bowl(), source, epochs=1, progress=False)
    start = bowl().init(random.TorchGenerator(0))
    batches = tuple(array.reshape(3, 4, *array.shape[1:]) for array in rows())
    path, measured = train.trajectory(bowl(), start, batches)
    assert path["x"].shape == (4, 2)
    np.testing.assert_array_equal(path["x"][0], start.params["x"])
    np.testing.assert_allclose(path["x"][-1], reached.params["x"], rtol=1e-6)
    np.testing.assert_allclose(measured["loss"], history["loss"], rtol=1e-6)


def test_learning_rates_go_side_by_side():
    start = bowl().init(random.TorchGenerator(0))

    def ends(rate):
        path, _ = train.trajectory(bowl(rate), start, tuple(array[None] for array in rows()))
        return path["x"][-1]

    together = jax.vmap(ends)(jnp.array([0.1, 0.2]))
    np.testing.assert_allclose(together[1], 2 * together[0], rtol=1e-6)


def test_it_must_know_how_many_steps():
    with pytest.raises(ValueError, match="give batches, or how many steps"):
        train.trajectory(bowl(), bowl().init(random.TorchGenerator(0)))
