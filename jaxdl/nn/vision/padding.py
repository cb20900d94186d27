"""Padding modules."""

import operator
from typing import Any

import jax

from jaxdl import functional as F
from jaxdl.nn.module import Module


class _Padding(Module):
    """What all of them are: an amount and a mode."""

    _axes: int
    _mode: str

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        self.padding = self._amounts(padding)

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.pad(input, self.padding, self._mode)

    def _amounts(self, padding: Any) -> tuple[int, ...]:
        """One integer for all ends, or (left, right, top, bottom, front, back) as far as there are axes."""
        try:
            if isinstance(padding, tuple | list):
                return tuple(operator.index(amount) for amount in padding)
            return (operator.index(padding),) * (2 * self._axes)
        except TypeError as error:
            raise TypeError(
                f"{type(self).__name__}: padding must be an integer or a tuple of {2 * self._axes} integers, "
                f"but got {padding!r}"
            ) from error


class _Constant(_Padding):
    _mode = "constant"

    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def __call__(self, input: jax.Array) -> jax.Array:
        return F.pad(input, self.padding, self._mode, self.value)


class _Circular(_Padding):
    _mode = "circular"

    def __call__(self, input: jax.Array) -> jax.Array:
        if input.ndim not in (self._axes + 1, self._axes + 2):
            raise ValueError(
                f"{type(self).__name__}: input has shape {input.shape}; it must have {self._axes + 1} or "
                f"{self._axes + 2} dimensions"
            )
        return super().__call__(input)


class ConstantPad1d(_Constant):
    """A constant at both ends of the last axis.

    **Matches** `torch.nn.ConstantPad1d`, PyTorch 2.13: an integer for all ends, or 2 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ConstantPad1d((2, 0), 9.0)(jnp.array([[1.0, 2.0, 3.0]])).tolist()
    [[9.0, 9.0, 1.0, 2.0, 3.0]]
    """

    _axes = 1


class ConstantPad2d(_Constant):
    """A constant at both ends of the last two axes.

    **Matches** `torch.nn.ConstantPad2d`, PyTorch 2.13: an integer for all ends, or 4 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ConstantPad2d(1, 9.0)(jnp.ones((1, 4, 4, 4))).shape
    (1, 4, 6, 6)
    """

    _axes = 2


class ConstantPad3d(_Constant):
    """A constant at both ends of the last three axes.

    **Matches** `torch.nn.ConstantPad3d`, PyTorch 2.13: an integer for all ends, or 6 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ConstantPad3d(1, 9.0)(jnp.ones((1, 4, 4, 4, 4))).shape
    (1, 4, 6, 6, 6)
    """

    _axes = 3


class ZeroPad1d(ConstantPad1d):
    """Zeros at both ends of the last axis.

    **Matches** `torch.nn.ZeroPad1d`, PyTorch 2.13: an integer for all ends, or 2 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ZeroPad1d((2, 0))(jnp.array([[1.0, 2.0, 3.0]])).tolist()
    [[0.0, 0.0, 1.0, 2.0, 3.0]]
    """

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)


class ZeroPad2d(ConstantPad2d):
    """Zeros at both ends of the last two axes.

    **Matches** `torch.nn.ZeroPad2d`, PyTorch 2.13: an integer for all ends, or 4 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ZeroPad2d(1)(jnp.ones((1, 4, 4, 4))).shape
    (1, 4, 6, 6)
    """

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)


class ZeroPad3d(ConstantPad3d):
    """Zeros at both ends of the last three axes.

    **Matches** `torch.nn.ZeroPad3d`, PyTorch 2.13: an integer for all ends, or 6 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ZeroPad3d(1)(jnp.ones((1, 4, 4, 4, 4))).shape
    (1, 4, 6, 6, 6)
    """

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)


class ReflectionPad1d(_Padding):
    """The input mirrored at both ends of the last axis.

    **Matches** `torch.nn.ReflectionPad1d`, PyTorch 2.13: an integer for all ends, or 2 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReflectionPad1d((2, 0))(jnp.array([[1.0, 2.0, 3.0]])).tolist()
    [[3.0, 2.0, 1.0, 2.0, 3.0]]
    """

    _axes = 1
    _mode = "reflect"


class ReflectionPad2d(_Padding):
    """The input mirrored at both ends of the last two axes.

    **Matches** `torch.nn.ReflectionPad2d`, PyTorch 2.13: an integer for all ends, or 4 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReflectionPad2d(1)(jnp.ones((1, 4, 4, 4))).shape
    (1, 4, 6, 6)
    """

    _axes = 2
    _mode = "reflect"


class ReflectionPad3d(_Padding):
    """The input mirrored at both ends of the last three axes.

    **Matches** `torch.nn.ReflectionPad3d`, PyTorch 2.13: an integer for all ends, or 6 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReflectionPad3d(1)(jnp.ones((1, 4, 4, 4, 4))).shape
    (1, 4, 6, 6, 6)
    """

    _axes = 3
    _mode = "reflect"


class ReplicationPad1d(_Padding):
    """The edge repeated at both ends of the last axis.

    **Matches** `torch.nn.ReplicationPad1d`, PyTorch 2.13: an integer for all ends, or 2 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReplicationPad1d((2, 0))(jnp.array([[1.0, 2.0, 3.0]])).tolist()
    [[1.0, 1.0, 1.0, 2.0, 3.0]]
    """

    _axes = 1
    _mode = "replicate"


class ReplicationPad2d(_Padding):
    """The edge repeated at both ends of the last two axes.

    **Matches** `torch.nn.ReplicationPad2d`, PyTorch 2.13: an integer for all ends, or 4 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReplicationPad2d(1)(jnp.ones((1, 4, 4, 4))).shape
    (1, 4, 6, 6)
    """

    _axes = 2
    _mode = "replicate"


class ReplicationPad3d(_Padding):
    """The edge repeated at both ends of the last three axes.

    **Matches** `torch.nn.ReplicationPad3d`, PyTorch 2.13: an integer for all ends, or 6 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.ReplicationPad3d(1)(jnp.ones((1, 4, 4, 4, 4))).shape
    (1, 4, 6, 6, 6)
    """

    _axes = 3
    _mode = "replicate"


class CircularPad1d(_Circular):
    """The input over again at both ends of the last axis.

    **Matches** `torch.nn.CircularPad1d`, PyTorch 2.13: an integer for all ends, or 2 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.CircularPad1d((2, 0))(jnp.array([[1.0, 2.0, 3.0]])).tolist()
    [[2.0, 3.0, 1.0, 2.0, 3.0]]
    """

    _axes = 1


class CircularPad2d(_Circular):
    """The input over again at both ends of the last two axes.

    **Matches** `torch.nn.CircularPad2d`, PyTorch 2.13: an integer for all ends, or 4 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.CircularPad2d(1)(jnp.ones((1, 4, 4, 4))).shape
    (1, 4, 6, 6)
    """

    _axes = 2


class CircularPad3d(_Circular):
    """The input over again at both ends of the last three axes.

    **Matches** `torch.nn.CircularPad3d`, PyTorch 2.13: an integer for all ends, or 6 of them from the last axis on.

    >>> import jax.numpy as jnp
    >>> from jaxdl import nn
    >>> nn.CircularPad3d(1)(jnp.ones((1, 4, 4, 4, 4))).shape
    (1, 4, 6, 6, 6)
    """

    _axes = 3
