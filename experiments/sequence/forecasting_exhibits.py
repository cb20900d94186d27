"""What a run shows: forecasts beside naive ones, month by month and further ahead."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np

from experiments.sequence.forecasting import (
    MODELS,
    YEAR,
    baselines,
    changes,
    evaluation,
    learned,
    prices,
    program,
    source,
    windows,
)
from jaxdl import optim, random, report, train
from jaxdl.experiment import Exhibit, precision
from jaxdl.report import canvas

SHOWN = "^GSPC", "S&P 500"
RESAMPLES = 2000


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
    cells = [f"{np.mean(np.abs(error * scale)):.2%}", f"{np.sqrt(np.mean((error * scale) ** 2)):.2%}"]
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
            "ten' says where nine tenths of the skills lie when the test's months are drawn anew. R² of the price "
            "flatters: the random walk, which forecasts no change, has it too.",
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
    figure = canvas.blank(4.05, theme)
    top = canvas.panel(figure, (0.6, 2.35, 4.3, 1.35), f"{SHOWN[1]}, price", theme)
    bottom = canvas.panel(figure, (0.6, 0.3, 4.3, 1.35), "its change, %", theme)
    for axes, came, forecast in (
        (top, np.exp(level), np.exp(last + said)),
        (bottom, *100 * np.array([level - last, said])),
    ):
        axes.plot(years, came, color=theme.torch, linewidth=1.4, label="what came")
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
    report.plots_picture([report.Plot("skill", lines, "epoch")], file, theme)
