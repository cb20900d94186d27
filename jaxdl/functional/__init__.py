"""torch.nn.functional's names, argument names, order and defaults, as pure functions of arrays.

Numpy arrays are welcome wherever jax arrays are. Where PyTorch would change a buffer in place the new one is
returned, and what draws random numbers takes a `key`. Every function works under `jit`, `vmap`, `grad`, `jvp`
and `hessian`.

>>> from jaxdl import functional as F
>>> import numpy as np
>>> F.linear(np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)).shape
(2, 4)
"""

from jaxdl.functional.activation import log_softmax, relu, softmax
from jaxdl.functional.conv import conv2d
from jaxdl.functional.dropout import dropout
from jaxdl.functional.linear import linear
from jaxdl.functional.loss import cross_entropy, mse_loss, nll_loss
from jaxdl.functional.norm import batch_norm
from jaxdl.functional.pool import max_pool2d

__all__ = [
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "relu",
    "softmax",
]
