"""A function called as one operation, and checkpoint, which computes it again for its derivative.

For y = f(x) of several arrays, a call has

    run(x) = y
    forward(x) = (y, r)        the value, and what the derivative needs
    push(r, ẋ) = ẏ             forward mode
    pull(r, ȳ) = x̄             reverse mode
    batched(axes)               the call of vmap(f)
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.arguments import as_array
from jaxdl.autodiff.derivatives import jvp, linearised
from jaxdl.autodiff.engine.batching import vmap
from jaxdl.autodiff.engine.primitive import Hollow, Primitive
from jaxdl.autodiff.engine.reverse import TapeTracer
from jaxdl.autodiff.engine.trace import innermost, require_function
from jaxdl.autodiff.numpy_protocol import as_arraylike

Arrays = list[Any]


class Called:
    """A function whose derivative is computed from its arguments: r = x.

    Args:
        name: what the user called, for errors.
        function: of arrays to a tree of arrays.
    """

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self.function = name, function
        self.structure = tree.LEAF  # that of the value, once it has been computed

    def run(self, *x: Any) -> Arrays:
        """y = f(x)"""
        return self.leaves(self.function(*x))

    def leaves(self, value: Any) -> Arrays:
        """A value's arrays."""
        outputs, self.structure = tree.flatten(value)
        return [as_array(self.name, output) for output in outputs]

    def forward(self, *x: Any) -> tuple[Arrays, Any]:
        """(y, x): a call again, so that an outer derivative computes it again as well."""
        return call(*x, called=self), x

    def push(self, r: Any, t: Arrays) -> Arrays:
        """ẏ = f′(x) ẋ"""
        return tree.flatten(pushing(self.function)(r, tuple(t)))[0]

    def pull(self, r: Any, ct: Arrays) -> Arrays:
        """x̄ = f′(x)ᵀ ȳ"""
        return list(pulling(self.function)(r, tree.unflatten(self.structure, ct)))

    def batched(self, axes: tuple[Any, ...]) -> "Called":
        """The call of vmap(f)."""
        return Called(self.name, vmap(self.function, axes))


class Call(Primitive):
    """y = f(x), with several results."""

    def push(self, primals, tangents, params):
        """(y, ẏ = f′(x) ẋ): in reverse mode the tape notes one step, which keeps r alone."""
        called = params["called"]
        y, r = called.forward(*primals)
        if not any(isinstance(t, TapeTracer) for t in tangents):
            filled = [np.zeros(x.shape, x.dtype) if t is None else t for x, t in zip(primals, tangents, strict=True)]
            return y, called.push(r, filled)
        traced = [i for i, t in enumerate(tangents) if t is not None]
        results = [Hollow(each.shape, each.dtype) for each in y]
        return y, transposable(*(tangents[i] for i in traced), called=called, r=r, traced=traced, results=results)


class Transposable(Primitive):
    """The linear function ẋ ↦ ẏ of a call, of which the tape needs the transpose alone."""

    def pull(self, cotangents, args, wanted, params):
        """x̄ = pull(r, ȳ)"""
        filled = [
            np.zeros(each.shape, each.dtype) if ct is None else ct
            for each, ct in zip(params["results"], cotangents, strict=True)
        ]
        pulled = params["called"].pull(params["r"], filled)
        return [pulled[params["traced"][i]] for i in wanted]


call, transposable = Call("call"), Transposable("transposable")


@call.evaluate
def _(*x, called):
    """y = f(x)"""
    return called.run(*x)


@call.batch
def _(size, batched, *x, called):
    """batch(X)ₙ = f(Xₙ): the call of vmap(f)"""
    whole = called.batched(tuple(0 if own else None for own in batched))
    y = call(*x, called=whole)
    called.structure = whole.structure
    return y


@transposable.result
def _(*t, called, r, traced, results):
    """ẏ has the shapes of y"""
    return results


def through(make: Callable[[tree.Structure], Called], name: str, args: tuple[Any, ...]) -> Any:
    """A call's value.

    Args:
        make: gives the call, from the structure of the arguments.
        name: for errors.
        args: trees of arrays.

    Raises:
        TypeError: an argument is no array.
    """
    named, structure = tree.flatten_named(args)
    leaves = [as_arraylike(leaf) for _, leaf in named]
    for (path, leaf), array in zip(named, leaves, strict=True):
        if array.dtype.kind not in "fiub":
            place = path[1:].replace("]", "", 1)
            raise TypeError(f"{name}: argument {place} must be an array, given a {type(leaf).__name__}")
    called = make(structure)
    y = call(*leaves, called=called)
    return tree.unflatten(called.structure, y)


def pushing(function: Callable[..., Any]) -> Callable[..., Any]:
    """(x, ẋ) ↦ f′(x) ẋ, for arguments of which some are integers."""

    def push(args: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
        real, of_real = _of_real(function, args)
        directions = tree.flatten(tangents)[0]
        return jvp(of_real, tuple(real.values()), tuple(directions[i] for i in real))[1]

    return push


def pulling(function: Callable[..., Any]) -> Callable[..., Any]:
    """(x, ȳ) ↦ f′(x)ᵀ ȳ, for arguments of which some are integers, whose cotangents are zero."""

    def pull(args: tuple[Any, ...], cotangent: Any) -> Any:
        real, of_real = _of_real(function, args)
        _, pullback, _ = linearised("vjp", of_real, list(real.values()), tree.flatten(tuple(real))[1], False)
        pulled = dict(zip(real, pullback(tree.flatten(cotangent)[0], once=True), strict=True))
        leaves, structure = tree.flatten(args)
        return tree.unflatten(structure, [pulled.get(i, np.zeros(np.shape(leaf))) for i, leaf in enumerate(leaves)])

    return pull


def _of_real(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[dict[int, Any], Callable[..., Any]]:
    """The floating leaves of the arguments by number, and the function of those."""
    leaves, structure = tree.flatten(args)
    real = {i: leaf for i, leaf in enumerate(leaves) if np.issubdtype(leaf.dtype, np.floating)}

    def of_real(*chosen: Any) -> Any:
        replaced = dict(zip(real, chosen, strict=True))
        return function(*tree.unflatten(structure, [replaced.get(i, leaf) for i, leaf in enumerate(leaves)]))

    return real, of_real


def checkpoint(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose backward pass computes it again, so that only its arguments are kept until then.

        memory of f₃(f₂(f₁(x))), each a checkpoint: the three arguments, and what is inside of one f

    Args:
        function: of arrays, or trees of them, to such. Traced values that it uses besides its arguments count as
            arguments, unless it asks for a value (`if x > 0`): then it must have them as arguments.

    Returns:
        The function.

    Raises:
        TypeError: when called: an argument is no array.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.grad(autodiff.checkpoint(lambda x: np.sin(np.exp(x))))(0.0).round(4).item()
    0.5403
    """

    require_function("checkpoint", function)

    @functools.wraps(function)
    def checkpointed(*args: Any, **settings: Any) -> Any:
        given, of_given = with_captured(lambda *args: function(*args, **settings), args)

        def make(structure: tree.Structure) -> Called:
            return Called("checkpoint", lambda *x: of_given(*tree.unflatten(structure, x)))

        return through(make, "checkpoint", given)

    return checkpointed


def with_captured(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Callable[..., Any]]:
    """The arguments of a function and whatever traced values it uses besides, and the function of both.

    It is recorded to find them. A function that asks for a value, as in `if x > 0`, cannot be: it has its arguments
    alone.
    """
    from jaxdl.autodiff.program import record  # which knows of calls

    if innermost(tree.flatten(args)[0]) is None:
        return args, function
    try:
        program = record("checkpoint", function, args, {})
    except TypeError:
        return args, function
    captured = program.captured()
    if not captured:
        return args, function
    closed = dataclasses.replace(program, inputs=(*program.inputs, *captured))

    def of_both(args: tuple[Any, ...], captured: tuple[Any, ...]) -> Any:
        return closed.outcome([*tree.flatten(args)[0], *captured])

    return (args, captured), of_both
