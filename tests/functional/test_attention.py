"""scaled_dot_product_attention and multi_head_attention_forward where op_db does not look: logits of order one."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

Arrays = dict[str, np.ndarray]
KEY = jax.random.key(0)
DRAW = np.random.default_rng(0)


def draw(*shape: int) -> np.ndarray:
    return DRAW.normal(0, 0.5, shape)


QKV = {"query": draw(2, 4, 5, 3), "key": draw(2, 4, 6, 3), "value": draw(2, 4, 6, 2)}
TWO_HEADS = QKV | {"key": QKV["key"][:, :2], "value": QKV["value"][:, ::2]}
SEEN = DRAW.random((5, 6)) < 0.6
SEEN[1], SEEN[2] = False, True
HIDING = np.where(SEEN, draw(5, 6), -np.inf)
SCALED: dict[str, tuple[Arrays, dict[str, Any]]] = {
    "plain": (QKV, {}),
    "scale": (QKV, {"scale": 1.7}),
    "causal, more keys": (QKV, {"is_causal": True}),
    "causal, fewer keys": (QKV | {"query": draw(2, 4, 8, 3)}, {"is_causal": True, "scale": 1.7}),
    "booleans": (QKV | {"attn_mask": SEEN}, {}),
    "booleans of every head": (QKV | {"attn_mask": DRAW.random((2, 4, 5, 6)) < 0.5}, {}),
    "booleans of keys": (QKV | {"attn_mask": SEEN[:1] & np.array([[[True]], [[False]]])[:, None]}, {}),
    "floats": (QKV | {"attn_mask": draw(2, 1, 5, 6)}, {"scale": 0.3}),
    "floats that hide": (QKV | {"attn_mask": HIDING}, {}),
    "groups of query heads": (TWO_HEADS, {"enable_gqa": True}),
    "groups, masked": (TWO_HEADS | {"attn_mask": SEEN}, {"enable_gqa": True, "scale": 0.4}),
    "groups, causal": (TWO_HEADS, {"enable_gqa": True, "is_causal": True}),
    "no heads": ({name: array[0, 0] for name, array in QKV.items()} | {"attn_mask": SEEN}, {}),
}


@pytest.mark.torch
@pytest.mark.parametrize("case", SCALED.values(), ids=SCALED)
def test_scaled_attention_is_torchs(assert_as_in_torch: Callable[..., None], case: tuple[Arrays, Any]) -> None:
    arrays, options = case
    assert_as_in_torch("scaled_dot_product_attention", arrays, **options)


@pytest.mark.parametrize("mask", [SEEN, HIDING.astype(np.float32)], ids=["booleans", "floats"])
def test_a_query_that_sees_no_key_gets_and_gives_zeros(mask: np.ndarray) -> None:
    @jax.jit
    def second_query(*x: jax.Array) -> tuple[jax.Array, ...]:
        output, pull = jax.vjp(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask), *x)
        return output, *pull(jnp.zeros_like(output).at[:, :, 1].set(1.0))

    output, *gradients = jax.device_get(second_query(*(np.float32(array) for array in QKV.values())))
    assert output.any((0, 1, 3)).tolist() == [True, False, True, True, True]
    assert not any(gradient.any() for gradient in gradients)


@pytest.mark.torch
def test_weights_fall_and_the_others_grow(torch: ModuleType) -> None:
    """Identity values bring out the weights, hence which of them fell: these are then hidden by hand in PyTorch."""

    @jax.jit
    def attend(q: jax.Array, k: jax.Array, v: jax.Array) -> Any:
        dropped = partial(F.scaled_dot_product_attention, dropout_p=0.25, dropout_key=KEY)
        one = jnp.eye(6)
        value_and_gradients = jax.value_and_grad(lambda *x: dropped(*x).sum(), (0, 1, 2))(q, k, v)
        return F.scaled_dot_product_attention(q, k, one), dropped(q, k, one), value_and_gradients

    with jax.enable_x64(True):
        weights, left, ours = jax.device_get(attend(*QKV.values()))
    kept = left != 0
    assert 0.6 < kept.mean() < 0.9
    np.testing.assert_allclose(left, weights * kept / 0.75, rtol=1e-14)
    leaves = [torch.tensor(array, requires_grad=True) for array in QKV.values()]
    logits = leaves[0] @ leaves[1].mT / 3**0.5
    expected = (logits.softmax(-1) * torch.tensor(kept) / 0.75 @ leaves[2]).sum()
    for a, b in zip(jax.tree.leaves(ours), [expected, *torch.autograd.grad(expected, leaves)], strict=True):
        np.testing.assert_allclose(a, b.detach(), rtol=1e-12, atol=1e-12)


SEQUENCES = {"query": draw(5, 2, 4), "key": draw(6, 2, 4), "value": draw(6, 2, 4)}
OUT = {"out_proj_weight": draw(4, 4), "out_proj_bias": draw(4)}
PACKED = SEQUENCES | OUT | {"in_proj_weight": draw(12, 4), "in_proj_bias": draw(12)}
UNLIKE = SEQUENCES | {"key": draw(6, 2, 3), "value": draw(6, 2, 5)} | OUT | {"in_proj_bias": draw(12)}
SEPARATE = UNLIKE | {"q_proj_weight": draw(4, 4), "k_proj_weight": draw(4, 3), "v_proj_weight": draw(4, 5)}
SINGLE = PACKED | {name: array[:, 0] for name, array in SEQUENCES.items()}
ONE_MORE = {"bias_k": draw(1, 1, 4), "bias_v": draw(1, 1, 4)}
PADDING = np.array([[False] * 5 + [True], [True, True] + [False] * 4])
LATER = np.triu(np.ones((5, 6), bool), 1)
NOTHING = dict.fromkeys(("in_proj_weight", "in_proj_bias", "bias_k", "bias_v", "out_proj_weight", "out_proj_bias"))
PLAIN = NOTHING | {"embed_dim_to_check": 4, "num_heads": 2, "add_zero_attn": False, "dropout_p": 0.0}
EVERY_HEAD = {"average_attn_weights": False}
HEADED: dict[str, tuple[Arrays, dict[str, Any]]] = {
    "plain": (PACKED, {}),
    "no biases": ({name: array for name, array in PACKED.items() if "bias" not in name}, EVERY_HEAD),
    "padding": (PACKED | {"key_padding_mask": PADDING}, EVERY_HEAD),
    "padding of floats": (PACKED | {"key_padding_mask": np.where(PADDING, -np.inf, 0.1)}, {}),
    "all hidden": (PACKED | {"key_padding_mask": PADDING | [[True], [False]]}, {}),
    "mask of booleans": (PACKED | {"attn_mask": LATER}, {}),
    "mask of floats": (PACKED | {"attn_mask": draw(5, 6)}, EVERY_HEAD),
    "mask of every head": (PACKED | {"attn_mask": draw(4, 5, 6)}, EVERY_HEAD),
    "both masks": (PACKED | {"attn_mask": LATER[None].repeat(4, 0), "key_padding_mask": PADDING[[0, 0]]}, {}),
    "causal": (PACKED | {"attn_mask": LATER}, {"is_causal": True}),
    "zeros": (PACKED | {"key_padding_mask": PADDING}, {"add_zero_attn": True}),
    "one more": (PACKED | ONE_MORE | {"attn_mask": LATER}, EVERY_HEAD),
    "one more and zeros": (PACKED | ONE_MORE | {"key_padding_mask": PADDING}, {"add_zero_attn": True}),
    "separate": (SEPARATE | {"key_padding_mask": PADDING}, {"use_separate_proj_weight": True}),
    "separate, one more": (SEPARATE | ONE_MORE, {"use_separate_proj_weight": True, "add_zero_attn": True}),
    "one sequence": (SINGLE | {"key_padding_mask": PADDING[0], "attn_mask": LATER}, EVERY_HEAD),
}


# Without the weights the path is scaled_dot_product_attention's, and hidden queries and the causal mask are others'.
ALONE = ("plain", "both masks", "all hidden", "mask of floats", "mask of every head", "causal", "one more and zeros")


@pytest.mark.torch
@pytest.mark.parametrize(("name", "need_weights"), [*((n, True) for n in HEADED), *((n, False) for n in ALONE)])
def test_attention_of_many_heads_is_torchs(
    assert_as_in_torch: Callable[..., None], name: str, need_weights: bool
) -> None:
    arrays, options = HEADED[name]
    rest = {name: value for name, value in (PLAIN | options).items() if name not in arrays}
    assert_as_in_torch("multi_head_attention_forward", arrays, **rest, need_weights=need_weights)


def test_weights_of_heads_are_returned_as_they_fell() -> None:
    """Values projected to themselves and an output projected to itself are what the weights returned say."""
    into_itself = {"in_proj_weight": np.concatenate([PACKED["in_proj_weight"][:8], np.eye(4)]), "in_proj_bias": None}
    into_itself |= {"out_proj_weight": np.eye(4), "out_proj_bias": None}

    @jax.jit
    def attend(arrays: Arrays) -> Any:
        options = PLAIN | arrays | {"dropout_p": 0.5, "dropout_key": KEY, "average_attn_weights": False}
        changes = ({"training": False}, {}, {"need_weights": False})
        return [F.multi_head_attention_forward(**(options | change)) for change in changes]

    with jax.enable_x64(True):
        (_, weights), (output, fallen), (alone, _) = jax.device_get(attend(PACKED | into_itself))
    kept = fallen != 0
    assert 0.3 < kept.mean() < 0.7
    np.testing.assert_allclose(fallen, weights * kept * 2, rtol=1e-14)
    expected = np.einsum("bhls,sbhd->lbhd", fallen, PACKED["value"].reshape(6, 2, 2, 2)).reshape(5, 2, 4)
    np.testing.assert_allclose(output, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(alone, expected, rtol=1e-12, atol=1e-12)


def scaled(**changes: Any) -> Any:
    return F.scaled_dot_product_attention(**(QKV | changes))


def headed(**changes: Any) -> Any:
    return F.multi_head_attention_forward(**(PLAIN | PACKED | changes))


HALF = PADDING[:, :3]
# (the call, what is changed, the exception, the words)
REFUSED: list[tuple[Callable[..., Any], dict[str, Any], type[Exception], str]] = [
    (scaled, {"attn_mask": SEEN[:, :4]}, ValueError, r"attn_mask has shape \(5, 4\), .* weights' \(2, 4, 5, 6\)"),
    (scaled, {"attn_mask": SEEN[None, None, None]}, ValueError, r"attn_mask has shape \(1, 1, 1, 5, 6\)"),
    (scaled, {"attn_mask": SEEN.astype(int)}, TypeError, "attn_mask has dtype int.*; it must be bool, float32 or"),
    (scaled, {"attn_mask": SEEN, "is_causal": True}, ValueError, "attn_mask is given beside is_causal=True"),
    (scaled, {"dropout_p": 0.1}, ValueError, "dropout_key is None but dropout_p=0.1 draws a mask"),
    (scaled, {"dropout_p": 1.5, "dropout_key": KEY}, ValueError, r"dropout_p is 1.5; .* \[0, 1\]"),
    (scaled, {"key": QKV["key"][..., :2]}, ValueError, "query has 3 features but key has 2"),
    (scaled, {"value": QKV["value"][:, :, :4]}, ValueError, "key has 6 rows but value has 4"),
    (scaled, TWO_HEADS, ValueError, r"query, .* shapes \(2, 4, 5, 3\), \(2, 2, 6, 3\) .* broadcast"),
    (scaled, {"key": draw(2, 3, 6, 3), "enable_gqa": True}, ValueError, "key or value has 3 heads"),
    (scaled, {"key": QKV["key"].astype(np.float16)}, TypeError, "query has dtype float32 but key has dtype float16"),
    (headed, {"attn_mask": LATER[:4]}, ValueError, r"attn_mask has shape \(4, 6\); it must be \(5, 6\) or \(4, 5, 6\)"),
    (headed, {"key_padding_mask": HALF}, ValueError, r"key_padding_mask has shape \(2, 3\); it must be \(2, 6\)"),
    (headed, {"attn_mask": LATER.astype(int)}, TypeError, "attn_mask has dtype int.*; it must be bool or float32"),
    (headed, {"is_causal": True}, ValueError, "is_causal is True but attn_mask is None"),
    (headed, {"dropout_p": 0.1}, ValueError, "dropout_key is None but training with dropout_p=0.1 draws a mask"),
    (headed, {"dropout_p": -0.1, "training": False}, ValueError, "dropout_p is -0.1"),
    (headed, {"num_heads": 3}, ValueError, "num_heads is 3; it must divide the embedding's 4"),
    (headed, {"embed_dim_to_check": 8}, ValueError, "query has 4 features .* but embed_dim_to_check is 8"),
    (headed, {"bias_k": ONE_MORE["bias_k"]}, ValueError, "bias_v is None but the other is given"),
    (headed, {"use_separate_proj_weight": True}, ValueError, "in_proj_weight or q_proj_weight is None"),
]


@pytest.mark.parametrize(("call", "changes", "kind", "words"), REFUSED)
def test_what_is_refused(call: Callable[..., Any], changes: dict[str, Any], kind: type[Exception], words: str) -> None:
    where = "scaled_dot_product_attention" if call is scaled else "multi_head_attention_forward"
    with pytest.raises(kind, match=f"^{where}: {words}"):
        call(**changes)
