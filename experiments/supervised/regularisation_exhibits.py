"""What a run shows: learning curves with and without a hold on them, by decay and by number of rows."""

import dataclasses
from functools import partial

import jax
import numpy as np

from experiments.supervised.regularisation import APART, Config, evaluation, learned, parts, program, source
from jaxdl import data, report, train
from jaxdl.experiment import Exhibit, precision

PATIENCE = 20
SEEDS = range(5)
DECAYS = [float(f"{decay:.2g}") for decay in np.geomspace(1e-4, 0.3, 8)]
SIZES = (25, 50, 100, 200, 400, 699)


def held_apart(config):
    return data.ArraySource(parts(config)[1], batch_size=APART)


def course(config, tests=evaluation, callbacks=(), **changed):
    """The epochs' records of a run as `config` says, but for what is changed."""
    config = dataclasses.replace(config, **changed)
    settings = {"evaluation": tests(config), "seed": config.seed, "callbacks": callbacks, "progress": False}
    return train.fit(program(config), source(config), config.epochs, **settings)[1].epochs


def courses(config):
    """A run without any remedy, with weight decay and with dropout; the epochs after which early stopping ends the
    first, and the one that it keeps."""
    plain = dataclasses.replace(config, weight_decay=0.0, dropout=0.0)
    found = {
        "nothing": course(plain),
        "weight decay": course(plain, weight_decay=config.weight_decay or Config.weight_decay),
        "dropout": course(plain, dropout=config.dropout or 0.5),
    }
    stopping = train.EarlyStopping("test_loss", PATIENCE)  # of the rows held apart: no test row decides anything
    return found, len(course(plain, held_apart, [stopping])), stopping.best_epoch


def ends(config, decays):
    """Losses and accuracies on training and on test rows after runs by weight decay, `[decays, seeds]` each."""
    make = partial(learned, config)
    runs = train.sweep(make, source(config), {"weight_decay": decays, "seed": SEEDS}, config.epochs, progress=False)
    training, _, test = parts(config)
    evaluate = jax.jit(jax.vmap(make(0.0).evaluate, (0, None)))
    return [
        {name: np.asarray(value).reshape(len(decays), -1) for name, value in evaluate(runs.states, rows).items()}
        for rows in (training, test)
    ]


def sized(config, rows):
    return dataclasses.replace(config, rows=rows, batch_size=min(config.batch_size, rows))


def exhibits(config, state):
    with precision(config.dtype):
        found, stopped, kept = courses(config)
        plain = dataclasses.replace(config, dropout=0.0)
        losses = [each["loss"].mean(axis=1) for each in ends(plain, DECAYS)]
        decay = config.weight_decay or Config.weight_decay
        errors = [[1 - each["accuracy"] for each in ends(sized(plain, rows), [0.0, decay])] for rows in SIZES]
    return [
        Exhibit(
            "The training loss goes on falling, the test loss turns round",
            headings=("against overfitting", "training loss", "test loss", "accuracy", "lowest test loss"),
            rows=[
                *([name, *said(records[-1]), lowest(records)] for name, records in found.items()),
                ["early stopping", *said(found["nothing"][kept - 1]), f"kept {kept}, stopped after {stopped}"],
            ],
            picture=partial(draw_courses, found, stopped, kept),
            caption="Losses after each epoch; with dropout, the training loss is that of the thinned networks. "
            f"Early stopping ends the first run when the loss of {APART} rows kept for that alone has not fallen for "
            f"{PATIENCE} epochs, and goes back to where it was lowest. Their labels are as wrong as the "
            "training rows', those of the test rows are right.",
        ),
        Exhibit(
            "Weight decay, from too little to too much",
            headings=("λ", "training loss", "test loss"),
            rows=[
                [f"{decay:g}", f"{own:.3f}", f"{test:.3f}"] for decay, own, test in zip(DECAYS, *losses, strict=True)
            ],
            picture=partial(draw_decays, losses),
            caption=f"After the last epoch, the means of {len(SEEDS)} seeds. Too little, and the wrong labels are "
            "learned; too much, and nothing is.",
        ),
        Exhibit(
            "Learning curves: errors against the number of training rows",
            headings=("rows", "training error", "test error", "training, with decay", "test, with decay"),
            rows=[
                [f"{rows}", *(f"{each[way].mean():.1%}" for way in (0, 1) for each in pair)]
                for rows, pair in zip(SIZES, errors, strict=True)
            ],
            picture=partial(draw_errors, errors),
            caption=f"After the last epoch, the means of {len(SEEDS)} seeds. Without decay nearly all labels are "
            "learned, and from 50 rows to 200 more of them even do harm. With it the wrong ones are not: the training "
            "error rises a little above their share, and the test error, where no label is wrong, falls below it.",
        ),
    ]


def said(record):
    return [f"{record['loss']:.3f}", f"{record['test_loss']:.3f}", f"{record['test_accuracy']:.1%}"]


def lowest(records):
    best = min(records, key=lambda record: record["test_loss"])
    return f"{best['test_loss']:.3f} after {best['epoch']}"


def draw_courses(found, stopped, kept, file, theme):
    looks = {"nothing": "bad", "weight decay": "jax", "dropout": "torch"}
    epochs = np.arange(1, len(found["nothing"]) + 1)

    def line(name, key, label, colour, dashes="-"):
        return report.Line(label, epochs, [record[key] for record in found[name]], colour, dashes)

    at = found["nothing"][kept - 1]["test_loss"]
    report.plots_picture(
        [
            report.Plot(
                "nothing against overfitting: loss",
                [
                    line("nothing", "test_loss", "test", "bad"),
                    line("nothing", "loss", "training", "bad", "--"),
                    report.Line("kept", [kept], [at], "ink", "", "o"),
                ],
                "epochs",
                "y",
                marks={"early stop": stopped},
            ),
            report.Plot(
                "test loss", [line(name, "test_loss", name, look) for name, look in looks.items()], "epochs", "y"
            ),
            report.Plot(
                "training loss", [line(name, "loss", name, look, "--") for name, look in looks.items()], "epochs", "y"
            ),
        ],
        file,
        theme,
    )


def draw_decays(losses, file, theme):
    training, test = losses
    lines = [
        report.Line("test", DECAYS, test, "jax", "-", "o"),
        report.Line("training", DECAYS, training, "jax", "--", "o"),
    ]
    report.plots_picture([report.Plot("loss", lines, "weight decay λ", "x")], file, theme)


def draw_errors(errors, file, theme):
    lines = [
        report.Line(f"{kind}{name}", SIZES, [pair[rows][way].mean() for pair in errors], colour, look, "o")
        for way, (name, colour) in enumerate((("", "bad"), (", λ", "jax")))
        for rows, kind, look in ((1, "test", "-"), (0, "training", "--"))
    ]
    report.plots_picture(
        [report.Plot("share of wrong answers; λ: with weight decay", lines, "training rows")], file, theme
    )
