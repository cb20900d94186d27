"""Recurrent layers and attention."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
from flax import nnx

from jaxdl import bridge, functional, nn, random

rows = np.random.RandomState(0)


def pair(name, *args, **kwargs):
    """A torch module and jaxdl's, with the same weights."""
    torch.manual_seed(0)
    module = getattr(torch.nn, name)(*args, **kwargs)
    copy = getattr(nn, name)(*args, **kwargs, rngs=random.TorchGenerator(0))
    bridge.load_into(copy, {name: tensor.numpy() for name, tensor in module.state_dict().items()})
    return module, copy


# %% The GRU's hidden bias
# PyTorch's b_hn stands inside r · (W_hn h + b_hn). nnx.GRUCell has no such bias, and it cannot be folded into another.
x, h = rows.randn(2, 3), rows.randn(2, 4)
cell, mine = pair("GRUCell", 3, 4)
theirs = cell(torch.tensor(x), torch.tensor(h))
flax = nnx.GRUCell(3, 4, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
weights = {name: tensor.detach().numpy() for name, tensor in cell.named_parameters()}
flax.dense_i.kernel[...] = weights["weight_ih"].T
flax.dense_i.bias[...] = weights["bias_ih"] + weights["bias_hh"]
flax.dense_h.kernel[...] = weights["weight_hh"].T
stock, _ = flax(h, x)
ours = mine(x, h)

# %% The LSTM's state is (c, h)
# PyTorch's is (h, c). Both parts have one shape.
h, c = rows.randn(2, 4), rows.randn(2, 4)
cell, mine = pair("LSTMCell", 3, 4)
theirs = torch.stack(cell(torch.tensor(x), (torch.tensor(h), torch.tensor(c))))
flax = nnx.OptimizedLSTMCell(3, 4, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
weights = {name: tensor.detach().numpy() for name, tensor in cell.named_parameters()}
flax.dense_i.kernel[...] = weights["weight_ih"].T
flax.dense_h.kernel[...] = weights["weight_hh"].T
flax.dense_h.bias[...] = weights["bias_ih"] + weights["bias_hh"]
state, _ = flax((h, c), x)  # as PyTorch orders it: wrong
stock = jnp.stack(state)
ours = jnp.stack(mine(x, (h, c)))

# %% One bias where PyTorch has two
# The sum of two equal gradients is twice one: under SGD the effective bias moves twice as fast.
cell, mine = pair("RNNCell", 3, 4)
cell(torch.tensor(x), torch.tensor(h)).sum().backward()
theirs = -(cell.bias_ih.grad + cell.bias_hh.grad)  # one step of SGD, learning rate 1
apply, params, _ = nn.functionalize(mine)
gradients = jax.grad(lambda params: apply(params, {}, x, h)[0].sum())(params)
ours = -(gradients["bias_ih"] + gradients["bias_hh"])
stock = -gradients["bias_ih"]  # nnx.SimpleCell's only bias

# %% After a sequence's end
# PyTorch's packed sequences are 0 there; nnx.RNN goes on computing.
x = rows.randn(2, 5, 3)
rnn, mine = pair("LSTM", 3, 4, batch_first=True)
packed = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor(x), [5, 2], batch_first=True)
theirs = torch.nn.utils.rnn.pad_packed_sequence(rnn(packed)[0], batch_first=True)[0]
cell = nnx.OptimizedLSTMCell(3, 4, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
weights = {name: tensor.detach().numpy() for name, tensor in rnn.named_parameters()}
cell.dense_i.kernel[...] = weights["weight_ih_l0"].T
cell.dense_h.kernel[...] = weights["weight_hh_l0"].T
cell.dense_h.bias[...] = weights["bias_ih_l0"] + weights["bias_hh_l0"]
stock = nnx.RNN(cell)(x, seq_lengths=np.array([5, 2]))
ours = mine(x, lengths=np.array([5, 2]))[0]

# %% Attention in float64 has float32 logits
# jax.nn.dot_product_attention rounds them, whatever it is given.
q, k, v = rows.randn(3, 2, 4, 5, 8)
theirs = torch.nn.functional.scaled_dot_product_attention(*(torch.tensor(t) for t in (q, k, v)))
stock = jax.nn.dot_product_attention(*(t.transpose(0, 2, 1, 3) for t in (q, k, v))).transpose(0, 2, 1, 3)
ours = functional.scaled_dot_product_attention(q, k, v)

# %% Whose axis is the heads'
# [batch, heads, length, features] in PyTorch, [batch, length, heads, features] in jax. Nothing raises.
theirs = torch.nn.functional.scaled_dot_product_attention(*(torch.tensor(t) for t in (q, k, v)))
stock = jax.nn.dot_product_attention(q, k, v)
ours = functional.scaled_dot_product_attention(q, k, v)

# %% A row that may attend to nothing
# 0 in PyTorch; jax averages all values.
mask = np.array([True, True, False, True, True])[:, None] & np.ones((5, 5), bool)
theirs = torch.nn.functional.scaled_dot_product_attention(*(torch.tensor(t) for t in (q, k, v)), torch.tensor(mask))
heads_inside = [t.transpose(0, 2, 1, 3) for t in (q, k, v)]
stock = jax.nn.dot_product_attention(*heads_inside, mask=mask[None, None]).transpose(0, 2, 1, 3)
ours = functional.scaled_dot_product_attention(q, k, v, mask)

# %% What a mask's True means
# In MultiheadAttention and Transformer it blocks; in scaled_dot_product_attention and in jax it lets through.
x, blocked = rows.randn(4, 2, 6), np.triu(np.ones((4, 4), bool), 1)
attention, mine = pair("MultiheadAttention", 6, 2)
theirs = attention(*[torch.tensor(x)] * 3, attn_mask=torch.tensor(blocked))[0]
stock = mine(x, x, x, attn_mask=~blocked)[0]  # the mask as jax would read it
ours = mine(x, x, x, attn_mask=blocked)[0]
