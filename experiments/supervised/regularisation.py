"""Overfitting, and three remedies: weight decay, dropout and early stopping; what more rows do instead.

A network of two hidden layers learns from 200 digits, two in ten of whose labels were drawn at random. It has room to
learn all of them by heart, wrong ones too: the training loss goes on falling and the test loss turns round. Weight
decay makes large weights dear, dropout takes away half of the hidden units at every step, and early stopping ends the
run when 200 rows that are kept apart get worse. The run ends with their courses beside each other, with the loss
against the strength of weight decay, and with learning curves: the errors against the number of training rows.

    python -m experiments.supervised.regularisation
    python -m experiments.supervised.regularisation --weight-decay 0 --dropout 0.5 --rows 100

Data: digits, some of their labels wrong.
Time: 55 s on two cores.
Score: test_accuracy >= 0.79
Paper: Krogh and Hertz 1992, "A Simple Weight Decay Can Improve Generalization"; Srivastava et al. 2014, "Dropout";
Prechelt 1998, "Early Stopping: But When?".
"""

import dataclasses
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, metrics, nn, optim, random, report, train
from jaxdl.experiment import Exhibit, Settings, option, precision

TRAINING, APART = 699, 200  # of the 899 digits that are not for testing
PATIENCE = 20
SEEDS = range(5)
DECAYS = [float(f"{decay:.2g}") for decay in np.geomspace(1e-4, 0.3, 8)]
SIZES = (25, 50, 100, 200, 400, 699)


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(100, "passes over the training rows")
    batch_size: int = option(50, "rows a step")
    learning_rate: float = option(0.05, "SGD's step size, with momentum 0.9")
    rows: int = option(200, f"training rows, up to {TRAINING}")
    noise: float = option(0.2, "share of the labels to learn from that are drawn at random; those to test on are right")
    hidden: int = option(128, "units in each of the two hidden layers")
    weight_decay: float = option(0.015, "λ: λ/2 times the squares of weights and biases is added to the loss")
    dropout: float = option(0.0, "probability of a zero; PyTorch draws other masks, so beside it there is none")

    def __post_init__(self):
        super().__post_init__()
        if not 1 <= self.rows <= TRAINING:
            raise ValueError(f"rows must be from 1 to {TRAINING}, given {self.rows}")


class MLP(nn.Module):
    def __init__(self, hidden, dropout, *, rngs):
        self.fc1 = nn.Linear(64, hidden, rngs=rngs)
        self.drop1 = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden, hidden, rngs=rngs)
        self.drop2 = nn.Dropout(dropout)
        self.fc3 = nn.Linear(hidden, 10, rngs=rngs)

    def __call__(self, x):
        x = self.drop1(jnp.tanh(self.fc1(x)))
        x = self.drop2(jnp.tanh(self.fc2(x)))
        return self.fc3(x)


def parts(config):
    """Rows to train on, rows that early stopping looks at, whose labels are as noisy, and rows to test on."""
    x, y, x_test, y_test = data.digits(test_fraction=0.5)
    y = data.noisy_labels(y, config.noise, 10, random.TorchGenerator(0))  # the same, whatever the run's seed
    x, x_test = (images.reshape(-1, 64).astype(config.dtype) for images in (x, x_test))
    return (x[: config.rows], y[: config.rows]), (x[-APART:], y[-APART:]), (x_test, y_test)


def source(config):
    return data.ArraySource(parts(config)[0], config.batch_size, shuffle=True)


def held_apart(config):
    return data.ArraySource(parts(config)[1], batch_size=APART)


def evaluation(config):
    test = parts(config)[2]
    return data.ArraySource(test, batch_size=len(test[0]))


def learned(config, weight_decay):
    return train.supervised(
        lambda rngs: MLP(config.hidden, config.dropout, rngs=rngs),
        functional.cross_entropy,
        optim.sgd(config.learning_rate, momentum=0.9, weight_decay=weight_decay),
        metrics={"accuracy": metrics.accuracy},
        dtype=config.dtype,
    )


def program(config):
    return learned(config, config.weight_decay)


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
            caption="Losses after each epoch; with dropout, the training loss is that of the thinned networks. The "
            f"run stops when {APART} rows that are for nothing else have not become better in {PATIENCE} epochs, and "
            "the parameters are those of their best. Their labels are as wrong as the training rows', those of the "
            "test rows are right.",
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
            headings=("rows", "training error", "test error", "training, decay", "test, decay"),
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


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
