"""Products of groups of different sizes, as mixtures of experts have them."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike, DTypeLike

from jaxdl.functional._checks import require_floating, require_same_dtype
from jaxdl.functional._concrete import concrete


def grouped_mm(
    mat_a: ArrayLike,
    mat_b: ArrayLike,
    *,
    offs: ArrayLike | None = None,
    bias: None = None,
    out_dtype: DTypeLike | None = None,
) -> jax.Array:
    """A matrix product for each of G groups, whose sizes may differ along one axis.

        [M, K] × [G, K, N] → [M, N]: the rows of group g times b_g
        [G, M, K] × [K, N] → [M, N]: a_g times the columns of group g
        [M, K] × [K, N] → [G, M, N]: the columns of a times the rows of b in group g
        [G, M, K] × [G, K, N] → [G, M, N]: all groups alike

    Group g reaches from offs[g - 1] (0 at first) to offs[g].

    **Matches** `torch.nn.functional.grouped_mm`, PyTorch 2.13. **Differs**: float64 is welcome, and rows need no
    16-byte alignment; what lies after the last group is 0 (PyTorch: whatever the memory held).

    Args:
        mat_a: as above, floating point.
        mat_b: as above, of the same dtype.
        offs: integers [G], the groups' ends, not falling; None where both have a group axis.
        bias: None, as in PyTorch.
        out_dtype: None or the inputs' dtype, as in PyTorch.

    Returns:
        As above, in the inputs' dtype.

    Raises:
        ValueError: shapes that do not fit, offs where it does not belong or missing where it does, a bias, another
            out_dtype.
        TypeError: dtypes that differ or are not floating point.

    >>> a, b = jnp.ones((3, 2)), jnp.stack([jnp.ones((2, 1)), 2 * jnp.ones((2, 1))])
    >>> grouped_mm(a, b, offs=jnp.array([1, 3])).tolist()
    [[2.0], [4.0], [4.0]]
    """
    a, b = jnp.asarray(mat_a), jnp.asarray(mat_b)
    require_floating("grouped_mm", mat_a=a, mat_b=b)
    require_same_dtype("grouped_mm", mat_a=a, mat_b=b)
    _check(a, b, offs, bias, out_dtype)
    if offs is None:
        return a @ b
    ends = jnp.asarray(offs)
    if a.ndim == 2 and b.ndim == 3:
        return lax.ragged_dot(a, b, jnp.diff(ends, prepend=0).astype(jnp.int32))
    if a.ndim == 3:
        turned = lax.ragged_dot(b.T, a.swapaxes(1, 2), jnp.diff(ends, prepend=0).astype(jnp.int32))
        return turned.T
    place = jnp.arange(a.shape[1])
    inside = (place < ends[:, None]) & (place >= jnp.concatenate([jnp.zeros(1, ends.dtype), ends[:-1]])[:, None])
    return jnp.einsum("gk,mk,kn->gmn", inside.astype(a.dtype), a, b)


def _check(a: jax.Array, b: jax.Array, offs: ArrayLike | None, bias: None, out_dtype: DTypeLike | None) -> None:
    if a.ndim not in (2, 3) or b.ndim not in (2, 3) or a.shape[-1] != b.shape[-2]:
        wanted = "they must be [..., M, K] and [..., K, N] with 2 or 3 axes"
        raise ValueError(f"grouped_mm: mat_a has shape {a.shape} and mat_b {b.shape}; {wanted}")
    if (a.ndim == b.ndim == 3) != (offs is None):
        raise ValueError(
            f"grouped_mm: offs must be given unless both matrices have a group axis, and only then; "
            f"offs is {'None' if offs is None else 'given'} for shapes {a.shape} and {b.shape}"
        )
    groups = {m.shape[0] for m in (a, b) if m.ndim == 3}
    if offs is not None:
        ends = jnp.asarray(offs)
        if ends.ndim != 1 or not jnp.issubdtype(ends.dtype, jnp.integer):
            raise ValueError(f"grouped_mm: offs must be integers [groups], given {ends.dtype}{list(ends.shape)}")
        groups.add(ends.shape[0])
        size = a.shape[-1] if a.ndim == b.ndim == 2 else a.shape[0] if a.ndim == 2 else b.shape[1]
        values = concrete(offs)
        if values is not None and ((np.diff(values, prepend=0) < 0).any() or (values > size).any()):
            raise ValueError(f"grouped_mm: offs must not fall and stay within {size}, given {values.tolist()}")
    if len(groups) > 1:
        raise ValueError(f"grouped_mm: the number of groups must be one, given {sorted(groups)}")
    if bias is not None:
        raise ValueError("grouped_mm: bias must be None, as in PyTorch; add it to the result")
    if out_dtype is not None and jnp.dtype(out_dtype) != a.dtype:
        raise ValueError(f"grouped_mm: out_dtype must be the inputs' dtype {a.dtype}, given {jnp.dtype(out_dtype)}")
