"""What a run shows: the losses that the ordinary PyTorch script prints, beside its own."""

import contextlib
import dataclasses
import io
import re
from functools import partial

import numpy as np

from experiments.fundamentals.same_seed import evaluation, program, source
from jaxdl import report, train
from jaxdl.experiment import Exhibit, precision, twin

EVERY = 10  # batches the script prints a loss


def printed(script, config):
    """What the script prints for losses, as it stands, in float64."""
    said, settings = io.StringIO(), dataclasses.asdict(config) | {"dtype": script.torch.float64}
    with script.torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(said):
        script.main(**settings)
    return re.findall(r"loss (\d+\.\d+)", said.getvalue())


def exhibits(config, state):
    exact = dataclasses.replace(config, dtype="float64")
    with precision("float64"):
        settings = {"evaluation": evaluation(exact), "seed": exact.seed, "progress": False}
        _, history = train.fit(program(exact), source(exact), exact.epochs, **settings)
    length, own = len(history["loss"]) // exact.epochs, []
    for epoch, record in enumerate(history.epochs, 1):
        steps = range((epoch - 1) * length, epoch * length, EVERY)
        own += [(epoch, "training", step + 1, history["loss"][step]) for step in steps]
        own.append((epoch, "test", epoch * length, record["test_loss"]))
    script = twin(__name__)
    theirs = printed(script, exact) if script else ["not installed"] * len(own)
    return [
        Exhibit(
            "The same seed, the same run",
            headings=("step", "epoch", "loss", "this run", "the PyTorch script"),
            rows=[
                [f"{step}", f"{epoch}", kind, f"{loss:.6f}", other]
                for (epoch, kind, step, loss), other in zip(own, theirs, strict=True)
            ],
            picture=partial(draw, history["loss"], own, theirs if script else []),
            caption="Both in float64, from the seed alone: split, weights and order of the batches are drawn by each "
            "for itself, and none is handed over. The script's losses are what it prints: that of every tenth batch, "
            "and after each epoch that of the test digits.",
        )
    ]


def draw(losses, own, theirs, file, theme):
    tests = np.array([(step, loss) for _, kind, step, loss in own if kind == "test"])
    steps = [step for _, _, step, _ in own][: len(theirs)]
    lines = [
        report.Line("this run", np.arange(1, len(losses) + 1), losses),
        report.Line("its tests", *tests.T, "jax", "--"),
        report.Line("the script", steps, [float(loss) for loss in theirs], "torch", "", "o"),
    ]
    report.plots_picture([report.Plot("loss", lines, "steps", "y")], file, theme)
