"""LeNet, the VGG and ResNet take any of four sets of images, and show what they make of them."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from jaxdl import data, random
from jaxdl.experiment import find
from jaxdl.report.theme import DARK
from tests.data.remote import forms

NAMES = ("lenet", "resnet", "vgg")
SETS = {"mnist": forms.digits(train=9, test=4), "fashion_mnist": forms.digits(9, 4, seed=1), "cifar10": forms.cifar()}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    forms.put_in_cache(tmp_path / "cache", monkeypatch, SETS)


@pytest.mark.parametrize(
    ("name", "given"), [*(("lenet", given) for given in SETS), ("vgg", "fashion_mnist"), ("resnet", "cifar10")]
)
def test_each_takes_every_set(cache, name, given):
    found = find(name)
    config = found.config(data=given, batch_size=4)
    shapes = found.shapes(config)
    assert shapes.batch[0].shape == (4, 1 if name == "lenet" else 3, 32, 32)
    assert shapes.output.shape == (4, 10)
    assert found.evaluation(config).rows == (3 if given == "cifar10" else 4)


@pytest.mark.slow
def test_lenet_learns_photographs_and_shows_them(cache, tmp_path):
    found = find("lenet")
    config = found.config(data="cifar10", batch_size=5, epochs=1)
    state, history = found.run(config, progress=False)
    assert np.isfinite(history.final["test_loss"])
    shown = found.exhibits(config, state)
    assert [row[0] for row in shown[2].rows] == list(data.image_classes("cifar10"))
    for exhibit in shown:
        if exhibit.picture:
            exhibit.picture(tmp_path / "drawn.png", DARK)


@pytest.mark.parametrize("name", NAMES)
def test_the_digits_are_what_they_were(name):
    """The frozen numbers and the benchmark are of these."""
    found = find(name)
    x, y, x_test, y_test = data.digits()
    for source, pictures, classes in (
        (found.source(found.config()), x, y),
        (found.evaluation(found.config()), x_test, y_test),
    ):
        times = {"lenet": 4, "vgg": 2, "resnet": 1}[name]
        expected = pictures.repeat(times, axis=1).repeat(times, axis=2)[:, None]
        if name != "lenet":
            expected = expected.repeat(3, axis=1)
            expected = expected + 0.05 * np.random.RandomState(0).standard_normal(expected.shape)
        np.testing.assert_array_equal(source.arrays[0], expected.astype(np.float32))
        np.testing.assert_array_equal(source.arrays[1], classes)
    assert found.evaluation(found.config()).batch_size == 359


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet", "resnet", "vgg"])
def test_what_they_show_is_drawn_and_counts_all_test_digits(name, tmp_path, monkeypatch):
    found = find(name)
    if name == "vgg":
        monkeypatch.setattr(found.shown, "losses", lambda config: {"with": ([2.0], 0.9), "without": ([2.3], 0.2)})
    config = found.config(**({} if name == "lenet" else {"size": 8}))
    state = found.program(config).init(random.TorchGenerator(0))
    shown = found.exhibits(config, state)
    assert len(shown) == (5 if name == "vgg" else 4)
    table = next(exhibit.rows for exhibit in shown if exhibit.rows)
    assert sum(int(row[1]) for row in table) == 359
    for exhibit in shown:
        exhibit.picture(tmp_path / "drawn.png", DARK)
        with Image.open(tmp_path / "drawn.png") as picture:
            assert picture.width == 1000


@pytest.mark.slow
def test_batch_normalisation_is_worth_its_picture():
    found = find("vgg")
    (quick, read), (slow, hardly) = found.shown.losses(found.config()).values()
    assert np.mean(quick[-5:]) < np.mean(slow[-5:]) / 5
    assert read > 0.9
    assert hardly < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_other_data_is_refused(name):
    with pytest.raises(ValueError, match="data must be one of digits, mnist, fashion_mnist, cifar10, given 'nonsense'"):
        find(name).config(data="nonsense")


@pytest.mark.slow
@pytest.mark.parametrize("given", ["mnist", "cifar10", "nonsense"])
def test_without_network_and_cache_it_is_one_clear_sentence(given, tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    away = {"JAXDL_DATA": str(tmp_path / "nothing"), "JAXDL_MIRRORS": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "experiments.vision.lenet", "--data", given],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, **away, "PYTHONPATH": os.pathsep.join([root, *sys.path])},
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    lacking = "is not here, and could not be downloaded; tried http://127"
    assert ("data must be one of" if given == "nonsense" else lacking) in done.stderr
    assert not (tmp_path / "runs").exists()
