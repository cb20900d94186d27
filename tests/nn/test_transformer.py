"""Attention and transformers with PyTorch's weights: names, outputs and gradients, and the keys of dropout."""

import warnings
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import bridge, nn, random

FAST_COMPILE = {"xla_backend_optimization_level": 0}
DRAW = np.random.default_rng(0)
SRC, TGT = DRAW.normal(size=(5, 3, 8)), DRAW.normal(size=(4, 3, 8))
PADDING = np.arange(5) >= np.array([[5], [3], [4]])
RECENT = ~np.tri(5, k=0, dtype=bool) | np.tri(5, k=-3, dtype=bool)
LATER = np.triu(np.full((4, 4), -np.inf), 1)
UNSEEN = np.arange(4)[:, None] + 2 <= np.arange(5)
KEY = jax.random.key(0)


def twins(torch: ModuleType, name: str, *sizes: int, **options: Any) -> tuple[Any, Any]:
    """PyTorch's module in float64, and ours with its weights; every weight is drawn, so that none is 0 or 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's encoder warns that it will not take its fast path
        theirs = getattr(torch.nn, name)(*sizes, **options, dtype=torch.float64).eval()
    tensors = {name: DRAW.normal(0, 0.4, tuple(tensor.shape)) for name, tensor in theirs.state_dict().items()}
    theirs.load_state_dict({name: torch.tensor(tensor) for name, tensor in tensors.items()})
    ours = getattr(nn, name)(*sizes, **options, dtype=jnp.float64, rngs=random.TorchGenerator(0))
    assert list(nn.state_dict(ours)) == list(tensors)
    bridge.load_into(ours, tensors)
    return ours, theirs


def assert_alike(torch: ModuleType, ours: Any, theirs: Any, *inputs: np.ndarray, **options: Any) -> None:
    """Output, and gradients by every weight and the first input, up to 1e-12 of the largest element."""
    apply, params, buffers = nn.functionalize(ours)
    tensors = {name: torch.tensor(a) if isinstance(a, np.ndarray) else a for name, a in options.items()}
    first, *rest = (torch.tensor(x, requires_grad=True) for x in inputs)
    expected = theirs(first, *rest, **tensors)
    expected = expected[0] if isinstance(expected, tuple) else expected
    cotangent = np.cos(np.arange(expected.numel())).reshape(expected.shape)
    leaves = {**dict(theirs.named_parameters()), "input": first}
    gradients = torch.autograd.grad(expected, list(leaves.values()), torch.tensor(cotangent))

    def called(params: Any, first: jax.Array) -> jax.Array:
        output, _ = apply(params, buffers, first, *inputs[1:], **options)
        return output[0] if isinstance(output, tuple) else output

    def output_and_gradients(*arguments: Any) -> Any:
        output, pull = jax.vjp(called, *arguments)
        return output, *pull(jnp.asarray(cotangent))

    jitted = jax.jit(output_and_gradients, compiler_options=FAST_COMPILE)
    output, by_weight, by_input = jax.device_get(jitted(params, inputs[0]))
    found = {**by_weight, "input": by_input}
    for name, a, b in zip(
        ["output", *leaves], [output, *(found[name] for name in leaves)], [expected, *gradients], strict=True
    ):
        scale = b.abs().max().item()
        np.testing.assert_allclose(a, b.detach(), rtol=0, atol=1e-12 * scale, err_msg=name)


ATTENTION: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "batch first": ({"batch_first": True, "bias": False}, {"need_weights": False}),
    "one more, and zeros": ({"add_bias_kv": True, "add_zero_attn": True}, {"key_padding_mask": PADDING}),
    "other features": ({"kdim": 3, "vdim": 5}, {"attn_mask": UNSEEN, "need_weights": False}),
}


@pytest.mark.torch
@pytest.mark.parametrize("case", ATTENTION.values(), ids=ATTENTION)
def test_multihead_attention_is_torchs(torch: ModuleType, case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    built, called = case
    with jax.enable_x64(True):
        ours, theirs = twins(torch, "MultiheadAttention", 8, 2, **built)
        inputs = [TGT, SRC[..., : ours.kdim], SRC[..., : ours.vdim]]
        if "batch_first" in built:
            inputs = [x.swapaxes(0, 1) for x in inputs]
        assert_alike(torch, ours, theirs, *inputs, **called)


LAYERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "relu": ({}, {"src_mask": RECENT, "src_key_padding_mask": PADDING}),
    "gelu": ({"activation": "gelu", "batch_first": True}, {"src_key_padding_mask": PADDING}),
    "norm first": ({"norm_first": True, "layer_norm_eps": 0.1}, {"src_mask": RECENT}),
    "norm first, gelu": ({"norm_first": True, "activation": "gelu", "bias": False}, {}),
}


@pytest.mark.torch
@pytest.mark.parametrize("case", LAYERS.values(), ids=LAYERS)
def test_an_encoder_layer_is_torchs(torch: ModuleType, case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    built, called = case
    with jax.enable_x64(True):
        ours, theirs = twins(torch, "TransformerEncoderLayer", 8, 2, 6, **built)
        src = SRC.swapaxes(0, 1) if "batch_first" in built else SRC
        assert_alike(torch, ours, theirs, src, **called)


TRANSFORMERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "norm last": (
        {"batch_first": True},
        {"src_key_padding_mask": PADDING, "memory_key_padding_mask": PADDING, "tgt_mask": LATER, "tgt_is_causal": True},
    ),
    "norm first": (
        {"norm_first": True, "activation": "gelu"},
        {"src_mask": RECENT, "memory_mask": UNSEEN, "tgt_key_padding_mask": PADDING[:, 1:]},
    ),
}


@pytest.mark.torch
@pytest.mark.parametrize("case", TRANSFORMERS.values(), ids=TRANSFORMERS)
def test_a_transformer_is_torchs(torch: ModuleType, case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    built, called = case
    with jax.enable_x64(True):
        ours, theirs = twins(torch, "Transformer", 8, 2, 1, 1, 6, **built)
        inputs = [x.swapaxes(0, 1) if "batch_first" in built else x for x in (SRC, TGT)]
        assert_alike(torch, ours, theirs, *inputs, **called)


MODELS: dict[str, tuple[Any, tuple[np.ndarray, ...]]] = {
    "MultiheadAttention": (lambda rngs: nn.MultiheadAttention(8, 2, 0.5, rngs=rngs), (TGT, SRC, SRC)),
    "TransformerEncoderLayer": (lambda rngs: nn.TransformerEncoderLayer(8, 2, 6, 0.5, rngs=rngs), (SRC,)),
    "Transformer": (lambda rngs: nn.Transformer(8, 2, 1, 1, 6, 0.5, rngs=rngs), (SRC, TGT)),
}


@pytest.mark.parametrize("case", MODELS.values(), ids=MODELS)
def test_training_draws_from_its_key_alone(case: tuple[Any, tuple[np.ndarray, ...]]) -> None:
    built, inputs = case
    apply, params, buffers = nn.functionalize(built(random.TorchGenerator(0)))
    inputs = tuple(np.float32(x) for x in inputs)
    jitted = jax.jit(apply, static_argnames="train", compiler_options=FAST_COMPILE)
    outputs = [jax.tree.leaves(jitted(params, buffers, *inputs, train=True, key=key))[0] for key in (KEY, KEY)]
    other = jax.tree.leaves(jitted(params, buffers, *inputs, train=True, key=jax.random.key(1)))[0]
    np.testing.assert_array_equal(*outputs)
    assert (outputs[0] != other).mean() > 0.9
    with pytest.raises(ValueError, match=r"draws in training mode and was given no key; pass apply"):
        apply(params, buffers, *inputs, train=True)


def test_each_dropout_of_a_layer_draws_for_itself() -> None:
    """With every weight 0 only the last biases are left, and of them what the two dropouts before a shortcut leave."""
    layer = nn.TransformerEncoderLayer(8, 2, 6, 0.5, norm_first=True, rngs=random.TorchGenerator(0))
    apply, params, buffers = nn.functionalize(layer)
    zeros = jax.tree.map(np.zeros_like, params)
    jitted = jax.jit(apply, static_argnames="train", compiler_options=FAST_COMPILE)

    def with_ones(*names: str) -> np.ndarray:
        tensors = zeros | {name: np.ones_like(zeros[name]) for name in names}
        return np.asarray(jitted(tensors, buffers, np.zeros((5, 3, 8), np.float32), train=True, key=KEY)[0])

    attended, fed = with_ones("self_attn.out_proj.bias"), with_ones("linear2.bias")
    assert set(attended.ravel()) == set(fed.ravel()) == {0.0, 2.0}
    assert 0.3 < (attended == fed).mean() < 0.7
    np.testing.assert_array_equal(with_ones("self_attn.out_proj.bias", "linear2.bias"), attended + fed)
