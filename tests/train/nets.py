"""A small model, its PyTorch twin, its batches and its training by hand, for the tests of programs."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import functional, nn, random

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(39, 6)
LABELS = (X @ RANDOM.randn(6, 3)).argmax(1)


class Net(nn.Module):
    """With what makes micro-batches and recomputation hard: a buffer and, where asked for, masks."""

    def __init__(self, drop=0.0, norm=True, *, rngs):
        # Batch norm subtracts the mean: a bias before it has no gradient but rounding, which Adam would blow up.
        self.fc1 = nn.Linear(6, 16, bias=not norm, rngs=rngs)
        self.bn = nn.BatchNorm1d(16) if norm else nn.Identity()
        self.drop = nn.Dropout(drop)
        self.fc2 = nn.Linear(16, 3, rngs=rngs)

    def __call__(self, x):
        return self.fc2(self.drop(functional.tanh(self.bn(self.fc1(x)))))


def plain(rngs):
    return Net(norm=False, rngs=rngs)


def twin(torch, norm=True):
    """The same model in PyTorch, drawn from the same seed."""

    class Twin(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = torch.nn.Linear(6, 16, bias=not norm)
            self.bn = torch.nn.BatchNorm1d(16) if norm else torch.nn.Identity()
            self.fc2 = torch.nn.Linear(16, 3)

        def forward(self, x):
            return self.fc2(torch.tanh(self.bn(self.fc1(x))))

    torch.manual_seed(0)
    return Twin().double()


def batches(rows=13):
    """All rows, in the precision that is switched on."""
    return [(jnp.asarray(X[i : i + rows]), jnp.asarray(LABELS[i : i + rows])) for i in range(0, len(X), rows)]


def run(program, steps=6, given=None):
    """The state and the losses after some steps, compiled once a shape."""
    state, step, losses = program.init(random.TorchGenerator(0)), jax.jit(program.step, donate_argnums=0), []
    given = given or batches()
    for number in range(steps):
        state, measured = step(state, given[number % len(given)])
        losses.append(float(measured["loss"]))
    assert step._cache_size() == len({batch[0].shape for batch in given[:steps]})
    return state, losses


def assert_same(ours, theirs, tolerance):
    assert theirs
    for name, tensor in theirs.items():
        expected = tensor.detach().numpy() if hasattr(tensor, "detach") else tensor
        np.testing.assert_allclose(ours[name], expected, rtol=tolerance, atol=tolerance, err_msg=name)
