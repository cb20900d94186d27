"""Loss modules: what PyTorch's module_db does not ask of them."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl import nn, random

PLAIN = (
    "CrossEntropyLoss",
    "NLLLoss",
    "L1Loss",
    "MSELoss",
    "SmoothL1Loss",
    "KLDivLoss",
    "PoissonNLLLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "MultiLabelSoftMarginLoss",
    "SoftMarginLoss",
    "MarginRankingLoss",
    "MultiMarginLoss",
    "MultiLabelMarginLoss",
    "HingeEmbeddingLoss",
    "CosineEmbeddingLoss",
    "TripletMarginLoss",
)


@pytest.mark.parametrize("name", PLAIN)
def test_the_deprecated_words_are_understood_when_it_is_built(name: str) -> None:
    built = getattr(nn, name)
    with pytest.warns(UserWarning, match=rf"{name}: size_average and reduce are deprecated; write reduction='sum'"):
        assert built(size_average=False).reduction == "sum"
    with pytest.raises(ValueError, match=rf"^{name}: reduction is 'men'; it must be one of 'none', 'mean', 'sum'"):
        built(reduction="men")


def generator() -> random.TorchGenerator:
    return random.TorchGenerator(0)


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: nn.HuberLoss(delta="1"), TypeError, "^HuberLoss: delta is '1'; it must be a number"),
    (lambda: nn.MultiMarginLoss(p=3), ValueError, "^MultiMarginLoss: p is 3; it must be 1 or 2"),
    (lambda: nn.MultiMarginLoss(weight=np.ones((2, 2))), ValueError, r"^MultiMarginLoss: weight has shape \(2, 2\)"),
    (lambda: nn.TripletMarginLoss(margin=0), ValueError, "^TripletMarginLoss: margin is 0; it must be positive"),
    (lambda: nn.TripletMarginWithDistanceLoss(margin=-1), ValueError, "^TripletMarginWithDistanceLoss: margin is -1"),
    (
        lambda: nn.LinearCrossEntropyLoss(2, 3, weight=np.ones(2), rngs=generator()),
        ValueError,
        r"^LinearCrossEntropyLoss: weight has shape \(2,\); it must be \(3,\)",
    ),
    (
        lambda: nn.LinearCrossEntropyLoss(2, 3, label_smoothing=1.5, rngs=generator()),
        ValueError,
        r"^LinearCrossEntropyLoss: label_smoothing is 1\.5",
    ),
    *(
        (
            lambda cutoffs=cutoffs: nn.AdaptiveLogSoftmaxWithLoss(8, 10, cutoffs, rngs=generator()),
            ValueError,
            r"^AdaptiveLogSoftmaxWithLoss: cutoffs is .* increase, each in \[1, 9\]",
        )
        for cutoffs in ([], [0, 3], [3, 3], [5, 3], [10], [2.5])
    ),
]


@pytest.mark.parametrize(("call", "exception", "words"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_refused(call: Callable[[], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words):
        call()


def test_weights_are_buffers() -> None:
    weights = np.array([1.0, 2.0], np.float32)
    assert list(nn.state_dict(nn.BCEWithLogitsLoss(weights, pos_weight=weights))) == ["weight", "pos_weight"]
    assert not nn.state_dict(nn.BCELoss())
    apply, params, buffers = nn.functionalize(nn.NLLLoss(weights))
    logs = np.array([[-1.0, -2.0], [-3.0, -4.0]], np.float32)
    assert apply(params, buffers, logs, np.array([0, 1]))[0] == (1 + 2 * 4) / 3
    assert not params


def adaptive(**options: Any) -> nn.AdaptiveLogSoftmaxWithLoss:
    return nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], **({"div_value": 2.0, "rngs": generator()} | options))


def test_adaptive_softmax_is_one_distribution() -> None:
    softmax, x = adaptive(head_bias=True), np.random.default_rng(0).normal(size=(12, 8)).astype(np.float32)
    logs = softmax.log_prob(x)
    np.testing.assert_allclose(np.exp(logs).sum(1), 1, rtol=1e-5)
    output, loss = softmax(x, np.arange(12))
    np.testing.assert_allclose(output, np.diag(logs), rtol=1e-5)
    assert loss == pytest.approx(-float(np.diag(logs).mean()), rel=1e-5)
    assert softmax.predict(x).tolist() == np.argmax(logs, 1).tolist()
    assert list(nn.state_dict(softmax)) == [
        "head.weight",
        "head.bias",
        *(f"tail.{i}.{j}.weight" for i in range(2) for j in range(2)),
    ]


def test_adaptive_softmax_compiles_once_whatever_the_targets() -> None:
    apply, params, buffers = nn.functionalize(adaptive())
    traced = []

    def loss(params: Any, x: Any, t: Any) -> Any:
        traced.append(t)
        return apply(params, buffers, x, t)[0]

    program, x = jax.jit(loss), jnp.ones((3, 8))
    assert np.isfinite(program(params, x, np.array([0, 1, 2])).loss)
    output, mean = program(params, x, np.array([0, 5, 12]))
    assert np.isnan(output).tolist() == [False, False, True]
    assert np.isnan(mean)
    assert len(traced) == 1


def test_adaptive_softmax_refuses_what_does_not_fit() -> None:
    softmax, x = adaptive(), np.ones((3, 8), np.float32)
    with pytest.raises(ValueError, match=r"^AdaptiveLogSoftmaxWithLoss: target holds 12 .* \[0, 11\]"):
        softmax(x, np.array([0, 1, 12]))
    with pytest.raises(ValueError, match=r"input has shape \(3, 8\) and target \(2,\)"):
        softmax(x, np.array([0, 1]))
    with pytest.raises(TypeError, match="target has dtype float32"):
        softmax(x, x[:, 0])
    with pytest.raises(ValueError, match=r"input has shape \(8,\); it must be \[N, 8\]"):
        softmax.log_prob(x[0])


@pytest.mark.torch
def test_adaptive_softmax_predicts_as_torch(torch: ModuleType) -> None:
    torch.manual_seed(0)
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], div_value=2.0)
    ours, x = adaptive(), np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_array_equal(nn.state_dict(ours)[name], tensor)
    with torch.no_grad():
        np.testing.assert_allclose(ours.log_prob(x), theirs.log_prob(torch.tensor(x)), rtol=1e-5, atol=1e-6)
        assert ours.predict(x).tolist() == theirs.predict(torch.tensor(x)).tolist()


def test_a_module_may_be_the_distance() -> None:
    a, p, n = np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32)
    loss = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: jnp.sum((x - y) ** 2, -1), swap=True)
    expected = F.triplet_margin_with_distance_loss(
        a, p, n, distance_function=lambda x, y: jnp.sum((x - y) ** 2, -1), swap=True
    )
    assert loss(a, p, n) == expected
