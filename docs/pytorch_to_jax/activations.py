"""Activations, and derivatives at kinks."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
from flax import nnx

from jaxdl import functional, nn

rows = np.random.RandomState(0)


def slope(function, x):
    """PyTorch's derivative of an elementwise function."""
    leaf = torch.tensor(x, requires_grad=True)
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]


# %% gelu is the approximation
# jax.nn.gelu is the tanh form by default, PyTorch's the exact one.
x = rows.randn(100)
theirs = torch.nn.functional.gelu(torch.tensor(x))
stock = jax.nn.gelu(x)
ours = functional.gelu(x)

# %% softmax's axis
# PyTorch's dim=None means 0 for one and three dimensions, else 1; jax means the last.
x = rows.randn(2, 3, 4)
theirs = torch.nn.functional.softmax(torch.tensor(x), 0)  # what dim=None stands for here
stock = jax.nn.softmax(x)
ours = functional.softmax(x, 0)

# %% softplus above its threshold
# PyTorch is the identity above 20 (beta · x > threshold).
x = np.array([2.0, 4.0])
theirs = torch.nn.functional.softplus(torch.tensor(x), beta=2, threshold=3)
stock = jax.nn.softplus(2 * x) / 2
ours = functional.softplus(x, beta=2, threshold=3)

# %% PReLU starts at 0.25
# In Flax at 0.01.
x = np.array([-1.0, 2.0])
theirs = torch.nn.PReLU()(torch.tensor(x))
stock = nnx.PReLU()(x)
ours = nn.PReLU(dtype=jnp.float64)(x)

# %% leaky_relu's slope at 0
# x > 0 in PyTorch, x >= 0 in jax.
theirs = slope(torch.nn.functional.leaky_relu, np.zeros(1))
stock = jax.grad(lambda x: jax.nn.leaky_relu(x).sum())(np.zeros(1))
ours = jax.grad(lambda x: functional.leaky_relu(x).sum())(np.zeros(1))

# %% hardtanh's slope at its ends
# 0 in PyTorch, 1 in jax.
ends = np.array([-1.0, 1.0])
theirs = slope(torch.nn.functional.hardtanh, ends)
stock = jax.grad(lambda x: jax.nn.hard_tanh(x).sum())(ends)
ours = jax.grad(lambda x: functional.hardtanh(x).sum())(ends)

# %% relu by jnp.maximum
# Its slope at 0 is ½; jax.nn.relu has PyTorch's 0.
theirs = slope(torch.relu, np.zeros(1))
stock = jax.grad(lambda x: jnp.maximum(x, 0).sum())(np.zeros(1))
ours = jax.grad(lambda x: functional.relu(x).sum())(np.zeros(1))

# %% relu's slope at NaN
# PyTorch lets a NaN's gradient through, so that it shows; jax stops it.
theirs = slope(torch.relu, np.full(1, np.nan))
stock = jax.grad(lambda x: jax.nn.relu(x).sum())(np.full(1, np.nan))
ours = jax.grad(lambda x: functional.relu(x).sum())(np.full(1, np.nan))

# %% The slope of |x| at 0
# 0 in PyTorch, 1 in jax: an L1 penalty pulls at weights that are 0 already.
theirs = slope(torch.abs, np.zeros(1))
stock = jax.grad(lambda x: jnp.abs(x).sum())(np.zeros(1))
ours = jax.grad(lambda x: functional.l1_loss(x, np.zeros(1), reduction="sum"))(np.zeros(1))

# %% The slope of a clip at its bounds
# 1 in PyTorch, ½ in jax.
theirs = slope(lambda x: torch.clamp(x, 0.0, 1.0), np.array([0.0, 1.0]))
stock = jax.grad(lambda x: jnp.clip(x, 0.0, 1.0).sum())(np.array([0.0, 1.0]))
ours = jax.grad(lambda x: jnp.where((x >= 0) & (x <= 1), x, jnp.clip(jax.lax.stop_gradient(x), 0, 1)).sum())(
    np.array([0.0, 1.0])
)

# %% The gradient of a norm at 0
# NaN in jax, 0 in PyTorch.
theirs = slope(lambda x: torch.linalg.vector_norm(x), np.zeros(3))
stock = jax.grad(jnp.linalg.norm)(np.zeros(3))
ours = jax.grad(lambda x: functional.pairwise_distance(x, np.zeros(3), eps=0.0))(np.zeros(3))

# %% The gradient of a maximum along an axis
# torch.max(x, dim) gives all of it to one element, jnp.max splits it among equals.
x = np.array([[1.0, 3.0, 3.0]])
theirs = slope(lambda x: torch.max(x, 1).values, x)
stock = jax.grad(lambda x: jnp.max(x, 1).sum())(x)
ours = jax.grad(lambda x: jnp.take_along_axis(x, jnp.argmax(x, 1, keepdims=True), 1).sum())(x)
