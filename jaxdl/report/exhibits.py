"""What a run's experiment shows besides its curves: tables and pictures out of the run's folder."""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxdl.report.pictures import Picture

FILE = "exhibits.json"
LONGEST = 5_000_000  # bytes of a picture that goes into a page
NUMBER = re.compile(r"[-+−±<>≤≥]?[.\d]|nan|-?inf|none$|not installed$")
CALL = re.compile(r"[A-Za-z_]\w*\(")


def read(folder: Path) -> list[dict[str, Any]]:
    """The exhibits in a run's folder, as `python -m experiments run` leaves them; none where there is no such file.

    Raises:
        ValueError: the file is none of exhibits, or a picture is none.
    """
    from jaxdl.train.checkpoint.integrity import read_json

    file = folder / FILE
    if not file.is_file():
        return []
    entries = read_json(file).get("exhibits")
    if not isinstance(entries, list) or not all(_whole(entry) for entry in entries):
        raise ValueError(f"{file} holds no exhibits of a run; run the experiment again, or remove the file")
    return [
        {
            **entry,
            "kinds": [kind(column) for column in zip(*entry["rows"], strict=True)],
            "picture": _picture(folder / entry["picture"], entry) if entry.get("picture") else None,
        }
        for entry in entries
    ]


def kind(column: Sequence[str]) -> str:
    """What most cells of a table's column hold: 'number', set to the right; 'words', or 'code', set to the left.

    >>> kind(["0.5 at 3", "", "−1"]), kind(["float32", "[1, 2]"]), kind(["jnp.ones(2)", "2 * f(x)"])
    ('number', 'words', 'code')
    """
    filled = [cell for cell in column if cell]
    for name, looks in (("number", NUMBER.match), ("code", CALL.search)):
        if 2 * sum(looks(cell) is not None for cell in filled) > len(filled):
            return name
    return "words" if filled else "number"


def _whole(entry: Any) -> bool:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("title", "caption")):
        return False
    headings, rows, picture = (entry.get(name) for name in ("headings", "rows", "picture"))
    if not isinstance(headings, list) or not isinstance(rows, list):
        return False
    lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
    named = picture is None or (isinstance(picture, str) and Path(picture).name == picture)
    cells = [cell for row in [headings, *rows] if isinstance(row, list) for cell in row]
    return named and lengths <= {len(headings)} and all(isinstance(cell, str) for cell in cells)


def _picture(file: Path, entry: Mapping[str, Any]) -> Picture:
    """By day and by night; one that has no colours of the night stays as it is."""
    light, (width, height) = _png(file)
    by_night = file.with_name(f"{file.stem}-dark.png")
    dark = _png(by_night)[0] if by_night.is_file() else light
    return Picture("exhibit", entry["caption"] or entry["title"], light, dark, width, height)


def _png(file: Path) -> tuple[bytes, tuple[int, int]]:
    """A file's content, and its size on the page: 100 pixels an inch."""
    from PIL import Image, UnidentifiedImageError

    try:
        content = file.read_bytes()
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            (width, height), density = image.size, image.info.get("dpi", (100, 100))[0]
    except (OSError, UnidentifiedImageError) as error:
        raise ValueError(f"{file} is not a picture that can be shown ({error}); run the experiment again") from None
    if len(content) > LONGEST:
        raise ValueError(f"{file} has {len(content):,} bytes, and a page takes pictures of {LONGEST:,}")
    scale = 100 / density if density > 0 else 1.0
    return content, (round(width * scale), round(height * scale))
