"""Linear, convolution, pooling, shuffling."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
from flax import nnx

from jaxdl import functional

rows = np.random.RandomState(0)

# %% A square weight copied without its transpose
# PyTorch keeps `[out, in]`, Flax `[in, out]`. Where the two are equal nothing raises.
x, w = rows.randn(2, 4), rows.randn(4, 4)
theirs = torch.nn.functional.linear(torch.tensor(x), torch.tensor(w))
stock = x @ w
ours = functional.linear(x, w)

# %% nnx.Conv pads 'SAME', PyTorch pads 0
# Its shapes are larger, which the next layer usually tells.
x, w = rows.randn(1, 3, 9, 9), rows.randn(4, 3, 3, 3)
theirs = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w))
conv = nnx.Conv(3, 4, (3, 3), use_bias=False, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
conv.kernel[...] = w.transpose(2, 3, 1, 0)
stock = conv(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
ours = functional.conv2d(x, w)

# %% 'SAME' with stride 2 is not padding 1
# On an even size it pads 0 before and 1 after: the shape of PyTorch's padding=1, other numbers.
x, w = rows.randn(1, 3, 8, 8), rows.randn(4, 3, 3, 3)
theirs = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), stride=2, padding=1)
conv = nnx.Conv(3, 4, (3, 3), strides=2, use_bias=False, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
conv.kernel[...] = w.transpose(2, 3, 1, 0)
stock = conv(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
ours = functional.conv2d(x, w, stride=2, padding=1)

# %% nnx.ConvTranspose does not flip its kernel
# A copied weight gives the right shape and wrong numbers; `transpose_kernel=True` flips it.
x, w = rows.randn(1, 3, 5, 5), rows.randn(3, 4, 4, 4)
theirs = torch.nn.functional.conv_transpose2d(torch.tensor(x), torch.tensor(w), stride=2, padding=1)
deconv = nnx.ConvTranspose(3, 4, (4, 4), strides=(2, 2), use_bias=False, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
deconv.kernel[...] = w.transpose(2, 3, 0, 1)
stock = deconv(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
ours = functional.conv_transpose2d(x, w, stride=2, padding=1)

# %% Flattening an image
# Flax's images end in channels, so the columns of the next layer's weight stand in another order.
x = rows.randn(2, 3, 4, 4)
theirs = torch.flatten(torch.tensor(x), 1)
stock = x.transpose(0, 2, 3, 1).reshape(2, -1)
ours = x.reshape(2, -1)

# %% A pool's stride is 1 by default
# PyTorch: the size of the window.
x = rows.randn(1, 3, 9, 9)
theirs = torch.nn.functional.max_pool2d(torch.tensor(x), 3)
stock = nnx.max_pool(x.transpose(0, 2, 3, 1), (3, 3)).transpose(0, 3, 1, 2)
ours = functional.max_pool2d(x, 3)

# %% 'SAME' pooling is not padding 1
# On an even size it pads one side only.
x = rows.randn(1, 3, 8, 8)
theirs = torch.nn.functional.max_pool2d(torch.tensor(x), 3, 2, 1)
stock = nnx.max_pool(x.transpose(0, 2, 3, 1), (3, 3), (2, 2), "SAME").transpose(0, 3, 1, 2)
ours = functional.max_pool2d(x, 3, 2, 1)

# %% The gradient of a maximum that is reached twice
# A maximum over a reshape splits the gradient; PyTorch's pooling gives all of it to the first.
x = np.ones((1, 1, 2, 2))
leaf = torch.tensor(x, requires_grad=True)
torch.nn.functional.max_pool2d(leaf, 2).sum().backward()
theirs = leaf.grad
stock = jax.grad(lambda x: jnp.max(x.reshape(1, 1, 4), -1).sum())(x)
ours = jax.grad(lambda x: functional.max_pool2d(x, 2).sum())(x)

# %% Average pooling with ceil_mode
# PyTorch divides by what lies inside the padded input; a window that hangs over counts less.
x = rows.randn(1, 1, 6, 6)
theirs = torch.nn.functional.avg_pool2d(torch.tensor(x), 3, 2, ceil_mode=True)
stock = nnx.avg_pool(x.transpose(0, 2, 3, 1), (3, 3), (2, 2), ((0, 1), (0, 1))).transpose(0, 3, 1, 2)
ours = functional.avg_pool2d(x, 3, 2, ceil_mode=True)

# %% pixel_shuffle reads channels first
# The usual depth-to-space takes the channel index as (row, column, channel), PyTorch as (channel, row, column).
x = rows.randn(1, 8, 2, 2)
theirs = torch.nn.functional.pixel_shuffle(torch.tensor(x), 2)
blocks = x.transpose(0, 2, 3, 1).reshape(1, 2, 2, 2, 2, 2)
stock = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(1, 4, 4, 2).transpose(0, 3, 1, 2)
ours = functional.pixel_shuffle(x, 2)

# %% jax.image.resize calls 'nearest' what PyTorch calls 'nearest-exact'
# They agree when the size doubles, not when it shrinks.
x = rows.randn(1, 1, 8, 8)
theirs = torch.nn.functional.interpolate(torch.tensor(x), (4, 4), mode="nearest")
stock = jax.image.resize(x, (1, 1, 4, 4), "nearest")
ours = functional.interpolate(x, (4, 4), mode="nearest")

# %% jax.image.resize smooths before it shrinks
# `antialias=True` is its default and not PyTorch's.
x = rows.randn(1, 1, 8, 8)
theirs = torch.nn.functional.interpolate(torch.tensor(x), (4, 4), mode="bilinear")
stock = jax.image.resize(x, (1, 1, 4, 4), "linear")
ours = functional.interpolate(x, (4, 4), mode="bilinear")

# %% Another cubic
# Keys' kernel has a = -0.5 in jax and -0.75 in PyTorch; no argument changes it.
x = rows.randn(1, 1, 8, 8)
theirs = torch.nn.functional.interpolate(torch.tensor(x), (16, 16), mode="bicubic")
stock = jax.image.resize(x, (1, 1, 16, 16), "cubic", antialias=False)
ours = functional.interpolate(x, (16, 16), mode="bicubic")

# %% A scale that is no ratio of sizes
# PyTorch samples at steps of 1 / scale_factor, not of old size / new size.
x = rows.randn(1, 1, 7)
theirs = torch.nn.functional.interpolate(torch.tensor(x), scale_factor=1.7, mode="linear")
stock = jax.image.resize(x, (1, 1, 11), "linear", antialias=False)
ours = functional.interpolate(x, scale_factor=1.7, mode="linear")
