"""Every sample input that PyTorch keeps of these functions: value, gradients, second derivatives, under jit and vmap.

The samples come from `op_db`, PyTorch's own database, and each runs in both frameworks with one random cotangent
for the output and one random tangent for every differentiable input.
"""

import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional

pytestmark = pytest.mark.torch

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}  # of the largest magnitude in the tensor

# op_db's name: ours. Dropout draws its own numbers and is compared in test_dropout.
NAMES = {
    "nn.functional.linear": functional.linear,
    "nn.functional.conv2d": functional.conv2d,
    "nn.functional.relu": functional.relu,
    "nn.functional.batch_norm": functional.batch_norm,
    "softmax": functional.softmax,
    "log_softmax": functional.log_softmax,
    "nn.functional.cross_entropy": functional.cross_entropy,
    "nn.functional.nll_loss": functional.nll_loss,
    "nn.functional.mse_loss": functional.mse_loss,
}


class Derivatives(NamedTuple):
    """What both frameworks compute of one sample; a gradient is a list, one entry for each differentiable input."""

    value: Any
    gradient: Any
    second: Any  # the gradient of <gradient, tangents>
    tangent: Any = None  # <cotangent, forward-mode derivative along the tangents>; None in PyTorch
