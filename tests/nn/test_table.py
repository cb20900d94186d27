"""Embedding modules: frozen tables, max_norm inside and outside functionalize; and normalisers' constructors."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl import nn, random

TABLE = np.array([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]], np.float32)


@pytest.mark.parametrize("built", [nn.Embedding, nn.EmbeddingBag])
def test_a_frozen_table_is_saved_and_not_trained(built: Any) -> None:
    for freeze, kind in ((True, 2), (False, 1)):
        module = built.from_pretrained(TABLE, freeze=freeze)
        assert list(nn.state_dict(module)) == ["weight"]
        assert list(nn.functionalize(module)[kind]) == ["weight"]


def test_max_norm_scales_the_modules_own_rows_when_called_directly() -> None:
    module = nn.Embedding.from_pretrained(TABLE, freeze=False, max_norm=1.0)
    rows = module(jnp.array([0, 1]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(module.weight[...], [[0.6, 0.8], [0.3, 0.4], [6.0, 8.0]], rtol=1e-6)


def test_functionalize_returns_a_frozen_tables_scaled_rows() -> None:
    apply, params, buffers = nn.functionalize(nn.Embedding.from_pretrained(TABLE, max_norm=1.0))
    _, buffers = jax.jit(apply)(params, buffers, jnp.array([0]))
    np.testing.assert_allclose(buffers["weight"], [[0.6, 0.8], [0.3, 0.4], [6.0, 8.0]], rtol=1e-6)


@pytest.mark.torch
def test_training_with_max_norm_as_the_docstring_says(torch: ModuleType) -> None:
    theirs = torch.nn.Embedding.from_pretrained(torch.tensor(TABLE), freeze=False, max_norm=1.0)
    descent = torch.optim.SGD(theirs.parameters(), 0.5)
    apply, params, buffers = nn.functionalize(nn.Embedding.from_pretrained(TABLE, freeze=False, max_norm=1.0))
    for batch in ([0, 1], [2, 0], [1, 1]):
        descent.zero_grad()
        (theirs(torch.tensor(batch)) ** 3).sum().backward()
        descent.step()
        indices = jnp.array(batch)
        params = {"weight": F.embedding(indices, params["weight"], max_norm=1.0)[1]}
        gradient = jax.grad(lambda p, i=indices: (apply(p, buffers, i)[0] ** 3).sum())(params)
        params = jax.tree.map(lambda p, g: p - 0.5 * g, params, gradient)
    np.testing.assert_allclose(params["weight"], theirs.weight.detach().numpy(), rtol=1e-5)


def test_a_mismatch_that_does_not_matter_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="InstanceNorm1d: num_features is 3 but input of shape"):
        nn.InstanceNorm1d(3)(jnp.arange(8.0).reshape(1, 2, 4))


DRAW = {"rngs": random.TorchGenerator(0)}
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: nn.Embedding(3, 2), "Embedding: rngs is None"),
    (lambda: nn.Embedding(3, 2, 3, **DRAW), "Embedding: padding_idx is 3"),
    (lambda: nn.Embedding(-1, 2, **DRAW), "Embedding: sizes must not be negative, given num_embeddings=-1"),
    (lambda: nn.Embedding(2, 2, _weight=TABLE), r"Embedding: _weight has shape \(3, 2\)"),
    (lambda: nn.EmbeddingBag.from_pretrained(TABLE[0]), r"EmbeddingBag: embeddings has shape \(2,\)"),
    (lambda: nn.GroupNorm(3, 10), r"GroupNorm: num_channels \(10\) must be divisible by num_groups \(3\)"),
    (lambda: nn.LayerNorm(()), "LayerNorm: normalized_shape must be"),
    (lambda: nn.RMSNorm((2, -1)), "RMSNorm: normalized_shape must be"),
    (lambda: nn.SyncBatchNorm(2, process_group=1), "SyncBatchNorm: process_group must be None"),
    (lambda: nn.SyncBatchNorm(2)(jnp.ones(2)), "SyncBatchNorm: the input must be"),
    (lambda: nn.BatchNorm3d(2)(jnp.ones((2, 2))), "BatchNorm3d: the input must have 5 dimensions"),
    (lambda: nn.InstanceNorm2d(2)(jnp.ones((2, 2))), "InstanceNorm2d: the input must have 3 or 4"),
    (lambda: nn.InstanceNorm1d(3, affine=True)(jnp.ones((2, 2, 4))), "InstanceNorm1d: num_features is 3"),
    (lambda: nn.CrossMapLRN2d(3)(jnp.ones((2, 2, 2))), "CrossMapLRN2d: input has shape"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_what_is_refused(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
