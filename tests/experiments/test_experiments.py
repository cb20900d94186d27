"""Every experiment is whole and reaches the score that its docstring promises; bad input is one clear sentence."""

import dataclasses
import os
import re
import signal
import subprocess
import sys

import jax
import numpy as np
import pytest

from jaxdl import bridge, data, experiment, nn, random, train
from jaxdl.experiment import discover, find

EXPERIMENTS = discover()
NAMES = sorted(EXPERIMENTS)
# Forty seconds of NumPy; convolutions, attention and recurrences of a size to be measured; a hundred epochs.
LONG = {
    "fundamentals/autodiff_from_scratch", "fundamentals/layers", "sequence/characters", "sequence/forecasting",
    "sequence/gpt", "supervised/calibration", "vision/augmentation", "vision/lenet", "vision/resnet", "vision/vgg",
}  # fmt: skip


def test_they_are_found():
    assert NAMES == [
        "fundamentals/activations_and_initialisation",
        "fundamentals/adam",
        "fundamentals/autodiff_from_scratch",
        "fundamentals/autograd",
        "fundamentals/backpropagation",
        "fundamentals/gradient_descent",
        "fundamentals/layers",
        "fundamentals/perceptron",
        "fundamentals/same_seed",
        "fundamentals/sgd",
        "fundamentals/tensors",
        "sequence/characters",
        "sequence/eeg",
        "sequence/forecasting",
        "sequence/gpt",
        "supervised/calibration",
        "supervised/linear_regression",
        "supervised/logistic_regression",
        "supervised/mlp",
        "supervised/regularisation",
        "supervised/softmax_regression",
        "vision/augmentation",
        "vision/lenet",
        "vision/resnet",
        "vision/vgg",
    ]
    assert [find(name).name for name in ("lenet", "vision.lenet", "experiments.vision.lenet")] == ["vision/lenet"] * 3


@pytest.mark.parametrize("name", NAMES)
def test_its_docstring_carries_command_time_and_score(name):
    found = EXPERIMENTS[name]
    module = found.module.__name__
    assert f"    python -m {module}" in found.module.__doc__
    assert found.time
    assert found.data
    assert found.bound.metric.startswith("test_")
    assert found.twin == f"{module}_torch"
    assert all(field.metadata["help"] for field in dataclasses.fields(found.module.Config))


@pytest.mark.parametrize("name", NAMES)
def test_it_traces_on_shapes_alone(name):
    found = EXPERIMENTS[name]
    config = found.config()
    program, source = found.program(config), found.source(config)
    state = program.init(random.TorchGenerator(0))
    batch = next(source.batches(0, random.TorchGenerator(0)))
    after, measured = jax.eval_shape(program.step, state, batch)
    assert measured["loss"].shape == ()
    assert jax.tree.map(lambda a: (a.shape, a.dtype), after) == jax.tree.map(lambda a: (a.shape, a.dtype), state)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in NAMES])
def test_it_reaches_its_score(name):
    found = EXPERIMENTS[name]
    _, history = found.run(found.config(), progress=False)
    assert found.bound.holds(history.final), f"{history.final} and promised {found.bound}"


@pytest.mark.slow
def test_the_batch_norm_variant_reaches_it_too():
    found = find("lenet")
    state, history = found.run(found.config(batch_norm=True), progress=False)
    assert found.bound.holds(history.final)
    assert state.buffers["bn1.num_batches_tracked"] == len(history)


def penalised(found, state, config):
    """What scikit-learn minimises, over N: the loss on all training rows, and the penalty on the weights."""
    program, (x, y) = found.program(config), found.source(config).arrays
    penalty = config.weight_decay / 2 * np.sum(np.square(state.params["linear.weight"]))
    return train.evaluate(program, state, data.ArraySource((x, y), batch_size=len(x)))["loss"] + penalty


def newtons(found, config):
    """A state with the parameters that Newton's method finds."""
    weight, bias = found.module.newton(config)
    params = {"linear.weight": jax.numpy.asarray(weight[None]), "linear.bias": jax.numpy.asarray([bias])}
    return found.program(config).init(random.TorchGenerator(0))._replace(params=params)


def test_newtons_method_is_where_the_loss_of_logistic_regression_is_flat():
    """A third witness: there the loss's gradient is what weight decay pulls against, and nothing pulls the bias."""
    found = find("logistic_regression")
    config = found.config(dtype="float64")
    with experiment.precision("float64"):
        state, (x, y) = newtons(found, config), found.source(config).arrays
        probe = found.program(config).probe(state, (x, y))
        pull = -config.weight_decay * state.params["linear.weight"]
        np.testing.assert_allclose(probe.gradients["linear.weight"], pull, atol=1e-14)
        assert abs(probe.gradients["linear.bias"].item()) < 1e-14
        best = found.witnesses(config)["Newton's method"]
        assert float(probe.loss) == pytest.approx(best["train_loss"], rel=1e-12)


@pytest.mark.slow
def test_the_run_of_logistic_regression_ends_within_a_hundredth_of_newtons_method():
    found = find("logistic_regression")
    config = found.config(dtype="float64")
    with experiment.precision("float64"):
        lowest = penalised(found, newtons(found, config), config)
        reached, _ = found.run(config, progress=False)
        assert lowest < penalised(found, reached, config) < 1.01 * lowest


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_the_other_cells_learn_too(cell):
    found = find("characters")
    _, history = found.run(found.config(cell=cell), progress=False)
    assert found.bound.holds(history.final)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("characters", {"cell": "lstn"}, "cell must be one of rnn, gru, lstm, given 'lstn'"),
        ("characters", {"length": 0}, r"`length` \(=0\) must be an integer from 1"),
        ("characters", {"width": 0}, "width must be at least 1, given 0"),
        ("gpt", {"length": 99_999}, r"a window of `length` \(=99999\) needs 100000 tokens, given 36660"),
        ("gpt", {"heads": 3}, r"width \(=128\) must be divisible by heads \(=3\)"),
        ("gpt", {"heads": 0}, "heads must be at least 1, given 0"),
        ("gpt", {"layers": 0}, "layers must be at least 1, given 0"),
    ],
)
def test_a_config_that_makes_no_run_is_one_clear_sentence(name, given, message):
    found = find(name)
    with pytest.raises(ValueError, match=message):
        found.rehearse(found.config(**given))


def command(*arguments, cwd=None, module="experiments", **settings):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, **settings
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "lenett"], "there is no experiment 'lenett'; did you mean 'vision/lenet'?"),
        (["run", "qqqq"], "there is no experiment 'qqqq'; there are fundamentals/"),
        (["check", "mpl"], "did you mean 'supervised/mlp'?"),
        (["run", "mlp", "--epocs", "3"], "--epochs"),
        (["run", "mlp", "--epochs", "three"], "'three' is not a valid integer"),
        (["run", "mlp", "--learning-rate", "-0.1"], "learning_rate must be at least 0, given -0.1"),
        (
            ["run", "mlp", "--batch-size", "2000"],
            "batch_size must be between 1 and the 1438 rows of the data, given 2000",
        ),
        (["run", "mlp", "--epochs", "0"], "epochs must be at least 1, given 0"),
        (["run", "mlp", "--dtype", "float16"], "dtype must be one of float32, float64, given 'float16'"),
        (["run", "linear_regression", "--learning-rate", "1e9"], "smaller learning rate"),
        (["run"], "NAME"),
        (["check"], "give the NAME of one experiment, or --all without NAME and without flags of one"),
        (["check", "--all", "mlp"], "give the NAME of one experiment, or --all without NAME and without flags of one"),
        (["check", "mlp", "--reference", "deep"], "'deep' is not one of 'live', 'frozen'"),
        (["check", "mlp", "--rung", "first"], "'first' is not one of 'initial', 'batches', 'forward'"),
        (["check", "mlp", "--reference", "frozen", "--hidden", "3"], "its default Config alone, given hidden=3"),
        (["freeze", "mpl"], "did you mean 'supervised/mlp'?"),
        (["freeze", "--all", "mlp"], "give NAMES or --all, not both"),
        (["rum"], "rum"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_sentence(arguments, message, tmp_path):
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode not in (0, None)
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_run_leaves_its_parameters_and_history(tmp_path):
    done = command("--epochs", "2", cwd=tmp_path, module="experiments.supervised.mlp")
    assert done.returncode == 0, done.stderr
    assert "test_accuracy" in done.stdout
    tensors = bridge.load(tmp_path / "runs/supervised/mlp/model.safetensors")
    found = find("mlp")
    model = found.module.MLP(64, 128, 10, rngs=random.TorchGenerator(1))
    bridge.load_into(model, tensors)
    assert set(nn.state_dict(model)) == set(tensors)
    assert len((tmp_path / "runs/supervised/mlp/history.jsonl").read_text().splitlines()) == 2 * 23 + 2


def test_list_names_them_all(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = command("list")
    assert done.returncode == 0
    for name in NAMES:
        assert name.rpartition("/")[2] in done.stdout


def test_help_shows_the_lesson_and_the_flags():
    done = command("run", "lenet", "--help")
    assert done.returncode == 0
    assert "LeNet-5 reads handwritten digits" in done.stdout
    assert "--batch-norm / --no-batch-norm" in done.stdout


def test_ctrl_c_keeps_and_names_what_was_trained(tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments.supervised.mlp", "--epochs", "1000000"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        while "steps/s" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    found = re.search(r"interrupted after step (\d+); what was trained so far is in (\S+)", rest)
    assert found, rest
    assert "Traceback" not in rest
    assert all(np.isfinite(t).all() for t in bridge.load(tmp_path / found[2]).values())
