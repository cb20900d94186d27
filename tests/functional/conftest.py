"""What the tests of `jaxdl.functional` share."""

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="session")
def entries(torch: ModuleType) -> Callable[[str], list[Any]]:
    """PyTorch's own database of operators and their sample inputs, asked by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's test code warns as it is imported
        database = pytest.importorskip(
            "torch.testing._internal.common_methods_invocations",
            reason="PyTorch's test code needs expecttest",
        )
    return lambda name: [entry for entry in database.op_db if entry.name == name]
