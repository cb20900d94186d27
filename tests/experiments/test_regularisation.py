"""Overfitting is there, each remedy is one, early stopping keeps a prefix of the run, and more rows close the gap."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from jaxdl import train
from jaxdl.experiment import find
from jaxdl.report.theme import DARK

pytestmark = pytest.mark.slow  # what a run shows takes ten seconds and more to compute

FOUND = find("regularisation")
CONFIG = FOUND.config()


@pytest.fixture(scope="module")
def found():
    return FOUND.shown.courses(CONFIG)


def test_without_a_remedy_the_test_loss_turns_round(found):
    plain = found[0]["nothing"]
    lowest = min(record["test_loss"] for record in plain)
    assert plain[-1]["loss"] < 0.1
    assert plain[-1]["test_loss"] > 1.8 * lowest


def test_each_remedy_ends_lower_on_the_test_rows_and_higher_on_its_own(found):
    courses, _, kept = found
    plain = courses["nothing"][-1]
    for record in (courses["weight decay"][-1], courses["dropout"][-1], courses["nothing"][kept - 1]):
        assert record["test_loss"] < 0.75 * plain["test_loss"]
        assert record["loss"] > 5 * plain["loss"]
        assert record["test_accuracy"] > plain["test_accuracy"]


def test_early_stopping_is_the_plain_run_cut_short_by_rows_held_apart():
    """The plain run's own losses, bit for bit; and no test row has a say."""
    module = FOUND.module
    plain = dataclasses.replace(CONFIG, weight_decay=0.0)
    stopping = train.EarlyStopping("test_loss", 5)
    whole, stopped = FOUND.shown.course(plain), FOUND.shown.course(plain, FOUND.shown.held_apart, [stopping])
    assert stopping.best_epoch + 5 == len(stopped) < len(whole)
    assert [record["loss"] for record in stopped] == [record["loss"] for record in whole[: len(stopped)]]
    (x, _), (x_apart, _), (x_test, _) = module.parts(CONFIG)
    rows = {tuple(row) for row in x_apart}
    assert not rows & {tuple(row) for row in (*x, *x_test)}


def test_a_share_of_the_labels_is_wrong_where_it_learns_and_none_where_it_is_tested():
    noisy, clean = (FOUND.module.parts(FOUND.config(noise=noise)) for noise in (0.2, 0.0))
    wrong = [np.mean(a[1] != b[1]) for a, b in zip(noisy, clean, strict=True)]
    assert 0.1 < wrong[0] < 0.25
    assert 0.1 < wrong[1] < 0.25
    assert wrong[2] == 0


def test_too_much_decay_learns_nothing_and_too_little_learns_all():
    training, test = FOUND.shown.ends(CONFIG, [0.0, 0.015, 0.3])
    own, others = (each["loss"].mean(axis=1) for each in (training, test))
    assert own[0] < own[1] < own[2]
    assert others[1] < min(others[0], others[2])
    assert others[2] > 2.25  # of ten classes alike it is ln 10


@pytest.mark.slow
def test_it_shows_all_three(tmp_path):
    courses, decays, curves = FOUND.exhibits(FOUND.config(), None)
    assert [row[0] for row in courses.rows] == ["nothing", "weight decay", "dropout", "early stopping"]
    losses = [float(row[2]) for row in decays.rows]
    assert losses[0] > 1.2 * min(losses) < losses[-1]
    training, test, decayed, tested = (
        [float(row[column].rstrip("%")) for row in curves.rows] for column in (1, 2, 3, 4)
    )
    assert test[1] < test[3] > 1.5 * test[-1]
    assert all(one < other for one, other in zip(tested, test, strict=True))
    noisy, right = (FOUND.module.parts(FOUND.config(rows=699, noise=noise))[0][1] for noise in (0.2, 0.0))
    wrong = 100 * np.mean(noisy != right)
    assert max(training) < 3
    assert wrong < decayed[-1] < 1.4 * wrong
    assert tested[-1] < decayed[-1]
    for number, exhibit in enumerate((courses, decays, curves)):
        exhibit.picture(tmp_path / f"{number}.png", DARK)
        with Image.open(tmp_path / f"{number}.png") as picture:
            assert picture.width == 1000


@pytest.mark.parametrize("rows", [0, 700])
def test_rows_that_are_not_there_are_one_sentence(rows):
    with pytest.raises(ValueError, match=f"rows must be from 1 to 699, given {rows}"):
        FOUND.config(rows=rows)
