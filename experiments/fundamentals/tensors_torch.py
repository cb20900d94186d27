"""Tensors in PyTorch: the twin of tensors.py, written by hand."""

import jax.numpy as jnp  # noqa: F401  the tables' expressions use it
import numpy as np  # noqa: F401  so do they this
import torch
from torch import nn
from torch.nn import functional as F

SAME = [
    ("creation", "torch.zeros(2, 3)"),
    ("creation", "torch.full((2,), 7.0)"),
    ("creation", "torch.arange(0, 10, 3)"),
    ("creation", "torch.linspace(0, 1, 5)"),
    ("creation", "torch.eye(2)"),
    ("creation", "torch.tril(torch.ones(3, 3))"),
    ("dtypes", "torch.ones(2).dtype"),
    ("dtypes", "(torch.ones(2, dtype=torch.int32) + torch.ones(2)).dtype"),
    ("dtypes", "(torch.ones(2, dtype=torch.float16) + torch.ones(2, dtype=torch.bfloat16)).dtype"),
    ("dtypes", "(torch.ones(2, dtype=torch.uint8) + torch.ones(2, dtype=torch.int8)).dtype"),
    ("dtypes", "(torch.ones(2, dtype=torch.float16) + 1.0).dtype"),
    ("dtypes", "(torch.tensor(1) / torch.tensor(2)).dtype"),
    ("dtypes", "torch.tensor([1.7, -1.7]).to(torch.int32)"),
    ("dtypes", "torch.tensor([100], dtype=torch.int8) + 100"),
    ("indexing", "torch.arange(12).reshape(3, 4)[1]"),
    ("indexing", "torch.arange(12).reshape(3, 4)[:, -1]"),
    ("indexing", "torch.arange(12).reshape(3, 4)[::2, 1:3]"),
    ("indexing", "torch.arange(12).reshape(3, 4)[torch.tensor([2, 0])]"),
    ("indexing", "torch.arange(6)[torch.arange(6) % 2 == 0]"),
    ("indexing", "torch.arange(3)[None, :, None].shape"),
    ("indexing", "torch.arange(24).reshape(2, 3, 4)[..., 0]"),
    ("writing", "torch.zeros(4).index_fill(0, torch.tensor(1), 5.0)"),
    ("writing", "torch.zeros(3).index_add(0, torch.tensor([0, 0, 2]), torch.ones(3))"),
    ("writing", "torch.where(torch.arange(4) > 1, torch.arange(4), 0)"),
    ("shapes", "torch.arange(6).reshape(2, -1)"),
    ("shapes", "torch.arange(6).reshape(2, 3).T"),
    ("shapes", "torch.ones(2, 3, 4).permute(2, 0, 1).shape"),
    ("shapes", "torch.cat([torch.zeros(1, 2), torch.ones(2, 2)], dim=0)"),
    ("shapes", "torch.stack([torch.zeros(2), torch.ones(2)], dim=1)"),
    ("shapes", "torch.ones(2, 1, 3).squeeze(1).shape"),
    ("broadcasting", "torch.arange(3)[:, None] + torch.arange(2)"),
    ("broadcasting", "(torch.ones(5, 1, 4) * torch.ones(3, 1)).shape"),
    ("broadcasting", "torch.arange(2).expand(3, 2)"),
    ("reductions", "torch.arange(6.0).reshape(2, 3).sum(dim=0)"),
    ("reductions", "torch.arange(6.0).reshape(2, 3).mean(dim=1, keepdim=True)"),
    ("reductions", "torch.tensor([3.0, 1.0, 2.0]).argmax()"),
    ("reductions", "torch.arange(4).cumsum(0)"),
    ("reductions", "torch.tensor([1000.0, 1000.0]).logsumexp(0)"),
    ("reductions", "torch.tensor([1.0, torch.nan]).max()"),
    ("products", "torch.arange(4.0).reshape(2, 2) @ torch.ones(2, 3)"),
    ("products", "(torch.ones(7, 2, 3) @ torch.ones(3, 4)).shape"),
    ("products", "torch.einsum('bij,bjk->bik', torch.ones(2, 1, 3), torch.ones(2, 3, 1))"),
    ("products", "torch.einsum('ii', torch.arange(9.0).reshape(3, 3))"),
    ("products", "torch.outer(torch.arange(2.0), torch.arange(3.0))"),
    ("products", "torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.ones(2))"),
    ("devices", "torch.ones(2).to('cpu')"),
    ("exchange", "torch.arange(3.0).numpy()"),
    ("exchange", "torch.from_numpy(np.arange(3, dtype=np.float32))"),
    ("exchange", "torch.from_dlpack(np.arange(3, dtype=np.float32))"),
    ("exchange", "torch.from_dlpack(jnp.arange(3.0))"),
    ("exchange", "torch.arange(3.0).tolist()"),
    ("exchange", "torch.tensor(2.5).item()"),
]
APART = [
    ("whole numbers have 32 bits", "torch.tensor([1, 2]).dtype"),
    ("NumPy's float64 becomes float32", "torch.from_numpy(np.ones(2)).dtype"),
    ("an array without axes takes part in promotion", "(torch.ones(2, dtype=torch.float16) + torch.tensor(1.0)).dtype"),
    ("an index beyond the end is the last", "torch.arange(3)[5]"),
    ("writing beyond the end does nothing", "torch.arange(3).index_fill(0, torch.tensor(5), 9)"),
    ("a list is no index", "torch.zeros(3)[[0, 1]]"),
    ("backwards", "torch.arange(3)[::-1]"),
    ("a slice is a copy", "copied(torch.zeros(3))"),
    ("arrays do not change", "changed(torch.zeros(2))"),
    ("the spread is that of all, not of a sample", "torch.std(torch.arange(4.0))"),
    ("between two middles", "torch.median(torch.arange(4.0))"),
    ("the largest alone, without its place", "torch.max(torch.eye(2), dim=1)"),
    ("sums keep to 32 bits", "torch.ones(3, dtype=torch.int8).sum().dtype"),
    ("the mean of whole numbers", "torch.arange(4).mean()"),
    ("the sign of what is no number", "torch.sign(torch.tensor(torch.nan))"),
    ("repeat", "torch.tensor([1, 2]).repeat(2)"),
    ("split: how many, or how large", "[part.tolist() for part in torch.arange(6).split(2)]"),
    ("size", "torch.ones(2, 3).size()"),
    ("mixed products", "(torch.ones(2, 2, dtype=torch.int32) @ torch.ones(2, 2)).dtype"),
    ("the same draw twice", "twice(torch.Generator().manual_seed(0))"),
]


def copied(x):
    """What is left of x when a slice of it is written to."""
    part = x[:2]
    part[0] = 9
    return x


def changed(x):
    """What comes of `x[0] = 9`."""
    x[0] = 9
    return x


def twice(generator):
    """Whether two draws in a row are equal."""
    return bool(torch.randn((), generator=generator) == torch.randn((), generator=generator))


class Prototypes(nn.Module):
    def __init__(self):
        super().__init__()
        self.prototypes = nn.Embedding(10, 64)

    def forward(self, x):
        differences = x[:, None] - self.prototypes.weight  # [N, 10, 64]
        return -(differences**2).sum(dim=-1) / 8


def model(config):
    return Prototypes()


loss = F.cross_entropy


def accuracy(output, target):
    return (output.argmax(1) == target).double().mean()


metrics = {"accuracy": accuracy}


def optimizer(model, config):
    return torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.9)
