"""trunc_normal(), along both of its ways."""

import numpy as np
import pytest

from jaxdl.random import TorchGenerator

RANGES = (
    (0.0, 1.0, -2.0, 2.0), (0.0, 0.02, -2.0, 2.0), (0.0, 1.0, -0.5, 0.5), (0.0, 1.0, -np.inf, 1.0),
    (0.0, 1.0, 0.1, 0.2), (0.0, 1.0, -1.0, -0.9), (0.5, 2.0, 1.0, 1.5),
)  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_as_in_torch(torch, pair, assert_same_bits, assert_same_state, dtype):
    for mean, std, low, high in RANGES:
        for shape in ((3,), (37, 20)):
            reference, generator = pair(5)
            expected = torch.empty(shape, dtype=getattr(torch, dtype))
            torch.nn.init.trunc_normal_(expected, mean, std, low, high, generator=reference)
            assert_same_bits(expected, generator.trunc_normal(shape, mean, std, low, high, dtype=dtype))
            assert_same_state(reference, generator)


@pytest.mark.parametrize(("low", "high"), [(-2.0, 2.0), (1.0, 1.5)])
def test_nothing_lies_outside(low, high):
    values = TorchGenerator(0).trunc_normal(5000, a=low, b=high)
    assert low <= values.min() <= values.max() <= high


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"std": 0.0}, r"`std` \(=0.0\) must be positive"),
        ({"a": 1.0, "b": 1.0}, r"`a` \(=1.0\) must be less than `b` \(=1.0\)"),
        ({"mean": np.nan}, r"`mean` \(=nan\) must be finite"),
    ],
)
def test_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        TorchGenerator(0).trunc_normal(3, **keywords)
