"""Any calls in any order leave PyTorch's generator and ours in one state."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.torch

SIZES = st.sampled_from([0, 1, 2, 3, 7, 15, 16, 17, 33, 100, 700])
CALLS = st.sampled_from(
    [
        "uniform", "normal", "normal of arrays", "trunc_normal", "exponential", "cauchy", "log_normal", "randint",
        "wide randint", "randperm", "random", "bernoulli", "bernoulli of an array", "geometric", "poisson", "binomial",
        "multinomial", "multinomial with replacement",
    ]
)  # fmt: skip


def both(torch: Any, call: str, size: int, theirs: Any, ours: Any) -> tuple[Any, Any]:
    """The same draw from either."""
    tensor, ramp = torch.empty(size), np.linspace(0.01, 0.99, size)
    wide = torch.from_numpy(ramp)
    pairs = {
        "uniform": lambda: (tensor.uniform_(-2, 3, generator=theirs), ours.uniform(size, -2, 3)),
        "normal": lambda: (tensor.normal_(1, 2, generator=theirs), ours.normal(size, 1, 2)),
        "normal of arrays": lambda: (
            torch.normal(wide, wide, generator=theirs),
            ours.normal(size, ramp, ramp, dtype="float64"),
        ),
        "trunc_normal": lambda: (
            torch.nn.init.trunc_normal_(tensor, 0, 1, 1, 3, generator=theirs),
            ours.trunc_normal(size, 0, 1, 1, 3),
        ),
        "exponential": lambda: (tensor.exponential_(2, generator=theirs), ours.exponential(size, 2)),
        "cauchy": lambda: (tensor.cauchy_(generator=theirs), ours.cauchy(size)),
        "log_normal": lambda: (tensor.log_normal_(0, 1, generator=theirs), ours.log_normal(size, 0, 1)),
        "randint": lambda: (torch.randint(-9, 99, (size,), generator=theirs), ours.randint(-9, 99, size)),
        "wide randint": lambda: (torch.randint(0, 2**40, (size,), generator=theirs), ours.randint(0, 2**40, size)),
        "randperm": lambda: (torch.randperm(size, generator=theirs), ours.randperm(size)),
        "random": lambda: (torch.empty((), dtype=torch.int64).random_(generator=theirs), ours.random()),
        "bernoulli": lambda: (tensor.bernoulli_(0.4, generator=theirs).bool(), ours.bernoulli(0.4, size)),
        "bernoulli of an array": lambda: (
            torch.bernoulli(wide.float(), generator=theirs).bool(),
            ours.bernoulli(ramp.astype("float32")),
        ),
        "geometric": lambda: (tensor.geometric_(0.1, generator=theirs).long(), ours.geometric(0.1, size)),
        "poisson": lambda: (torch.poisson(wide * 30, generator=theirs), ours.poisson(ramp * 30)),
        "binomial": lambda: (torch.binomial(wide * 0 + 40, wide, generator=theirs), ours.binomial(40, ramp)),
        "multinomial": lambda: (torch.multinomial(wide, size, generator=theirs), ours.multinomial(ramp, size)),
        "multinomial with replacement": lambda: (
            torch.multinomial(wide, 9, True, generator=theirs),
            ours.multinomial(ramp, 9, True),
        ),
    }
    if call.startswith("multinomial") and size == 0:
        return torch.zeros(0), np.zeros(0)
    return pairs[call]()


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(-(2**63), 2**64 - 1), calls=st.lists(st.tuples(CALLS, SIZES), max_size=12))
def test_any_calls(torch, pair, assert_same_state, seed, calls):
    theirs, ours = pair(seed)
    for call, size in calls:
        expected, given_ = both(torch, call, size, theirs, ours)
        np.testing.assert_array_equal(given_, expected.numpy(), err_msg=call)
        assert_same_state(theirs, ours)
        theirs.set_state(torch.from_numpy(ours.state))  # either goes on from the other's bytes
        ours.state = theirs.get_state()
