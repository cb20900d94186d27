"""What `diff` is given and what it says: names, other inputs, several faults, mistakes of the caller."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.ad_checkpoint import checkpoint_name

from jaxdl import bridge, nn, parity, random
from jaxdl import functional as F
from jaxdl.parity.divergence import diff

pytestmark = pytest.mark.torch
ROWS = np.random.default_rng(6).normal(size=(3, 4))


def linear(params, name, x):
    return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]


def mlp(params, x, act=lambda x: F.gelu(x), fc1="fc1", eps=1e-5):
    x = act(linear(params, fc1, x))
    x = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + eps)
    return linear(params, "fc2", x * params["norm.weight"] + params["norm.bias"])


def test_two_faults_are_found_one_behind_the_other(originals):
    port = lambda p, x: mlp(p, x, act=lambda x: F.gelu(x, "tanh"), eps=1e-3)  # noqa: E731
    found = diff(port, originals.build(originals.Mlp), ROWS)
    assert [(one.module, one.cause) for one in found.firsts] == [("act", "GELU form"), ("norm", "epsilon")]
    assert "with those 2 changes, every output of the port is PyTorch's" in str(found)
    assert found.right == ["fc1"]


def test_behind_a_fault_without_a_cause_the_search_goes_on(originals):
    def port(params, x):
        x = checkpoint_name(jnp.sin(linear(params, "fc1", x)) ** 3, "act")
        return mlp({**params, "one.weight": jnp.eye(4), "one.bias": jnp.zeros(4)}, x, lambda x: x, "one", 1e-3)

    found = diff(port, originals.build(originals.Mlp), ROWS)
    assert [(one.module, one.cause) for one in found.firsts] == [("act", ""), ("norm", "epsilon")]
    assert "no cause was found" in str(found)
    assert "given the port's own numbers where no cause was found, all that follows agrees" in str(found)


def test_other_names_of_a_module(originals):
    original = originals.build(originals.Mlp)
    tensors = {name.replace("fc1", "dense"): value for name, value in originals.tensors(original).items()}
    port = lambda p, x: mlp(p, x, fc1="dense")  # noqa: E731
    assert diff(port, original, ROWS, params=tensors, names={"dense": "fc1"}, steps=1).agrees
    unnamed = diff(port, original, ROWS, params=tensors, steps=1)
    assert unnamed.agrees
    assert unnamed.absent == ("fc1.weight", "fc1.bias")
    assert "not in the port: fc1.weight, fc1.bias (names= says which" in str(unnamed)
    tensors["dense.weight"] = tensors["dense.weight"].T
    found = diff(port, original, ROWS, params=tensors, names={"dense": "fc1"})
    assert (found.first.module, found.first.cause) == ("fc1", "transposed weight")


def test_a_name_that_a_function_gives_to_a_tensor(originals):
    def port(params, x):
        x = checkpoint_name(F.relu(linear(params, "fc1", x)), "fc1")  # PyTorch's fc1 has no activation
        x = checkpoint_name(F.layer_norm(F.gelu(x), (4,), params["norm.weight"], params["norm.bias"]), "layer norm")
        return linear(params, "fc2", x)

    found = diff(port, originals.build(originals.Mlp), ROWS, names={"layer norm": "norm"})
    assert (found.first.module, found.first.cause) == ("fc1", "extra activation")
    assert "taking relu at the end" in str(found.first.causes[0])


class Rectified(nn.Linear):
    def __call__(self, x):
        return F.relu(super().__call__(x))


@pytest.mark.parametrize("behind", [True, False])
def test_an_activation_in_a_module_is_a_fault_only_if_pytorch_has_it_nowhere(originals, torch, behind):
    act = torch.nn.ReLU() if behind else torch.nn.Identity()
    original = originals.build(lambda: torch.nn.Sequential(torch.nn.Linear(4, 4), act, torch.nn.Linear(4, 2)))
    rngs = random.TorchGenerator(0)
    port = nn.Sequential(Rectified(4, 4, rngs=rngs), nn.Identity(), nn.Linear(4, 2, rngs=rngs))
    bridge.load_into(port, originals.tensors(original))
    found = diff(port, original, ROWS, steps=0)
    assert found.agrees == behind, str(found)
    if not behind:
        assert (found.first.module, found.first.cause) == ("0", "extra activation")


RESULTS = {
    "order of axes": lambda x: x.T,
    "shape": lambda x: x.reshape(-1),
    "scale": lambda x: 3 * x,
}


@pytest.mark.parametrize("cause", ["order of axes", "shape", "scale"])
def test_a_result_that_is_turned_reshaped_or_scaled(originals, cause):
    found = diff(lambda p, x: RESULTS[cause](mlp(p, x)), originals.build(originals.Mlp), ROWS)
    assert (found.first.cause, len(found.firsts)) == (cause, 1), str(found)


def test_outputs_in_each_others_place(originals, torch):
    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

        def forward(self, x):
            return self.a(x), self.b(x)

    found = diff(lambda p, x: (linear(p, "b", x), linear(p, "a", x)), originals.build(Two), ROWS)
    assert (found.first.module, found.first.cause) == ("", "order of outputs")
    fewer = diff(lambda p, x: linear(p, "a", x), originals.build(Two), ROWS, steps=0)
    assert fewer.agrees
    assert "the number of outputs: 2 in PyTorch, 1 in the port" in fewer.notes


@pytest.mark.parametrize(("wrong", "calls"), [((1,), "in call 2 alone"), ((0, 1), "")])
def test_a_module_that_is_called_twice(originals, torch, wrong, calls):
    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(4, 4)

        def forward(self, x):
            return self.fc(torch.relu(self.fc(x)))

    def port(params, x):
        layer = lambda x, call: x @ (params["fc.weight"] if call in wrong else params["fc.weight"].T)  # noqa: E731
        return layer(F.relu(layer(x, 0) + params["fc.bias"]), 1) + params["fc.bias"]

    found = diff(port, originals.build(Twice), ROWS)
    assert (found.first.module, found.first.cause, len(found.firsts)) == ("fc", "transposed weight", 1)
    assert calls in found.first.causes[0].text


def test_the_cells_of_a_scan_are_seen_step_by_step(originals, torch):
    class Loop(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = torch.nn.RNNCell(4, 4)

        def forward(self, x):
            states = [x.new_zeros(2, 4)]
            for t in range(x.shape[1]):
                states.append(self.cell(x[:, t], states[-1]))
            return torch.stack(states[1:], 1)

    def port(act):
        def run(params, x):
            def step(h, x):
                gates = x @ params["cell.weight_ih"].T + params["cell.bias_ih"]
                h = act(gates + h @ params["cell.weight_hh"].T + params["cell.bias_hh"])
                return h, h

            return jax.lax.scan(step, jnp.zeros((2, 4)), x.swapaxes(0, 1))[1].swapaxes(0, 1)

        return run

    x = np.random.default_rng(0).normal(size=(2, 5, 4))
    original = originals.build(Loop)
    right = diff(port(jnp.tanh), original, x, steps=0)
    assert right.agrees
    assert sum(seen.verdict == "agrees" for seen in right.forward.comparison.seen) == 6
    found = diff(port(F.relu), original, x)
    assert (found.first.module, found.first.cause, len(found.firsts)) == ("cell", "activation", 1), str(found)


def test_chance_is_no_cause(originals, torch):
    original = torch.nn.Linear(4, 2)
    for parameter in original.parameters():
        parameter.data.zero_()
    found = diff(lambda p, x: linear({f".{n}": v for n, v in p.items()}, "", x) + 1, original, ROWS)
    assert found.first.causes == ()
    assert "no cause was found" in str(found)


UNKNOWN = {
    "another function": {"act": jnp.sin},
    "a little more": {"act": lambda x: F.gelu(x) + 1e-3 * x**2},
    "something added": {"act": lambda x: F.gelu(x) + jnp.arange(4.0) / 10},
    "another output": {"after": lambda x: x**3},
    "nothing": {"after": lambda x: 0 * x},
    "not a number": {"after": lambda x: x * jnp.nan},
    "fewer rows": {"after": lambda x: x[1:]},
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_no_cause_is_claimed_for_what_is_unknown(originals, kind):
    settings = dict(UNKNOWN[kind])
    after = settings.pop("after", lambda x: x)
    found = diff(lambda p, x: after(mlp(p, x, **settings)), originals.build(originals.Mlp), ROWS)
    assert found.first is not None
    assert found.first.causes == (), str(found)
    assert "no cause was found" in str(found)


def test_what_is_no_array_among_the_inputs_is_not_traced(originals, torch):
    class Rows(torch.nn.Linear):
        def forward(self, x, rows):
            return super().forward(x).reshape(rows, -1)

    port = lambda p, x, rows: (x @ p["weight"].T + p["bias"]).reshape(rows, -1)  # noqa: E731
    assert diff(port, originals.build(Rows, 4, 4), (ROWS, 2), steps=1).agrees


def test_random_numbers_are_named(originals, torch):
    class Noisy(torch.nn.Module):
        def forward(self, x):
            return x + torch.randn_like(x)

    found = diff(lambda p, x: x, Noisy(), ROWS)
    assert not found.agrees
    assert any("randn_like: PyTorch's model draws random numbers there" in note for note in found.notes)


def test_the_page_is_no_wider_than_a_hundred_columns(originals):
    port = lambda p, x: mlp(p, x, act=lambda x: F.gelu(x, "tanh"), eps=1e-3)  # noqa: E731
    for found in (diff(port, originals.build(originals.Mlp), ROWS), diff(mlp, originals.build(originals.Mlp), ROWS)):
        assert max(map(len, str(found).splitlines())) <= 100


LINEAR = {"weight": ROWS, "bias": np.zeros(3)}
MISTAKES = [
    pytest.param(lambda t: (mlp, t.nn.Linear, ROWS), {}, "must be a built torch.nn.Module, given the cl", id="class"),
    pytest.param(lambda t: (mlp, mlp, ROWS), {}, "torch_module must be a built torch.nn.Module", id="no module"),
    pytest.param(lambda t: (nn.Linear, t.nn.Linear(4, 3), ROWS), {}, "build it first", id="class of the port"),
    pytest.param(lambda t: (t.nn.Linear(4, 3),) * 2 + (ROWS,), {}, "the port comes first", id="two of PyTorch's"),
    pytest.param(lambda t: (3, t.nn.Linear(4, 3), ROWS), {}, "given a int", id="number"),
    pytest.param(lambda t: (mlp, t.nn.Linear(5, 3), ROWS), {}, r"PyTorch's model failed on .*\(3, 4\)", id="torch"),
    pytest.param(lambda t: (lambda p, x: x @ x, t.nn.Linear(4, 3), ROWS), {}, "the port failed on inputs", id="port"),
    pytest.param(
        lambda t: (lambda p, x: x @ p["w"], t.nn.Linear(4, 3), ROWS), {}, "the port failed .*KeyError: 'w'", id="key"
    ),
    pytest.param(lambda t: (mlp, t.nn.Linear(4, 3), ROWS), {"params": {"a": {}}}, "flat dict of arrays", id="nested"),
    pytest.param(lambda t: (mlp, t.nn.Linear(4, 3), ROWS), {"params": [ROWS]}, "flat dict of arrays", id="list"),
    pytest.param(lambda t: (mlp, t.nn.Linear(4, 3), ROWS), {"steps": -1}, "steps must be", id="steps"),
    pytest.param(
        lambda t: (lambda p, x: x @ p["weight"].T + p["bias"], t.nn.Linear(4, 3), ROWS), {"names": {"a": "weight"}},
        "the port has no module or tensor 'a'; it has bias, weight", id="a name",
    ),
    pytest.param(
        lambda t: (lambda p, x: x @ p["weight"].T + p["bias"], t.nn.Linear(4, 3), ROWS), {"names": {"weight": "w"}},
        "PyTorch's model has no module or tensor 'w'; it has bias, weight", id="a name there",
    ),
    pytest.param(
        lambda t: (lambda p, x: x @ p["weight"].T + p["bias"], t.nn.Linear(4, 3), ROWS),
        {"loss": (lambda y: y, lambda y: y)}, "the loss failed: .*each a scalar", id="vector loss",
    ),
    pytest.param(lambda t: (mlp, t.nn.Linear(4, 3), ROWS), {"loss": abs}, "loss= must be a pair", id="loss"),
    pytest.param(
        lambda t: (lambda p, x: x @ p["weight"].T + p["bias"], t.nn.Linear(4, 3), ROWS), {"optimizers": (1, 2)},
        "optimizers= must be a pair", id="optimizers",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "options", "text"), MISTAKES)
def test_a_mistake_is_said_in_one_sentence(torch, make, options, text):
    model, original, inputs = make(torch)
    with pytest.raises((TypeError, ValueError), match=text):
        diff(model, original, inputs, **options)


def test_it_is_parity_s(originals):
    assert parity.diff is diff
