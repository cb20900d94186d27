"""Derivatives along a direction and gradients: the forward trace, and the forward trace over a tape."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.arguments import Function, alike, arguments, as_array, by_arguments, own, with_aux
from jaxdl.autodiff.engine.forward import ForwardTrace, ForwardTracer, kept
from jaxdl.autodiff.engine.reverse import Tape, TapeTracer
from jaxdl.autodiff.engine.trace import require_function
from jaxdl.autodiff.numpy_protocol import kind


def jvp(function: Function, primals: Any, tangents: Any, *, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function and its derivative along a direction (forward mode).

        jvp(f, x, ẋ) = f(x), f′(x) ẋ

    Args:
        function: of arrays, or trees of them, to such.
        primals: its arguments, a tuple or list.
        tangents: a direction for each, in the same form.
        has_aux: the function gives a pair, whose second is passed on as it is.

    Returns:
        Value and derivative, and what else the function gave.

    Raises:
        TypeError: an argument is not floating point, or the two are not both tuples or lists.
        ValueError: arguments and tangents differ in structure or shape.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> value, slope = autodiff.jvp(np.sin, (0.0,), (2.0,))
    >>> value.item(), slope.item()
    (0.0, 2.0)
    """
    require_function("jvp", function)
    if not (isinstance(primals, list | tuple) and isinstance(tangents, list | tuple)):
        raise TypeError(
            "jvp: primals and tangents must be tuples of arguments, as in jvp(f, (x,), (v,)), given "
            f"{type(primals).__name__} and {type(tangents).__name__}"
        )
    leaves, structure = arguments("jvp", tuple(primals))
    directions = alike("jvp: the tangent", tuple(tangents), leaves, structure)
    with ForwardTrace("jvp") as trace:
        pairs = [ForwardTracer(trace, kept(x), kept(t)) for x, t in zip(leaves, directions, strict=True)]
        result = function(*tree.unflatten(structure, pairs))
        result, aux = with_aux("jvp", result, has_aux)
        outputs, out_structure = tree.flatten(result)
        unwrapped = [trace.unwrap(as_array("jvp", output)) for output in outputs]
        aux = tree.map(lambda leaf: trace.unwrap(leaf)[0], aux)
    values = tree.unflatten(out_structure, [own(y) for y, _ in unwrapped])
    slopes = tree.unflatten(out_structure, [np.zeros(y.shape, y.dtype) if t is None else own(t) for y, t in unwrapped])
    return (values, slopes, tree.map(own, aux)) if has_aux else (values, slopes)


def vjp(function: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of a function, and the function that pulls cotangents back (reverse mode).

        y, pull = vjp(f, x),      pull(ȳ) = (f′(x)ᵀ ȳ,)

    Args:
        function: of arrays, or trees of them, to such.
        *primals: its arguments.
        has_aux: the function gives a pair, whose second is passed on as it is.

    Returns:
        The value; `pull`, which takes a cotangent in the form of the value and gives a tuple of one an argument, as
        often as wanted; and what else the function gave.

    Raises:
        TypeError: an argument is not floating point.
        ValueError: in `pull`: the cotangent has not the form of the value.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> y, pull = autodiff.vjp(lambda w, x: w * x, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> y, pull(np.array([1.0, 10.0]))
    (array([3., 8.]), (array([ 3., 40.]), array([ 1., 20.])))
    """
    require_function("vjp", function)
    leaves, structure = arguments("vjp", primals)
    values, pullback, aux = linearised("vjp", function, leaves, structure, has_aux)
    y, out_structure = tree.unflatten(*values[::-1]), values[1]

    def pull(cotangent: Any) -> Any:
        cotangents = alike("vjp: the cotangent", cotangent, values[0], out_structure)
        return tree.unflatten(structure, [own(each) for each in pullback(cotangents, once=False)])

    return (y, pull, aux) if has_aux else (y, pull)


def linearised(
    purpose: str, function: Function, leaves: list[Any], structure: tree.Structure, has_aux: bool
) -> tuple[tuple[list[Any], tree.Structure], Callable[..., list[Any]], Any]:
    """The function's value with its structure; what pulls cotangents of its leaves back; what else it gave."""
    with Tape(purpose) as tape, ForwardTrace(purpose) as trace:
        inputs = [TapeTracer(tape, leaf) for leaf in leaves]
        pairs = [ForwardTracer(trace, kept(x), t) for x, t in zip(leaves, inputs, strict=True)]
        result, aux = with_aux(purpose, function(*tree.unflatten(structure, pairs)), has_aux)
        outputs, out_structure = tree.flatten(result)
        unwrapped = [trace.unwrap(as_array(purpose, output)) for output in outputs]
        aux = tree.map(lambda leaf: own(trace.unwrap(leaf)[0]), aux)

    def pullback(cotangents: list[Any], once: bool) -> list[Any]:
        seeds = [(t, ct) for (_, t), ct in zip(unwrapped, cotangents, strict=True)]
        found = tape.transposed(seeds, inputs, once=once)
        return [np.zeros(x.shape, x.dtype) if ct is None else ct for x, ct in zip(leaves, found, strict=True)]

    return ([own(y) for y, _ in unwrapped], out_structure), pullback, aux


def value_and_grad(function: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The function that gives a scalar function's value and its gradient.

        value_and_grad(f)(x) = f(x), ∇f(x)

    Args:
        function: of arrays, or trees of them, to one number.
        argnums: which arguments to differentiate by; several give a tuple of gradients.
        has_aux: the function gives a pair, whose second is passed on: ((value, aux), gradient).

    Returns:
        The function. Its memory of the way forward is freed as the backward pass goes.

    Raises:
        TypeError: when called: an argument that is differentiated is not floating point, or the function does not give
            one floating number.
        ValueError: there is no such argument.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> value, gradient = autodiff.value_and_grad(lambda p: np.sum(p["w"] ** 2))({"w": np.array([3.0, 4.0])})
    >>> value.item(), gradient
    (25.0, {'w': array([6., 8.])})
    """
    return _differentiated("value_and_grad", function, argnums, has_aux)


def grad(function: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The gradient of a scalar function: `value_and_grad` without the value.

        grad(f)(x) = ∇f(x) = (∂f/∂x₁, ∂f/∂x₂, …)

    Args, Raises: as `value_and_grad`.

    Returns:
        The function; with `has_aux` it gives (gradient, aux).

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.grad(np.sin)(0.0).item(), autodiff.grad(autodiff.grad(np.sin))(0.0).item()
    (1.0, -0.0)
    """
    both = _differentiated("grad", function, argnums, has_aux)

    def gradient(*args: Any, **settings: Any) -> Any:
        value, found = both(*args, **settings)
        return (found, value[1]) if has_aux else found

    return gradient


def _differentiated(purpose: str, function: Function, argnums: int | tuple[int, ...], has_aux: bool) -> Function:
    require_function(purpose, function)

    def both(*args: Any, **settings: Any) -> Any:
        chosen, of_chosen = by_arguments(purpose, function, argnums, args, settings)
        leaves, structure = arguments(purpose, chosen, argnums)
        (values, out_structure), pullback, aux = linearised(purpose, of_chosen, leaves, structure, has_aux)
        y = values[0] if out_structure == tree.LEAF else None
        if y is None or y.shape or not np.issubdtype(y.dtype, np.floating):
            given = f"a {out_structure.kind.__name__}" if out_structure.kind is not None else kind(y)
            raise TypeError(
                f"{purpose}: the function must give one floating number, given {given}; np.sum or np.mean makes one of "
                "an array, jacrev and vjp differentiate arrays, and has_aux=True takes a pair"
            )
        found = tree.unflatten(structure, [own(each) for each in pullback([np.ones((), y.dtype)], once=True)])
        return (y, aux) if has_aux else y, found[0] if isinstance(argnums, int) else found

    return both
