"""The training loop: what it computes, counts, stops for and survives."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.train.run import Run

X = np.random.RandomState(0).randn(70, 3).astype(np.float32)
Y = (X.sum(axis=1, keepdims=True) > 0).astype(np.float32)
LABELS = Y[:, 0].astype(np.int32)


class Net(nn.Module):
    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(3, 8, rngs=rngs)
        self.bn = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(8, 2, rngs=rngs)

    def __call__(self, x):
        return self.fc2(self.drop(functional.relu(self.bn(self.fc1(x)))))


def classifier():
    return train.supervised(Net, functional.cross_entropy, optim.adam(1e-2), metrics={"accuracy": metrics.accuracy})


def source(batch_size=16, **settings):
    return data.ArraySource((X, LABELS), batch_size, shuffle=True, **settings)


def counted(program):
    """The program, and how often its step was traced for each batch shape: jit traces what it compiles."""
    traces = Counter()

    def step(state, batch):
        traces[batch[0].shape] += 1
        return program.step(state, batch)

    return train.Program(program.init, step, program.evaluate, program.probe, program.predict), traces


def test_it_compiles_once_a_batch_shape_the_ragged_one_included():
    program, traces = counted(classifier())
    train.fit(program, source(16), epochs=3, progress=False)
    train.fit(program, source(16), epochs=2, seed=1, progress=False)
    assert traces == {(16, 3): 1, (6, 3): 1}


def test_a_step_moves_nothing_between_host_and_device():
    """Transfers are forbidden while the steps run; what is placed, once an epoch, is placed explicitly before."""
    program = classifier()
    batches = source(16).batches(0, random.TorchGenerator(0))
    state = jax.tree.map(jnp.copy, program.init(random.TorchGenerator(0)))
    state, _ = program.compiled_step(state, next(batches))
    with jax.transfer_guard("disallow_explicit"):
        for _ in range(3):
            state, _ = program.compiled_step(state, next(batches))


def test_the_loop_looks_at_the_device_once_an_epoch_without_a_display(monkeypatch):
    fetched = []
    real = Run._fetch
    monkeypatch.setattr(Run, "_fetch", lambda self, count: fetched.append(count) or real(self, count))
    monkeypatch.setattr("jaxdl.train.progress.SECONDS_BETWEEN_LOOKS", 1e9)
    train.fit(classifier(), source(16), epochs=4, steps_per_call=1, progress=False)
    assert fetched == [5, 5, 5, 5]


def test_the_state_is_donated():
    program = classifier()
    state = jax.tree.map(jnp.copy, program.init(random.TorchGenerator(0)))
    program.compiled_step(state, next(source(16).batches(0, random.TorchGenerator(0))))
    assert state.params["fc1.weight"].is_deleted()


def test_a_run_is_a_function_of_its_seed():
    runs = [train.fit(classifier(), source(), epochs=3, seed=seed, progress=False) for seed in (0, 0, 1)]
    (one, one_history), (again, again_history), (other, _) = runs
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), one.params, again.params))
    np.testing.assert_array_equal(one_history["loss"], again_history["loss"])
    assert not np.array_equal(one.params["fc1.weight"], other.params["fc1.weight"])


def test_an_evaluation_moves_the_later_orders_as_pytorch_s_loader_does():
    """Two draws for a loader of test data that does not shuffle, four for one that does, from the second epoch on."""
    starts = []

    class Spy(data.ArraySource):
        def batches(self, epoch, generator=None):
            starts.append((epoch, generator.get_state().tolist()))
            return super().batches(epoch, generator)

    program, drawn = classifier(), random.TorchGenerator(0)
    program.init(drawn)
    for evaluation, draws in ((None, 0), (data.ArraySource((X, LABELS), 16), 2), (source(), 4)):
        starts.clear()
        spy = Spy((X, LABELS), 16, shuffle=True)
        train.fit(program, spy, epochs=3, evaluation=evaluation, progress=False)
        for epoch, state in starts:
            expected = drawn.clone()
            expected.skip(epoch * draws)
            assert state == expected.get_state().tolist()


def test_the_display_changes_nothing(capsys, monkeypatch):
    monkeypatch.setattr("jaxdl.train.progress.SECONDS_BETWEEN_LOOKS", 0)
    monkeypatch.setattr("jaxdl.train.progress.SECONDS_BETWEEN_LINES", 0)
    _, shown = train.fit(classifier(), source(), epochs=2)
    assert "step" in capsys.readouterr().err
    _, silent = train.fit(classifier(), source(), epochs=2, progress=False)
    assert not capsys.readouterr().err
    np.testing.assert_array_equal(shown["loss"], silent["loss"])


def test_a_given_state_and_a_given_model_survive():
    model = Net(rngs=random.TorchGenerator(0))
    program = train.supervised(model, functional.cross_entropy, optim.sgd(0.1))
    first, _ = train.fit(program, source(), epochs=1, progress=False)
    kept = np.asarray(first.params["fc1.weight"]).copy()
    train.fit(program, source(), epochs=1, state=first, progress=False)
    np.testing.assert_array_equal(first.params["fc1.weight"], kept)
    assert np.isfinite(model.fc1.weight.get_value()).all()


@pytest.mark.slow
def test_a_step_before_any_init():
    """A state from elsewhere needs no init in this process."""
    batch = (jnp.asarray(X[:4]), jnp.asarray(LABELS[:4]))
    state = classifier().init(random.TorchGenerator(0))
    _, measured = classifier().step(state, batch)
    assert np.isfinite(measured["loss"])


def test_buffers_move_and_dropout_draws_anew_each_step():
    state, history = train.fit(classifier(), source(), epochs=2, progress=False)
    assert state.buffers["bn.num_batches_tracked"] == state.step == len(history) == 10
    program = classifier()
    batch = next(source(16).batches(0, random.TorchGenerator(0)))
    state = program.init(random.TorchGenerator(0))
    outputs = [program.probe(state._replace(step=jnp.int32(step)), batch).output for step in (0, 0, 1)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2])


def test_evaluation_weighs_rows_not_batches():
    program = classifier()
    state = program.init(random.TorchGenerator(0))
    whole, parts = (train.evaluate(program, state, data.ArraySource((X, LABELS), size)) for size in (len(X), 16))
    assert whole["loss"] == pytest.approx(parts["loss"], rel=1e-6)
    assert whole["accuracy"] == pytest.approx(parts["accuracy"], rel=1e-6)


def test_history_records_steps_epochs_and_tests(tmp_path):
    _, history = train.fit(classifier(), source(), epochs=2, evaluation=source(), progress=False)
    assert history["loss"].shape == (10,)
    assert history.final["epoch"] == 2
    assert history.final["loss"] == pytest.approx(history["loss"][5:].mean(), rel=1e-6)
    assert {"test_loss", "test_accuracy", "seconds"} <= history.final.keys()
    history.save(tmp_path / "deep" / "history.jsonl")
    assert len((tmp_path / "deep" / "history.jsonl").read_text().splitlines()) == 12
    with pytest.raises(KeyError, match="recorded"):
        history["accuracy"]


@pytest.mark.parametrize("looks", [0, 1e9], ids=["at a look", "at the epoch's end"])
def test_nan_in_the_data_stops_the_run_and_names_the_step(looks, monkeypatch):
    monkeypatch.setattr("jaxdl.train.progress.SECONDS_BETWEEN_LOOKS", looks)
    x = X.copy()
    x[37, 1] = np.nan
    ordered = data.ArraySource((x, LABELS), 16)
    with pytest.raises(
        train.NonFiniteLossError, match=r"nan at step 3 \(epoch 1, batch 3 of 5\).*NaN or infinity in its array 0"
    ) as caught:
        train.fit(classifier(), ordered, epochs=2, progress=False)
    assert caught.value.step == 3


def test_divergence_names_the_learning_rate():
    program = train.supervised(lambda rngs: nn.Linear(3, 1, rngs=rngs), functional.mse_loss, optim.sgd(1e20))
    with pytest.raises(train.NonFiniteLossError, match="smaller learning rate"):
        train.fit(program, data.ArraySource((X, Y), 16), epochs=9, progress=False)


def test_ctrl_c_keeps_what_was_trained():
    """SIGINT in the middle of a run: the exception holds a whole state, and the handler is put back."""
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(train.Interrupted, match="interrupted after step") as caught:
        train.fit(classifier(), source(), epochs=10**6, progress=False)
    assert caught.value.step == len(caught.value.history) > 0
    assert np.isfinite(caught.value.state.params["fc1.weight"]).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_training_in_another_thread_leaves_signals_alone():
    results = []
    thread = threading.Thread(
        target=lambda: results.append(train.fit(classifier(), source(), epochs=1, progress=False))
    )
    thread.start()
    thread.join()
    assert len(results) == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: train.fit(classifier(), source(), epochs=0), ValueError, "epochs must be at least 1, given 0"),
        (
            lambda: train.supervised(3, functional.mse_loss, optim.sgd()),
            TypeError,
            "model must be a function, given int",
        ),
        (lambda: train.supervised(Net, "mse", optim.sgd()), TypeError, "loss must be a function, given str"),
        (lambda: train.supervised(Net, functional.mse_loss, 0.1), TypeError, "must be an optax transformation"),
        (
            lambda: train.supervised(Net, functional.mse_loss, optim.sgd(), dtype="float64").init(
                random.TorchGenerator(0)
            ),
            TypeError,
            "jax_enable_x64",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_plain_lines_where_there_is_no_terminal():
    code = (
        "import numpy as np\n"
        "from jaxdl import data, functional, nn, optim, train\n"
        "import jaxdl.train.progress as p; p.SECONDS_BETWEEN_LINES = p.SECONDS_BETWEEN_LOOKS = 0.0\n"
        "x = np.ones((64, 1), np.float32)\n"
        "program = train.supervised(lambda rngs: nn.Linear(1, 1, rngs=rngs), functional.mse_loss, optim.sgd(0.1))\n"
        "train.fit(program, data.ArraySource((x, x), 16), epochs=5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert "loss" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("batches", [3, 9])
def test_a_source_that_miscounts_its_batches_is_named(batches):
    class Miscounted:
        draws = 0

        def __len__(self):
            return batches

        def batches(self, epoch, generator, start=0):
            return iter([(X[:16], LABELS[:16])] * 4)

    with pytest.raises(ValueError, match=rf"the source gave .* batches in epoch 1, and its len\(\) says {batches}"):
        train.fit(classifier(), Miscounted(), 2, progress=False)
