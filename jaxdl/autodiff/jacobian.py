"""Jacobians and Hessians: a standard basis pushed forward, or pulled back, all of it at once by vmap."""

from itertools import pairwise
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.arguments import Function, arguments, by_arguments
from jaxdl.autodiff.derivatives import grad, jvp, linearised
from jaxdl.autodiff.engine.batching import vmap
from jaxdl.autodiff.engine.trace import require_function


def jacfwd(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The Jacobian, column by column in forward mode, all columns at once: for more outputs than inputs.

        J[…, j] = ∂f/∂xⱼ

    Args:
        function: of arrays, or trees of them, to such.
        argnums: which arguments to differentiate by; several give a tuple.

    Returns:
        The function of the Jacobian: in the form of the output, each leaf in the form of the input, each leaf of
        that an array of shape output + input.

    Raises:
        TypeError, ValueError: as `value_and_grad`.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> autodiff.jacfwd(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.]])
    """

    require_function("jacfwd", function)

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

    require_function("jacrev", function)

    def jacobian(*args: Any, **settings: Any) -> Any:
        chosen, of_chosen = by_arguments("jacrev", function, argnums, args, settings)
        leaves, structure = arguments("jacrev", chosen, argnums)
        (values, out_structure), pullback, _ = linearised("jacrev", of_chosen, leaves, structure, False)
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
    cuts = [slice(int(a), int(b)) for a, b in pairwise(starts)]
    if axis == 0:
        return [np.reshape(array[cut], (*leaf.shape, *array.shape[1:])) for cut, leaf in zip(cuts, leaves, strict=True)]
    return [
        np.reshape(array[..., cut], (*array.shape[:-1], *leaf.shape)) for cut, leaf in zip(cuts, leaves, strict=True)
    ]


def _only(gradients: Any, argnums: Any) -> Any:
    return gradients[0] if isinstance(argnums, int) else gradients
