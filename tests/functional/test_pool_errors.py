"""What the pooling functions refuse, and the sentence that says so."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

X = np.ones((2, 4, 6, 6), np.float32)
LINE, VOLUME = X[..., 0], X[..., None]
PLACES = np.zeros((2, 4, 6), int)
INTS, KEY = X.astype(int), jax.random.key(0)

# (the call, the exception, the words)
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.max_pool1d(X, 2), ValueError, r"max_pool1d: input has shape .* must be \[N, C, L\] or \[C, L\]"),
    (lambda: F.max_pool1d(LINE, (2, 2)), ValueError, r"max_pool1d: kernel_size must be an integer, .* got \(2, 2\)"),
    (lambda: F.max_pool1d(LINE, 7), ValueError, r"max_pool1d: kernel_size=7 .* larger than the input's \(6,\)"),
    (lambda: F.max_pool1d(LINE > 0, 2), TypeError, "max_pool1d: input has dtype bool"),
    (lambda: F.max_pool2d(X, 3, padding=2), ValueError, "max_pool2d: padding is 2 but kernel_size is 3"),
    (lambda: F.max_pool2d(X * 1j, 2), TypeError, "max_pool2d: input has dtype complex64"),
    (lambda: F.max_pool3d(X[0, 0], 2), ValueError, r"max_pool3d: input has shape \(6, 6\)"),
    (lambda: F.max_pool3d(VOLUME, (2, 2, 1), dilation=0), ValueError, "max_pool3d: dilation must be .* least 1"),
    (lambda: F.max_pool3d_with_indices(VOLUME, 2), ValueError, "max_pool3d_with_indices: kernel_size=2"),
    (lambda: F.avg_pool1d(LINE, 2, 0), ValueError, "avg_pool1d: stride must be .* at least 1, but got 0"),
    (lambda: F.avg_pool1d(LINE, ()), ValueError, r"avg_pool1d: kernel_size must be .* but got \(\)"),
    (lambda: F.avg_pool2d(X, 2, divisor_override=0), ValueError, "avg_pool2d: divisor_override is 0"),
    (lambda: F.avg_pool2d(X, 2, divisor_override=2.0), TypeError, "avg_pool2d: divisor_override must be an integer"),
    (lambda: F.avg_pool2d(X.astype(np.int8), 2), TypeError, "avg_pool2d: input has dtype int8; .* int32 or int64"),
    (lambda: F.avg_pool2d(X, 2, padding=-1), ValueError, "avg_pool2d: padding must be .* at least 0, but got -1"),
    (lambda: F.avg_pool3d(VOLUME[:, :0], 1), ValueError, "avg_pool3d: input has shape .* only N may be 0"),
    (lambda: F.lp_pool1d(LINE, 0, 2), ValueError, "lp_pool1d: norm_type is 0; it must be a number other than 0"),
    (lambda: F.lp_pool1d(LINE, float("nan"), 2), ValueError, "lp_pool1d: norm_type is nan"),
    (lambda: F.lp_pool2d(X, "2", 2), TypeError, "lp_pool2d: norm_type must be a Python number, but got '2'"),  # type: ignore[arg-type]
    (lambda: F.lp_pool2d(X, 2, (2,)), ValueError, r"lp_pool2d: kernel_size must be .* 2 of them, but got \(2,\)"),
    (lambda: F.lp_pool2d(X, 2, 9), ValueError, "lp_pool2d: kernel_size=.* larger than the input's"),
    (lambda: F.lp_pool2d(INTS, -1, 2), ValueError, "lp_pool2d: norm_type is -1 but input has dtype int.*as a float"),
    (lambda: F.lp_pool3d(VOLUME * 1j, 2, 1), TypeError, "lp_pool3d: input has dtype complex64"),
    (lambda: F.adaptive_avg_pool1d(LINE, None), TypeError, "adaptive_avg_pool1d: output_size must be an integer"),
    (lambda: F.adaptive_avg_pool1d(LINE, (-1,)), ValueError, r"adaptive_avg_pool1d: output_size must be .*\(-1,\)"),
    (lambda: F.adaptive_avg_pool2d(X, (2,)), ValueError, r"adaptive_avg_pool2d: output_size must be .*got \(2,\)"),
    (lambda: F.adaptive_avg_pool2d(X, None), TypeError, "adaptive_avg_pool2d: output_size must be"),
    (lambda: F.adaptive_avg_pool2d(X[0, 0], 2), ValueError, r"adaptive_avg_pool2d: input has shape \(6, 6\)"),
    (lambda: F.adaptive_avg_pool2d(INTS, 2), TypeError, "adaptive_avg_pool2d: input has dtype int"),
    (lambda: F.adaptive_avg_pool3d(VOLUME[:, :0], 1), ValueError, "adaptive_avg_pool3d: input has shape"),
    (lambda: F.adaptive_max_pool1d(LINE[..., :0], 1), ValueError, "adaptive_max_pool1d: input has shape"),
    (lambda: F.adaptive_max_pool2d(X, (2.0, 2)), TypeError, r"adaptive_max_pool2d: output_size must be"),  # type: ignore[arg-type]
    (lambda: F.adaptive_max_pool3d(INTS[..., None], 1), TypeError, "adaptive_max_pool3d: input has dtype int"),
    (lambda: F.max_unpool1d(LINE, PLACES[:1], 2), ValueError, "max_unpool1d: indices has shape .* the input's"),
    (lambda: F.max_unpool1d(LINE, LINE, 2), TypeError, "max_unpool1d: indices has dtype float32; .* int32 or int64"),
    (lambda: F.max_unpool1d(LINE.astype(int), PLACES, 2), TypeError, "max_unpool1d: input has dtype int"),
    (lambda: F.max_unpool1d(LINE, PLACES, 2, output_size=14), ValueError, "output_size must hold 1 or 3 .* got 14"),
    (lambda: F.max_unpool1d(LINE, PLACES, 2, output_size=(14,)), ValueError, r"output_size is \(14,\); .*\(12,\)"),
    (lambda: F.max_unpool1d(LINE, PLACES, 1, 1, 9), ValueError, "max_unpool1d: the output would have the shape"),
    (lambda: F.max_unpool2d(X, INTS, (2,)), ValueError, r"max_unpool2d: kernel_size must be .* got \(2,\)"),
    (lambda: F.max_unpool2d(X[0, 0], INTS[0, 0], 2), ValueError, "max_unpool2d: input has shape"),
    (lambda: F.max_unpool3d(VOLUME, INTS[..., None], 2, 0), ValueError, "max_unpool3d: stride must be .* least 1"),
    (lambda: F.fractional_max_pool2d(X, 2, 3), ValueError, "fractional_max_pool2d: key is None .*jax.random.key"),
    (lambda: F.fractional_max_pool2d(X, 2, key=KEY), ValueError, "output_size and output_ratio are both None"),
    (lambda: F.fractional_max_pool2d(X, 3, 5, key=KEY), ValueError, "5 windows of kernel_size=3 .* at most 4"),
    (lambda: F.fractional_max_pool3d(X, 3, (1, 4, 1), key=KEY), ValueError, "4 windows of kernel_size=3 .* at most 3"),
    (lambda: F.fractional_max_pool2d(X, 0, 5, key=KEY), ValueError, "kernel_size must be .* at least 1, but got 0"),
    (lambda: F.fractional_max_pool2d(X, 2, (2,), key=KEY), ValueError, r"output_size must be .* got \(2,\)"),
    (lambda: F.fractional_max_pool2d(X, 2, None, (0.5,), key=KEY), ValueError, "output_ratio must be a number or 2"),
    (lambda: F.fractional_max_pool2d(X[0, 0], 2, 2, key=KEY), ValueError, "fractional_max_pool2d: input has shape"),
    (lambda: F.fractional_max_pool2d(INTS, 2, 2, key=KEY), TypeError, "fractional_max_pool2d: input has dtype int"),
    (
        lambda: F.fractional_max_pool2d(X, 2, 2, _random_samples=np.ones((1, 4, 2), np.float32)),
        ValueError,
        r"_random_samples has shape \(1, 4, 2\); it must be \(2, 4, 2\)",
    ),
    (
        lambda: F.fractional_max_pool2d(X, 2, 2, _random_samples=np.ones((2, 4, 2), np.float16)),
        TypeError,
        "input has dtype float32 but _random_samples has dtype float16",
    ),
]


@pytest.mark.parametrize(
    ("call", "exception", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_refused(call: Callable[[], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words) as caught:
        call()
    assert type(caught.value) is exception
    assert str(caught.value).partition(": ")[0].isidentifier()
    with pytest.raises(exception, match=words):
        jax.jit(lambda _: call())(0)  # nothing of it waits for a value


def test_a_concrete_place_out_of_range_is_refused() -> None:
    x = jnp.ones((1, 3))
    for place in (-1, 6):
        with pytest.raises(ValueError, match=rf"max_unpool1d: indices holds {place}; an output of \(6,\)"):
            F.max_unpool1d(x, np.array([[0, 2, place]]), 2)
