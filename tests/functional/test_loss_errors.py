"""What the losses refuse, and the sentence that says so, outside jit and inside."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl.functional.loss.linear_cross_entropy import LinearCrossEntropyOptions


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


X, ROW, BOOL, WHOLE = ones(5, 4), ones(4), ones(5, 4, dtype=bool), ones(5, 4, dtype=np.int32)
LABELS = np.array([0, 1, 2, 3, 0])
W = ones(3, 4)
LOGS = np.log(np.full((6, 2, 4), 0.25, np.float32))

REDUCED: dict[str, Callable[[str], Any]] = {
    "cross_entropy": lambda r: F.cross_entropy(X, LABELS, reduction=r),
    "nll_loss": lambda r: F.nll_loss(X, LABELS, reduction=r),
    "linear_cross_entropy": lambda r: F.linear_cross_entropy(X, ones(6, 4), LABELS, reduction=r),
    "l1_loss": lambda r: F.l1_loss(X, X, reduction=r),
    "mse_loss": lambda r: F.mse_loss(X, X, reduction=r),
    "smooth_l1_loss": lambda r: F.smooth_l1_loss(X, X, reduction=r),
    "huber_loss": lambda r: F.huber_loss(X, X, reduction=r),
    "kl_div": lambda r: F.kl_div(X, X, reduction=r),
    "poisson_nll_loss": lambda r: F.poisson_nll_loss(X, X, reduction=r),
    "gaussian_nll_loss": lambda r: F.gaussian_nll_loss(X, X, X, reduction=r),
    "binary_cross_entropy": lambda r: F.binary_cross_entropy(X, X, reduction=r),
    "binary_cross_entropy_with_logits": lambda r: F.binary_cross_entropy_with_logits(X, X, reduction=r),
    "multilabel_soft_margin_loss": lambda r: F.multilabel_soft_margin_loss(X, X, reduction=r),
    "soft_margin_loss": lambda r: F.soft_margin_loss(X, X, reduction=r),
    "margin_ranking_loss": lambda r: F.margin_ranking_loss(X, X, X, reduction=r),
    "multi_margin_loss": lambda r: F.multi_margin_loss(X, LABELS, reduction=r),
    "multilabel_margin_loss": lambda r: F.multilabel_margin_loss(X, WHOLE, reduction=r),
    "hinge_embedding_loss": lambda r: F.hinge_embedding_loss(X, X, reduction=r),
    "cosine_embedding_loss": lambda r: F.cosine_embedding_loss(X, X, LABELS, reduction=r),
    "triplet_margin_loss": lambda r: F.triplet_margin_loss(X, X, X, reduction=r),
    "triplet_margin_with_distance_loss": lambda r: F.triplet_margin_with_distance_loss(X, X, X, reduction=r),
    "ctc_loss": lambda r: F.ctc_loss(LOGS, ones(2, 2, dtype=int), (6, 6), (2, 2), reduction=r),
}


@pytest.mark.parametrize("name", REDUCED)
def test_a_misspelt_reduction(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: reduction is 'men'; it must be one of 'none', 'mean', 'sum'"):
        REDUCED[name]("men")


STRICT = {
    "poisson_nll_loss",
    "gaussian_nll_loss",
    "multilabel_soft_margin_loss",
    "triplet_margin_with_distance_loss",
}


@pytest.mark.parametrize("name", [*sorted(STRICT), "l1_loss", "cross_entropy"])
def test_the_oldest_word_for_a_mean(name: str) -> None:
    """PyTorch takes it for some losses, with a warning."""
    if name in STRICT:
        with pytest.raises(ValueError, match=f"^{name}: reduction is 'elementwise_mean'"):
            REDUCED[name]("elementwise_mean")
    else:
        with pytest.warns(UserWarning, match=f"^{name}: 'elementwise_mean' is deprecated"):
            found = REDUCED[name]("elementwise_mean")
        assert found == REDUCED[name]("mean")


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.huber_loss(X, X, delta=0), ValueError, r"huber_loss: delta is 0\.0; it must be positive"),
    (lambda: F.huber_loss(X, X, weight=ROW), ValueError, r"huber_loss: weight has shape \(4,\) but input \(5, 4\)"),
    (lambda: F.huber_loss(WHOLE, X), TypeError, "huber_loss: input has dtype int32"),
    (lambda: F.huber_loss(X, X * 1j), TypeError, "huber_loss: input and target promote to complex64"),
    (lambda: F.smooth_l1_loss(X, X, beta=-1), ValueError, r"smooth_l1_loss: beta is -1\.0; it must not be negative"),
    (lambda: F.smooth_l1_loss(WHOLE, WHOLE), TypeError, "smooth_l1_loss: input and target promote to int32"),
    (lambda: F.l1_loss(X, X, weight=ROW), ValueError, r"l1_loss: weight has shape \(4,\)"),
    (lambda: F.l1_loss(WHOLE, WHOLE), TypeError, "l1_loss: input and target promote to int32, which has no mean"),
    (lambda: F.l1_loss(BOOL, BOOL, reduction="sum"), TypeError, "l1_loss: input and target promote to bool"),
    (lambda: F.kl_div(WHOLE, X, reduction="sum"), TypeError, "kl_div: input has dtype int32"),
    (lambda: F.kl_div(X, X * 1j, reduction="sum"), TypeError, "kl_div: target has dtype complex64"),
    (lambda: F.poisson_nll_loss(BOOL, BOOL), TypeError, "poisson_nll_loss: the arguments promote to bool"),
    (lambda: F.poisson_nll_loss(X, X[0, :2]), ValueError, r"poisson_nll_loss: input of shape .* do not broadcast"),
    (lambda: F.gaussian_nll_loss(X, X, -1.0), ValueError, r"gaussian_nll_loss: var holds -1\.0; a variance must not"),
    (lambda: F.gaussian_nll_loss(X, X, -X), ValueError, r"gaussian_nll_loss: var holds -1\.0"),
    (lambda: F.gaussian_nll_loss(X, X, X[:, :2]), ValueError, r"gaussian_nll_loss: var has shape \(5, 2\) but input"),
    (lambda: F.gaussian_nll_loss(X, X, X[:1, :1]), ValueError, r"var has shape \(1, 1\).* or \(5,\)"),
    (lambda: F.gaussian_nll_loss(X, X, np.float32(1) * ones()), ValueError, r"gaussian_nll_loss: var has shape \(\)"),
    (lambda: F.binary_cross_entropy(X, ROW), ValueError, r"binary_cross_entropy: target has shape \(4,\) but input"),
    (lambda: F.binary_cross_entropy(X * 2, X), ValueError, r"binary_cross_entropy: input holds 2\.0; .* a sigmoid"),
    (lambda: F.binary_cross_entropy(X, -X), ValueError, r"binary_cross_entropy: target holds -1\.0"),
    (lambda: F.binary_cross_entropy(X * np.nan, X), ValueError, "binary_cross_entropy: input holds nan"),
    (lambda: F.binary_cross_entropy(X, WHOLE), TypeError, "binary_cross_entropy: .* target has dtype int32"),
    (lambda: F.binary_cross_entropy(X, X, ones(2, 5, 4)), ValueError, r"weight has shape \(2, 5, 4\), which does not"),
    (
        lambda: F.binary_cross_entropy_with_logits(X, X[0]),
        ValueError,
        r"binary_cross_entropy_with_logits: target has shape \(4,\)",
    ),
    (lambda: F.binary_cross_entropy_with_logits(X, WHOLE), TypeError, "with_logits: target has dtype int32"),
    (lambda: F.binary_cross_entropy_with_logits(X, X, pos_weight=ones(3)), ValueError, r"pos_weight has shape \(3,\)"),
    (lambda: F.multilabel_soft_margin_loss(np.float32(1), X), ValueError, "loss: input is a scalar"),
    (
        lambda: F.multilabel_soft_margin_loss(X, BOOL),
        TypeError,
        "target has dtype bool; cast it to the input's float32",
    ),
    (lambda: F.soft_margin_loss(WHOLE, X), TypeError, "soft_margin_loss: input has dtype int32"),
    (lambda: F.soft_margin_loss(X, ones(5)), ValueError, "soft_margin_loss: input of shape .* do not broadcast"),
    (lambda: F.margin_ranking_loss(X, X, ROW), ValueError, "margin_ranking_loss: .* differ in their number of axes"),
    (lambda: F.margin_ranking_loss(X, BOOL, X), TypeError, "margin_ranking_loss: the arguments promote to float32"),
    (lambda: F.multi_margin_loss(X, LABELS, p=3), ValueError, "multi_margin_loss: p is 3; it must be 1 or 2"),
    (lambda: F.multi_margin_loss(X, LABELS + 1), ValueError, r"multi_margin_loss: target holds 4 .* \[0, 3\]"),
    (lambda: F.multi_margin_loss(X, LABELS[:4]), ValueError, r"target has shape \(4,\) .* needs \[5\] class indices"),
    (lambda: F.multi_margin_loss(X, LABELS, weight=ones(5)), ValueError, r"weight has shape \(5,\); it must be \(4,\)"),
    (lambda: F.multi_margin_loss(X[:, :0], LABELS), ValueError, r"multi_margin_loss: input has shape \(5, 0\)"),
    (lambda: F.multilabel_margin_loss(X, WHOLE - 3), ValueError, "multilabel_margin_loss: target holds -2"),
    (lambda: F.multilabel_margin_loss(X, WHOLE[0]), ValueError, r"target has shape \(4,\) but input \(5, 4\)"),
    (lambda: F.multilabel_margin_loss(X, X), TypeError, "multilabel_margin_loss: target has dtype float32"),
    (lambda: F.hinge_embedding_loss(WHOLE, X), TypeError, "hinge_embedding_loss: input has dtype int32"),
    (lambda: F.cosine_embedding_loss(X, X, X), ValueError, r"cosine_embedding_loss: target has shape \(5, 4\)"),
    (lambda: F.cosine_embedding_loss(ROW, ROW, LABELS), ValueError, r"needs \[N, D\] for both"),
    (lambda: F.cosine_embedding_loss(X, X, LABELS[:2]), ValueError, "cosine_embedding_loss: .* do not broadcast"),
    (lambda: F.triplet_margin_loss(X, X, X, margin=0), ValueError, r"triplet_margin_loss: margin is 0\.0; it must be"),
    (lambda: F.triplet_margin_loss(X, X, X[0]), ValueError, "triplet_margin_loss: .* differ in their number of axes"),
    (lambda: F.triplet_margin_loss(X, X, X[:, :3]), ValueError, "triplet_margin_loss: .* do not broadcast"),
    (lambda: F.linear_cross_entropy(X[None], W, LABELS), ValueError, r"linear_cross_entropy: input has shape \(1, 5"),
    (lambda: F.linear_cross_entropy(X, ROW, LABELS), ValueError, r"linear_weight has shape \(4,\)"),
    (lambda: F.linear_cross_entropy(X, W[:, :2], LABELS), ValueError, "input has 4 features .* expects 2"),
    (lambda: F.linear_cross_entropy(X, W, LABELS), ValueError, "linear_cross_entropy: target holds 3 but"),
    (lambda: F.linear_cross_entropy(X, W, ones(5, 3), ignore_index=1), ValueError, "ignore_index is 1 but target has"),
    (lambda: F.linear_cross_entropy(X, W, LABELS, linear_bias=ROW), ValueError, r"linear_bias has shape \(4,\)"),
    (lambda: F.linear_cross_entropy(ROW, W[None], LABELS), ValueError, "needs a batched input"),
    (lambda: F.linear_cross_entropy(X, W.astype(np.float16), LABELS), TypeError, "but linear_weight has dtype float16"),
    (lambda: LinearCrossEntropyOptions(acc_policy="fast"), ValueError, "acc_policy is 'fast'; it must be one of"),
    (lambda: LinearCrossEntropyOptions(batch_chunk_size=0), ValueError, "batch_chunk_size is 0"),
    (lambda: LinearCrossEntropyOptions(chunking_method="aspect_ratio:0"), ValueError, "chunking_method is 'aspect_rat"),
    (lambda: LinearCrossEntropyOptions(acc_dtype=jnp.int32), ValueError, "acc_dtype is "),
]


def ctc(**changed: Any) -> Callable[[], Any]:
    given: dict[str, Any] = {
        "log_probs": LOGS,
        "targets": np.array([[1, 2], [3, 1]]),
        "input_lengths": (6, 5),
        "target_lengths": (2, 1),
    }
    return lambda: F.ctc_loss(**(given | changed))


REFUSED += [
    (ctc(log_probs=LOGS[0, 0]), ValueError, r"ctc_loss: log_probs has shape \(4,\)"),
    (ctc(log_probs=LOGS[:0]), ValueError, r"log_probs has shape \(0, 2, 4\).* not empty"),
    (ctc(log_probs=LOGS.astype(int)), TypeError, "ctc_loss: log_probs has dtype int"),
    (ctc(blank=4), ValueError, r"ctc_loss: blank is 4; it must lie in \[0, 3\]"),
    (ctc(blank=-1), ValueError, "ctc_loss: blank is -1"),
    (ctc(input_lengths=(7, 5)), ValueError, r"input_lengths holds 7; it must lie in \[0, 6\]"),
    (ctc(input_lengths=np.array([6.0, 5.0])), TypeError, "input_lengths has dtype float"),
    (ctc(input_lengths=(6,)), ValueError, r"input_lengths has shape \(1,\); it must be \(2,\)"),
    (ctc(target_lengths=(2, -1)), ValueError, "target_lengths holds -1; it must not be negative"),
    (ctc(target_lengths=(3, 1)), ValueError, r"targets has shape \(2, 2\) but target_lengths go up to 3"),
    (ctc(targets=np.array([1, 2])), ValueError, r"targets has shape \(2,\) but target_lengths sum to 3"),
    (ctc(targets=np.ones((3, 2), int)), ValueError, r"targets has shape \(3, 2\); it must be \[2, S\]"),
    (ctc(targets=np.ones((2, 2))), TypeError, "ctc_loss: targets has dtype float"),
    (ctc(targets=np.array([[1, 4], [3, 9]])), ValueError, r"targets holds 4 .* \[0, 3\]"),
    (ctc(targets=np.array([1, 2, -1])), ValueError, "targets holds -1"),
]


@pytest.mark.parametrize(
    ("call", "exception", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_refused(call: Callable[[], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words) as caught:
        call()
    assert type(caught.value) is exception
    with pytest.raises(exception, match=words):
        jax.jit(lambda _: call())(0)  # nothing of it waits for a value


def test_the_chunk_size_and_a_method_that_differ() -> None:
    options = LinearCrossEntropyOptions(batch_chunk_size=3, chunking_method="aspect_ratio")
    with pytest.raises(ValueError, match="batch_chunk_size is 3 but chunking_method 'aspect_ratio' gives 4 rows"):
        F.linear_cross_entropy(X, ones(8, 4), LABELS, options=options)


@pytest.mark.parametrize("function", [F.l1_loss, F.mse_loss, F.smooth_l1_loss, F.huber_loss])
def test_different_sizes_warn_and_broadcast(function: Callable[..., Any]) -> None:
    with pytest.warns(UserWarning, match=f"^{function.__name__}: .* a size different to the input size") as caught:
        rows = function(X, ROW * 0, reduction="none")
    assert caught[0].filename == __file__
    assert rows.shape == (5, 4)
    with pytest.warns(UserWarning, match="different"), pytest.raises(ValueError, match="do not broadcast"):
        function(X, ones(3))


def test_the_mean_that_is_no_divergence_warns() -> None:
    with pytest.warns(UserWarning, match="kl_div: reduction='mean' divides by the number of elements") as caught:
        F.kl_div(X, X)
    assert caught[0].filename == __file__
