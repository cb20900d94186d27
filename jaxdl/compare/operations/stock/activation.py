"""Activations as jax.nn has them."""

import jax
import jax.numpy as jnp

from jaxdl.compare.operations.stock.form import Stock

NAMES = {
    "relu": jax.nn.relu,
    "relu6": jax.nn.relu6,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "celu": jax.nn.celu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "hardswish": jax.nn.hard_swish,
    "hardsigmoid": jax.nn.hard_sigmoid,
    "hardtanh": jax.nn.hard_tanh,
    "softplus": jax.nn.softplus,
    "softsign": jax.nn.soft_sign,
    "logsigmoid": jax.nn.log_sigmoid,
    "glu": jax.nn.glu,
    "tanhshrink": lambda x: x - jnp.tanh(x),
    "threshold": lambda x: jnp.where(x > 0.1, x, 0.0),
    "hardshrink": lambda x: jnp.where(jnp.abs(x) > 0.5, x, 0.0),
    "softshrink": lambda x: jnp.sign(x) * jax.nn.relu(jnp.abs(x) - 0.5),
    "softmax": jax.nn.softmax,
    "log_softmax": jax.nn.log_softmax,
    "softmin": lambda x: jax.nn.softmax(-x),
}

STOCK = {name: Stock(call) for name, call in NAMES.items()}
STOCK["prelu"] = Stock(
    lambda x, w: jnp.where(x >= 0, x, w * x),
    lambda x, w: [jnp.moveaxis(x, 1, -1), w],
    lambda y: jnp.moveaxis(y, -1, 1),
)
STOCK["gumbel_softmax"] = Stock(lambda key, x: jax.nn.softmax(x + jax.random.gumbel(key, x.shape)))
