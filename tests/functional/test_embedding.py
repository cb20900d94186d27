"""embedding, embedding_bag and one_hot where op_db does not look: options that it gives no gradient, and faults."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

TABLE = np.random.default_rng(0).normal(0, 2, (5, 3)).astype(np.float32)
INDICES = np.array([[1, 1, 2], [0, 4, 1]])


def weight_and_gradient(function: Callable[..., Any], *args: Any, **options: Any) -> tuple[np.ndarray, ...]:
    """Output, weight afterwards, and gradient for the cotangent 1, 2, 3..."""

    def called(table: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = function(args[0], table, *args[1:], **options)
        return found if isinstance(found, tuple) else (found, table)

    (output, table), pull = jax.vjp(called, jnp.asarray(TABLE))
    cotangent = jnp.arange(1.0, 1.0 + output.size).reshape(output.shape)
    return tuple(np.asarray(a) for a in (output, table, *pull((cotangent, jnp.zeros_like(table)))))


def the_same_in_torch(torch: ModuleType, function: Any, *args: Any, **options: Any) -> tuple[np.ndarray, ...]:
    leaf = torch.tensor(TABLE, requires_grad=True)
    table = leaf * 1  # max_norm writes into it
    indices, *rest = (torch.tensor(a) for a in args)
    output = function(indices, table, *rest, **options)
    cotangent = torch.arange(1.0, 1.0 + output.numel()).reshape(output.shape)
    (gradient,) = torch.autograd.grad(output, leaf, cotangent)
    return tuple(a.detach().numpy() for a in (output, table, gradient))


@pytest.mark.torch
@pytest.mark.parametrize(
    "options",
    [
        {"padding_idx": 1},
        {"padding_idx": -1, "scale_grad_by_freq": True},
        {"scale_grad_by_freq": True, "sparse": False},
        {"max_norm": 1.0},
        {"max_norm": 1.0, "norm_type": 1.0, "padding_idx": 0},
        {"max_norm": 0.5, "norm_type": float("inf"), "scale_grad_by_freq": True},
    ],
)
def test_embedding_is_torchs_with_every_option(torch: ModuleType, options: dict[str, Any]) -> None:
    ours = weight_and_gradient(F.embedding, INDICES, **options)
    for a, b in zip(ours, the_same_in_torch(torch, torch.nn.functional.embedding, INDICES, **options), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("options", [{"padding_idx": 1}, {"max_norm": 1.0}])
def test_bags_are_torchs(torch: ModuleType, mode: str, options: dict[str, Any]) -> None:
    for args in ((INDICES,), (INDICES.ravel(), np.array([0, 0, 4]))):
        ours = weight_and_gradient(F.embedding_bag, *args, mode=mode, **options)
        theirs = the_same_in_torch(torch, torch.nn.functional.embedding_bag, *args, mode=mode, **options)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-6, atol=2e-6)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("seed", range(15))
def test_bags_of_any_length_are_torchs(assert_as_in_torch: Callable[..., None], seed: int) -> None:
    """Empty bags in front, between and behind, the end given or not, weighted or not, with and without padding."""
    draw = np.random.default_rng(seed)
    rows, total, bags = draw.integers(2, 9), draw.integers(1, 30), draw.integers(1, 12)
    starts = np.sort(draw.integers(0, total + 1, bags))
    starts[0] = 0
    options: dict[str, Any] = {"mode": ("sum", "mean", "max")[seed % 3]}
    if draw.random() < 0.5:
        starts, options["include_last_offset"] = np.append(starts, total), True
    if draw.random() < 0.7:
        options["padding_idx"] = int(draw.integers(-rows, rows))
    arrays = {"input": draw.integers(0, rows, total), "weight": draw.normal(size=(rows, 3)), "offsets": starts}
    if seed % 6 == 0:
        arrays["per_sample_weights"] = draw.normal(size=total)
    assert_as_in_torch("embedding_bag", arrays, **options)


def test_a_bags_gradient_is_divided_by_the_rows_own_count() -> None:
    """PyTorch's CPU kernel divides row 2's by 3 here, the count of row 0."""
    indices, ones = np.array([1, 1, 2, 0, 0, 0, 4]), jnp.ones((5, 1))

    def total(table: jax.Array) -> jax.Array:
        return F.embedding_bag(indices, table, np.array([0]), mode="sum", scale_grad_by_freq=True).sum()

    assert jax.grad(total)(ones).ravel().tolist() == [1, 1, 1, 0, 1]


def test_the_largest_is_the_first_of_equals_and_sees_nan_only_in_front() -> None:
    table = jnp.array([[1.0], [1.0], [jnp.nan]])
    bags, starts = np.array([1, 0, 2, 2, 0]), np.array([0, 3])
    output = F.embedding_bag(bags, table, starts, mode="max")
    assert output[0, 0] == 1.0
    assert jnp.isnan(output[1, 0])
    gradient = jax.grad(lambda t: F.embedding_bag(bags, t, starts, mode="max")[0, 0])(table)
    assert gradient.ravel().tolist() == [0, 1, 0]


def test_an_unseen_fault_is_nan_and_never_another_row() -> None:
    rows = jax.jit(F.embedding)(np.array([5, -1, 0]), TABLE)
    assert jnp.isnan(rows[:2]).all()
    np.testing.assert_array_equal(rows[2], TABLE[0])
    bag = jax.jit(F.embedding_bag)
    assert jnp.isnan(bag(np.array([1, 5]), TABLE, np.array([0]))).all()
    for offsets in ([1, 2], [0, 3], [0, 2, 1]):
        assert jnp.isnan(bag(np.array([1, 2]), TABLE, np.array(offsets))).all()
    marked = jax.jit(lambda i: F.one_hot(i, 2))(np.array([0, 2, -1]))
    assert marked[0].tolist() == [1, 0]
    assert (marked[1:] == jnp.iinfo(marked.dtype).min).all()


FLAT, STARTS, FACTORS = INDICES.ravel(), np.array([0, 3]), np.ones(6, np.float32)
# (the call, the exception, the words)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.embedding(np.array([5]), TABLE), ValueError, r"embedding: input holds 5 but weight has 5 rows"),
    (lambda: F.embedding(np.array([-1]), TABLE), ValueError, "embedding: input holds -1"),
    (lambda: F.embedding(np.array([1.0]), TABLE), TypeError, "embedding: input has dtype float"),
    (lambda: F.embedding(FLAT, TABLE[0]), ValueError, r"embedding: weight has shape \(3,\)"),
    (lambda: F.embedding(FLAT, TABLE > 0), TypeError, "embedding: weight has dtype bool"),
    (lambda: F.embedding(FLAT, TABLE, 5), ValueError, "embedding: padding_idx is 5"),
    (lambda: F.embedding(FLAT, TABLE, -6), ValueError, "embedding: padding_idx is -6"),
    (lambda: F.embedding_bag(FLAT, TABLE), ValueError, "embedding_bag: offsets is None"),
    (lambda: F.embedding_bag(INDICES, TABLE, STARTS), ValueError, r"embedding_bag: offsets has shape \(2,\)"),
    (lambda: F.embedding_bag(INDICES[None], TABLE), ValueError, r"embedding_bag: input has shape \(1, 2, 3\)"),
    (lambda: F.embedding_bag(INDICES[:, :0], TABLE), ValueError, r"embedding_bag: input has shape \(2, 0\)"),
    (lambda: F.embedding_bag(FLAT, TABLE, STARTS + 1), ValueError, r"embedding_bag: offsets is \[1, 4\]"),
    (lambda: F.embedding_bag(FLAT, TABLE, np.array([0, 7])), ValueError, "not exceed the 6 indices"),
    (lambda: F.embedding_bag(FLAT, TABLE, np.array([0, 4, 3])), ValueError, "not fall"),
    (lambda: F.embedding_bag(FLAT, TABLE, np.array([0.0])), TypeError, "embedding_bag: offsets has dtype float"),
    (lambda: F.embedding_bag(FLAT, TABLE, STARTS, mode="min"), ValueError, "embedding_bag: mode is 'min'"),
    (lambda: F.embedding_bag(FLAT, TABLE, STARTS, mode="max", sparse=True), ValueError, "embedding_bag: sparse is"),
    (
        lambda: F.embedding_bag(FLAT, TABLE, STARTS, mode="max", scale_grad_by_freq=True),
        ValueError,
        "embedding_bag: scale_grad_by_freq is True",
    ),
    (
        lambda: F.embedding_bag(FLAT, TABLE, STARTS, per_sample_weights=FACTORS),
        ValueError,
        "embedding_bag: per_sample_weights needs mode='sum', but mode is 'mean'",
    ),
    (
        lambda: F.embedding_bag(FLAT, TABLE, STARTS, mode="sum", per_sample_weights=FACTORS[1:]),
        ValueError,
        r"embedding_bag: per_sample_weights has shape \(5,\)",
    ),
    (lambda: F.embedding_bag(FLAT, np.arange(6).reshape(3, 2), STARTS), TypeError, "weight has dtype int"),
    (lambda: F.one_hot(np.array([3]), 3), ValueError, "one_hot: input holds 3"),
    (lambda: F.one_hot(np.array([-1])), ValueError, "one_hot: input holds -1"),
    (lambda: F.one_hot(np.zeros(0, int)), ValueError, "one_hot: num_classes is -1 but input .* is empty"),
    (lambda: F.one_hot(np.array([0]), 0), ValueError, "one_hot: num_classes is 0"),
    (lambda: F.one_hot(np.array([0.0])), TypeError, "one_hot: input has dtype float"),
    (
        lambda: jax.jit(lambda i: F.one_hot(i))(np.array([0])),
        ValueError,
        "one_hot: num_classes is -1 but input is traced",
    ),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_what_is_refused(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_a_half_type_s_gradient_is_added_up_in_float32():
    """1,024 gradients of 1 for each of four rows: bfloat16 alone would stop at 256."""
    table = jnp.ones((4, 3), jnp.bfloat16)
    indices = jnp.arange(4096) % 4
    gradient = jax.grad(lambda table: jnp.sum(F.embedding(indices, table).astype(jnp.float32)))(table)
    assert gradient.dtype == jnp.bfloat16
    np.testing.assert_array_equal(gradient, np.full((4, 3), 1024))
    tangent = jax.jvp(lambda table: F.embedding(indices, table), (table,), (2 * table,))[1]
    np.testing.assert_array_equal(tangent, np.full((4096, 3), 2))
