"""ctc_loss: against every alignment counted one by one, its derivatives, and the ways of giving its arguments."""

from itertools import groupby, product
from types import ModuleType
from typing import Any

import jax
import numpy as np
import pytest

from jaxdl import functional as F

FAST_COMPILE = {"xla_backend_optimization_level": 0}


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def counted(log_probs: np.ndarray, labels: list[int], blank: int) -> float:
    """The definition: the sum over all sequences of classes that come to the labels."""
    total = 0.0
    for path in product(range(log_probs.shape[1]), repeat=log_probs.shape[0]):
        merged = [c for c, _ in groupby(path) if c != blank]
        if merged == labels:
            total += np.exp(sum(log_probs[t, c] for t, c in enumerate(path)))
    return -np.log(total) if total else np.inf


@pytest.mark.parametrize("blank", [0, 2])
def test_every_alignment_counts(blank: int) -> None:
    """A repetition needs a blank between; too short an input has no alignment; no labels mean blanks alone."""
    log_probs = log_softmax(np.random.default_rng(0).normal(size=(5, 6, 3)))
    others = [c for c in range(3) if c != blank]
    targets = [[others[0], others[1]], [others[0]] * 2, [others[1]], [], [others[0]] * 3, [others[0], others[1]]]
    steps = (5, 4, 1, 3, 4, 0)
    padded = np.array([row + [7] * (3 - len(row)) for row in targets])  # what lies behind the labels is not looked at
    with jax.enable_x64(True):
        ours = F.ctc_loss(log_probs, padded, steps, [len(row) for row in targets], blank, "none")
    expected = [counted(log_probs[:n, i], row, blank) for i, (n, row) in enumerate(zip(steps, targets, strict=True))]
    assert np.isinf(expected).tolist() == [False, False, False, False, True, True]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def batch() -> tuple[np.ndarray, np.ndarray, tuple[int, ...], tuple[int, ...]]:
    """Logits, labels and lengths; the last sample has no alignment."""
    logits = np.random.default_rng(1).normal(size=(7, 4, 5))
    return logits, np.array([[1, 1, 2], [3, 4, 1], [2, 0, 0], [1, 1, 1]]), (7, 6, 4, 4), (3, 2, 0, 3)


@pytest.mark.slow
def test_the_ways_of_giving_targets_and_lengths_are_one() -> None:
    logits, targets, steps, counts = batch()
    logs = log_softmax(logits).astype(np.float32)
    row = np.concatenate([labels[:n] for labels, n in zip(targets, counts, strict=True)])
    expected = F.ctc_loss(logs, targets, steps, counts, reduction="none")
    for given in (targets, row, targets.astype(np.uint8)):
        for lengths in ((steps, counts), (np.array(steps), np.array(counts, np.int16)), (list(steps), list(counts))):
            np.testing.assert_array_equal(F.ctc_loss(logs, given, *lengths, reduction="none"), expected)
    traced = jax.jit(lambda t, n, m: F.ctc_loss(logs, t, n, m, reduction="none"), compiler_options=FAST_COMPILE)
    np.testing.assert_allclose(traced(row, np.array(steps), np.array(counts)), expected, rtol=1e-6)
    for lengths in ((6, 2), ((6,), (2,))):
        single = F.ctc_loss(logs[:, 1], targets[1, :2], *lengths, reduction="none")
        assert single.shape == ()
        np.testing.assert_allclose(single, expected[1], rtol=1e-6)


def test_reductions() -> None:
    logits, targets, steps, counts = batch()
    logs = log_softmax(logits).astype(np.float32)
    rows = F.ctc_loss(logs, targets, steps, counts, reduction="none", zero_infinity=True)
    assert rows[3] == 0
    assert F.ctc_loss(logs, targets, steps, counts, reduction="sum") == np.inf
    mean = F.ctc_loss(logs, targets, steps, counts, zero_infinity=True)
    np.testing.assert_allclose(mean, (rows / np.array([3, 2, 1, 3])).mean(), rtol=1e-6)


@pytest.mark.slow
def test_behind_a_log_softmax_every_derivative_is_the_loss_s_own() -> None:
    """Forward mode against a central difference, reverse against forward, and the same of the gradient."""
    logits, targets, steps, counts = batch()
    tangent = np.random.default_rng(2).normal(size=logits.shape)

    def loss(x: Any) -> Any:
        return F.ctc_loss(jax.nn.log_softmax(x), targets, steps, counts, zero_infinity=True)

    def slopes(x: Any) -> Any:
        value, forward = jax.jvp(loss, (x,), (tangent,))
        (_, gradient), (nested, curvature) = jax.jvp(jax.value_and_grad(loss), (x,), (tangent,))
        backward = jax.vjp(jax.grad(loss), x)[1](tangent)[0]
        return value, forward, nested, gradient, curvature, backward

    with jax.enable_x64(True):
        program = jax.jit(slopes, compiler_options=FAST_COMPILE)
        here, ahead, behind = (jax.device_get(program(logits + s * 1e-5 * tangent)) for s in (0, 1, -1))
    value, forward, nested, gradient, curvature, backward = here
    assert np.isfinite(value)
    np.testing.assert_allclose(forward, (ahead[0] - behind[0]) / 2e-5, rtol=1e-7)
    np.testing.assert_allclose([nested, np.vdot(gradient, tangent)], forward, rtol=1e-12)
    np.testing.assert_allclose(curvature, (ahead[3] - behind[3]) / 2e-5, atol=1e-8)
    np.testing.assert_allclose(backward, curvature, atol=1e-12)
    assert (gradient[:, 3] == 0).all()


def test_the_gradient_of_an_impossible_sample() -> None:
    """NaN within its steps, as in PyTorch, and 0 behind them; that of zero_infinity is looked at above."""
    logs = log_softmax(np.zeros((4, 1, 3), np.float32))
    gradient = jax.grad(lambda x: F.ctc_loss(x, [[1, 1]], (2,), (2,)))(logs)
    assert np.isnan(gradient[:2]).all()
    assert (gradient[2:] == 0).all()


def test_a_class_that_cannot_be_has_no_slope() -> None:
    logs = log_softmax(np.zeros((4, 1, 3), np.float32))
    logs[1, 0, 1] = -np.inf
    value, gradient = jax.value_and_grad(lambda x: F.ctc_loss(x, [[1, 2]], (4,), (2,)))(logs)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert gradient[1, 0, 1] == 0


def test_what_cannot_be_seen_inside_jit_makes_nan() -> None:
    logs = log_softmax(np.zeros((4, 2, 3), np.float32))
    targets, steps, counts = np.array([[1, 2], [2, 1]]), np.array([4, 4]), np.array([2, 1])
    program = jax.jit(lambda t, n, m: F.ctc_loss(logs, t, n, m, reduction="none"))
    assert np.isfinite(program(targets, steps, counts)).all()
    for wrong in (
        (np.array([[1, 3], [2, 9]]), steps, counts),
        (np.array([[-1, 1], [2, -7]]), steps, counts),
        (targets, np.array([5, 4]), counts),
        (targets, np.array([-1, 4]), counts),
        (targets, steps, np.array([3, 1])),
        (targets, steps, np.array([-1, 1])),
    ):
        assert np.isnan(program(*wrong)).tolist() == [True, False]


def test_vmap_is_a_loop() -> None:
    logs = log_softmax(np.random.default_rng(0).normal(size=(3, 6, 2, 4))).astype(np.float32)
    targets, counts = (
        np.array([[[1, 2], [3, 3]], [[1, 1], [2, 3]], [[3, 1], [0, 0]]]),
        np.array([[2, 1], [2, 2], [1, 0]]),
    )

    def loss(x: Any, t: Any, m: Any) -> Any:
        return F.ctc_loss(x, t, (6, 5), m)

    one, every = (
        jax.jit(f, compiler_options=FAST_COMPILE)
        for f in (jax.value_and_grad(loss), jax.vmap(jax.value_and_grad(loss)))
    )
    for i, together in enumerate(zip(*every(logs, targets, counts), strict=True)):
        for found, expected in zip(together, one(logs[i], targets[i], counts[i]), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.torch
def test_in_float32_the_gradient_has_more_digits_than_torch_s(torch: ModuleType) -> None:
    """Both against PyTorch in float64: measured 2e-6 here, 2e-4 there."""
    draw = np.random.default_rng(0)
    logs = log_softmax(draw.normal(size=(200, 4, 30))).astype(np.float32)
    targets, steps, counts = draw.integers(1, 30, (4, 60)), (200, 190, 200, 150), (60, 50, 30, 55)

    def in_torch(dtype: Any) -> np.ndarray:
        leaf = torch.tensor(logs, dtype=dtype, requires_grad=True)
        torch.nn.functional.ctc_loss(leaf, torch.tensor(targets), steps, counts, reduction="sum").backward()
        return leaf.grad.numpy()

    ours = jax.jit(jax.grad(lambda x: F.ctc_loss(x, targets, steps, counts, reduction="sum")))(logs)
    exact = in_torch(torch.float64)
    assert np.abs(ours - exact).max() < 5e-6 < np.abs(in_torch(torch.float32) - exact).max()
