"""jax.numpy, where no error says that it is not torch."""

import jax
import jax.numpy as jnp
import numpy as np
import torch

from docs.pytorch_to_jax.prelude import refused
from jaxdl import functional

rows = np.random.RandomState(0)

# %% var and std
# PyTorch divides by n - 1 by default, jax.numpy by n.
x = rows.randn(5)
theirs = torch.tensor(x).var()
stock = jnp.var(x)
ours = jnp.var(x, ddof=1)

# %% median of an even number
# The lower of the two in PyTorch, their mean in jax.numpy.
x = np.array([1.0, 2.0, 3.0, 10.0])
theirs = torch.tensor(x).median()
stock = jnp.median(x)
ours = jnp.quantile(x, 0.5, method="lower")

# %% The gradient of a deviation at 0
# NaN in jax for equal numbers, 0 in PyTorch.
leaf = torch.ones(3, requires_grad=True)
leaf.std(correction=0).backward()
theirs = leaf.grad
stock = jax.grad(jnp.std)(np.ones(3))
ours = jax.grad(lambda x: jnp.where(jnp.var(x) > 0, jnp.sqrt(jnp.where(jnp.var(x) > 0, jnp.var(x), 1)), 0))(np.ones(3))

# %% An index beyond the end
# jax takes the last element and says nothing.
x = jnp.arange(5.0)
theirs = refused(lambda: torch.arange(5.0)[7])
stock = x[7]
ours = refused(lambda: np.asarray(x)[7])

# %% An assignment beyond the end
# jax drops it.
theirs = refused(lambda: torch.zeros(3).index_put((torch.tensor([5]),), torch.ones(1)))
stock = jnp.zeros(3).at[5].set(1.0)
ours = refused(lambda: np.put(np.zeros(3), 5, 1.0))

# %% one_hot of a class that is not there
# A row of zeros in jax, an error in PyTorch.
theirs = refused(lambda: torch.nn.functional.one_hot(torch.tensor([3]), 3))
stock = jax.nn.one_hot(np.array([3]), 3)
ours = refused(lambda: functional.one_hot(np.array([3]), 3))

# %% Two dtypes in one product
# PyTorch refuses; jax.numpy takes the wider and says nothing.
x, w = rows.randn(2, 3).astype(np.float32), rows.randn(4, 3)
theirs = refused(lambda: torch.nn.functional.linear(torch.tensor(x), torch.tensor(w)))
stock = x @ w.T
ours = refused(lambda: functional.linear(x, w))

# %% NumPy's scalars are not Python's
# A float32 array times np.float64(2) is float64 in jax (with x64 on), float32 in PyTorch. Here: bits of the result.
x = np.ones(3, np.float32)
theirs = torch.tensor(torch.finfo((torch.tensor(x) * np.float64(2)).dtype).bits)
stock = jnp.finfo((jnp.asarray(x) * np.float64(2)).dtype).bits
ours = jnp.finfo((jnp.asarray(x) * float(np.float64(2))).dtype).bits

# %% Padding by more than there is
# Reflection needs an element for each: PyTorch refuses, jnp.pad goes back and forth.
x = rows.randn(1, 1, 3)
theirs = refused(lambda: torch.nn.functional.pad(torch.tensor(x), (4, 4), "reflect"))
stock = jnp.pad(x, ((0, 0), (0, 0), (4, 4)), "reflect")
ours = refused(lambda: functional.pad(x, (4, 4), "reflect"))

# %% The gradient of a complex function
# PyTorch's is the conjugate of jax's: descend along jax's conjugate.
leaf = torch.tensor(1 + 2j, requires_grad=True)
(leaf.abs() ** 2).backward()
theirs = leaf.grad
stock = jax.grad(lambda z: jnp.abs(z) ** 2)(1 + 2j)
ours = jnp.conj(jax.grad(lambda z: jnp.abs(z) ** 2)(1 + 2j))

# %% A float that no integer holds
# jax stops at the largest integer; PyTorch's result is the machine's, here the smallest.
theirs = torch.tensor([3e9]).to(torch.int32)
stock = jnp.array([3e9]).astype(jnp.int32)
ours = jnp.where(jnp.abs(jnp.array([3e9])) < 2**31, jnp.array([3e9]).astype(jnp.int32), jnp.int32(-(2**31)))
only_on = "x86_64"

# %% The smallest float32 numbers
# XLA's CPU code takes numbers below 1.2e-38 for 0.
theirs = torch.tensor([1e-40], dtype=torch.float32) * 1e38
stock = jax.jit(lambda x: x * 1e38)(np.array([1e-40], np.float32))
ours = jax.jit(lambda x: x * 1e38)(np.array([1e-40], np.float64))
allowed = 1e-6  # 1e-40 itself is rounded where so few bits are left
