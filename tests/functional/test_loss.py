"""cross_entropy, nll_loss, mse_loss: the formulas, and the rows that must not count."""

from itertools import product
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

SHAPES = [(5,), (6, 5), (4, 5, 3), (2, 5, 3, 2)]


def logs(x: np.ndarray, axis: int) -> np.ndarray:
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def by_rows(x: np.ndarray, t: np.ndarray, w: np.ndarray, ignored: int, smoothing: float, reduction: str) -> np.ndarray:
    """The definition, row by row."""
    rows = np.moveaxis(logs(x, min(x.ndim - 1, 1)), min(x.ndim - 1, 1), -1).reshape(-1, w.size)
    losses, weights = [], []
    for row, target in zip(rows, t.ravel(), strict=True):
        kept = target != ignored
        hard, soft = -w[target] * row[target], -(w * row).sum() / w.size
        losses.append(kept * ((1 - smoothing) * hard + smoothing * soft))
        weights.append(kept * w[target])
    if reduction == "none":
        return np.reshape(losses, t.shape)
    return np.sum(losses) / (np.sum(weights) if reduction == "mean" else 1.0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_class_indices(shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0)
    x, w = draw.normal(size=shape), draw.uniform(0.5, 2, 5)
    t = draw.integers(0, 5, shape[:-1] if len(shape) == 1 else shape[:1] + shape[2:])
    with jax.enable_x64(True):
        for weight, ignored, e, how in product((None, w), (-100, 2), (0.0, 0.1, 1.0), ("mean", "sum", "none")):
            if len(shape) == 1 and t == ignored:
                continue
            ours = F.cross_entropy(x, t, weight, ignore_index=ignored, label_smoothing=e, reduction=how)
            expected = by_rows(x, t, np.ones(5) if weight is None else w, ignored, e, how)
            np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)
            if e == 0.0:
                picked = F.nll_loss(
                    F.log_softmax(x, min(x.ndim - 1, 1)), t, weight, ignore_index=ignored, reduction=how
                )
                np.testing.assert_allclose(picked, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_probabilities(shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0)
    axis = min(len(shape) - 1, 1)
    x, w, p = draw.normal(size=shape), draw.uniform(0.5, 2, 5), np.exp(logs(draw.normal(size=shape), axis))
    across = [5 if a == axis else 1 for a in range(len(shape))]
    with jax.enable_x64(True):
        for weight, e in product((None, w), (0.0, 0.1)):
            rows = -(np.ones(across) if weight is None else w.reshape(across)) * (p * (1 - e) + e / 5) * logs(x, axis)
            for how, expected in {
                "sum": rows.sum(),
                "mean": rows.sum() / (rows.size / 5),
                "none": rows.sum(axis),
            }.items():
                ours = F.cross_entropy(x, p, weight, label_smoothing=e, reduction=how)
                np.testing.assert_allclose(ours, expected, rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"weight": np.ones(3, np.float32)}], ids=str)
def test_where_all_is_ignored_the_mean_is_nan_and_the_gradient_zero(options: dict[str, Any]) -> None:
    x, t = np.ones((2, 3), np.float32), np.array([-100, -100])
    value, gradient = jax.value_and_grad(F.cross_entropy)(x, t, **options)
    assert np.isnan(value)
    assert (gradient == 0).all()
    assert F.cross_entropy(x, t, reduction="sum", **options) == 0


def test_nothing_to_average_is_nan() -> None:
    empty = np.ones((0, 3), np.float32)
    assert np.isnan(F.cross_entropy(empty, np.ones(0, np.int32)))
    assert np.isnan(F.cross_entropy(empty, empty))
    assert np.isnan(F.mse_loss(empty, empty))
    assert F.cross_entropy(empty, np.ones(0, np.int32), reduction="sum") == 0


@pytest.mark.parametrize("target", [3, -1, -7, 100])
def test_an_index_out_of_range_is_told_or_makes_nan(target: int) -> None:
    x, t = np.ones((2, 3), np.float32), np.array([1, target])
    wanted = rf"target holds {target} but input has 3 classes; indices must lie in \[0, 2\] or be ignore_index"
    for function in (F.cross_entropy, F.nll_loss):
        with pytest.raises(ValueError, match=wanted):
            function(x, t)
        with pytest.raises(ValueError, match=wanted):  # the targets are still concrete
            jax.grad(function)(x, t)
        rows = jax.jit(lambda x, t: function(x, t, reduction="none"))(x, t)  # noqa: B023  called within this turn of the loop
        assert np.isfinite(rows[0])
        assert np.isnan(rows[1])
        assert np.isnan(jax.jit(function)(x, t))


def test_an_infinite_logit_of_another_class_does_no_harm() -> None:
    x, t = np.array([[0.0, -np.inf, 0.0]], np.float32), np.array([0])
    value, gradient = jax.value_and_grad(F.cross_entropy)(x, t)
    assert value == pytest.approx(np.log(2))
    np.testing.assert_allclose(gradient, [[-0.5, 0, 0.5]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint32, np.int32])
def test_targets_of_any_integer_dtype(dtype: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 200)).astype(np.float32)
    t = np.array([0, 5, 100, 127])
    assert F.cross_entropy(x, t.astype(dtype)) == F.cross_entropy(x, t)


def test_half_types_count_beyond_their_digits() -> None:
    """bfloat16 cannot count past 256, and float16 overflows at 65,504."""
    rows = np.zeros((1000, 4))
    for dtype in (jnp.bfloat16, jnp.float16):
        x = jnp.asarray(rows, dtype)
        loss = F.cross_entropy(x, np.zeros(1000, np.int32))
        assert loss.dtype == dtype
        assert float(loss) == pytest.approx(np.log(4), rel=1e-2)
        assert float(F.mse_loss(x + 10, x)) == 100


def test_mse() -> None:
    x, t, w = np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 0.0]), np.array([5.0, 1.0, 2.0])
    assert F.mse_loss(x, t, reduction="none").tolist() == [0, 4, 9]
    assert F.mse_loss(x, t, reduction="sum") == 13
    assert F.mse_loss(x, t) == pytest.approx(13 / 3)
    assert F.mse_loss(x, t, weight=w) == pytest.approx(22 / 8)


def test_mse_of_different_sizes_warns_and_broadcasts() -> None:
    x, t = np.array([[1.0], [2.0]], np.float32), np.array([1.0, 3.0], np.float32)
    with pytest.warns(UserWarning, match="different to the input size") as caught:
        rows = F.mse_loss(x, t, reduction="none")
    assert caught[0].filename == __file__
    assert rows.tolist() == [[0, 4], [1, 1]]


@pytest.mark.parametrize(
    ("size_average", "reduce", "meaning"),
    [
        (True, None, "mean"),
        (False, None, "sum"),
        (None, False, "none"),
        (False, False, "none"),
        (None, True, "mean"),
    ],
)
def test_the_deprecated_words_for_a_reduction(size_average: bool | None, reduce: bool | None, meaning: str) -> None:
    x, t = np.ones((2, 3), np.float32), np.array([0, 1])
    calls = {F.cross_entropy: (x, t), F.nll_loss: (x, t), F.mse_loss: (x, x + 1)}
    for function, arguments in calls.items():
        with pytest.warns(UserWarning, match=f"write reduction='{meaning}' instead") as caught:
            ours = function(*arguments, size_average=size_average, reduce=reduce, reduction="nonsense")
        assert caught[0].filename == __file__
        np.testing.assert_array_equal(ours, function(*arguments, reduction=meaning))


@pytest.mark.torch
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.5], [0.0, 0.0, 0.0]], ids=str)
@pytest.mark.parametrize("target", [[0, -100], [-100, -100], [2, 1]], ids=str)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_ignored_rows_and_zero_weights_as_in_torch(
    torch: ModuleType, weight: list[float] | None, target: list[int], smoothing: float
) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    w = None if weight is None else np.array(weight, np.float32)
    leaf = torch.tensor(x, requires_grad=True)
    reference = torch.nn.functional.cross_entropy(
        leaf, torch.tensor(target), None if w is None else torch.tensor(w), label_smoothing=smoothing
    )
    reference.backward()
    value, gradient = jax.value_and_grad(F.cross_entropy)(x, np.array(target), w, label_smoothing=smoothing)
    np.testing.assert_allclose(value, reference.detach(), rtol=1e-6)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-5, atol=1e-7)
