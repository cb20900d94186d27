"""The names without an underscore, which PyTorch keeps for old code: they warn and do the same."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from jaxdl.nn.init.constant import constant_, dirac_, eye_
from jaxdl.nn.init.distribution import normal_, uniform_
from jaxdl.nn.init.matrix import orthogonal_, sparse_
from jaxdl.nn.init.scaled import kaiming_normal_, kaiming_uniform_, xavier_normal_, xavier_uniform_

P = ParamSpec("P")
R = TypeVar("R")


def _renamed(initialiser: Callable[P, R]) -> Callable[P, R]:
    new = initialiser.__name__
    old = new.removesuffix("_")

    @wraps(initialiser)
    def deprecated(*args: P.args, **kwargs: P.kwargs) -> R:
        warnings.warn(f"nn.init.{old} is deprecated; use nn.init.{new}", FutureWarning, stacklevel=2)
        return initialiser(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = old
    deprecated.__doc__ = f"Deprecated name of `{new}`. **Matches** `torch.nn.init.{old}`, PyTorch 2.13."
    return deprecated


uniform = _renamed(uniform_)
normal = _renamed(normal_)
constant = _renamed(constant_)
eye = _renamed(eye_)
dirac = _renamed(dirac_)
xavier_uniform = _renamed(xavier_uniform_)
xavier_normal = _renamed(xavier_normal_)
kaiming_uniform = _renamed(kaiming_uniform_)
kaiming_normal = _renamed(kaiming_normal_)
orthogonal = _renamed(orthogonal_)
sparse = _renamed(sparse_)
