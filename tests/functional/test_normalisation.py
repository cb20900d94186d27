"""layer_norm, rms_norm, group_norm, instance_norm and local_response_norm: digits, buffers, and what is refused."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl.functional.normalisation._standardise import spread, total


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


X, HALF = ones(2, 4, 3), jnp.ones((2, 4), jnp.bfloat16)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 16, 17, 49, 96, 97, 768, 8192])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_sum_in_stages_is_the_sum_and_its_transpose_repeats(size: int, axis: int) -> None:
    shape = (size, 3) if axis == 0 else (3, size)
    x, v = np.random.default_rng(0).normal(size=shape), np.array([1.0, 2.0, 3.0])
    with jax.enable_x64(True):
        np.testing.assert_allclose(total(jnp.asarray(x), axis), x.sum(axis), rtol=1e-11, atol=1e-11)
        repeated, pull = jax.vjp(lambda v: spread(v, size, axis), jnp.asarray(v))
        np.testing.assert_array_equal(repeated, np.broadcast_to(np.expand_dims(v, axis), shape))
        np.testing.assert_allclose(pull(jnp.asarray(x))[0], x.sum(axis), rtol=1e-11, atol=1e-11)


def test_an_offset_costs_no_more_digits_than_it_must() -> None:
    """E[x²] - E[x]² would be off by hundreds here; the input alone is rounded by 5e-4."""
    draw = np.random.default_rng(0).normal(size=(64, 768))
    y = F.layer_norm(np.float32(draw + 1e4), (768,))
    expected = (draw - draw.mean(1, keepdims=True)) / np.sqrt(draw.var(1, keepdims=True) + 1e-5)
    assert np.abs(y - expected).max() < 3e-3


def test_one_value_has_no_derivative() -> None:
    """PyTorch's is rounding: 4e-14 by the weight in float64, 1e-4 in float32."""
    x, weight = jnp.array([[5.3]]), jnp.array([2.0])
    gradients = jax.grad(lambda x, w: F.layer_norm(x, (1,), w).sum(), (0, 1))(x, weight)
    assert [g.ravel().tolist() for g in gradients] == [[0.0], [0.0]]


def test_new_running_statistics_of_instances() -> None:
    x = np.random.default_rng(0).normal(2, 3, (4, 3, 7)).astype(np.float32)
    y, mean, var = F.instance_norm(x, ones(3) * 0, ones(3), momentum=0.3)
    np.testing.assert_allclose(mean, 0.3 * x.mean((0, 2)), rtol=1e-5)
    np.testing.assert_allclose(var, 0.7 + 0.3 * x.var(2, ddof=1).mean(0), rtol=1e-5)
    assert y.shape == x.shape
    assert isinstance(F.instance_norm(x, mean, var, use_input_stats=False), jax.Array)
    assert jnp.isnan(F.instance_norm(x[:0], mean, var)[1]).all()  # as in PyTorch


def test_half_input_takes_float32_parameters_all_or_none() -> None:
    assert F.layer_norm(HALF, (4,), ones(4), ones(4)).dtype == jnp.bfloat16
    with pytest.raises(TypeError, match="layer_norm: input has dtype bfloat16 but weight has dtype float32 and bias"):
        F.layer_norm(HALF, (4,), ones(4), jnp.ones(4, jnp.bfloat16))


def test_a_complex_root_mean_square_is_of_squares() -> None:
    x = np.array([1 + 2j, 3 - 1j], np.complex64)
    np.testing.assert_allclose(F.rms_norm(x, (2,), eps=0.0), x / np.sqrt((x * x).mean()), rtol=1e-5)


def test_the_response_of_integers_is_of_rounded_means() -> None:
    """The figures are PyTorch 2.13's."""
    y = F.local_response_norm(np.arange(6).reshape(1, 3, 2) * 10, 2, 1.0)
    np.testing.assert_allclose(y.ravel(), [0, 0.523989, 0.374656, 0.283298, 0.224768, 0.188774], rtol=1e-5)


def test_a_wide_window_is_a_narrow_one_of_all_channels() -> None:
    x = np.random.default_rng(0).normal(size=(1, 40, 2)).astype(np.float32)
    expected = x / (1 + np.square(x).sum(1, keepdims=True) / 99) ** 0.75
    np.testing.assert_allclose(F.local_response_norm(x, 99, 1.0), expected, rtol=1e-5)


# (the call, the exception, the words)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.layer_norm(X, 3), TypeError, "layer_norm: normalized_shape must be a tuple or list"),
    (lambda: F.layer_norm(X, ()), ValueError, r"layer_norm: normalized_shape is \(\)"),
    (lambda: F.layer_norm(X, (4,)), ValueError, r"layer_norm: normalized_shape is \(4,\) but input has shape"),
    (lambda: F.layer_norm(X, (3,), ones(4)), ValueError, r"layer_norm: weight has shape \(4,\)"),
    (lambda: F.layer_norm(X, (4, 3), None, ones(3)), ValueError, r"layer_norm: bias has shape \(3,\)"),
    (lambda: F.layer_norm(X, (3,), HALF[0, :3]), TypeError, "layer_norm: input has dtype float32 but weight has"),
    (lambda: F.layer_norm(X.astype(int), (3,)), TypeError, "layer_norm: input has dtype int"),
    (lambda: F.rms_norm(X, (3,), ones(4)), ValueError, r"rms_norm: weight has shape \(4,\)"),
    (lambda: F.rms_norm(X > 0, (3,)), TypeError, "rms_norm: input has dtype bool"),
    (lambda: F.rms_norm(X, (3,), ones(3) * 1j), TypeError, "rms_norm: weight has dtype complex"),
    (lambda: F.group_norm(X, 3), ValueError, "group_norm: num_groups is 3 but input .* has 4 channels"),
    (lambda: F.group_norm(X, 0), ValueError, "group_norm: num_groups is 0"),
    (lambda: F.group_norm(X, True), TypeError, "group_norm: num_groups must be an integer"),
    (lambda: F.group_norm(X[0, 0], 1), ValueError, r"group_norm: input has shape \(3,\)"),
    (lambda: F.group_norm(ones(1, 2), 2), ValueError, "group_norm: .* one value in each of 2 groups"),
    (lambda: F.group_norm(X, 2, ones(3)), ValueError, r"group_norm: weight has shape \(3,\)"),
    (lambda: F.instance_norm(X[..., :1]), ValueError, "instance_norm: .* one position per channel"),
    (lambda: F.instance_norm(X[0, 0]), ValueError, r"instance_norm: input has shape \(3,\)"),
    (lambda: F.instance_norm(X, ones(4)), ValueError, "instance_norm: running_var is None"),
    (lambda: F.instance_norm(X, use_input_stats=False), ValueError, "running_mean and running_var is None"),
    (lambda: F.instance_norm(X, weight=ones(3)), ValueError, r"instance_norm: weight has shape \(3,\)"),
    (lambda: F.local_response_norm(X[0], 2), ValueError, "local_response_norm: input has shape"),
    (lambda: F.local_response_norm(X, 0), ValueError, "local_response_norm: size is 0"),
    (lambda: F.local_response_norm(X, 2.0), TypeError, "local_response_norm: size must be an integer"),
    (lambda: F.local_response_norm(X > 0, 2), TypeError, "local_response_norm: input has dtype bool"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_what_is_refused(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
