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

from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import data, functional, nn, optim, random, report, train
from jaxdl.experiment import Exhibit, Settings, option, precision
from jaxdl.report import canvas

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
MODELS = {"gru": "GRU", "lstm": "LSTM", "linear": "linear, SGD"}
YEAR, LAST_YEAR = 12, 2021
SHOWN = "^GSPC", "S&P 500"
RESAMPLES = 2000


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


def network(config, state):
    """What was trained, as a function of windows."""
    predict = jax.jit(program(config).predict)

    def forecast(x):
        with precision(config.dtype):
            return np.asarray(predict(state, (x.astype(config.dtype), None)), float)

    return forecast


def by_month(config, forecast):
    """A forecast of the test's months, and what came: `[months, series]` each."""
    x, y = windows(config)[1]
    series = len(prices()[2])
    return forecast(x).reshape(-1, series), y.reshape(-1, series)


def rolled(config, forecast, horizon=YEAR):
    """Sums of the next changes, each forecast fed back as if it had come true, and what came: `[N, horizon]` each."""
    x, y = windows(config)[1]
    series = len(prices()[2])
    came = np.lib.stride_tricks.sliding_window_view(y.reshape(-1, series), horizon, axis=0).reshape(-1, horizon)
    x, said = x[: len(came)], []
    for _ in range(horizon):
        said.append(forecast(x))
        x = np.column_stack([x[:, 1:], said[-1]])
    return np.cumsum(said, axis=0).T, came.cumsum(axis=1)


def interval(config, said, came):
    """Between which skills nine of ten lie when the test's months are drawn anew, with replacement."""
    months = random.TorchGenerator(config.seed).randint(0, len(came), (RESAMPLES, len(came)))
    own, walk = (((value - came) ** 2).sum(axis=1)[months].sum(axis=1) for value in (said, 0))
    return np.quantile(1 - own / walk, [0.05, 0.95])


def row(config, name, forecast):
    """A line of the table."""
    (said, came), (_, scale, before), logarithms = by_month(config, forecast), changes(config), prices()[1]
    error = said - came
    level = logarithms[before + 1 :]
    explained = 1 - np.sum((error * scale) ** 2, axis=0) / np.sum((level - level.mean(axis=0)) ** 2, axis=0)
    low, high = interval(config, said, came)
    cells = [f"{100 * np.mean(np.abs(error * scale)):.2f} %", f"{100 * np.sqrt(np.mean((error * scale) ** 2)):.2f} %"]
    skilled = 1 - np.mean(error**2) / np.mean(came**2)
    return [name, *cells, f"{skilled:+.3f}", f"{low:+.3f} to {high:+.3f}", f"{explained.mean():.3f}"]


def by_heart(config, epochs=100):
    """A longer run of a wider network, with Adam: skill in training and test after each epoch."""
    config = replace(config, model="gru", width=32, batch_size=256)
    with precision(config.dtype):
        parts = {"evaluation": evaluation(config), "seed": config.seed, "progress": False}
        _, history = train.fit(learned(optim.adam(5e-3), config), source(config), epochs, **parts)
    walk = np.mean(windows(config)[0][1] ** 2)
    return [1 - epoch["loss"] / walk for epoch in history.epochs], [epoch["test_skill"] for epoch in history.epochs]


def exhibits(config, state):
    forecasts = {**baselines(config), MODELS[config.model]: network(config, state)}
    own = forecasts[MODELS[config.model]]
    return [
        Exhibit(
            "The price looks forecast, its change is not",
            headings=("forecast", "mean |error|", "rms error", "skill", "nine of ten", "R² of the log price"),
            rows=[row(config, name, forecast) for name, forecast in forecasts.items()],
            picture=partial(draw_forecasts, config, own),
            caption="Each month of the test is forecast from the months before it: above, the price of the "
            f"{SHOWN[1]}, below, its change, from the same forecasts. The table is over all seven series; 'nine of "
            "ten' says where nine tenths of the skills lie when the test's months are drawn anew.",
        ),
        Exhibit(
            "A year ahead",
            picture=partial(draw_horizons, {name: rolled(config, forecast) for name, forecast in forecasts.items()}),
            caption="Each forecast is fed back to make the next. Above, the root mean square error of the log price, "
            "in units of a month's change; below, the skill. Over a year the drift adds up, and whoever knows it is "
            "ahead of the random walk; the network knows no more, and its points lie on the lines of drift and least "
            "squares. The seven are such as were still there in 2022, which may flatter the drift.",
        ),
        Exhibit(
            "The past can be learned by heart",
            picture=partial(draw_course, *by_heart(config)),
            caption="A GRU with 32 numbers in its state and Adam's steps. In training its error falls and falls; the "
            "more of those years it knows by heart, the further it is behind the random walk in the years that follow.",
        ),
    ]


def draw_forecasts(config, own, file, theme):
    (months, logarithms, names), (_, scale, before) = prices(), changes(config)
    at = names.index(SHOWN[0])
    said = by_month(config, own)[0][:, at] * scale[at]
    years = 1970 + months[before + 1 :].astype("datetime64[M]").astype(int) / 12
    last, level = logarithms[before:-1, at], logarithms[before + 1 :, at]
    figure = canvas.blank(3.9, theme)
    top = canvas.panel(figure, (0.6, 2.2, 4.3, 1.35), f"{SHOWN[1]}, price", theme)
    bottom = canvas.panel(figure, (0.6, 0.3, 4.3, 1.35), "its change, %", theme)
    for axes, came, forecast in (
        (top, np.exp(level), np.exp(last + said)),
        (bottom, *100 * np.array([level - last, said])),
    ):
        axes.plot(years, came, color=theme.muted, linewidth=1.4, label="what came")
        axes.plot(years, forecast, color=theme.jax, linewidth=1.4, label="forecast a month before")
        axes.set(xlim=(years[0], years[-1]))
    top.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    canvas.legend(top, theme)
    file.write_bytes(canvas.png(figure))


def draw_horizons(errors, file, theme):
    months = np.arange(1, YEAR + 1)
    squares = {name: np.mean((said - came) ** 2, axis=0) for name, (said, came) in errors.items()}
    styles = ("ink", "--"), (0.2, "-"), (0.7, "-"), ("torch", "-"), ("jax", "", "o")
    looks = dict(zip(squares, styles, strict=True))
    roots = [report.Line(name, months, np.sqrt(value), *looks[name]) for name, value in squares.items()]
    gains = [
        report.Line(name, months, 1 - value / squares["random walk"], *looks[name]) for name, value in squares.items()
    ]
    plots = report.Plot("rms error", roots, "months ahead"), report.Plot("skill", gains, "months ahead")
    report.plots_picture(plots, file, theme)


def draw_course(training, test, file, theme):
    epochs = np.arange(1, len(test) + 1)
    lines = [
        report.Line("training", epochs, training, "torch"),
        report.Line("test", epochs, test, "jax"),
        report.Line("random walk", epochs, np.zeros(len(test)), "ink", "--"),
    ]
    report.plots_picture([report.Plot("skill", lines, "epochs")], file, theme)


if __name__ == "__main__":
    from experiments.__main__ import run_file

    run_file(__file__)
