"""Automatic differentiation from scratch, in NumPy: functions written with NumPy are differentiated as they stand.

>>> import numpy as np
>>> from jaxdl import autodiff
>>> def loss(w, x):
...     return np.sum(np.tanh(x @ w) ** 2)
>>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
>>> autodiff.grad(loss)(np.array([0.1, -0.2]), x).round(4)
array([-2.7003, -3.9207])
"""

from jaxdl.autodiff import functions, primitives, tree
from jaxdl.autodiff.batching import vmap
from jaxdl.autodiff.call import checkpoint
from jaxdl.autodiff.custom import custom_vjp
from jaxdl.autodiff.derivatives import grad, hessian, hvp, jacfwd, jacrev, jvp, value_and_grad, vjp
from jaxdl.autodiff.functions.indexing import at
from jaxdl.autodiff.functions.network import *  # noqa: F403
from jaxdl.autodiff.functions.network import __all__ as _networks
from jaxdl.autodiff.primitive import Hollow, Primitive
from jaxdl.autodiff.program import Program, trace
from jaxdl.autodiff.tracer import supported
from jaxdl.autodiff.xla import jit, lowered

__all__ = [  # noqa: PLE0604
    *_networks,
    *(
        "Hollow",
        "Primitive",
        "Program",
        "at",
        "checkpoint",
        "custom_vjp",
        "functions",
        "grad",
        "hessian",
        "hvp",
        "jacfwd",
    ),
    *("jacrev", "jit", "jvp", "lowered", "primitives", "supported", "trace", "tree", "value_and_grad", "vjp", "vmap"),
]
