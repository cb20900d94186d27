"""A watched model: what its trace says about the calls of its modules, and that nothing of it stays behind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxdl import nn, random
from jaxdl.nn import watch


class Net(nn.Module):
    def __init__(self):
        rngs = random.TorchGenerator(0)
        self.first, self.drop = nn.Linear(4, 4, rngs=rngs), nn.Dropout(0.5)
        self.rest = nnx.List([nn.Linear(4, 4, rngs=rngs), nn.BatchNorm1d(4)])

    def __call__(self, x):
        x = self.first(self.drop(self.first(x)))
        for module in self.rest:
            x = module(x)
        return x


X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def marks(apply, params, buffers, *inputs):
    jaxpr = jax.make_jaxpr(apply)(params, buffers, *inputs).jaxpr
    return [seen for e in jaxpr.eqns if e.primitive.name == "name" and (seen := watch.read(e.params["name"]))]


def test_modules_have_the_names_of_their_variables():
    assert list(nn.named_modules(Net())) == ["", "first", "drop", "rest", "rest.0", "rest.1"]


def test_each_call_is_named_with_what_goes_in_and_comes_out():
    seen = marks(*watch.watched(Net(), train=True), X)
    calls = [(one.module, one.occurrence) for one in seen if one.side == "out"]
    assert calls == [("first", 0), ("drop", 0), ("first", 1), ("rest.0", 0), ("rest.1", 0), ("", 0)]
    assert sum(one.side == "in" for one in seen) == len(calls)


def test_a_name_that_is_someone_elses_is_not_read():
    assert watch.read("attention") is None


@pytest.mark.parametrize("train", [False, True])
def test_it_computes_what_the_model_computes_without_dropping(train):
    model = Net()
    apply, params, buffers = watch.watched(model, train=train)
    ours, moved = apply(params, buffers, X)
    plain = Net()
    plain.drop.p = 0.0
    theirs, theirs_moved = nn.functionalize(plain)[0](params, buffers, X, train=train, key=jax.random.key(0))
    np.testing.assert_array_equal(ours, theirs)
    assert all(np.array_equal(moved[name], value) for name, value in theirs_moved.items())
    assert model.drop.p == 0.5
    assert model.training


def test_stock_flax_is_put_into_its_mode_and_drops_nothing():
    class Flax(nnx.Module):
        def __init__(self, rngs):
            self.norm, self.drop = nnx.BatchNorm(4, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

        def __call__(self, x):
            return self.drop(self.norm(x))

    model = Flax(nnx.Rngs(0))
    apply, params, buffers = watch.watched(model, train=False)
    output, moved = apply(params, buffers, X)
    np.testing.assert_allclose(output, X, rtol=1e-4)
    np.testing.assert_array_equal(moved["norm.mean"], buffers["norm.mean"])
    apply, params, buffers = watch.watched(model, train=True)
    output, moved = apply(params, buffers, X)
    assert abs(float(output.mean())) < 1e-5
    assert (output != 0).all()
    assert (moved["norm.mean"] != buffers["norm.mean"]).all()


def test_modules_told_in_which_type_to_compute_can_be_told_another():
    class Half(nnx.Module):
        def __init__(self, rngs):
            self.fc = nnx.Linear(4, 4, dtype=jnp.bfloat16, rngs=rngs)

        def __call__(self, x):
            return self.fc(x)

    model = Half(nnx.Rngs(0))
    apply, params, buffers = watch.watched(model, train=False, dtype=jnp.float32)
    assert apply(params, buffers, X)[0].dtype == jnp.float32
    assert model.fc.dtype == jnp.bfloat16


def test_the_classes_are_as_before_even_after_an_error():
    class Broken(nn.Linear):
        pass

    class Failing(nn.Module):
        def __init__(self):
            self.inner = Broken(4, 4, rngs=random.TorchGenerator(0))

        def __call__(self, x):
            raise RuntimeError("on purpose" + str(self.inner(x).shape))

    before = [vars(kind).get("__call__") for kind in (Failing, Broken, nn.Linear)]
    apply, params, buffers = watch.watched(Failing(), train=False)
    with pytest.raises(RuntimeError, match="on purpose"):
        apply(params, buffers, X)
    assert [vars(kind).get("__call__") for kind in (Failing, Broken, nn.Linear)] == before
    assert "__call__" not in vars(Broken)
