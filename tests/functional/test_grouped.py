"""Grouped products beside one product a group, and beside PyTorch where PyTorch takes the shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl.functional import grouped_mm

ENDS = np.array([4, 4, 12, 16])


def draw(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape)


CASES = {
    "rows": ((16, 8), (4, 8, 12), lambda a, b, s: np.concatenate([a[p] @ b[g] for g, p in enumerate(s)])),
    "columns": ((4, 8, 12), (12, 16), lambda a, b, s: np.concatenate([a[g] @ b[:, p] for g, p in enumerate(s)], 1)),
    "inner": ((8, 16), (16, 12), lambda a, b, s: np.stack([a[:, p] @ b[p] for p in s])),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_a_product_a_group(case):
    shape_a, shape_b, loop = case
    with jax.enable_x64(True):
        a, b = draw(*shape_a), draw(*shape_b)
        slices = [slice(start, end) for start, end in zip([0, *ENDS[:-1]], ENDS, strict=True)]
        np.testing.assert_allclose(jax.jit(grouped_mm)(a, b, offs=ENDS), loop(a, b, slices), rtol=1e-12, atol=1e-12)
        tangent = draw(*shape_a)[..., ::-1]
        ours = jax.jvp(lambda a: grouped_mm(a, b, offs=ENDS), (a,), (tangent,))[1]
        np.testing.assert_allclose(ours, loop(tangent, b, slices), rtol=1e-12, atol=1e-12)
        pulled = jax.vjp(lambda b: grouped_mm(a, b, offs=ENDS), b)[1](ours)[0]
        np.testing.assert_allclose((pulled * b).sum(), (ours * loop(a, b, slices)).sum(), rtol=1e-12)


def test_without_offsets_all_groups_are_alike():
    a, b = draw(3, 2, 4), draw(3, 4, 5)
    np.testing.assert_allclose(grouped_mm(jnp.float32(a), jnp.float32(b)), a @ b, rtol=1e-5, atol=1e-5)


@pytest.mark.torch
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_torchs(torch, case):
    a, b = (draw(*shape).astype(np.float32) for shape in case[:2])
    expected = torch.nn.functional.grouped_mm(torch.tensor(a), torch.tensor(b), offs=torch.tensor(ENDS).int())
    np.testing.assert_allclose(grouped_mm(a, b, offs=ENDS), expected, rtol=1e-5, atol=1e-5)


def test_what_lies_after_the_last_group_is_zero():
    assert not grouped_mm(np.ones((3, 2)), np.ones((1, 2, 2)), offs=np.array([2]))[2].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((3, 2)), np.ones((1, 3, 2)), {"offs": [3]}), "mat_a has shape"),
        ((np.ones((3, 2)), np.ones((1, 2, 2)), {}), "offs must be given unless both"),
        ((np.ones((1, 3, 2)), np.ones((1, 2, 2)), {"offs": [3]}), "offs must be given unless both"),
        ((np.ones((3, 2)), np.ones((1, 2, 2)), {"offs": [4]}), "offs must not fall and stay within 3"),
        ((np.ones((3, 2)), np.ones((2, 2, 2)), {"offs": [3]}), "the number of groups must be one"),
        ((np.ones((3, 2)), np.ones((1, 2, 2)), {"offs": [3], "bias": 1.0}), "bias must be None"),
        ((np.ones((3, 2)), np.ones((1, 2, 2)), {"offs": [3], "out_dtype": "bfloat16"}), "out_dtype must be"),
        ((np.ones((3, 2)), np.ones((1, 2, 2)), {"offs": [1.5]}), "offs must be integers"),
    ],
)
def test_what_is_refused(arguments, message):
    a, b, keywords = arguments
    keywords = {k: np.array(v) if k == "offs" else v for k, v in keywords.items()}
    with pytest.raises(ValueError, match=f"^grouped_mm: {message}"):
        grouped_mm(a, b, **keywords)
