"""Pooling modules beyond PyTorch's module database: unpooling, and what fractional pooling draws from."""

from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import nn


@pytest.mark.torch
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_unpooling_as_in_torch(torch: ModuleType, axes: int) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, *(7, 5, 3)[:axes])).astype(np.float32)
    ours = getattr(nn, f"MaxPool{axes}d")(3, 2, 1, return_indices=True)
    theirs = getattr(torch.nn, f"MaxPool{axes}d")(3, 2, 1, return_indices=True)
    value, index = theirs(torch.tensor(x))
    for size in (None, x.shape[2:], x.shape):
        expected = getattr(torch.nn, f"MaxUnpool{axes}d")(3, 2, 1)(value, index, size)
        unpooled = getattr(nn, f"MaxUnpool{axes}d")(3, 2, 1)(*ours(x), size)
        np.testing.assert_array_equal(unpooled, expected)


def test_fractional_pooling_draws_from_the_call_s_key_in_evaluation_too() -> None:
    x = jnp.arange(400.0).reshape(1, 1, 20, 20)
    model = nn.Sequential(nn.FractionalMaxPool2d(2, output_size=13), nn.FractionalMaxPool2d(2, output_ratio=0.5))
    apply, params, buffers = nn.functionalize(model)
    drawn = [apply(params, buffers, x, key=jax.random.key(seed))[0].tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(ValueError, match=r"FractionalMaxPool2d draws .* was given no key"):
        apply(params, buffers, x)


def test_given_samples_are_a_buffer_and_need_no_key() -> None:
    samples = jnp.full((1, 1, 2), 0.3)
    module = nn.FractionalMaxPool2d(2, 3, _random_samples=samples)
    assert list(nn.state_dict(module)) == ["_random_samples"]
    assert module(jnp.arange(36.0).reshape(1, 1, 6, 6))[0, 0].tolist() == [[7, 9, 11], [19, 21, 23], [31, 33, 35]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kernel_size": 2}, "output_size is None and output_ratio is None; give one of them"),
        ({"kernel_size": 2, "output_size": 2, "output_ratio": 0.5}, "output_size is 2 and output_ratio is 0.5"),
        ({"kernel_size": 2, "output_ratio": (0.5, 1.0)}, r"output_ratio is \(0.5, 1.0\); it must lie between 0 and 1"),
        ({"kernel_size": 0, "output_size": 2}, "kernel_size is 0; it must be at least 1"),
    ],
)
def test_fractional_pooling_refuses(arguments: dict[str, object], words: str) -> None:
    for module in (nn.FractionalMaxPool2d, nn.FractionalMaxPool3d):
        with pytest.raises(ValueError, match=f"^{module.__name__}: {words}"):
            module(**arguments)  # type: ignore[arg-type]
