"""Automatic differentiation from scratch, in NumPy: functions written with NumPy are differentiated as they stand.

>>> import numpy as np
>>> from jaxdl import autodiff
>>> def loss(w, x):
...     return np.sum(np.tanh(x @ w) ** 2)
>>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
>>> autodiff.grad(loss)(np.array([0.1, -0.2]), x).round(4)
array([-2.7138, -3.9738])
"""

from jaxdl.autodiff import functions, primitives, tree
from jaxdl.autodiff.call import checkpoint
from jaxdl.autodiff.custom import custom_vjp
from jaxdl.autodiff.derivatives import grad, jvp, value_and_grad, vjp
from jaxdl.autodiff.drawing import draw
from jaxdl.autodiff.engine.batching import vmap
from jaxdl.autodiff.engine.primitive import Hollow, Primitive
from jaxdl.autodiff.functions.indexing import at
from jaxdl.autodiff.functions.network import (
    avg_pool2d,
    conv1d,
    conv2d,
    convolution,
    cross_entropy,
    dropout,
    embedding,
    gelu,
    layer_norm,
    linear,
    log_softmax,
    logsumexp,
    max_pool2d,
    mse_loss,
    relu,
    softmax,
)
from jaxdl.autodiff.jacobian import hessian, hvp, jacfwd, jacrev
from jaxdl.autodiff.numpy_protocol import supported
from jaxdl.autodiff.primitives.curves import erf, sigmoid
from jaxdl.autodiff.primitives.steps import stop_gradient
from jaxdl.autodiff.program import Program, trace
from jaxdl.autodiff.xla import jit, lowered

__all__ = [
    "Hollow", "Primitive", "Program", "at", "avg_pool2d", "checkpoint", "conv1d", "conv2d", "convolution",
    "cross_entropy", "custom_vjp", "draw", "dropout", "embedding", "erf", "functions", "gelu", "grad", "hessian", "hvp",
    "jacfwd", "jacrev", "jit", "jvp", "layer_norm", "linear", "log_softmax", "logsumexp", "lowered", "max_pool2d",
    "mse_loss", "primitives", "relu", "sigmoid", "softmax", "stop_gradient", "supported", "trace", "tree",
    "value_and_grad", "vjp", "vmap",
]  # fmt: skip
