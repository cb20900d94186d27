"""What is refused, and the sentence that says so; and PyTorch's signatures, word for word."""

import ast
import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


X, W = ones(2, 4, 6, 6), ones(8, 4, 3, 3)
LOGITS, LABELS = ones(2, 3), np.array([0, 1])
HALF = ones(2, 4, dtype=np.float16)

# (the call, the exception, the words)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: F.linear(ones(2, 3), ones(4, 5)),
        ValueError,
        r"linear: input has 3 features .* weight expects 5",
    ),
    (lambda: F.linear(np.float32(1), ones(4, 5)), ValueError, "linear: input is a scalar"),
    (lambda: F.linear(ones(2, 3), ones(1, 4, 3)), ValueError, r"linear: weight has shape \(1, 4, 3\)"),
    (
        lambda: F.linear(ones(2, 3), ones(4, 3), ones(3)),
        ValueError,
        r"bias has shape \(3,\).* the shape \(4,\)",
    ),
    (lambda: F.linear(ones(3), ones(4, 3), ones(2, 4)), ValueError, r"linear: bias has shape \(2, 4\)"),
    (
        lambda: F.linear(ones(2, 3), ones(3), ones(1)),
        ValueError,
        r"linear: a weight of shape \(3,\) takes no bias",
    ),
    (
        lambda: F.linear(ones(2, 3), ones(4, 3, dtype=np.float16)),
        TypeError,
        "has dtype float32 but weight has .*16",
    ),
    (
        lambda: F.linear(ones(2, 3), ones(4, 3), ones(4, dtype=np.int32)),
        TypeError,
        "but bias has dtype int32",
    ),
    (
        lambda: F.linear(ones(2, 3, dtype=bool), ones(4, 3, dtype=bool)),
        TypeError,
        "linear: input has dtype bool",
    ),
    (
        lambda: F.conv2d(X[0, 0], W),
        ValueError,
        r"conv2d: input has shape \(6, 6\); it must be \[N, C, H, W\]",
    ),
    (lambda: F.conv2d(X[None], W), ValueError, r"conv2d: input has shape"),
    (lambda: F.conv2d(X, W[0]), ValueError, r"conv2d: weight has shape \(4, 3, 3\)"),
    (
        lambda: F.conv2d(X[:, :3], W),
        ValueError,
        r"input has 3 channels but weight expects 4 .*\(=4\) \* groups \(=1\)",
    ),
    (
        lambda: F.conv2d(X, W[:, :2], groups=3),
        ValueError,
        r"out_channels \(=8\) must be divisible by groups \(=3\)",
    ),
    (lambda: F.conv2d(X, W, groups=0), ValueError, "conv2d: groups is 0; it must be at least 1"),
    (lambda: F.conv2d(X, W, ones(4)), ValueError, r"conv2d: bias has shape \(4,\); it must be \(8,\)"),
    (lambda: F.conv2d(X, W, stride=0), ValueError, "conv2d: stride must be .* at least 1, but got 0"),
    (
        lambda: F.conv2d(X, W, stride=(1, 2, 1)),
        ValueError,
        r"conv2d: stride must be .*pair .*got \(1, 2, 1\)",
    ),
    (lambda: F.conv2d(X, W, stride=1.5), TypeError, r"conv2d: stride must be .* but got 1\.5"),
    (lambda: F.conv2d(X, W, dilation=-1), ValueError, "conv2d: dilation must be"),
    (lambda: F.conv2d(X, W, padding=-1), ValueError, "conv2d: padding must be .* at least 0"),
    (
        lambda: F.conv2d(X, W, padding="SAME"),
        ValueError,
        "conv2d: padding is 'SAME'; it must be 'same', 'valid'",
    ),
    (lambda: F.conv2d(X > 0, W > 0), TypeError, "conv2d: input has dtype bool"),
    (lambda: F.max_pool2d(X[0, 0], 2), ValueError, r"max_pool2d: input has shape \(6, 6\)"),
    (lambda: F.max_pool2d(X[:, :0], 2), ValueError, "max_pool2d: input has shape .* only N may be 0"),
    (
        lambda: F.max_pool2d(X, 3, padding=2),
        ValueError,
        "padding is 2 but kernel_size is 3; .* half the kernel",
    ),
    (
        lambda: F.max_pool2d(X, 7),
        ValueError,
        r"kernel_size=7 with dilation=1 is larger than the input's \(6, 6\)",
    ),
    (lambda: F.max_pool2d(X, 0), ValueError, "max_pool2d: kernel_size must be .* at least 1, but got 0"),
    (lambda: F.max_pool2d(X, 2, 0), ValueError, "max_pool2d: stride must be"),
    (lambda: F.max_pool2d(X, (2, 2, 2)), ValueError, "max_pool2d: kernel_size must be"),
    (lambda: F.max_pool2d(X > 0, 2), TypeError, "max_pool2d: input has dtype bool"),
    (lambda: F.relu(X > 0), TypeError, "relu: input has dtype bool; it must be floating point"),
    (
        lambda: F.softmax(LOGITS, 2),
        ValueError,
        r"softmax: dim is 2 but input has shape \(2, 3\); .* \[-2, 1\]",
    ),
    (lambda: F.log_softmax(LOGITS, -3), ValueError, "log_softmax: dim is -3"),
    (lambda: F.softmax(LABELS, 0), TypeError, "softmax: input has dtype int"),
    (lambda: F.softmax(LOGITS, 1.0), TypeError, r"softmax: dim must be an integer, but got 1\.0"),
    (lambda: F.conv2d(X, W, groups=1.0), TypeError, r"conv2d: groups must be an integer, but got 1\.0"),
    (lambda: F.dropout(X, 1.5), ValueError, r"dropout: p is 1\.5; a probability lies in \[0, 1\]"),
    (lambda: F.dropout(X, float("nan"), training=False), ValueError, "dropout: p is nan"),
    (lambda: F.dropout(LABELS, key=jax.random.key(0)), TypeError, "dropout: input has dtype int"),
    (lambda: F.batch_norm(ones(1, 3), None, None, training=True), ValueError, "one value per channel"),
    (
        lambda: F.batch_norm(ones(1, 3, 1, 1), ones(3), ones(3), training=True),
        ValueError,
        "one value per channel",
    ),
    (
        lambda: F.batch_norm(ones(2, 3), None, None),
        ValueError,
        "running_mean and running_var is None; give both",
    ),
    (
        lambda: F.batch_norm(ones(2, 3), ones(3), None, training=True),
        ValueError,
        "batch_norm: running_var is None",
    ),
    (
        lambda: F.batch_norm(ones(2, 3), ones(2), ones(3)),
        ValueError,
        r"running_mean has shape \(2,\); it must be \(3,\)",
    ),
    (lambda: F.batch_norm(ones(2, 3), ones(3), ones(3), ones(4)), ValueError, "batch_norm: weight has shape"),
    (lambda: F.batch_norm(ones(2), ones(2), ones(2)), ValueError, r"batch_norm: input has shape \(2,\)"),
    (
        lambda: F.batch_norm(ones(2, 3), ones(3), ones(3), eps=-1.0),
        ValueError,
        r"eps is -1\.0; it must be at least 0",
    ),
    (
        lambda: F.batch_norm(ones(2, 3), None, None, training=True, eps=0.0),
        ValueError,
        "must be positive when",
    ),
    (
        lambda: F.batch_norm(HALF, ones(4), HALF[0].astype(np.int32)),
        TypeError,
        "running_var has dtype int32; .*float32",
    ),
    (lambda: F.batch_norm(ones(2, 4), HALF[0], HALF[0]), TypeError, "but running_mean has dtype float16"),
    (lambda: F.batch_norm(LABELS[None], ones(2), ones(2)), TypeError, "batch_norm: input has dtype int"),
    (
        lambda: F.cross_entropy(LOGITS, LABELS, reduction="avg"),
        ValueError,
        "reduction is 'avg'; it must be one of 'none'",
    ),
    (lambda: F.nll_loss(LOGITS, LABELS, reduction="avg"), ValueError, "nll_loss: reduction is 'avg'"),
    (lambda: F.mse_loss(LOGITS, LOGITS, reduction="avg"), ValueError, "mse_loss: reduction is 'avg'"),
    (
        lambda: F.cross_entropy(LOGITS, LABELS, label_smoothing=1.1),
        ValueError,
        r"label_smoothing is 1\.1; .*\[0, 1\]",
    ),
    (lambda: F.cross_entropy(LOGITS, LABELS, label_smoothing=-0.1), ValueError, "label_smoothing is -0.1"),
    (
        lambda: F.cross_entropy(LOGITS, LABELS, ones(4)),
        ValueError,
        r"weight has shape \(4,\); it must be \(3,\)",
    ),
    (
        lambda: F.cross_entropy(LOGITS, np.array([0, 1, 1])),
        ValueError,
        r"target has shape \(3,\) .* shape \(2,\)",
    ),
    (lambda: F.cross_entropy(ones(2, 3, 4), LABELS), ValueError, r"needs class indices of shape \(2, 4\)"),
    (lambda: F.cross_entropy(np.float32(0), 0), ValueError, "cross_entropy: input is a scalar"),
    (lambda: F.cross_entropy(LOGITS, ones(2)), TypeError, "has dtype float32; class indices are integers"),
    (lambda: F.cross_entropy(LOGITS, LOGITS > 0), TypeError, "must hold probabilities .* not bool"),
    (
        lambda: F.cross_entropy(LOGITS, LOGITS, ignore_index=1),
        ValueError,
        "ignore_index is 1, which means nothing",
    ),
    (
        lambda: F.cross_entropy(LOGITS, LABELS, ones(3, dtype=np.float16)),
        TypeError,
        "but weight has dtype float16",
    ),
    (lambda: F.cross_entropy(LABELS[None], LABELS), TypeError, "cross_entropy: input has dtype int"),
    (
        lambda: F.nll_loss(LOGITS, LOGITS),
        TypeError,
        "nll_loss: target of shape .* class indices are integers",
    ),
    (
        lambda: F.mse_loss(LABELS, LABELS),
        TypeError,
        "mse_loss: input and target promote to int32; cast one of them to a float",
    ),
    (
        lambda: F.mse_loss(LOGITS, LOGITS, weight=ones(3)),
        ValueError,
        r"mse_loss: weight has shape \(3,\) but input",
    ),
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


def test_mse_that_cannot_broadcast_warns_and_is_refused() -> None:
    with (
        pytest.warns(UserWarning, match="different to the input size"),
        pytest.raises(ValueError, match="do not broadcast"),
    ):
        F.mse_loss(ones(2), ones(3))


def test_float64_beside_float32_is_refused_under_x64() -> None:
    with (
        jax.enable_x64(True),
        pytest.raises(TypeError, match="input has dtype float64 but weight has dtype float32"),
    ):
        F.linear(np.ones((2, 3)), ones(4, 3))


def test_a_value_that_is_traced_is_never_looked_at() -> None:
    for function in (F.cross_entropy, F.nll_loss):
        assert jax.eval_shape(function, LOGITS, jnp.array([0, 7])).shape == ()


# Signatures that are not PyTorch's, with the reason.
OTHER_SIGNATURES = {"one_hot": "the docstring says tensor; the argument is called input"}
# Builtins whose docstring has no signature that could be read.
UNDESCRIBED = ("conv_tbc",)
# What PyTorch has under a dispatcher without a signature of its own.
BEHIND = "_with_indices"


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    """Names and defaults, in order."""
    return {p.name: p.default for p in inspect.signature(function).parameters.values() if p.kind != p.VAR_KEYWORD}


def described(text: str) -> dict[str, Any]:
    """The same from the first line of a builtin's docstring, e.g. `conv1d(input, weight, bias=None) -> Tensor`."""
    found = re.search(r"^\w+\((.*?)\) -> ", text.strip(), re.DOTALL)
    if found is None:
        raise ValueError("no signature in the docstring")
    inside = found[1].replace("\n", " ").replace("=none", "=None")
    tree = ast.parse(f"def f({inside}): ...").body[0]
    assert isinstance(tree, ast.FunctionDef)
    names = [a.arg for a in tree.args.args]
    defaults = [ast.literal_eval(d) for d in tree.args.defaults]
    empty = [inspect.Parameter.empty] * (len(names) - len(defaults))
    keyword = zip(tree.args.kwonlyargs, tree.args.kw_defaults, strict=True)
    only = {a.arg: inspect.Parameter.empty if d is None else ast.literal_eval(d) for a, d in keyword}
    return dict(zip(names, [*empty, *defaults], strict=True)) | only


@pytest.mark.torch
def test_signatures_are_torch_s(torch: ModuleType) -> None:
    """Names, order and defaults; what we have beyond them is keyword-only, such as `key`."""
    wrong, seen, undescribed = {}, 0, set()
    for name in F.__all__:
        theirs = getattr(torch.nn.functional, name, None)
        if theirs is None or name in OTHER_SIGNATURES:
            continue
        theirs = getattr(torch.nn.functional, name + BEHIND, theirs)
        ours = arguments(getattr(F, name))
        try:
            reference = arguments(theirs)
        except ValueError:  # a builtin
            try:
                reference = described(theirs.__doc__)
            except (ValueError, SyntaxError):
                undescribed.add(name)
                continue
        extra = {n: p for n, p in inspect.signature(getattr(F, name)).parameters.items() if n not in reference}
        seen += 1
        if (
            list(ours)[: len(reference)] != list(reference)
            or any(p.kind is not p.KEYWORD_ONLY for p in extra.values())
            or any(str(ours[n]) != str(reference[n]) for n in reference)
        ):
            wrong[name] = f"{ours} where PyTorch has {reference}"
    assert wrong == {}
    assert seen > 90
    assert undescribed == set(UNDESCRIBED)
