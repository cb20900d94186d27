"""A sweep's picture."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from jaxdl.report import sweep as drawing
from jaxdl.report import sweep_picture
from jaxdl.report.theme import DARK, LIGHT


def made(rates=(1e-3, 1e-2, 1e-1), decays=None, seeds=4, diverged=(), scale=1.0):
    """What a picture needs of a sweep."""
    over = {"learning_rate": list(rates), **({"weight_decay": list(decays)} if decays else {}), "seed": range(seeds)}
    if not rates:
        del over["learning_rate"]
    names = [name for name in over if name != "seed"]
    points = np.stack(np.meshgrid(*over.values(), indexing="ij"), axis=-1).reshape(-1, len(over))
    table, losses = [], []
    for run, point in enumerate(points):
        row = {"run": run, **dict(zip(over, point.tolist(), strict=True)), "diverged": None}
        curve = scale * np.exp(-np.arange(1, 61) * row.get("learning_rate", 0.01) ** 0.5) + 0.01 * (1 + row["seed"])
        if row.get("learning_rate") in diverged:
            curve[5:], row["diverged"] = np.nan, 6
        ends = {"loss": curve[-1], "test_loss": curve[-1], "test_accuracy": 1 - curve[-1]}
        table.append(row | {name: float(end) for name, end in ends.items()})
        losses.append(curve)
    metrics = ["loss", "test_accuracy", "test_loss"]
    return SimpleNamespace(over=over, names=names, metrics=metrics, table=table, losses=np.array(losses))


def drawn(sweep, **settings):
    """The figure's axes, upper and lower."""
    values = {"by": next(iter(sweep.names), None), "metric": drawing._chosen(sweep), "theme": LIGHT, **settings}
    return drawing._figure(sweep, values["by"], values["metric"], values["theme"]).axes


@pytest.mark.parametrize(
    "settings",
    [{}, {"decays": [0.0, 0.1]}, {"rates": ()}, {"diverged": (1e-1,)}, {"rates": (1e-3,), "seeds": 1}, {"seeds": 1}],
    ids=str,
)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["day", "night"])
def test_every_kind_of_sweep_is_drawn(settings, theme, tmp_path):
    file = tmp_path / "new" / "sweep.png"
    sweep_picture(made(**settings), file, theme=theme)
    with Image.open(file) as picture:
        assert picture.size == (1000, 1120)
        ground = picture.convert("RGB").getpixel((990, 1100))
    card = tuple(int(theme.card[place : place + 2], 16) for place in (1, 3, 5))
    assert max(abs(a - b) for a, b in zip(ground, card, strict=True)) <= 2  # of a palette


def test_a_line_and_a_band_for_each_value_and_a_point_for_each_run():
    upper, lower = drawn(made())
    curves = [line for line in upper.lines if len(line.get_xdata()) > 2]
    assert len(curves) == len(upper.collections) == 3
    assert len({tuple(line.get_color()) for line in curves}) == 3
    points = [line for line in lower.lines if line.get_marker() == "o" and line.get_markersize() == 5]
    assert len(points) == 12
    assert [text.get_text() for text in upper.texts] == ["learning_rate", "0.001", "0.01", "0.1"]


def test_axes_are_logarithmic_where_values_span_decades():
    upper, lower = drawn(made())
    assert (upper.get_yscale(), lower.get_xscale(), lower.get_yscale()) == ("log", "log", "linear")
    upper, lower = drawn(made(rates=(0.1, 0.2, 0.3), scale=0.01))
    assert (upper.get_yscale(), lower.get_xscale()) == ("linear", "linear")
    assert drawn(made(rates=(0.0, 0.1)))[1].get_xscale() == "linear"


@pytest.mark.parametrize(("metric", "best"), [("test_accuracy", 0.97), ("test_loss", 0.026)])
def test_the_best_median_is_circled(metric, best):
    """By what the metric's name says is better."""
    _, lower = drawn(made(), metric=metric)
    ring = next(line for line in lower.lines if line.get_markersize() == 10)
    assert ring.get_xdata().tolist() == [0.1]
    assert ring.get_ydata()[0] == pytest.approx(best, abs=0.01)
    assert "circled: the best median" in lower.get_xlabel()


def test_what_diverged_is_crossed_out():
    upper, lower = drawn(made(diverged=(1e-1,)))
    crosses = next(line for line in lower.lines if line.get_marker() == "x")
    assert crosses.get_xdata().tolist() == [0.1] * 4
    assert [text.get_text() for text in lower.texts] == ["diverged"]
    assert "1 of 3 lie above, or diverged" in upper.get_xlabel()


def test_settings_of_another_hyperparameter_have_lines_of_their_own():
    _, lower = drawn(made(decays=[0.0, 0.1]))
    assert [text.get_text() for text in lower.get_legend().get_texts()] == ["weight_decay 0", "0.1"]
    _, lower = drawn(made(decays=[0.0, 0.1]), by="weight_decay")
    assert lower.get_xlabel().startswith("weight_decay")


def test_seeds_alone_are_a_distribution():
    _, lower = drawn(made(rates=()))
    assert lower.get_xlabel() == "test_accuracy up to"
    assert lower.lines[0].get_ydata().tolist() == [0.25, 0.5, 0.75, 1.0]
    assert lower.texts[0].get_text().startswith("median 0.9")


def test_of_many_values_some_are_named():
    upper, _ = drawn(made(rates=np.logspace(-4, -1, 25).tolist()))
    assert len(upper.texts) == 1 + drawing.NAMED


def test_a_sweep_of_which_nothing_is_left_is_drawn():
    rates = (1e-3, 1e-2)
    _, lower = drawn(made(rates=rates, diverged=rates))
    assert [text.get_text() for text in lower.texts] == ["diverged"]


def test_wrong_names_are_named(tmp_path):
    with pytest.raises(KeyError, match="is over learning_rate, not 'momentum'"):
        sweep_picture(made(), tmp_path / "a.png", by="momentum")
    with pytest.raises(KeyError, match="is over seeds alone, not 'momentum'"):
        sweep_picture(made(rates=()), tmp_path / "a.png", by="momentum")
    with pytest.raises(KeyError, match="measured loss, test_accuracy, test_loss, not 'f1'"):
        sweep_picture(made(), tmp_path / "a.png", metric="f1")
