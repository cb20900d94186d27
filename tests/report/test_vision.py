"""What is shown of a network of images is what it computes, in evaluation mode."""

import numpy as np
import pytest

from jaxdl import data, functional, nn, optim, random, train
from jaxdl.report import vision
from jaxdl.report.theme import DARK

X, Y = (array[:50] for array in data.images("digits", "test", size=8))


class Network(nn.Module):
    def __init__(self, *, rngs):
        self.conv = nn.Conv2d(1, 12, 3, rngs=rngs)
        self.bn = nn.BatchNorm2d(12)
        self.fc = nn.Linear(12 * 36, 10, rngs=rngs)

    def __call__(self, x):
        return self.fc(self.bn(self.conv(x)).reshape(len(x), -1))


@pytest.fixture(scope="module")
def trained():
    program = train.supervised(Network, functional.cross_entropy, optim.sgd(0.01))
    state, _ = train.fit(program, data.ArraySource((X, Y), 25), 2, progress=False)
    return program, state


def model():
    return Network(rngs=random.TorchGenerator(7))  # other numbers than the trained one's


def test_probabilities_are_those_of_the_program(trained, monkeypatch):
    program, state = trained
    expected = functional.softmax(program.predict(state, (X, Y)), -1)
    monkeypatch.setattr(vision, "TOGETHER", 20)
    np.testing.assert_allclose(vision.probabilities(model(), state, X), expected, rtol=1e-5, atol=1e-7)


def test_feature_maps_are_the_layers_outputs(trained):
    _, state = trained
    maps = vision.feature_maps(model(), state, X, ["conv", "bn"])
    conv = functional.conv2d(X[:1], state.params["conv.weight"], state.params["conv.bias"])
    moments = state.buffers["bn.running_mean"], state.buffers["bn.running_var"]
    bn = functional.batch_norm(conv, *moments, state.params["bn.weight"], state.params["bn.bias"])
    np.testing.assert_allclose(maps["conv"], conv[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(maps["bn"], bn[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["fc", "conv2"])
def test_a_layer_without_pictures_is_refused(trained, name):
    with pytest.raises(ValueError, match=rf"layers: '{name}' gives no pictures; conv, bn do"):
        vision.feature_maps(model(), trained[1], X, [name])


def test_a_model_without_filters_is_refused(trained):
    with pytest.raises(ValueError, match="no convolution"):
        vision.first_filters(nn.Flatten(), trained[1])


def test_the_tables_count_every_image(trained, tmp_path):
    _, state = trained
    shares = vision.probabilities(model(), state, X)
    said, wrong = shares.argmax(axis=1), int((shares.argmax(axis=1) != Y).sum())
    shown = {exhibit.title: exhibit for exhibit in vision.exhibits(model(), state, (X, Y), "digits", ["conv"])}
    table = shown["What is taken for what"].rows
    assert [row[1] for row in table] == [str(np.sum(place == Y)) for place in range(10)]
    assert [row[2] for row in table] == [f"{np.mean(said[place == Y] == place):.1%}" for place in range(10)]
    for place, row in enumerate(table):
        taken = np.bincount(said[(place == Y) & (said != place)], minlength=10)
        first = ", ".join(str(other) for other in np.flatnonzero(taken == taken.max()))
        assert row[3] == (f"{first} ({taken.max()}{' each' if ',' in first else ''})" if taken.any() else "")
    said = f"{50 - wrong} on the diagonal are read right, {wrong} beside it are not."
    assert shown["What is taken for what"].caption.endswith(said)
    assert shown["The worst mistakes"].caption.startswith(f"The network misreads {wrong} of 50 test images.")
    for exhibit in shown.values():
        exhibit.picture(tmp_path / "drawn.png", DARK)
        assert (tmp_path / "drawn.png").stat().st_size > 2000


def test_the_worst_mistake_comes_first(monkeypatch):
    drawn = {}
    monkeypatch.setattr(vision, "thumbnails", lambda *given, **_: drawn.update(notes=given[1], images=given[0]))
    monkeypatch.setattr(vision, "png", lambda figure: b"")
    shares = np.array([[0.6, 0.4], [0.2, 0.8], [0.9, 0.1], [0.1, 0.9]])
    shown = vision._mistakes(list(np.arange(4.0)), np.array([1, 0, 0, 0]), shares, ["cat", "dog"])
    shown.picture(type("File", (), {"write_bytes": lambda self, content: None})(), DARK)
    assert drawn["images"] == [3.0, 1.0, 0.0]
    assert drawn["notes"][0] == ["✗ dog", "90.0% sure", "is cat"]
    assert drawn["notes"][2] == ["✗ cat", "60.0% sure", "is dog"]


def test_without_mistakes_it_says_so():
    shown = vision._mistakes([], np.array([0]), np.array([[0.9, 0.1]]), ["cat", "dog"])
    assert shown.picture is None
    assert "There is none: all 1 test images are read right." in shown.caption


def test_photographs_keep_their_colours_and_grey_ones_are_seen_as_such():
    x = np.random.default_rng(0).random((2, 3, 4, 4))
    np.testing.assert_array_equal(vision.pixels(x, photographs=True)[1], x[1].transpose(1, 2, 0))
    grey = vision.pixels(x[:, :1], photographs=True)[0]
    assert grey.shape == (4, 4, 3)
    assert (grey == x[0, 0][..., None]).all()
    np.testing.assert_array_equal(vision.pixels(x, photographs=False)[1], x[1, 0])
