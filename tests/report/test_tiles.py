"""Small images are drawn in their colours: brightness from paper to pencil, signs in orange and blue."""

import re

import numpy as np
import pytest
from PIL import Image, ImageColor

from jaxdl import report
from jaxdl.report.theme import DARK, LIGHT


def colours(path):
    with Image.open(path) as picture:
        assert picture.width == 1000
        return {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_sign_has_its_colour(theme, tmp_path):
    pixels = np.array([[2.0, -2.0], [0.0, np.nan]])
    report.tiles_picture([report.Tile("$a_b$", pixels, signed=True)], tmp_path / "new" / "signed.png", theme)
    found = colours(tmp_path / "new" / "signed.png")
    assert {ImageColor.getrgb(colour) for colour in (theme.jax, theme.torch, theme.card)} <= found
    report.tiles_picture([report.Tile("", pixels, signed=True, scale=20.0)], tmp_path / "pale.png", theme)
    assert ImageColor.getrgb(theme.jax) not in colours(tmp_path / "pale.png")


def test_brightness_goes_from_paper_to_pencil(tmp_path):
    report.tiles_picture(
        [report.Tile("", [[0.0, 3.0]]), report.Tile("", np.zeros((2, 1)))], tmp_path / "grey.png", DARK
    )
    assert {ImageColor.getrgb(DARK.paper), ImageColor.getrgb(DARK.pencil)} <= colours(tmp_path / "grey.png")


@pytest.mark.parametrize("columns", [1, 3])
def test_there_are_as_many_lines_as_it_takes(columns, tmp_path):
    images = [report.Tile(str(number), np.eye(4)) for number in range(5)]
    report.tiles_picture(images, tmp_path / "many.png", columns=columns)
    with Image.open(tmp_path / "many.png") as picture:
        side = 1000 / columns
        assert picture.height == pytest.approx(-(-5 // columns) * (side + 2 * 0.14 * 100), abs=5)


@pytest.mark.parametrize(
    ("images", "columns", "message"),
    [
        ([], 5, "images must be tiles of pixels [height, width], given none"),
        ([report.Tile("", [1.0, 2.0])], 5, "given (2,)"),
        ([report.Tile("", np.eye(2))], 0, "columns must be at least 1, given 0"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(images, columns, message, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message)):
        report.tiles_picture(images, tmp_path / "no.png", columns=columns)
