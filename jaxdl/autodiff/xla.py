"""Recorded programs through XLA: each primitive as an operation of `jax.lax`, and all of them compiled into one.

This file alone of the engine knows of jax, and imports it when `jit` or `lowered` is first called.
"""

import functools
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from jaxdl.autodiff import tree
from jaxdl.autodiff.call import Called, pulling, pushing, through
from jaxdl.autodiff.engine.batching import vmap
from jaxdl.autodiff.engine.trace import Tracer, require_function
from jaxdl.autodiff.program import Program, Variable, record

Lowering = Callable[..., Any]


SAME_IN_JAX = (
    "absolute", "add", "arctan", "bitwise_and", "bitwise_or", "ceil", "cos", "divide", "equal", "exp", "expm1", "floor",
    "floor_divide", "greater", "greater_equal", "invert", "isfinite", "isinf", "isnan", "less", "less_equal", "log",
    "log1p", "logical_and", "logical_not", "logical_or", "maximum", "minimum", "multiply", "negative", "not_equal",
    "power", "remainder", "rint", "sign", "sin", "sqrt", "subtract", "tanh", "trunc",
)  # fmt: skip


@functools.cache
def lowerings() -> dict[str, Lowering]:
    """What each primitive is in XLA, by its name: a function of jax arrays and the primitive's parameters."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    def elementwise(operation: Callable[..., Any]) -> Lowering:
        def lower(*args: Any) -> Any:
            return operation(*jnp.broadcast_arrays(*args))

        return lower

    def converted(x: Any, dtype: Any) -> Any:
        # Without x64 jax has no int64, and says so; its own integers do.
        known = jax.dtypes.canonicalize_dtype(dtype)
        return lax.convert_element_type(x, known) if dtype.kind != "b" else lax.ne(x, lax.full_like(x, 0))

    def cut(x: Any, starts: Any, lengths: Any, steps: Any) -> Any:
        stops = [a + max(0, n * s - s + 1) for a, n, s in zip(starts, lengths, steps, strict=True)]
        return lax.slice(x, starts, stops, steps)

    def dilate(x: Any, starts: Any, steps: Any, shape: Any) -> Any:
        padding = [
            (a, whole - a - max(0, n * s - s + 1), s - 1)
            for a, n, s, whole in zip(starts, x.shape, steps, shape, strict=True)
        ]
        return lax.pad(x, jnp.zeros((), x.dtype), padding)

    def windows(x: Any, size: Any, stride: Any, dilation: Any) -> Any:
        rank = len(size)
        lengths = x.shape[-rank:]
        places = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(lengths, size, stride, dilation, strict=True)]
        lead = x.ndim - rank
        pieces = []
        for offset in product(*map(range, size)):
            starts = [0] * lead + [i * d for i, d in zip(offset, dilation, strict=True)]
            stops = [
                *x.shape[:lead],
                *(a + (p - 1) * s + 1 for a, p, s in zip(starts[lead:], places, stride, strict=True)),
            ]
            pieces.append(lax.slice(x, starts, stops, [1] * lead + list(stride)))
        return jnp.stack(pieces, -1).reshape(*x.shape[:lead], *places, *size)

    def overlap_add(x: Any, lengths: Any, stride: Any, dilation: Any) -> Any:
        rank = len(lengths)
        lead, places, size = x.ndim - 2 * rank, x.shape[-2 * rank : -rank], x.shape[-rank:]
        y = None
        for offset in product(*map(range, size)):
            spread = [
                (i * d, n - i * d - (p - 1) * s - 1, s - 1)
                for i, d, n, p, s in zip(offset, dilation, lengths, places, stride, strict=True)
            ]
            piece = lax.pad(x[(..., *offset)], jnp.zeros((), x.dtype), [(0, 0, 0)] * lead + spread)
            y = piece if y is None else y + piece
        return y

    def scatter_add(x: Any, *indices: Any, shape: Any) -> Any:
        return jnp.zeros(shape, x.dtype).at[indices].add(x)

    def scatter_last(*indices: Any, shape: Any) -> Any:
        numbers = jnp.broadcast_shapes(*(i.shape for i in indices))
        numbered = jnp.arange(int(np.prod(numbers))).reshape(numbers)
        return jnp.full(shape, -1, numbered.dtype).at[indices].max(numbered)

    return {
        **{name: elementwise(getattr(jnp, name)) for name in SAME_IN_JAX},
        "erf": lax.erf,
        "sigmoid": lax.logistic,
        "where": elementwise(lax.select),
        "stop_gradient": lambda x: x,
        "astype": converted,
        "broadcast_to": lambda x, shape: jnp.broadcast_to(x, shape),
        "reshape": lambda x, shape: lax.reshape(x, shape),
        "transpose": lambda x, axes: lax.transpose(x, axes),
        "flip": lambda x, axes: lax.rev(x, axes),
        "slice": cut,
        "dilate": dilate,
        "concatenate": lambda *xs, axis: lax.concatenate(xs, axis),
        "sum": lambda x, axes: lax.reduce_sum(x, axes),
        "max": lambda x, axes: lax.reduce_max(x, axes),
        "argmax": lambda x, axis: jnp.argmax(x, axis),
        "cumsum": lambda x, axis: lax.cumsum(x, axis),
        "einsum": lambda a, b, spec: jnp.einsum(spec, a, b),
        "gather": lambda x, *indices: x.at[indices].get(mode="fill"),
        "scatter_add": scatter_add,
        "scatter_last": scatter_last,
        "windows": windows,
        "overlap_add": overlap_add,
    }  # fmt: skip


def run(program: Program, arguments: list[Any]) -> list[Any]:
    """A program's outputs, each of its operations one of XLA's.

    Raises:
        TypeError: it uses traced values of the engine besides its arguments.
        NotImplementedError: a primitive has no lowering.
    """
    import jax.numpy as jnp

    if captured := program.captured():
        raise TypeError(
            f"jit: the function uses a traced value that is none of its arguments, {captured[0]}; pass it as one"
        )
    known = lowerings()
    values: dict[Any, Any] = dict(zip(program.inputs, arguments, strict=True))
    for equation in program.equations:
        name = equation.primitive.name
        if name not in known:
            raise NotImplementedError(
                f"primitive {name!r} has no lowering to XLA; without jit it runs in NumPy, and "
                f"autodiff.xla.lowerings()[{name!r}] = function gives it one"
            )
        given = [values[arg] if isinstance(arg, Variable) else jnp.asarray(arg) for arg in equation.args]
        values[equation.result] = known[name](*given, **equation.params)
    return [values[each] if isinstance(each, Variable) else jnp.asarray(each) for each in program.outputs]


def lowered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as one of jax arrays, to be called inside of `jax.jit`, `jax.vmap` and the like.

    Args:
        function: of arrays, or trees of them, to such, written for this engine; `grad(f)` is one.

    Returns:
        The function of jax arrays.

    Raises:
        TypeError: when called: as `trace`.
        NotImplementedError: a primitive has no lowering.

    >>> import jax, numpy as np
    >>> from jaxdl import autodiff
    >>> slope = jax.jit(autodiff.lowered(autodiff.grad(lambda x: np.sum(x**3))))
    >>> slope(jax.numpy.array([1.0, 2.0])).tolist()
    [3.0, 12.0]
    """

    require_function("lowered", function)

    def of_jax_arrays(*args: Any) -> Any:
        program = record("jit", function, args, {})
        outputs = run(program, tree.flatten(args)[0])
        return tree.unflatten(program.structures[1], outputs)

    return of_jax_arrays


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function recorded, fused and run through XLA: NumPy arrays in, NumPy arrays out, in NumPy's precision.

    It is recorded and compiled once for each set of shapes and dtypes. `jit(grad(f))` compiles the gradient, too;
    `grad(jit(f))` works, and computes f again on the way back.

    Args:
        function: of arrays, or trees of them, to such. It must not depend on values (`if x > 0`), nor change anything.

    Returns:
        The function.

    Raises:
        TypeError, NotImplementedError: when called: as `lowered`. An index out of range reads NaN.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> step = autodiff.jit(autodiff.value_and_grad(lambda x: np.sum(np.sin(x))))
    >>> value, gradient = step(np.zeros(2))
    >>> value.item(), gradient
    (0.0, array([1., 1.]))
    """
    require_function("jit", function)
    return functools.wraps(function)(_Jitted(function))


class _Jitted:
    """A function, compiled when it is first called; and its derivatives and its batched form, when they are."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._batched: dict[Any, _Jitted] = {}

    def __call__(self, *args: Any) -> Any:
        return through(lambda structure: _Compiled(self, structure), "jit", args)

    @functools.cached_property
    def compiled(self) -> Callable[..., Any]:
        """Compiled; jax knows what it has compiled for which shapes."""
        import jax

        return jax.jit(lowered(self.function))

    @functools.cached_property
    def push(self) -> "_Jitted":
        """(x, ẋ) ↦ f′(x) ẋ"""
        return _Jitted(pushing(self.function))

    @functools.cached_property
    def pull(self) -> "_Jitted":
        """(x, ȳ) ↦ f′(x)ᵀ ȳ"""
        return _Jitted(pulling(self.function))

    def batched(self, structure: tree.Structure, axes: tuple[Any, ...]) -> "_Jitted":
        """vmap(f), of flat arrays."""
        if (structure, axes) not in self._batched:
            flat = vmap(lambda *x: self.function(*tree.unflatten(structure, x)), axes)
            self._batched[structure, axes] = _Jitted(flat)
        return self._batched[structure, axes]


class _Compiled(Called):
    """A call through XLA of arrays, which inside of a recording is recorded."""

    def __init__(self, jitted: _Jitted, structure: tree.Structure) -> None:
        super().__init__("jit", lambda *x: jitted.function(*tree.unflatten(structure, x)))
        self._jitted, self._arguments = jitted, structure

    def run(self, *x: Any) -> Any:
        import jax

        if any(isinstance(each, Tracer) for each in x):
            return super().run(*x)
        with jax.enable_x64(True):
            value = self._jitted.compiled(*tree.unflatten(self._arguments, x))
        return self.leaves(tree.map(np.array, value))

    def push(self, r: Any, t: Any) -> Any:
        given = (tree.unflatten(self._arguments, each) for each in (r, t))
        return tree.flatten(self._jitted.push(*given))[0]

    def pull(self, r: Any, ct: Any) -> Any:
        given = (tree.unflatten(self._arguments, r), tree.unflatten(self.structure, ct))
        return tree.flatten(self._jitted.pull(*given))[0]

    def batched(self, axes: tuple[Any, ...]) -> Called:
        flat = tree.Structure(tuple, tuple(range(len(axes))), (tree.LEAF,) * len(axes))
        return _Compiled(self._jitted.batched(self._arguments, axes), flat)
