"""All cases, and how many examples of each a test takes."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.autodiff import cases_elementwise, cases_network, cases_reduction, cases_shape

CASES = [*cases_elementwise.CASES, *cases_reduction.CASES, *cases_shape.CASES, *cases_network.CASES]
NAMES = {case.name for case in CASES}
NETWORK = (
    *(
        "at.add",
        "avg_pool2d",
        "conv1d",
        "conv2d",
        "convolution",
        "cross_entropy",
        "dropout",
        "embedding",
        "erf",
        "gelu",
    ),
    *("layer_norm", "linear", "log_softmax", "logsumexp", "max_pool2d", "mse_loss", "relu", "sigmoid", "softmax"),
    "stop_gradient",
)
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def few(count: int) -> Any:
    """So many examples, the same in every run."""
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
