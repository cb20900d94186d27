"""Functions whose backward pass is written by hand."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.arguments import alike
from jaxdl.autodiff.call import Arrays, Called, through
from jaxdl.autodiff.engine.batching import vmap
from jaxdl.autodiff.engine.trace import require_function
from jaxdl.autodiff.numpy_protocol import as_arraylike


class ByHand(Called):
    """A call with `forward` and `backward` of its own, both of flat arrays."""

    def __init__(
        self, name: str, function: Callable[..., Any], forward: Callable[..., Any], backward: Callable[..., Any]
    ) -> None:
        super().__init__(name, function)
        self._forward, self._backward = forward, backward

    def forward(self, *x: Any) -> tuple[Arrays, Any]:
        """(y, r) as `forward` gives them."""
        pair = self._forward(*x)
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise TypeError(
                f"{self.name}: forward must give a pair, the value and what backward needs, given {type(pair).__name__}"
            )
        return self.leaves(pair[0]), pair[1]

    def push(self, r: Any, t: Arrays) -> Arrays:
        """There is no forward mode."""
        raise TypeError(
            f"{self.name} has a rule for reverse mode alone, and jvp and jacfwd need one for forward mode; grad, vjp "
            "and jacrev differentiate it"
        )

    def pull(self, r: Any, ct: Arrays) -> Arrays:
        """x̄ as `backward` gives it."""
        found: Arrays = self._backward(r, tree.unflatten(self.structure, ct))
        return found

    def batched(self, axes: tuple[Any, ...]) -> Called:
        """Both for many examples; an argument that they share gets the sum of their cotangents."""

        def backward(r: Any, ct: Any) -> Arrays:
            pulled = vmap(self._backward)(r, ct)
            return [np.sum(each, axis=0) if axis is None else each for axis, each in zip(axes, pulled, strict=True)]

        return ByHand(self.name, vmap(self.function, axes), vmap(self._forward, axes), backward)


class custom_vjp:  # noqa: N801  a decorator
    """A function whose backward pass is written by hand; derivatives of that are taken as of any function.

        forward(x) = (f(x), r),      backward(r, ȳ) = x̄

    Args:
        function: of arrays, or trees of them, to such.

    Raises:
        TypeError: when called: an argument is no array, there are no rules yet, forward gives no pair, or backward no
            tuple of one cotangent an argument; when differentiated in forward mode.
        ValueError: a cotangent has another form than its argument.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> @autodiff.custom_vjp
    ... def clipped(x):  # x, whose cotangent goes through clipped to ±1
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda r, ct: (np.clip(ct, -1, 1),))
    >>> autodiff.grad(lambda x: 5 * clipped(x))(2.0).item()
    1.0
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        require_function("custom_vjp", function)
        functools.update_wrapper(self, function)
        self._function = function
        self._name = f"custom_vjp {getattr(function, '__name__', 'function')}"
        self._rules: tuple[Callable[..., Any], Callable[..., Any]] | None = None

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """Give the rules.

        Args:
            forward: of the function's arguments, to its value and whatever arrays `backward` needs.
            backward: of those and the cotangent of the value, to a tuple of one cotangent an argument, None for zero.
        """
        self._rules = (forward, backward)

    def __call__(self, *args: Any) -> Any:
        """The value; differentiated, by the rules."""
        if self._rules is None:
            raise TypeError(f"{self._name} has no rules yet; its defvjp(forward, backward) gives them")
        given_forward, given_backward = self._rules

        def make(structure: tree.Structure) -> Called:
            def function(*x: Any) -> Any:
                return self._function(*tree.unflatten(structure, x))

            def forward(*x: Any) -> Any:
                return given_forward(*tree.unflatten(structure, x))

            def backward(r: Any, ct: Any) -> Arrays:
                pulled = given_backward(r, ct)
                if not isinstance(pulled, tuple) or len(pulled) != len(args):
                    raise TypeError(
                        f"{self._name}: backward must give a tuple of one cotangent an argument, {len(args)} of them"
                    )
                what = f"{self._name}: the cotangent that backward gives for argument"
                each = [_cotangents(f"{what} {i}", *pair) for i, pair in enumerate(zip(pulled, args, strict=True))]
                return [leaf for leaves in each for leaf in leaves]

            return ByHand(self._name, function, forward, backward)

        return through(make, self._name, args)


def _cotangents(what: str, given: Any, arg: Any) -> Arrays:
    leaves, structure = tree.flatten(arg)
    leaves = [as_arraylike(leaf) for leaf in leaves]
    if given is None:
        return [np.zeros(leaf.shape, leaf.dtype) for leaf in leaves]
    return alike(what, given, leaves, structure)
