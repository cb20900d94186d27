"""The promise: an ordinary PyTorch script and its jaxdl counterpart, from the seed alone, see the same run."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxdl import experiment, train
from jaxdl.parity.record import Ordered
from jaxdl.report.theme import DARK

FOUND = experiment.find("same_seed")


@pytest.fixture(scope="module")
def script(torch):
    """What the script's own `main` did in float64: hooks on every module look on, the script is as it stands."""
    from experiments.fundamentals import same_seed_torch

    seen = {"batches": [], "losses": [], "test losses": []}
    rows, training = [], [True]

    def look(module, inputs, output):
        if isinstance(module, same_seed_torch.NeuralNetwork):
            training[:] = [module.training]
            rows.append(inputs[0].numpy().copy())
        elif isinstance(module, torch.nn.CrossEntropyLoss):
            kind = "losses" if training[0] else "test losses"
            seen[kind].append((output.item(), len(inputs[1])))
            if training[0]:
                seen["batches"].append((rows[-1], inputs[1].numpy().copy()))

    hook = torch.nn.modules.module.register_module_forward_hook(look)
    try:
        with torch.random.fork_rng(devices=[]):
            same_seed_torch.main(dtype=torch.float64)
    finally:
        hook.remove()
    return seen


@pytest.fixture(scope="module")
def counterpart():
    """The same from `fit`, which is given nothing but the seed."""
    config = FOUND.config(dtype="float64")
    batches = []

    class Seen(Ordered):
        def batches(self, epoch, generator=None):
            for batch in super().batches(epoch, generator):
                batches.append(tuple(np.asarray(array) for array in batch))
                yield batch

    with experiment.precision("float64"):
        source = Seen(FOUND.source(config), 10**6)
        _, history = train.fit(
            FOUND.program(config),
            source,
            config.epochs,
            evaluation=FOUND.evaluation(config),
            seed=config.seed,
            progress=False,
        )
    return batches, history


@pytest.mark.torch
def test_the_batches_are_equal(script, counterpart):
    ours, theirs = counterpart[0], script["batches"]
    assert len(ours) == len(theirs) == 3 * 45
    for (x, y), (their_x, their_y) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x, their_x)
        np.testing.assert_array_equal(y, their_y)


@pytest.mark.torch
def test_the_losses_are_equal_to_ten_digits(script, counterpart):
    losses = [loss for loss, _ in script["losses"]]
    assert losses[-1] < 0.2 * losses[0]
    np.testing.assert_allclose(counterpart[1]["loss"], losses, rtol=1e-10, atol=0)


@pytest.mark.torch
def test_and_so_are_the_test_losses_after_each_epoch(script, counterpart):
    ours = [record["test_loss"] for record in counterpart[1].epochs]
    losses, rows = np.array(script["test losses"]).reshape(3, -1, 2).transpose(2, 0, 1)
    np.testing.assert_allclose(ours, (losses * rows).sum(axis=1) / rows.sum(axis=1), rtol=1e-10, atol=0)


@pytest.mark.slow
@pytest.mark.torch
def test_the_script_runs_as_scripts_do(torch):
    path = Path(__file__).parents[2] / "experiments" / "fundamentals" / "same_seed_torch.py"
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch") == 3
    _, history = FOUND.run(FOUND.config(), progress=False)
    last = history.final
    assert done.stdout.splitlines()[-1].split() == [
        *("test:", "loss", f"{last['test_loss']:.6f},", "accuracy", f"{last['test_accuracy']:.4f}")
    ]


@pytest.mark.torch
def test_it_shows_what_the_script_prints(torch, tmp_path):
    (shown,) = FOUND.exhibits(FOUND.config(epochs=2), None)
    assert len(shown.rows) == 2 * 6
    assert [row[2] for row in shown.rows] == 2 * [*5 * ["training"], "test"]
    assert all(own == script for *_, own, script in shown.rows)
    shown.picture(tmp_path / "drawn.png", DARK)
    with Image.open(tmp_path / "drawn.png") as picture:
        assert picture.width == 1000


def test_another_seed_is_another_run():
    one, other = (FOUND.source(FOUND.config(seed=seed)).arrays[1][:20].tolist() for seed in (0, 1))
    assert one != other
