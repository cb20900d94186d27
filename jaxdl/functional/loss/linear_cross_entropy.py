"""Cross-entropy of a linear layer's outputs, which need not all be in memory at once."""

import dataclasses
import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike, DTypeLike

from jaxdl.functional._checks import require_same_dtype
from jaxdl.functional.linear import linear
from jaxdl.functional.loss._reduction import reduced, reduction_name
from jaxdl.functional.loss.cross_entropy import ClassTarget, class_rows, class_target

_POLICIES = ("auto", "accurate", "balanced", "compact")
_ACCUMULATORS = ("float16", "bfloat16", "float32", "float64")


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How `linear_cross_entropy` cuts the batch into chunks, so that only one chunk's logits exist at a time.

    The chunk's length is `batch_chunk_size`, or follows from the sizes: 'aspect_ratio:n' takes the power of two at
    or above N / ⌈C / in_features⌉, divided by n, so that a chunk's logits need about 1 / n of the input's memory.

    **Matches** PyTorch 2.13's class: fields, defaults, refusals and the chunk's length. **Differs**: every case is
    chunked (PyTorch falls back to the whole batch, with a warning, for probabilities, smoothing and K-dimensional
    losses), and all derivatives work; the fields that name no size only choose between equal results and have no
    effect.

    Args:
        allow_retain_graph: no effect; there is no graph to keep.
        batch_chunk_size: rows of a chunk; None leaves it to `chunking_method`.
        chunking_method: 'auto' (n = 2, n = 1 for half types), 'aspect_ratio', 'aspect_ratio:n', or None for no more
            than `batch_chunk_size`.
        acc_policy: 'auto', 'accurate', 'balanced' or 'compact'; no effect, as half types are always summed in float32.
        acc_dtype: None or a floating point dtype; no effect, for the same reason.

    Raises:
        ValueError: a field that is none of these.

    >>> LinearCrossEntropyOptions(batch_chunk_size=4).chunk_size(10, 8, 100, jnp.float32)
    4
    >>> LinearCrossEntropyOptions().chunk_size(1024, 64, 1024, jnp.float32)  # of 32 × 1024 logits
    32
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: DTypeLike | None = None

    def __post_init__(self) -> None:
        size, method = self.batch_chunk_size, self.chunking_method
        if size is not None and not (isinstance(size, int) and size > 0):
            self._refuse("batch_chunk_size", size, "a positive integer or None")
        if self.acc_policy not in _POLICIES:
            self._refuse("acc_policy", self.acc_policy, "one of " + ", ".join(repr(name) for name in _POLICIES))
        name, _, parts = (method or "auto").partition(":")
        fits = method in (None, "auto", "aspect_ratio") or (name == "aspect_ratio" and parts.isdigit() and int(parts))
        if not fits:
            self._refuse("chunking_method", method, "'auto', 'aspect_ratio', 'aspect_ratio:n' with n ≥ 1, or None")
        if self.acc_dtype is not None and jnp.dtype(self.acc_dtype).name not in _ACCUMULATORS:
            self._refuse("acc_dtype", self.acc_dtype, "None or one of " + ", ".join(_ACCUMULATORS))

    def _refuse(self, name: str, value: object, wanted: str) -> None:
        raise ValueError(f"LinearCrossEntropyOptions: {name} is {value!r}; it must be {wanted}")

    def chunk_size(self, num_batches: int, in_features: int, num_classes: int, dtype: DTypeLike) -> int:
        """Rows of a chunk, for an input [num_batches, in_features] and logits [num_batches, num_classes].

        Raises:
            ValueError: `batch_chunk_size` and `chunking_method` are both given and differ.
        """
        size, method = self.batch_chunk_size, self.chunking_method
        if method == "auto":
            half = jnp.dtype(dtype).itemsize < 4
            method = None if size is not None else "aspect_ratio" if half else "aspect_ratio:2"
        if method is None:
            return max(1, num_batches if size is None else min(size, num_batches))
        rows = math.ceil(num_batches / max(1, math.ceil(num_classes / max(1, in_features))))
        computed = min((1 << max(rows - 1, 0).bit_length()) // int(method.partition(":")[2] or 1), num_batches)
        if size is not None and size != computed:
            raise ValueError(
                f"LinearCrossEntropyOptions: batch_chunk_size is {size} but chunking_method {method!r} gives "
                f"{computed} rows; give only one of them"
            )
        return max(1, computed)


def linear_cross_entropy(
    input: ArrayLike,
    linear_weight: ArrayLike,
    target: ArrayLike,
    *,
    linear_bias: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> jax.Array:
    """Cross-entropy of the logits that a linear map makes of the input.

        l = cross_entropy(linear(input, linear_weight, linear_bias), target, ...)

    With `options` the rows are taken in chunks, whose logits are computed again for the gradient instead of being
    kept: a product more, and the memory of one chunk's logits.

    **Matches** PyTorch 2.13, the chunked path and K-dimensional losses included. **Differs**: as `cross_entropy`
    does; `options` have the effect that `LinearCrossEntropyOptions` says, on every kind of target.

    Args:
        input: [in_features] or [N, in_features].
        linear_weight: [C, in_features], or [C, d1, ..., in_features] with a batched input.
        target: integers [] or [N] or [N, d1, ...] in [0, C), or `ignore_index`; or probabilities of the logits'
            shape, [C] or [N, C] or [N, C, d1, ...].
        linear_bias: [C] or [C, d1, ...].
        weight: [C], a factor for each class.
        reduction: 'none', 'mean' or 'sum'.
        ignore_index: indices equal to this do not count; None is -100, and all that probabilities allow.
        label_smoothing: in [0, 1].
        options: None for all logits at once.

    Returns:
        A scalar, or an array of the shape of integer targets with 'none', in the input's dtype.

    Raises:
        ValueError: shapes that do not fit, a misspelt reduction, a smoothing or a concrete target out of range.
        TypeError: input that is not floating point, dtypes that differ, targets that are neither kind.

    >>> x, w = jnp.array([[1.0, 0.0]]), jnp.array([[0.0, 1.0], [0.0, 2.0]])
    >>> round(linear_cross_entropy(x, w, jnp.array([1])).item(), 4)
    0.6931
    """
    how = reduction_name("linear_cross_entropy", None, None, reduction)
    x, matrix = jnp.asarray(input), jnp.asarray(linear_weight)
    w, b = (None if a is None else jnp.asarray(a) for a in (weight, linear_bias))
    _check(x, matrix, b)
    logits = jax.ShapeDtypeStruct((*x.shape[:-1], *matrix.shape[:-1]), x.dtype)
    if jnp.shape(target) == logits.shape and ignore_index is not None:
        raise ValueError(
            f"linear_cross_entropy: ignore_index is {ignore_index} but target has the logits' shape {logits.shape}, "
            "which makes it probabilities; leave ignore_index out"
        )
    fitted = class_target(
        "linear_cross_entropy", logits, target, w, -100 if ignore_index is None else ignore_index, label_smoothing
    )
    rows, total = _rows(x, matrix, b, fitted, label_smoothing, options)
    return reduced(rows, how, total).astype(fitted.dtype)


def _rows(
    x: jax.Array,
    matrix: jax.Array,
    b: jax.Array | None,
    target: ClassTarget,
    smoothing: float,
    options: LinearCrossEntropyOptions | None,
) -> tuple[jax.Array, jax.Array | int]:
    """Every row's loss and what 'mean' divides by, chunk after chunk where options ask for it."""
    shape = matrix.shape[:-1]
    flat, b = matrix.reshape(-1, matrix.shape[-1]), None if b is None else b.reshape(-1)

    def some(x: jax.Array, t: jax.Array, axis: int) -> tuple[jax.Array, jax.Array | int]:
        logits = linear(x, flat, b).reshape(*x.shape[:-1], *shape)
        return class_rows(logits, target._replace(values=t, axis=axis), smoothing)

    if options is None or x.ndim == 1:
        return some(x, target.values, target.axis)
    size = options.chunk_size(x.shape[0], x.shape[1], flat.shape[0], x.dtype)
    if size >= x.shape[0]:
        return some(x, target.values, target.axis)
    one = jax.checkpoint(partial(some, axis=0), prevent_cse=False)
    rows, totals = lax.map(lambda pair: one(*pair), (x, target.values), batch_size=size)
    return rows, jnp.sum(totals)


def _check(x: jax.Array, matrix: jax.Array, b: jax.Array | None) -> None:
    where = "linear_cross_entropy"
    if x.ndim not in (1, 2):
        raise ValueError(f"{where}: input has shape {x.shape}; it must be [in_features] or [N, in_features]")
    if matrix.ndim < 2:
        raise ValueError(f"{where}: linear_weight has shape {matrix.shape}; it must be [C, ..., in_features]")
    if x.shape[-1] != matrix.shape[-1]:
        raise ValueError(
            f"{where}: input has {x.shape[-1]} features (shape {x.shape}) but linear_weight expects "
            f"{matrix.shape[-1]} (shape {matrix.shape}); their last axes must be equal"
        )
    if b is not None and b.shape != matrix.shape[:-1]:
        raise ValueError(f"{where}: linear_bias has shape {b.shape}; it must be {matrix.shape[:-1]}")
    if matrix.ndim > 2 and x.ndim == 1:
        raise ValueError(
            f"{where}: linear_weight of shape {matrix.shape} makes a K-dimensional loss, which needs a batched input "
            f"[N, {x.shape[-1]}], not one of shape {x.shape}"
        )
    require_same_dtype(where, input=x, linear_weight=matrix, linear_bias=b)
