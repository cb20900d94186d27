"""The pure core: functionalize, modes, keys, names, errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxdl import functional, nn, random


class Net(nn.Module):
    def __init__(self, *, rngs):
        self.stem = nn.Linear(3, 4, rngs=rngs)
        self.blocks = nnx.List([nn.Sequential(nn.Linear(4, 4, rngs=rngs), nn.Dropout(0.5)) for _ in range(11)])
        self.bn = nn.BatchNorm1d(4)

    def __call__(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.bn(x)


@pytest.fixture
def net():
    return nn.functionalize(Net(rngs=random.TorchGenerator(0)))


X = jnp.asarray(np.random.RandomState(0).randn(8, 3), jnp.float32)
KEY = jax.random.key(0)


def test_names_are_flat_and_in_pytorchs_order(net):
    _, params, buffers = net
    names = list(params)
    assert names[:4] == ["stem.weight", "stem.bias", "blocks.0.0.weight", "blocks.0.0.bias"]
    assert names[-2:] == ["bn.weight", "bn.bias"]
    assert "blocks.10.0.weight" in names
    assert list(buffers) == ["bn.running_mean", "bn.running_var", "bn.num_batches_tracked"]


def test_evaluation_is_the_default_and_changes_nothing(net):
    apply, params, buffers = net
    _, after = apply(params, buffers, X)
    for name, value in buffers.items():
        np.testing.assert_array_equal(after[name], value)


def test_training_is_pure(net):
    """The same arguments give the same result, and the arguments stay as they were."""
    apply, params, buffers = net
    before = {name: np.asarray(value).copy() for name, value in {**params, **buffers}.items()}
    first, second = (apply(params, buffers, X, train=True, key=KEY) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1]["bn.num_batches_tracked"] == 1
    for name, value in {**params, **buffers}.items():
        np.testing.assert_array_equal(value, before[name])


def test_jit_vmap_and_grad_agree_with_plain_calls(net):
    apply, params, buffers = net
    plain, _ = apply(params, buffers, X)
    np.testing.assert_allclose(jax.jit(apply)(params, buffers, X)[0], plain, atol=1e-6)
    rows = jax.vmap(lambda row: apply(params, buffers, row[None])[0][0])(X)
    np.testing.assert_allclose(rows, plain, atol=1e-5)
    gradients = jax.grad(lambda p: apply(p, buffers, X)[0].sum())(params)
    assert gradients.keys() == params.keys()
    many = jax.vmap(lambda key: apply(params, buffers, X, train=True, key=key)[0])(jax.random.split(KEY, 3))
    assert not np.array_equal(many[0], many[1])


def test_a_compiled_apply_walks_the_graph_once(net, monkeypatch):
    apply, params, buffers = net
    merges = []
    real = nnx.merge
    monkeypatch.setattr(nnx, "merge", lambda *args: merges.append(1) or real(*args))
    step = jax.jit(apply)
    for _ in range(3):
        step(params, buffers, X)
    assert len(merges) == 1


def test_each_dropout_has_its_own_mask():
    model = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5))
    apply, params, buffers = nn.functionalize(model)
    both, _ = apply(params, buffers, jnp.ones(10_000), train=True, key=KEY)
    # Equal masks would keep a half; independent ones keep a quarter (5 standard deviations: 0.022).
    assert abs(float((both > 0).mean()) - 0.25) < 0.022


def test_dropout_wants_a_key_only_where_it_draws(net):
    apply, params, buffers = net
    with pytest.raises(ValueError, match=r"Dropout draws in training mode and was given no key; pass apply"):
        apply(params, buffers, X, train=True)
    model = nn.Sequential(nn.Dropout(0.0), nn.Dropout(1.0))
    assert not nn.functionalize(model)[0]({}, {}, X, train=True)[0].any()


def test_modules_work_on_their_own_in_pytorchs_modes():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5))
    assert model.training
    with pytest.raises(ValueError, match="no key"):
        model(X)
    model.eval()
    assert not model[0].training
    assert model[0].num_batches_tracked.get_value() == 1  # batch norm ran before dropout refused
    np.testing.assert_allclose(
        model(X), (X - model[0].running_mean[...]) / jnp.sqrt(model[0].running_var[...] + 1e-5), rtol=1e-5
    )
    model.train()
    assert model[1].training


def test_functionalize_keeps_no_initial_arrays(net):
    """A donated or deleted start must not live on in the closure."""
    apply, params, buffers = net
    copies = jax.tree.map(jnp.copy, (params, buffers))
    for array in (*params.values(), *buffers.values()):
        array.delete()
    assert np.isfinite(jax.jit(apply)(*copies, X)[0]).all()


def test_stock_flax_modules_are_welcome():
    apply, params, buffers = nn.functionalize(nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
    assert set(params) == {"kernel", "bias"}
    assert apply(params, buffers, X)[0].shape == (8, 2)


def test_nnx_rngs_draw_from_the_same_distribution():
    weight = nn.Linear(100, 1000, rngs=nnx.Rngs(0)).weight.get_value()
    # U(-0.1, 0.1): standard deviation 0.1 / sqrt(3); of its estimate from 10^5 draws, 0.08 %
    assert abs(float(weight.std()) * 3**0.5 / 0.1 - 1) < 0.005
    assert float(jnp.abs(weight).max()) <= 0.1
    assert not np.array_equal(weight, nn.Linear(100, 1000, rngs=nnx.Rngs(1)).weight.get_value())


def test_one_variable_under_two_names_is_refused():
    class Tied(nn.Module):
        def __init__(self):
            self.a = nn.Linear(2, 2, rngs=random.TorchGenerator(0))
            self.b = nn.Linear(2, 2, rngs=random.TorchGenerator(0))
            self.b.weight = self.a.weight

    with pytest.raises(ValueError, match=r"b\.weight and a\.weight are one variable"):
        nn.functionalize(Tied())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.functionalize(Net), TypeError, r"given .*build it first: pass Net\(\.\.\.\), not Net"),
        (lambda: nn.functionalize(lambda x: x), TypeError, "must be a jaxdl.nn or flax.nnx module, given function"),
        (lambda: nn.Linear(0, 3, rngs=random.TorchGenerator(0)), ValueError, "positive sizes, given in_features=0"),
        (
            lambda: nn.Linear(2, 3, rngs=0),
            TypeError,
            "rngs must be a random.TorchGenerator or a flax.nnx.Rngs, given int",
        ),
        (lambda: nn.Linear(2, 3, dtype="float64", rngs=random.TorchGenerator(0)), TypeError, "jax_enable_x64"),
        (
            lambda: nn.Conv2d(3, 4, 3, groups=2, rngs=random.TorchGenerator(0)),
            ValueError,
            r"in_channels \(=3\) must be divisible by groups \(=2\)",
        ),
        (
            lambda: nn.Conv2d(2, 3, 3, groups=2, rngs=random.TorchGenerator(0)),
            ValueError,
            r"out_channels \(=3\) must be divisible",
        ),
        (lambda: nn.Conv2d(2, 3, 3, padding="sane", rngs=random.TorchGenerator(0)), ValueError, "given 'sane'"),
        (
            lambda: nn.Conv2d(2, 3, 3, padding="same", stride=2, rngs=random.TorchGenerator(0)),
            ValueError,
            "needs stride 1",
        ),
        (
            lambda: nn.Conv2d(2, 3, 3, padding_mode="mirror", rngs=random.TorchGenerator(0)),
            ValueError,
            "given 'mirror'",
        ),
        (lambda: nn.Conv2d(2, 3, 0, rngs=random.TorchGenerator(0)), ValueError, "kernel_size must be .* but got 0"),
        (
            lambda: nn.Conv2d(1, 1, 3, padding=6, padding_mode="circular", rngs=random.TorchGenerator(0))(
                jnp.ones((1, 1, 5, 5))
            ),
            ValueError,
            r"circular padding is \(6, 6\) at dimension 3 of size 5",
        ),
        (
            lambda: nn.Conv2d(1, 1, 3, padding=5, padding_mode="reflect", rngs=random.TorchGenerator(0))(
                jnp.ones((1, 1, 5, 5))
            ),
            ValueError,
            r"reflect padding is \(5, 5\) at dimension 3 of size 5",
        ),
        (lambda: nn.Dropout(1.5), ValueError, "p must be between 0 and 1, given 1.5"),
        (lambda: nn.BatchNorm2d(0), ValueError, "num_features must be positive, given 0"),
        (lambda: nn.BatchNorm2d(3)(jnp.ones((2, 3))), ValueError, r"must have 4 dimensions, given shape \(2, 3\)"),
        (lambda: nn.Flatten(2, 1)(jnp.ones((2, 3, 4))), ValueError, "comes after end_dim"),
        (lambda: nn.Flatten(1, 5)(jnp.ones((2, 3, 4))), ValueError, r"end_dim \(=5\) must be in \[-3, 2\]"),
        (lambda: nn.Sequential(nn.ReLU(), 3), TypeError, "entry 1 must be a module or a function, given int"),
        (lambda: nn.init.calculate_gain("gelu"), ValueError, "unsupported nonlinearity 'gelu'"),
        (
            lambda: nn.init.kaiming_uniform_(nnx.Param(jnp.ones(3)), rngs=nnx.Rngs(0)),
            ValueError,
            "at least two dimensions",
        ),
        (
            lambda: nn.init.kaiming_uniform_(nnx.Param(jnp.ones((3, 3))), mode="fan", rngs=nnx.Rngs(0)),
            ValueError,
            "given 'fan'",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_wrong_names_in_a_call_are_all_named(net):
    apply, params, buffers = net
    bad = {name: value for name, value in params.items() if name != "stem.bias"} | {"extra": X}
    with pytest.raises(ValueError, match=r"params lack \['stem.bias'\] and hold beyond the model's own \['extra'\]"):
        apply(bad, buffers, X)


def test_functional_and_module_are_one(net):
    layer = nn.Linear(3, 4, rngs=random.TorchGenerator(0))
    np.testing.assert_array_equal(layer(X), functional.linear(X, layer.weight[...], layer.bias[...]))
