"""Pictures of pictures: what is wrong is seen, and nothing is drawn where nothing was counted."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from jaxdl.report import canvas, images
from jaxdl.report.theme import DARK, LIGHT

THEMES = [LIGHT, DARK]


def near(colour, figure):
    """How many pixels have nearly a colour, of `#rrggbb`."""
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255
    return int((np.abs(drawn - to_rgb(colour)).max(axis=-1) < 0.02).sum())


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_mistake_alone_has_a_frame(theme):
    one = np.eye(4)
    right = images.thumbnails([one] * 3, [["✓ 8"]] * 3, [False] * 3, theme)
    wrong = images.thumbnails([one] * 3, [["✗ 8"]] * 3, [False, True, False], theme)
    assert near(theme.bad, right) == 0
    assert near(theme.bad, wrong) > 500


def test_lines_of_text_have_room():
    few, many = (images.thumbnails([np.eye(2)] * 6, [["a"] * n] * 6, [False] * 6, LIGHT) for n in (1, 3))
    assert many.get_size_inches()[1] == pytest.approx(few.get_size_inches()[1] + 2 * images.LINE, abs=0.011)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_strips_are_in_ink_on_paper_or_in_colour(theme):
    figure = images.strips(
        {"ink": [np.ones((3, 3))], "green": [np.broadcast_to([0.0, 1.0, 0.0], (3, 3, 3))] * 9}, theme
    )
    assert near(theme.pencil, figure) > 1000
    assert near("#00ff00", figure) > 9 * 1000
    assert [len(axes.images) for axes in figure.axes] == [1, 9]


def texts(figure):
    return [(text.get_position(), text.get_text()) for text in figure.axes[0].texts]


def test_the_matrix_has_every_count_that_is_not_zero():
    figure = images.confusion([[5, 0, 0], [2, 4, 0], [0, 0, 7]], ["cat", "dog", "T-shirt"], LIGHT)
    assert sorted(texts(figure)) == [((0, 0), "5"), ((0, 1), "2"), ((1, 1), "4"), ((2, 2), "7")]
    assert near(LIGHT.good_wash, figure) > 3 * 1000


def test_the_more_often_a_mistake_the_deeper_its_colour():
    figure = images.confusion([[5, 1, 0], [8, 4, 0], [0, 0, 7]], ["0", "1", "2"], LIGHT)
    shade = np.asarray(figure.axes[0].images[0].get_array())
    far = np.abs(shade - to_rgb(LIGHT.card)).sum(axis=-1)
    assert far[1, 0] > far[0, 1] > far[0, 2] == 0


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", ["0", "aeroplane"])
def test_no_name_of_a_class_leaves_the_picture(name, theme):
    figure = images.confusion(np.full((10, 10), 1000), [name] * 10, theme)
    canvas.png(figure)
    whole = figure.bbox
    for label in [*figure.axes[0].get_xticklabels(), *figure.axes[0].get_yticklabels(), *figure.axes[0].texts]:
        box = label.get_window_extent()
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert whole.y0 <= box.y0


def test_numbers_of_one_kind_are_no_division_by_zero():
    assert images.signed(np.zeros(2)).tolist() == [0.5, 0.5]
    assert images.spread(np.full(2, 3.0)).tolist() == [0.0, 0.0]
