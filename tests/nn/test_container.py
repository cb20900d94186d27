"""The containers: PyTorch's names in every state, a list's and a dict's manners, and pure functions of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxdl import nn, random


def linear(size=2, seed=0):
    return nn.Linear(size, size, rngs=random.TorchGenerator(seed))


def edits(nn, linear, tensor):
    """The same edits in either framework; the containers after each."""
    chain = nn.Sequential(linear(), nn.ReLU(), linear(), nn.Tanh())
    yield chain
    yield chain[1:3]
    yield chain[-1:]
    chain.append(linear())
    yield chain
    chain.insert(1, linear())
    yield chain
    del chain[0]
    yield chain
    chain.extend(nn.Sequential(linear(), nn.ReLU()))
    chain.pop(-1)
    yield chain
    chain[0] = nn.Identity()
    yield chain
    yield chain + nn.Sequential(linear())
    several = nn.ModuleList([linear(), nn.ModuleList([linear()])])
    several.insert(0, nn.ReLU())
    yield several
    yield several[1:]
    several += [linear()]
    del several[1]
    yield several
    named = nn.ModuleDict({"b": linear(), "a": nn.ReLU()})
    named.update({"c": linear(), "b": nn.Tanh()})
    yield named
    named.pop("c")
    named["d"] = nn.ModuleDict({"x": linear()})
    yield named
    weights = nn.ParameterList([tensor(1), tensor(2)])
    weights.append(tensor(3))
    yield weights
    gains = nn.ParameterDict({"b": tensor(1), "a": tensor(2)})
    gains["c"] = tensor(3)
    del gains["b"]
    yield gains


@pytest.mark.torch
def test_every_edit_leaves_pytorchs_names(torch):
    ours = edits(nn, linear, jnp.ones)
    theirs = edits(torch.nn, lambda: torch.nn.Linear(2, 2), lambda size: torch.ones(size))
    for mine, reference in zip(ours, theirs, strict=True):
        assert {n: a.shape for n, a in nn.state_dict(mine).items()} == {
            n: tuple(t.shape) for n, t in reference.state_dict().items()
        }
        assert len(mine) == len(reference)


class Branches(nn.Module):
    def __init__(self, *, rngs):
        self.layers = nn.ModuleList([nn.Linear(3, 3, rngs=rngs) for _ in range(2)])
        self.heads = nn.ModuleDict({"a": nn.Linear(3, 1, rngs=rngs), "b": nn.Linear(3, 2, rngs=rngs)})
        self.gains = nn.ParameterList([jnp.ones(3), 2 * jnp.ones(3)])
        self.shifts = nn.ParameterDict({"in": jnp.zeros(3)})

    def __call__(self, x, head):
        x = x + self.shifts["in"][...]
        for layer, gain in zip(self.layers, self.gains, strict=True):
            x = jnp.tanh(layer(x)) * gain[...]
        return self.heads[head](x)


def test_a_model_of_all_of_them_is_a_pure_function():
    model = Branches(rngs=random.TorchGenerator(0))
    apply, params, buffers = nn.functionalize(model)
    assert not buffers
    assert list(params)[:3] == ["layers.0.weight", "layers.0.bias", "layers.1.weight"]
    assert {"heads.b.bias", "gains.1", "shifts.in"} <= set(params)
    x = jnp.ones((4, 3))
    run = jax.jit(lambda params, x: apply(params, {}, x, "b")[0])
    np.testing.assert_allclose(run(params, x), model(x, "b"), rtol=1e-6)
    gradients = jax.grad(lambda params: run(params, x).sum())(params)
    assert not gradients["heads.a.weight"].any()
    assert gradients["gains.0"].any()


def test_a_parameter_may_come_as_one():
    weight = nnx.Param(jnp.ones(2))
    assert nn.ParameterList([weight])[0] is weight


def test_sequential_runs_functions_too():
    assert nn.Sequential(jnp.negative, nn.ReLU())(jnp.array([-1.0, 2.0])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Sequential(3), TypeError, "Sequential: entry 0 must be a module or a function, given int"),
        (lambda: nn.ModuleList([linear()])[1], IndexError, "ModuleList: index 1 is out of range for 1 entries"),
        (lambda: nn.ModuleDict({"a.b": linear()}), ValueError, "ModuleDict: an entry's name .*, given 'a.b'"),
        (lambda: nn.ModuleDict({"keys": linear()}), ValueError, "ModuleDict: an entry's name .*, given 'keys'"),
        (lambda: nn.ModuleDict({1: linear()}), TypeError, "ModuleDict: an entry's name must be a string, given 1"),
        (lambda: nn.ModuleDict({"a": linear()})["b"], KeyError, "ModuleDict: there is no entry 'b'"),
        (lambda: nn.Unflatten("N", (2,)), TypeError, "Unflatten: dim must be an integer"),
        (lambda: nn.Unflatten(0, (-1, -1)), ValueError, "Unflatten: unflattened_size may hold one -1"),
        (lambda: nn.Unflatten(2, (2, 2))(jnp.ones((4, 4))), ValueError, r"Unflatten: dim \(=2\) is out of range"),
        (lambda: nn.Unflatten(1, (3, -1))(jnp.ones((4, 4))), ValueError, "does not multiply to 4"),
        (lambda: nn.Unflatten(1, (3, 2))(jnp.ones((4, 4))), ValueError, "does not multiply to 4"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
