"""What users call: jvp, vjp, grad, Jacobians, Hessians; all of them from the forward trace, the tape and vmap."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.batching import vmap
from jaxdl.autodiff.forward import ForwardTrace, ForwardTracer, kept
from jaxdl.autodiff.reverse import Tape, TapeTracer
from jaxdl.autodiff.tracer import Tracer, kind

Function = Callable[..., Any]


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
    if not (isinstance(primals, list | tuple) and isinstance(tangents, list | tuple)):
        raise TypeError(
            "jvp: primals and tangents must be tuples of arguments, as in jvp(f, (x,), (v,)), given "
            f"{type(primals).__name__} and {type(tangents).__name__}"
        )
    leaves, structure = arguments("jvp", tuple(primals))
    directions = alike("jvp: the tangent", tuple(tangents), leaves, structure)
    with ForwardTrace("jvp") as trace:
        pairs = [ForwardTracer(trace, x, t) for x, t in zip(leaves, directions, strict=True)]
        result = function(*tree.unflatten(structure, pairs))
        result, aux = _with_aux("jvp", result, has_aux)
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
    leaves, structure = arguments("vjp", primals)
    values, pullback, aux = _linearised("vjp", function, leaves, structure, has_aux)
    y, out_structure = tree.unflatten(*values[::-1]), values[1]

    def pull(cotangent: Any) -> Any:
        cotangents = alike("vjp: the cotangent", cotangent, values[0], out_structure)
        return tree.unflatten(structure, [own(each) for each in pullback(cotangents, once=False)])

    return (y, pull, aux) if has_aux else (y, pull)


def _linearised(
    purpose: str, function: Function, leaves: list[Any], structure: tree.Structure, has_aux: bool
) -> tuple[tuple[list[Any], tree.Structure], Callable[..., list[Any]], Any]:
    """The function's value with its structure; what pulls cotangents of its leaves back; what else it gave."""
    with Tape(purpose) as tape, ForwardTrace(purpose) as trace:
        inputs = [TapeTracer(tape, leaf) for leaf in leaves]
        pairs = [ForwardTracer(trace, kept(x), t) for x, t in zip(leaves, inputs, strict=True)]
        result, aux = _with_aux(purpose, function(*tree.unflatten(structure, pairs)), has_aux)
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
    def both(*args: Any, **settings: Any) -> Any:
        chosen, of_chosen = by_arguments(purpose, function, argnums, args, settings)
        leaves, structure = arguments(purpose, chosen, argnums)
        (values, out_structure), pullback, aux = _linearised(purpose, of_chosen, leaves, structure, has_aux)
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


def jacfwd(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The Jacobian, column by column in forward mode, all columns at once: for more outputs than inputs.

        J[…, j] = ∂f/∂xⱼ

    Args:
        function: of arrays, or trees of them, to such.
        argnums: which arguments to differentiate by; several give a tuple.

    Returns:
        The function of the Jacobian: in the form of the output, each leaf in the form of the input, each leaf of that an
        array of shape output + input.

    Raises:
        TypeError, ValueError: as `value_and_grad`.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.jacfwd(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.]])
    """

    def jacobian(*args: Any, **settings: Any) -> Any:
        chosen, of_chosen = by_arguments("jacfwd", function, argnums, args, settings)
        leaves, structure = arguments("jacfwd", chosen, argnums)

        def push(*direction: Any) -> Any:
            return jvp(of_chosen, chosen, tree.unflatten(structure, direction))[1]

        columns = vmap(push, out_axes=-1)(*basis(leaves))
        return tree.map(
            lambda J: _only(tree.unflatten(structure, split(J, leaves, -1)), argnums),
            columns,
        )

    return jacobian


def jacrev(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The Jacobian, row by row in reverse mode, all rows at once: for more inputs than outputs.

        J[i, …] = ∂fᵢ/∂x

    Args, Returns, Raises: as `jacfwd`.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.jacrev(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.]])
    """

    def jacobian(*args: Any, **settings: Any) -> Any:
        chosen, of_chosen = by_arguments("jacrev", function, argnums, args, settings)
        leaves, structure = arguments("jacrev", chosen, argnums)
        (values, out_structure), pullback, _ = _linearised("jacrev", of_chosen, leaves, structure, False)
        rows = vmap(lambda *cotangents: pullback(list(cotangents), once=False))(*basis(values))
        pieces = [split(each, values, 0) for each in rows]  # by input leaf, then by output leaf
        return tree.unflatten(
            out_structure, [_only(tree.unflatten(structure, list(each)), argnums) for each in zip(*pieces, strict=True)]
        )

    return jacobian


def hessian(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The matrix of second derivatives of a scalar function, forward over reverse.

        H[i, j] = ∂²f/∂xᵢ∂xⱼ

    Args, Raises: as `jacfwd`.

    Returns:
        The function of the Hessian, an array of shape input + input (trees: in the form of the input, each leaf in the
        form of the input).

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.hessian(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]))
    array([[6., 4.],
           [4., 0.]])
    """
    return jacfwd(jacrev(function, argnums), argnums)


def hvp(function: Function, primals: Any, tangents: Any) -> Any:
    """The Hessian of a scalar function times a direction, without the Hessian: forward over reverse.

        hvp(f, x, v) = H v = d/dε ∇f(x + ε v)

    Args:
        function: to one number.
        primals: its argument, an array or a dict; or a tuple of arguments, as `jvp` takes them.
        tangents: the direction, in the same form.

    Returns:
        The product, in the form of `primals`.

    Raises:
        TypeError, ValueError: as `grad` and `jvp`.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    if not isinstance(primals, list | tuple):
        return jvp(grad(function), (primals,), (tangents,))[1]
    return jvp(grad(function, tuple(range(len(primals)))), primals, tangents)[1]


def by_arguments(
    purpose: str, function: Function, argnums: Any, args: tuple[Any, ...], settings: dict[str, Any]
) -> tuple[tuple[Any, ...], Function]:
    """The arguments to differentiate by, and the function of those alone."""
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for place in places:
        if not -len(args) <= place < len(args):
            raise ValueError(f"{purpose}: argnums={argnums}, but the function was given {len(args)} arguments by place")
    places = tuple(place % len(args) for place in places)

    def of_chosen(*chosen: Any) -> Any:
        replaced = dict(zip(places, chosen, strict=True))
        return function(*(replaced.get(i, arg) for i, arg in enumerate(args)), **settings)

    return tuple(args[place] for place in places), of_chosen


def arguments(purpose: str, chosen: tuple[Any, ...], argnums: Any = None) -> tuple[list[Any], tree.Structure]:
    """What is differentiated by, as arrays.

    Raises:
        TypeError: one is not floating point.
    """
    named, structure = tree.flatten_named(chosen, "")
    leaves = []
    for name, leaf in named:
        array = leaf if isinstance(leaf, Tracer) else np.asarray(leaf)
        if not np.issubdtype(array.dtype, np.floating):
            place, bracket, rest = name[1:].partition("]")
            number = place if argnums is None else (argnums if isinstance(argnums, int) else argnums[int(place)])
            given = kind(array) if array.dtype != object else f"a {type(leaf).__name__}"
            cure = "x.astype(float) makes it so" if np.issubdtype(array.dtype, np.integer) else "only real numbers are"
            raise TypeError(
                f"{purpose}: argument {number}{rest} is differentiated by, so it must be floating point, given {given}; "
                f"{cure}" + ("" if np.issubdtype(array.dtype, np.integer) else " differentiated here")
            )
        leaves.append(array)
    return leaves, structure


def alike(what: str, given: Any, leaves: list[Any], structure: tree.Structure) -> list[Any]:
    """The leaves of a tangent or cotangent, in the dtypes of what it belongs to.

    Raises:
        ValueError: its structure or shapes are others.
    """
    found, own_structure = tree.flatten(given)
    if own_structure != structure:
        raise ValueError(f"{what} must have the form of what it belongs to, which {given!r} has not")
    arrays = []
    for each, leaf in zip(found, leaves, strict=True):
        array = each if isinstance(each, Tracer) else np.asarray(each)
        if array.shape != leaf.shape:
            raise ValueError(f"{what} must have the shape of what it belongs to, {kind(leaf)}, given {kind(array)}")
        arrays.append(array if array.dtype == leaf.dtype else array.astype(leaf.dtype))
    return arrays


def as_array(purpose: str, output: Any) -> Any:
    """A function's result as an array.

    Raises:
        TypeError: it is none.
    """
    if isinstance(output, Tracer):
        return output
    array = np.asarray(output)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{purpose}: the function must give arrays, or trees of them, given a {type(output).__name__}")
    return array


def _with_aux(purpose: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise TypeError(f"{purpose}: with has_aux=True the function must give a pair, given {type(result).__name__}")
    return result


def own(value: Any) -> Any:
    """A result for the user: an array of its own, which may be written."""
    return value if isinstance(value, Tracer) or not isinstance(value, np.ndarray | np.generic) else np.array(value)


def basis(leaves: list[Any]) -> list[Any]:
    """The standard basis of the space of all leaves together: arrays of shape (all sizes, leaf)."""
    sizes = [int(np.prod(leaf.shape, dtype=int)) for leaf in leaves]
    rows, starts = sum(sizes), np.cumsum([0, *sizes])
    return [
        np.eye(rows, size, -start, dtype=leaf.dtype).reshape(rows, *leaf.shape)
        for leaf, size, start in zip(leaves, sizes, starts[:-1], strict=True)
    ]


def split(array: Any, leaves: list[Any], axis: int) -> list[Any]:
    """An array whose first or last axis goes over all leaves: cut into one a leaf, that axis in the leaf's shape."""
    starts = np.cumsum([0, *(int(np.prod(leaf.shape, dtype=int)) for leaf in leaves)])
    cuts = [slice(int(a), int(b)) for a, b in zip(starts, starts[1:], strict=False)]
    if axis == 0:
        return [np.reshape(array[cut], (*leaf.shape, *array.shape[1:])) for cut, leaf in zip(cuts, leaves, strict=True)]
    return [
        np.reshape(array[..., cut], (*array.shape[:-1], *leaf.shape)) for cut, leaf in zip(cuts, leaves, strict=True)
    ]


def _only(gradients: Any, argnums: Any) -> Any:
    return gradients[0] if isinstance(argnums, int) else gradients
