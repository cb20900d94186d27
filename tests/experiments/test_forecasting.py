"""Nothing of the test's months is in the training; the naive forecasts are what they say; the claims are measured."""

import numpy as np
import pytest
from PIL import Image

from jaxdl import data, experiment, random
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = experiment.find("forecasting")
MODULE = FOUND.module
CONFIG = FOUND.config()


@pytest.fixture(scope="module")
def trained():
    return FOUND.run(CONFIG, progress=False)


@pytest.fixture(scope="module")
def shown(trained):
    """The long run that learns by heart has a test of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FOUND.shown, "by_heart", lambda config: ([0.1, 0.2], [0.0, -0.1]))
        return FOUND.exhibits(CONFIG, trained[0])


def test_the_training_knows_nothing_of_the_tests_months(monkeypatch):
    dates, prices, names = data.stocks()
    before = FOUND.source(CONFIG).arrays
    later = np.where(
        dates[:, None] >= np.datetime64("2011-01-01"), prices * 3 + np.arange(len(prices))[:, None], prices
    )
    monkeypatch.setattr(data, "stocks", lambda: (dates, later, names))
    for known, again in zip(before, FOUND.source(CONFIG).arrays, strict=True):
        np.testing.assert_array_equal(known, again)
    monkeypatch.undo()
    monkeypatch.setattr(data, "stocks", lambda: (dates, later[:, ::-1] * prices, names))
    assert not np.array_equal(before[1], FOUND.source(CONFIG).arrays[1])


def test_the_windows_are_the_months_before(monkeypatch):
    """With a price that is e to the square of the month's number, a change says which month it is."""
    dates, _, names = data.stocks()
    number = np.arange(len(dates))
    marked = np.exp(1e-4 * number**2)[:, None] * np.ones(len(names))
    monkeypatch.setattr(data, "stocks", lambda: (dates, marked, names))
    config = FOUND.config(dtype="float64")
    (x, y), (x_test, y_test) = MODULE.windows(config)
    scale = MODULE.changes(config)[1][0]
    first = 12 * (2011 - 1990)  # January 2011, counted from January 1990
    for windows, targets, months in ((x, y, range(13, first)), (x_test, y_test, range(first, len(dates)))):
        ends = np.repeat(list(months), len(names))
        np.testing.assert_allclose(targets * scale, 1e-4 * (2 * ends - 1), rtol=1e-9)
        np.testing.assert_allclose(windows[:, 0] * scale, 1e-4 * (2 * (ends - 12) - 1), rtol=1e-9)


def test_least_squares_is_where_the_loss_of_the_linear_model_is_flat():
    config = FOUND.config(model="linear", dtype="float64")
    with experiment.precision("float64"):
        program, (x, y) = FOUND.program(config), FOUND.source(config).arrays
        weight, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y)
        params = {"head.weight": weight[None, :-1], "head.bias": weight[-1:]}
        state = program.init(random.TorchGenerator(0))._replace(params=params)
        probe = program.probe(state, (x, y))
        assert max(float(abs(g).max()) for g in probe.gradients.values()) < 1e-14
        best = FOUND.witnesses(config)["least squares"]
        assert float(probe.loss) == pytest.approx(best["loss"], rel=1e-12)
        measured = program.evaluate(state, next(FOUND.evaluation(config).batches(0)))
        assert measured["skill"].item() == pytest.approx(best["test_skill"], rel=1e-10)


def test_the_random_walk_is_the_zero_of_the_skill():
    found = FOUND.witnesses(CONFIG)
    assert found["random walk"]["test_skill"] == 0
    assert found["seasonal"]["test_skill"] < -0.5  # the errors of two independent months


def test_a_forecast_is_fed_back():
    said, came = FOUND.shown.rolled(CONFIG, lambda x: x[:, -1] / 2, horizon=4)
    x, y = MODULE.windows(CONFIG)[1]
    last = x[: len(said), -1]
    np.testing.assert_allclose(said, last[:, None] * (1 - 0.5 ** np.arange(1, 5)), rtol=1e-12)
    np.testing.assert_allclose(came[:, 0], y[: len(came)])
    np.testing.assert_allclose(came[7, 3], y[7 : 7 + 4 * 7 : 7].sum())


def test_the_network_knows_the_drift_and_no_more(trained, shown):
    drift, reached = FOUND.witnesses(CONFIG)["mean drift"]["test_skill"], trained[1].final["test_skill"]
    assert abs(reached - drift) < 0.006
    rows = {name: cells for name, *cells in shown[0].rows}
    low, high = map(float, rows["GRU"][3].split(" to "))
    assert low < 0 < high  # it might be chance
    assert float(rows["GRU"][2]) == pytest.approx(reached, abs=5e-4)
    assert abs(float(rows["GRU"][4]) - float(rows["random walk"][4])) < 0.01  # R² of the price: as good for either


def test_untrained_it_is_the_random_walk_and_misses_the_bound():
    program, batch = FOUND.program(CONFIG), next(FOUND.evaluation(CONFIG).batches(0))
    assert program.evaluate(program.init(random.TorchGenerator(0)), batch)["skill"].item() == 0 < FOUND.bound.value


@pytest.mark.slow
def test_what_is_learned_by_heart_is_no_forecast():
    training, test = FOUND.shown.by_heart(CONFIG, epochs=45)
    assert training[-1] > 0.1
    assert test[-1] < -0.03


def test_its_pictures_are_drawn(shown, tmp_path):
    for number, exhibit in enumerate(shown):
        exhibit.picture(tmp_path / f"{number}.png", DARK)
        with Image.open(tmp_path / f"{number}.png") as picture:
            assert picture.width == 1000


@pytest.mark.parametrize("model", [pytest.param("lstm", marks=pytest.mark.slow), "linear"])
def test_the_other_models_learn_too(model):
    _, history = FOUND.run(FOUND.config(model=model), progress=False)
    assert history.final["test_skill"] > 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "gpt"}, "model must be one of gru, lstm, linear, given 'gpt'"),
        ({"width": 0}, "width must be at least 1, given 0"),
        ({"length": 11}, "length must be between 12 and 120 months, given 11"),
        (
            {"first_test_year": 1992},
            "first_test_year must be between 1993 and 2021 for windows of 12 months, given 1992",
        ),
        ({"first_test_year": 2022}, "first_test_year must be between 1993 and 2021 .* given 2022"),
    ],
)
def test_what_makes_no_run_is_one_clear_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        FOUND.config(**given)


@pytest.mark.parametrize(
    "given", [{"first_test_year": 1993}, {"first_test_year": 2021}, {"length": 35, "first_test_year": 1994}]
)
def test_the_ends_of_what_is_allowed_make_a_run(given):
    FOUND.rehearse(FOUND.config(**given))
