"""Normalisation and embedding."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
from flax import nnx

from docs.pytorch_to_jax.prelude import refused
from jaxdl import functional, nn, random

rows = np.random.RandomState(0)

# %% BatchNorm's momentum is the other share
# 0.1 in PyTorch is how much of the new value is taken, 0.99 in Flax how much of the old one is kept.
x = rows.randn(8, 4)
norm = torch.nn.BatchNorm1d(4)
norm(torch.tensor(x))
theirs = norm.running_mean
flax = nnx.BatchNorm(4, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
flax(x)
stock = flax.mean[...]
_, ours, _ = functional.batch_norm(x, np.zeros(4), np.ones(4), training=True)

# %% The running variance is unbiased
# PyTorch normalises with the biased variance and keeps the unbiased one. momentum=0.9 is as near as Flax gets.
x = rows.randn(8, 4)
norm = torch.nn.BatchNorm1d(4)
norm(torch.tensor(x))
theirs = norm.running_var
flax = nnx.BatchNorm(4, momentum=0.9, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
flax(x)
stock = flax.var[...]
_, _, ours = functional.batch_norm(x, np.zeros(4), np.ones(4), training=True)

# %% A batch of one
# Flax trains on it and puts out its bias; PyTorch refuses.
x = rows.randn(1, 4)
theirs = refused(lambda: torch.nn.functional.batch_norm(torch.tensor(x), None, None, training=True))
stock = nnx.BatchNorm(4, param_dtype=jnp.float64, rngs=nnx.Rngs(0))(x)
ours = refused(lambda: functional.batch_norm(x, None, None, training=True))

# %% Statistics of a float64 model in float32
# nnx.BatchNorm keeps them in float32 whatever its parameters are; evaluation shows it.
x = rows.randn(8, 4)
theirs = torch.nn.functional.batch_norm(torch.tensor(x), torch.full((4,), 0.1), torch.full((4,), 0.3))
flax = nnx.BatchNorm(4, use_running_average=True, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
flax.mean[...], flax.var[...] = jnp.full(4, 0.1, jnp.float32), jnp.full(4, 0.3, jnp.float32)
stock = flax(x)
ours = functional.batch_norm(x, np.full(4, 0.1), np.full(4, 0.3))

# %% LayerNorm's epsilon
# 1e-6 in Flax, 1e-5 in PyTorch; it shows where activations are small.
x = 0.01 * rows.randn(2, 6)
theirs = torch.nn.functional.layer_norm(torch.tensor(x), (6,))
stock = nnx.LayerNorm(6, param_dtype=jnp.float64, rngs=nnx.Rngs(0))(x)
ours = functional.layer_norm(x, (6,))

# %% The fast variance
# Every Flax norm takes E[x²] - E[x]² by default, which cancels where the mean is large (float32, mean 1e4).
x = (rows.randn(4, 64) + 1e4).astype(np.float32)
theirs = torch.nn.functional.layer_norm(torch.tensor(x), (64,)).double()
stock = nnx.LayerNorm(64, epsilon=1e-5, rngs=nnx.Rngs(0))(x)
ours = functional.layer_norm(x, (64,))
allowed = 4e-3  # both round x itself; PyTorch is off by 2e-3 of the exact value

# %% GroupNorm's epsilon
# 1e-6 in Flax, and 32 groups by default.
x = 0.01 * rows.randn(2, 6, 5)
theirs = torch.nn.functional.group_norm(torch.tensor(x), 3)
stock = nnx.GroupNorm(6, num_groups=3, param_dtype=jnp.float64, rngs=nnx.Rngs(0))(x.transpose(0, 2, 1)).transpose(
    0, 2, 1
)
ours = functional.group_norm(x, 3)

# %% RMSNorm's epsilon follows the dtype
# None is the dtype's own epsilon in PyTorch, 2.2e-16 in float64; Flax has 1e-6.
x = 0.001 * rows.randn(2, 6)
theirs = torch.nn.functional.rms_norm(torch.tensor(x), (6,))
stock = nnx.RMSNorm(6, param_dtype=jnp.float64, rngs=nnx.Rngs(0))(x)
ours = functional.rms_norm(x, (6,))

# %% A vector of length 1
# PyTorch divides by max(norm, 1e-12); the usual x · rsqrt(Σx² + 1e-12) is another function of a short vector.
x = 1e-6 * rows.randn(2, 6)
theirs = torch.nn.functional.normalize(torch.tensor(x))
stock = x * jax.lax.rsqrt(jnp.sum(x**2, 1, keepdims=True) + 1e-12)
ours = functional.normalize(x)

# %% An index beyond the table
# Flax gives NaN, PyTorch an error. Inside jit jaxdl gives NaN as well: there it cannot know.
w, index = rows.randn(5, 3), np.array([1, 7])
theirs = refused(lambda: torch.nn.functional.embedding(torch.tensor(index), torch.tensor(w)))
embed = nnx.Embed(5, 3, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
stock = embed(index)
ours = refused(lambda: functional.embedding(index, w))

# %% Index -1
# The last row in Flax, an error in PyTorch.
index = np.array([-1])
theirs = refused(lambda: torch.nn.functional.embedding(torch.tensor(index), torch.tensor(w)))
embed = nnx.Embed(5, 3, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
stock = embed(index)
ours = refused(lambda: functional.embedding(index, w))

# %% A table of one row
# nnx.Embed ignores the index altogether.
index = np.array([7])
theirs = refused(lambda: torch.nn.functional.embedding(torch.tensor(index), torch.ones(1, 3)))
stock = nnx.Embed(1, 3, param_dtype=jnp.float64, rngs=nnx.Rngs(0))(index)
ours = refused(lambda: functional.embedding(index, np.ones((1, 3))))

# %% The gradient at padding_idx
# The row is used and gets no gradient. Flax has no such argument.
leaf = torch.tensor(w, requires_grad=True)
torch.nn.functional.embedding(torch.tensor([0, 2]), leaf, padding_idx=0).sum().backward()
theirs = leaf.grad
stock = jax.grad(lambda w: jnp.take(w, np.array([0, 2]), 0).sum())(w)
ours = jax.grad(lambda w: functional.embedding(np.array([0, 2]), w, padding_idx=0).sum())(w)

# %% How large an embedding starts
# N(0, 1) in PyTorch; in Flax the standard deviation is 1 / sqrt(features). Here the deviation of 64,000 entries.
torch.manual_seed(0)
theirs = torch.nn.Embedding(1000, 64).weight.std(correction=0)
stock = nnx.Embed(1000, 64, rngs=nnx.Rngs(0)).embedding[...].std()
ours = nn.Embedding(1000, 64, dtype=jnp.float64, rngs=random.TorchGenerator(0)).weight[...].std()
