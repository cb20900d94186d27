"""Modules that hold parameters: ParameterList, ParameterDict."""

from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
from flax import nnx

from jaxdl.nn.container.modules import Keyed, Numbered


def _parameter(value: Any) -> nnx.Variable[Any]:
    """A variable as it is, an array as a parameter."""
    return value if isinstance(value, nnx.Variable) else nnx.Param(jnp.asarray(value))


class ParameterList(Numbered):
    """Parameters in a list, named "0", "1", ....

    **Matches** `torch.nn.ParameterList`, PyTorch 2.13. **Differs**: an entry is an `nnx.Param`, whose array is
    `entry[...]`; there are no entries but arrays.

    Args:
        values: arrays, or `nnx.Param`s.

    Raises:
        IndexError: an index out of range.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> weights = nn.ParameterList([jnp.ones(2), jnp.zeros((3, 1))])
    >>> list(nn.state_dict(weights)), weights[1][...].shape
    (['0', '1'], (3, 1))
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self.extend(values or ())

    def _accepted(self, name: str, value: Any) -> Any:
        return _parameter(value)


class ParameterDict(Keyed):
    """Parameters under names.

    **Matches** `torch.nn.ParameterDict`, PyTorch 2.13, with a dict's methods. **Differs**: an entry is an `nnx.Param`,
    whose array is `entry[...]`.

    Args:
        entries: arrays, or `nnx.Param`s, by name.

    Raises:
        TypeError: a name that is no string.
        ValueError: a name that is empty, holds a dot or is an attribute.
        KeyError: a name that is not there.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> gains = nn.ParameterDict({"left": jnp.ones(2)})
    >>> gains["right"] = jnp.zeros(3)
    >>> {name: array.shape for name, array in nn.state_dict(gains).items()}
    {'left': (2,), 'right': (3,)}
    """

    def _accepted(self, name: str, value: Any) -> Any:
        return _parameter(value)
