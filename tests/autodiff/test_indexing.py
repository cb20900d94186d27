"""Indices in all of NumPy's forms, read and written, plain and traced."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxdl.autodiff import at, grad, jvp, vjp, vmap
from tests.autodiff.table import few


def _indices(draw: Any, shape: tuple[int, ...]) -> Any:
    """One of NumPy's indices: integers, slices, None, an ellipsis, arrays of integers together or apart, masks."""
    entries: list[Any] = []
    axis, used = 0, False
    together = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=2))
    while axis < len(shape) and draw(st.booleans() | st.just(True)):
        n = shape[axis]
        choice = draw(st.sampled_from(["integer", "slice", "slice", "None", "array", "array", "mask", "..."]))
        if choice == "None":
            entries.append(None)
            continue
        if choice == "..." and not used:
            used = True
            entries.append(...)
            axis += draw(st.integers(0, len(shape) - axis))
            if axis < len(shape) and len(shape) - axis > 0:
                break
            continue
        if choice == "integer" and n:
            entries.append(draw(st.integers(-n, n - 1)))
        elif choice == "array" and n:
            entries.append(draw(hnp.arrays(np.int64, together, elements=st.integers(-n, n - 1))))
        elif choice == "mask" and not together:
            entries.append(np.arange(n) == draw(st.integers(0, 3)))
        else:
            entries.append(draw(st.slices(n)))
        axis += 1
    return tuple(entries) if len(entries) != 1 or draw(st.booleans()) else entries[0]


@few(150)
@given(data=st.data())
def test_indexing_in_all_of_numpys_forms(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    x = np.arange(1.0, 1 + int(np.prod(shape))).reshape(shape)
    index = _indices(data.draw, shape)
    try:
        expected = x[index]
    except IndexError:
        with pytest.raises(IndexError):
            vjp(lambda x: x[index], x)
        return
    value, pull = vjp(lambda x: x[index], x)
    np.testing.assert_array_equal(value, expected, strict=True)
    weight = np.sin(np.arange(1.0, 1 + expected.size)).reshape(expected.shape)
    by_hand = np.zeros(shape)
    np.add.at(by_hand, index, weight)
    np.testing.assert_allclose(pull(weight)[0], by_hand, atol=1e-14)
    np.testing.assert_array_equal(jvp(lambda x: x[index], (x,), (x,))[1], expected)
    np.testing.assert_array_equal(vmap(lambda x: x[index])(np.stack([x, -x]))[1], -expected)
    changed = x.copy()
    changed[index] = weight
    last, back = vjp(lambda x, w: at(x)[index].set(w), x, weight)
    np.testing.assert_array_equal(last, changed)
    moved = x.copy()
    moved[index] = 0
    np.testing.assert_array_equal(back(np.ones(shape))[0], moved == x)
    added = x.copy()
    np.add.at(added, index, weight)
    np.testing.assert_allclose(vmap(lambda x, w: x.at[index].add(w))(x[None], weight[None])[0], added, atol=1e-14)


@few(40)
@given(data=st.data())
def test_indices_may_be_traced(data: Any) -> None:
    x = np.arange(24.0).reshape(4, 3, 2)
    draw = lambda n: data.draw(hnp.arrays(np.int64, (2, 2), elements=st.integers(-n, n - 1)))  # noqa: E731
    i, j = draw(4), draw(3)
    forms = [
        lambda x, i, j: x[i],
        lambda x, i, j: x[i, j],
        lambda x, i, j: x[:, j],
        lambda x, i, j: x[i, :, 0],
        lambda x, i, j: x[i, None, j % 2],
    ]
    form = data.draw(st.sampled_from(forms))
    for axes in ((0, 0, 0), (None, 0, 0), (0, None, None), (None, None, 0), (0, 0, None)):
        given = [np.stack([each, each]) if axis == 0 else each for each, axis in zip((x, i, j), axes, strict=True)]
        got = vmap(lambda x, i, j: grad(lambda x: np.sum(form(x * 1.0, i, j) ** 2))(x), axes)(*given)
        alone = grad(lambda x: np.sum(form(x, i, j) ** 2))(x)
        np.testing.assert_array_equal(got, np.stack([alone, alone]))
