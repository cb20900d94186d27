"""Supervised programs: each option beside the PyTorch loop that it stands for, and all of them together."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import data, functional, nn, optim, random, train
from tests.train.nets import LABELS, Net, X, assert_same, batches, plain, run, twin


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.torch
@pytest.mark.usefixtures("double")
def test_clipping_schedules_and_groups_in_fit_are_pytorch_s_loop(torch):
    """Clipped after accumulation; the schedule counts steps, the biases have a rate of their own."""
    model = twin(torch)
    biases = [value for name, value in model.named_parameters() if name.endswith("bias")]
    rest = [value for name, value in model.named_parameters() if not name.endswith("bias")]
    optimizer = torch.optim.AdamW([{"params": rest}, {"params": biases, "lr": 0.05, "weight_decay": 0.0}], lr=0.02)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, [lambda step: 0.9**step, lambda step: 1.0])
    program = train.supervised(
        Net,
        functional.cross_entropy,
        optax.chain(
            optim.clip_grad_norm(0.3),
            optim.param_groups(
                optim.adamw,
                {"*.bias": {"learning_rate": 0.05, "weight_decay": 0.0}},
                learning_rate=optim.schedules.exponential_lr(0.02, gamma=0.9),
            ),
        ),
        dtype="float64",
        accumulate=2,
    )
    state, history = train.fit(program, data.ArraySource((X, LABELS), 13), epochs=4, progress=False)
    losses = []
    for number in range(12):
        x, y = (torch.tensor(np.array(array)) for array in batches()[number % 3])
        optimizer.zero_grad()
        parts = zip(x.tensor_split(2), y.tensor_split(2), strict=True)
        loss = sum(torch.nn.functional.cross_entropy(model(a), b) * len(a) / len(x) for a, b in parts)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.3)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-10)
    assert_same({**state.params, **state.buffers}, model.state_dict(), 1e-10)


@pytest.mark.torch
@pytest.mark.usefixtures("double")
def test_frozen_parameters_are_those_without_requires_grad(torch):
    """No gradient, no state, no decay, not one bit changed; batch norm's buffers move."""
    model = twin(torch)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(("fc1", "bn")))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05, weight_decay=0.1)
    program = train.supervised(
        Net,
        functional.cross_entropy,
        optim.adamw(0.05, weight_decay=0.1),
        dtype="float64",
        frozen=("fc1.*", "bn.*"),
    )
    start = program.init(random.TorchGenerator(0))
    state, _ = run(program, 12)
    for number in range(12):
        x, y = (torch.tensor(np.array(array)) for array in batches()[number % 3])
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert_same({**state.params, **state.buffers}, model.state_dict(), 1e-12)
    for name in ("fc1.weight", "bn.weight", "bn.bias"):
        np.testing.assert_array_equal(state.params[name], start.params[name])
    assert set(optim.named_state(state.opt_state)) == {
        f"fc2.{name}.{moment}" for name in ("weight", "bias") for moment in ("exp_avg", "exp_avg_sq")
    }
    assert set(program.probe(state, batches()[0]).gradients) == {"fc2.weight", "fc2.bias"}


@pytest.mark.torch
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("kind", ["ema", "swa"])
@pytest.mark.parametrize("use_buffers", [False, True])
def test_the_average_is_pytorch_s_averaged_model(torch, kind, use_buffers):
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    model = twin(torch)
    settings = {"multi_avg_fn": get_ema_multi_avg_fn(0.9)} if kind == "ema" else {}
    average = AveragedModel(model, use_buffers=use_buffers, **settings)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    ours = optim.ema(0.9, use_buffers) if kind == "ema" else optim.swa(use_buffers)
    program = train.supervised(Net, functional.cross_entropy, optim.sgd(0.5), dtype="float64", average=ours)
    state, _ = run(program, 9)
    for number in range(9):
        x, y = (torch.tensor(np.array(array)) for array in batches()[number % 3])
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        average.update_parameters(model)
    params, buffers = train.averaged(state)
    assert_same({**params, **buffers}, average.module.state_dict(), 1e-12)
    assert_same({**state.params, **state.buffers}, model.state_dict(), 1e-12)
    average.eval()
    x, y = (torch.tensor(np.array(array)) for array in batches()[0])
    expected = average(x)
    np.testing.assert_allclose(program.predict(state, batches()[0]), expected.detach(), rtol=1e-12)
    measured = program.evaluate(state, batches()[0])["loss"]
    np.testing.assert_allclose(measured, torch.nn.functional.cross_entropy(expected, y).item(), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "options",
    [{"accumulate": 4}, {}, {"accumulate": 4, "loss_is_row_mean": True}],
)
def test_lbfgs_has_the_batch_as_its_closure(torch, options):
    model = twin(torch, norm=False)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=5, line_search_fn="strong_wolfe")
    x, y = torch.tensor(X), torch.tensor(LABELS)

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        return loss

    expected = [float(optimizer.step(closure).detach()) for _ in range(5)]
    tx = optim.lbfgs(max_iter=5, line_search_fn="strong_wolfe")
    program = train.supervised(plain, functional.cross_entropy, tx, dtype="float64", **options)
    state, losses = run(program, 5, [(jnp.asarray(X), jnp.asarray(LABELS))])
    np.testing.assert_allclose(losses, expected, rtol=1e-9)
    assert_same(state.params, model.state_dict(), 1e-8)


@pytest.mark.slow
def test_recomputed_submodules_train_to_the_same_numbers():
    def drop(rngs):
        return Net(0.3, rngs=rngs)

    (plain, first), (recomputed, second) = (
        run(train.supervised(drop, functional.cross_entropy, optim.adam(0.01), dtype="float32", remat=remat))
        for remat in ((), ("fc1", "bn", "drop"))
    )
    np.testing.assert_allclose(first, second, rtol=1e-6)
    assert_same({**recomputed.params, **recomputed.buffers}, {**plain.params, **plain.buffers}, 1e-5)


EVERYTHING = {
    "compute_dtype": jnp.bfloat16,
    "accumulate": 3,
    "frozen": ("fc1.*",),
    "remat": ("fc1", "bn"),
    "average": optim.ema(0.9),
}


@pytest.mark.slow
@pytest.mark.parametrize(("left_out", "by_rows"), [(None, True), *((name, False) for name in (None, *EVERYTHING))])
def test_the_options_combine(left_out, by_rows):
    """Compiled once a shape, the state donated, its dtypes those that it began with, no memory shared in it."""
    options = {name: value for name, value in EVERYTHING.items() if name != left_out}
    program = train.supervised(
        lambda rngs: Net(0.1, rngs=rngs),
        functional.cross_entropy,
        optax.chain(optim.clip_grad_norm(1.0), optim.adjustable(optim.adam, learning_rate=0.02)),
        metrics={"accuracy": lambda output, target: jnp.mean(output.argmax(1) == target)},
        loss_is_row_mean=by_rows,
        **options,
    )
    step = jax.jit(program.step, donate_argnums=0)
    state = begun = program.init(random.TorchGenerator(0))
    types = jax.tree.map(jax.typeof, begun)
    kept = {name: np.array(value) for name, value in begun.params.items()}
    losses = []
    for number in range(40):
        pointers = [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(state._replace(key=()))]
        assert len(set(pointers)) == len(pointers)
        state, measured = step(state, batches()[number % 3])
        losses.append(float(measured["loss"]))
    assert step._cache_size() == 1
    assert begun.params["fc2.weight"].is_deleted()
    assert jax.tree.map(jax.typeof, state) == types
    assert losses[-1] < 0.8 * losses[0]
    assert set(program.evaluate(state, batches()[0])) == {"loss", "accuracy"}
    assert int(state.buffers["bn.num_batches_tracked"]) == 40 * options.get("accumulate", 1)
    changed = {name for name, value in state.params.items() if not np.array_equal(value, kept[name])}
    assert ("fc1.weight" in changed) == ("frozen" not in options)
    assert set(program.probe(state, batches()[0]).gradients) == changed


def test_an_optimiser_may_keep_the_parameters_themselves():
    """Its state begins in memory of its own, and with types that a step gives back, or donation would fail."""
    keeps = optax.GradientTransformation(
        lambda params: {"start": params, "rate": jnp.asarray(0.1)},  # weakly typed
        lambda updates, state, params=None: (jax.tree.map(lambda g: -state["rate"] * g, updates), state),
    )
    program = train.supervised(Net, functional.cross_entropy, keeps)
    state, losses = run(program, 6)
    assert losses[-1] < losses[0]
    start = program.init(random.TorchGenerator(0)).params
    assert_same(state.opt_state["start"], start, 0.0)


def moved_by(output, target):
    return functional.cross_entropy(output, target, reduction="none")


def learner(**options):
    return train.supervised(Net, functional.cross_entropy, optim.sgd(0.1), **options)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: learner(accumulate=0), ValueError, "accumulate must be an integer, at least 1, given 0"),
        (lambda: learner(accumulate=2.0), ValueError, "at least 1, given 2.0"),
        (lambda: learner(frozen="fc1.*"), TypeError, r"frozen must be a tuple .* write \('fc1.\*',\)"),
        (lambda: learner(remat="fc1"), TypeError, "remat must be a tuple"),
        (lambda: learner(frozen=(1,)), TypeError, "must hold patterns of names, given 1"),
        (lambda: learner(compute_dtype="int32"), TypeError, "compute_dtype must be a floating type"),
        (lambda: learner(compute_dtype="float64"), TypeError, "jax_enable_x64"),
        (lambda: learner(average=optim.sgd()), TypeError, r"average must be optim.ema\(...\) or optim.swa"),
        (
            lambda: run(learner(frozen=("conv.*",))),
            ValueError,
            "pattern 'conv.*' must match a parameter; the names are fc1.weight, bn.weight, bn.bias",
        ),
        (lambda: run(learner(frozen=("fc1.*", "*"))), ValueError, "must leave a parameter to train"),
        (lambda: run(learner(remat=("conv",))), ValueError, "pattern 'conv' must match a submodule"),
        (lambda: run(train.supervised(Net, moved_by, optim.sgd())), ValueError, r"one number, gave shape \(13,\)"),
        (
            lambda: run(learner(accumulate=2), given=[(jnp.ones((4, 6)), jnp.ones(()), jnp.ones(4, int))]),
            ValueError,
            r"every array of the batch must have the batch's 4 rows as its first axis, one has shape \(\)",
        ),
        (
            lambda: run(train.supervised(nn.Flatten(0), functional.mse_loss, optim.sgd(), accumulate=2)),
            ValueError,
            r"every output must have the batch's 7 rows as its first axis, one has shape \(42,\)",
        ),
        (lambda: train.averaged(learner().init(random.TorchGenerator(0))), ValueError, "holds no average"),
        (
            lambda: learner(average=optim.swa()).step(learner().init(random.TorchGenerator(0)), batches()[0]),
            ValueError,
            "holds no average",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
