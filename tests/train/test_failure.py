"""A run that goes wrong stops where it went wrong, says what it was, and keeps what was good."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import data, functional, nn, optim, random, train
from jaxdl.train import failure
from jaxdl.train.checkpoint.saved import Saved

X = np.random.RandomState(0).randn(64, 4).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


class Net(nn.Module):
    """`head` computes something that is not finite as soon as its input is large enough."""

    def __init__(self, trouble, *, rngs):
        self.fc1 = nn.Linear(4, 8, rngs=rngs)
        self.middle = trouble
        self.fc2 = nn.Linear(8, 1, rngs=rngs)

    def __call__(self, x):
        return self.fc2(self.middle(self.fc1(x)))


class Overflow(nn.Module):
    def __call__(self, x):
        return jnp.exp(jnp.abs(x))  # float32 ends at 88


class RootAtZero(nn.Module):
    """Finite everywhere, and its derivative nowhere: 0 · inf."""

    def __call__(self, x):
        return jnp.sqrt(0 * x)


def program(trouble, optimizer=None, model=Net):
    return train.supervised(lambda rngs: model(trouble, rngs=rngs), functional.mse_loss, optimizer or optim.sgd(1e-3))


def source(x=X, y=Y):
    return data.ArraySource((x, y), 16)


def broken(made, batches=None, epochs=4, **settings):
    with pytest.raises(train.NonFiniteLossError) as caught:
        train.fit(made, batches or source(), epochs, progress=False, **settings)
    return caught.value


@pytest.mark.parametrize("steps_per_call", [1, 3])
def test_an_activation_that_overflows_is_named(steps_per_call):
    """In the third batch the inputs are large: `middle` is the first to overflow, before fc2 and the loss."""
    x = X.copy()
    x[35] = 1000
    error = broken(program(Overflow()), source(x), steps_per_call=steps_per_call)
    assert (error.step, error.tensor) == (3, "output of middle")
    text = str(error)
    assert "step 3 (epoch 1, batch 3 of 4)" in text
    assert "the first tensor that is not finite is the output of middle (0 NaN and" in text
    assert int(error.state.step) == 2
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in error.state.params.values())


def test_a_gradient_that_is_not_finite_is_named_at_the_step_where_it_rose():
    """The loss of that step is finite, and the next one's is not: the step is the first, and the gradient is what is
    behind the root."""
    error = broken(program(RootAtZero()), steps_per_call=1)
    assert (error.step, error.tensor) == (1, "gradient of fc1.bias")
    assert str(error).startswith("a number that is not finite rose at step 1 (epoch 1, batch 1 of 4)")
    assert int(error.state.step) == 0


def test_the_last_step_of_all_is_looked_at_too():
    """No loss comes after it that could show what became of the parameters."""
    error = broken(program(RootAtZero()), data.ArraySource((X, Y), 64), epochs=1)
    assert (error.step, error.tensor) == (1, "gradient of fc1.bias")


def test_an_update_that_is_not_finite():
    schedule = lambda step: jnp.where(step == 5, jnp.inf, 1e-3)  # noqa: E731
    error = broken(program(nn.Identity(), optim.sgd(schedule)))
    assert (error.step, error.tensor) == (6, None)
    assert "every activation and gradient is finite, so the optimiser's update is not" in str(error)


def test_a_program_that_names_no_tensors():
    inner = program(Overflow(), optim.sgd(1e9))
    error = broken(train.Program(inner.init, inner.step, inner.evaluate))
    assert error.tensor.startswith("result of exp at test_failure.py:")
    assert "a smaller learning rate or optim.clip_grad_norm may help" in str(error)


def test_a_mask_that_is_infinite_from_the_beginning_is_nobody_s_fault():
    class Masked(nn.Module):
        def __init__(self, trouble, *, rngs):
            self.fc = nn.Linear(4, 1, rngs=rngs)
            self.mask = nn.Buffer(jnp.array([-jnp.inf]))

        def __call__(self, x):
            return jnp.maximum(self.fc(x), self.mask)

    _, history = train.fit(program(None, model=Masked), source(), 2, progress=False)
    assert len(history) == 8


def test_the_search_begins_behind_a_callback_s_change(monkeypatch):
    """What a callback does to the state is not made again when steps are: the search must begin after it."""
    monkeypatch.setattr(failure, "SECONDS_BETWEEN_SNAPSHOTS", 1e9)

    class Blow(train.Callback):
        def epoch_ended(self, run, record):
            if run.epoch == 1:
                params = {**run.state.params, "fc1.weight": run.state.params["fc1.weight"] + 1000}
                run.state = run.state._replace(params=params)

    error = broken(program(Overflow()), callbacks=[Blow()])
    assert (error.step, error.tensor) == (9, "output of middle")


@pytest.mark.parametrize("step", [3, 16], ids=["in between", "at the end"])
def test_a_callback_that_puts_nan_into_the_state_is_named(step):
    class Spoil(train.Callback):
        def call_ended(self, run):
            if run.step == step:
                run.state = run.state._replace(params={**run.state.params, "fc1.bias": jnp.full(8, jnp.nan)})

    error = broken(program(nn.Identity()), steps_per_call=1, callbacks=[Spoil()])
    assert (error.step, error.tensor) == (step, "parameter fc1.bias")
    assert f"Spoil put a number that is not finite into the parameter fc1.bias after step {step}" in str(error)


def test_a_parameter_that_is_nan_from_the_beginning_is_named():
    made = program(nn.Identity())
    state = made.init(random.TorchGenerator(0))
    error = broken(made, state=state._replace(params={**state.params, "fc2.bias": jnp.full(1, jnp.nan)}))
    assert (error.step, error.tensor) == (1, "parameter fc2.bias")
    assert "the parameter fc2.bias was not finite when the run began" in str(error)


def test_no_checkpoint_holds_what_is_not_finite(tmp_path):
    x = X.copy()
    x[50] = 1000  # the fourth batch
    settings = {"directory": tmp_path, "checkpoints": train.Checkpoints(every_steps=1, keep=9)}
    error = broken(program(Overflow()), source(x), **settings)
    assert error.step == 4
    assert Saved(tmp_path / "checkpoints").steps() == [1, 2, 3]
    assert f"the last good checkpoint is that of step 3, {(tmp_path / 'checkpoints').resolve()}" in str(error)
    state = train.restore(tmp_path, program(Overflow()))
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in state.params.values())


def test_over_a_mesh():
    mesh = jax.make_mesh((1,), ("fsdp",))
    x = X.copy()
    x[35] = 1000
    error = broken(program(Overflow()), source(x), mesh=mesh)
    assert (error.step, error.tensor) == (3, "output of middle")


def test_out_of_memory_says_what_would_need_less():
    """On a machine whose memory is limited, so that the test asks for little."""
    code = (
        "import resource, sys\n"
        "import numpy as np, jax, jax.numpy as jnp\n"
        "from jaxdl import data, functional, nn, optim, train\n"
        "class Big(nn.Module):\n"
        "    def __init__(self, *, rngs): self.fc = nn.Linear(1, 1, rngs=rngs)\n"
        "    def __call__(self, x):\n"
        "        return self.fc(x) + jnp.sort(jnp.outer(jnp.arange(2**17) * x[0, 0], jnp.ones(2**16)), 0)[0, 0]\n"
        "x = np.ones((4, 1), np.float32)\n"
        "program = train.supervised(Big, functional.mse_loss, optim.sgd(0.1))\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**35, 2**35))\n"
        "try:\n"
        "    train.fit(program, data.ArraySource((x, x), 4), 1, progress=False)\n"
        "except train.OutOfMemoryError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert "the device ran out of memory at step" in done.stdout, done.stderr[-2000:]
    assert "accumulate=4" in done.stdout
    assert "remat=" in done.stdout


def test_observed_models_tell_in_order():
    seen = []
    model = Net(nn.ReLU(), rngs=random.TorchGenerator(0))
    nn.observed(model, lambda name, array: seen.append((name, array.shape)))(jnp.ones((2, 4)))
    assert seen == [("fc1", (2, 8)), ("middle", (2, 8)), ("fc2", (2, 1)), ("", (2, 1))]
    assert type(model) is Net
