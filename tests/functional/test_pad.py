"""What `pad` refuses, and constants that need converting; PyTorch's own cases run in the parity harness."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

X = np.array([[1.0, 2.0]], np.float32)
BYTES = np.ones(1, np.uint8)

REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.pad(X, 1), TypeError, "pad: pad must be a tuple of integers, .* but got 1"),
    (lambda: F.pad(X, (1.0, 1)), TypeError, r"pad: pad must be a tuple of integers, .* but got \(1\.0, 1\)"),
    (lambda: F.pad(X, (1, 1), "edge"), ValueError, "pad: mode is 'edge'; it must be 'constant', 'reflect'"),
    (lambda: F.pad(X, (1, 1), "reflect", 1), ValueError, "pad: value is 1, but mode 'reflect' takes none"),
    (lambda: F.pad(X > 0, (1, 1), "reflect"), TypeError, "pad: input has dtype bool, which mode 'reflect'"),
    (lambda: F.pad(X, (1, 1), value="a"), TypeError, "pad: value must be a real number, but got 'a'"),
    (lambda: F.pad(X, (1, 1), value=2j), TypeError, "pad: value must be a real number, but got 2j"),
    (lambda: F.pad(BYTES, (1, 1), value=300), ValueError, "pad: value is 300, which does not fit .* uint8"),
    (lambda: F.pad(BYTES, (1, 1), value=-1), ValueError, "pad: value is -1, which does not fit .* uint8"),
    (lambda: F.pad(X, (1, 1), value=1e300), ValueError, r"pad: value is 1e\+300, which does not fit .* float32"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED)
def test_refused(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_constant_takes_the_inputs_dtype() -> None:
    assert F.pad(jnp.array([1, 2]), (1, 1), value=2.7).tolist() == [2, 1, 2, 2]
    assert F.pad(jnp.array([1, 2]), (1, 1), value=-2.7).tolist() == [-2, 1, 2, -2]
    assert F.pad(jnp.array([True]), (1, 1), value=2.7).tolist() == [True, True, True]


def test_zero_is_no_value_where_none_is_taken() -> None:
    assert F.pad(X, (1, 1), "reflect", 0).tolist() == [[2.0, 1.0, 2.0, 1.0]]
