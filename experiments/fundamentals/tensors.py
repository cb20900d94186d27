"""Tensors: what can be done with them, in JAX and in PyTorch side by side, and the twenty places where they differ.

A classifier made of nothing but tensor operations learns digits: each class has a prototype, and a digit belongs to
the class whose prototype is nearest. All distances come from one subtraction: `x[:, None] - prototypes` broadcasts
[N, 1, 64] against [10, 64], and a sum over the last axis is left. The run ends with two tables. The first goes through
creation, dtypes, indexing, shapes, reductions, products and exchange, and both libraries' answers are asserted to be
equal. The second holds what surprises whoever comes from PyTorch: there both answers are shown.

    python -m experiments.fundamentals.tensors

Data: digits.
Time: 9 s on two cores.
Score: test_accuracy >= 0.94
Paper: Harris et al. 2020, "Array programming with NumPy".
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp  # noqa: F401  the tables' expressions use it
import numpy as np  # noqa: F401  and this

from jaxdl import data, expressions, functional, metrics, nn, optim, train
from jaxdl.experiment import Settings, option, precision, twin

# Topic and expression. The twin has the same topics in the same order: `diff` the two files.
SAME = [
    ("creation", "jnp.zeros((2, 3))"),
    ("creation", "jnp.full((2,), 7.0)"),
    ("creation", "jnp.arange(0, 10, 3)"),
    ("creation", "jnp.linspace(0, 1, 5)"),
    ("creation", "jnp.eye(2)"),
    ("creation", "jnp.tril(jnp.ones((3, 3)))"),
    ("dtypes", "jnp.ones(2).dtype"),
    ("dtypes", "(jnp.ones(2, jnp.int32) + jnp.ones(2)).dtype"),
    ("dtypes", "(jnp.ones(2, jnp.float16) + jnp.ones(2, jnp.bfloat16)).dtype"),
    ("dtypes", "(jnp.ones(2, jnp.uint8) + jnp.ones(2, jnp.int8)).dtype"),
    ("dtypes", "(jnp.ones(2, jnp.float16) + 1.0).dtype"),
    ("dtypes", "(jnp.array(1) / jnp.array(2)).dtype"),
    ("dtypes", "jnp.array([1.7, -1.7]).astype(jnp.int32)"),
    ("dtypes", "jnp.array([100], jnp.int8) + 100"),
    ("indexing", "jnp.arange(12).reshape(3, 4)[1]"),
    ("indexing", "jnp.arange(12).reshape(3, 4)[:, -1]"),
    ("indexing", "jnp.arange(12).reshape(3, 4)[::2, 1:3]"),
    ("indexing", "jnp.arange(12).reshape(3, 4)[jnp.array([2, 0])]"),
    ("indexing", "jnp.arange(6)[jnp.arange(6) % 2 == 0]"),
    ("indexing", "jnp.arange(3)[None, :, None].shape"),
    ("indexing", "jnp.arange(24).reshape(2, 3, 4)[..., 0]"),
    ("writing", "jnp.zeros(4).at[1].set(5.0)"),
    ("writing", "jnp.zeros(3).at[jnp.array([0, 0, 2])].add(1.0)"),
    ("writing", "jnp.where(jnp.arange(4) > 1, jnp.arange(4), 0)"),
    ("shapes", "jnp.arange(6).reshape(2, -1)"),
    ("shapes", "jnp.arange(6).reshape(2, 3).T"),
    ("shapes", "jnp.ones((2, 3, 4)).transpose(2, 0, 1).shape"),
    ("shapes", "jnp.concatenate([jnp.zeros((1, 2)), jnp.ones((2, 2))], axis=0)"),
    ("shapes", "jnp.stack([jnp.zeros(2), jnp.ones(2)], axis=1)"),
    ("shapes", "jnp.ones((2, 1, 3)).squeeze(1).shape"),
    ("broadcasting", "jnp.arange(3)[:, None] + jnp.arange(2)"),
    ("broadcasting", "(jnp.ones((5, 1, 4)) * jnp.ones((3, 1))).shape"),
    ("broadcasting", "jnp.broadcast_to(jnp.arange(2), (3, 2))"),
    ("reductions", "jnp.arange(6.0).reshape(2, 3).sum(axis=0)"),
    ("reductions", "jnp.arange(6.0).reshape(2, 3).mean(axis=1, keepdims=True)"),
    ("reductions", "jnp.array([3.0, 1.0, 2.0]).argmax()"),
    ("reductions", "jnp.cumsum(jnp.arange(4))"),
    ("reductions", "jax.nn.logsumexp(jnp.array([1000.0, 1000.0]))"),
    ("reductions", "jnp.array([1.0, jnp.nan]).max()"),
    ("products", "jnp.arange(4.0).reshape(2, 2) @ jnp.ones((2, 3))"),
    ("products", "(jnp.ones((7, 2, 3)) @ jnp.ones((3, 4))).shape"),
    ("products", "jnp.einsum('bij,bjk->bik', jnp.ones((2, 1, 3)), jnp.ones((2, 3, 1)))"),
    ("products", "jnp.einsum('ii', jnp.arange(9.0).reshape(3, 3))"),
    ("products", "jnp.outer(jnp.arange(2.0), jnp.arange(3.0))"),
    ("products", "jnp.linalg.solve(jnp.array([[2.0, 0.0], [0.0, 4.0]]), jnp.ones(2))"),
    ("devices", "jax.device_put(jnp.ones(2), jax.devices('cpu')[0])"),
    ("exchange", "np.asarray(jnp.arange(3.0))"),
    ("exchange", "jnp.asarray(np.arange(3, dtype=np.float32))"),
    ("exchange", "jnp.from_dlpack(np.arange(3, dtype=np.float32))"),
    ("exchange", "jnp.from_dlpack(torch.arange(3.0))"),
    ("exchange", "jnp.arange(3.0).tolist()"),
    ("exchange", "jnp.array(2.5).item()"),
]
APART = [
    ("whole numbers have 32 bits", "jnp.array([1, 2]).dtype"),
    ("NumPy's float64 becomes float32", "jnp.asarray(np.ones(2)).dtype"),
    ("an array without axes takes part in promotion", "(jnp.ones(2, jnp.float16) + jnp.float32(1)).dtype"),
    ("an index beyond the end is the last", "jnp.arange(3)[5]"),
    ("writing beyond the end does nothing", "jnp.arange(3).at[5].set(9)"),
    ("a list is no index", "jnp.zeros(3)[[0, 1]]"),
    ("backwards", "jnp.arange(3)[::-1]"),
    ("a slice is a copy", "copied(jnp.zeros(3))"),
    ("arrays do not change", "changed(jnp.zeros(2))"),
    ("the spread is that of all, not of a sample", "jnp.std(jnp.arange(4.0))"),
    ("between two middles", "jnp.median(jnp.arange(4.0))"),
    ("the largest alone, without its place", "jnp.max(jnp.eye(2), axis=1)"),
    ("sums keep to 32 bits", "jnp.ones(3, jnp.int8).sum().dtype"),
    ("the mean of whole numbers", "jnp.arange(4).mean()"),
    ("the sign of what is no number", "jnp.sign(jnp.float32(jnp.nan))"),
    ("repeat", "jnp.repeat(jnp.array([1, 2]), 2)"),
    ("split: how many, or how large", "[part.tolist() for part in jnp.split(jnp.arange(6), 2)]"),
    ("size", "jnp.ones((2, 3)).size"),
    ("mixed products", "(jnp.ones((2, 2), jnp.int32) @ jnp.ones((2, 2))).dtype"),
    ("the same draw twice", "twice(jax.random.key(0))"),
]


def copied(x):
    """What is left of x when a slice of it is written to."""
    part = x[:2]
    part = part.at[0].set(9)
    return x


def changed(x):
    """What comes of `x[0] = 9`."""
    x[0] = 9
    return x


def twice(key):
    """Whether two draws in a row are equal: the state of the generator is in the key, not in the library."""
    return bool(jax.random.normal(key) == jax.random.normal(key))


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(15, "passes over the 1,438 training digits")
    batch_size: int = option(32, "digits a step")
    learning_rate: float = option(0.5, "step size; momentum is 0.9")


class Prototypes(nn.Module):
    def __init__(self, *, rngs):
        self.prototypes = nn.Embedding(10, 64, rngs=rngs)

    def __call__(self, x):
        differences = x[:, None] - self.prototypes.weight[...]  # [N, 10, 64]
        return -(differences**2).sum(axis=-1) / 8


def source(config):
    x, y, _, _ = data.digits()
    return data.ArraySource((x.reshape(-1, 64).astype(config.dtype), y), config.batch_size, shuffle=True)


def evaluation(config):
    _, _, x, y = data.digits()
    return data.ArraySource((x.reshape(-1, 64).astype(config.dtype), y), batch_size=len(x))


def program(config):
    return train.supervised(
        Prototypes,
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def exhibits(config, state):
    """Both tables; where PyTorch is not installed, JAX's half of them."""
    theirs = twin(__name__)
    note = "Computed just now, with JAX as it is by default: jax_enable_x64 gives it 64 bits."
    with precision("float32"):
        return expressions.tables(SAME, APART, {**globals(), "torch": getattr(theirs, "torch", None)}, theirs, note)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
