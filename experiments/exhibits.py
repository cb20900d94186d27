"""What an experiment shows besides its curves, on the screen and in the run's folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from jaxdl.experiment import Exhibit
from jaxdl.report.theme import DARK, LIGHT
from jaxdl.train.checkpoint import write_whole

FILE = "exhibits.json"
PICTURES = "exhibit-*.png"


def leave(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Print the tables, and write all of it into a run's folder: the pictures, then the list that names them."""
    console, entries = Console(), []
    for number, exhibit in enumerate(exhibits, 1):
        picture = folder / PICTURES.replace("*", str(number)) if exhibit.picture else None
        if exhibit.picture and picture:
            exhibit.picture(picture, LIGHT)
            exhibit.picture(picture.with_name(f"{picture.stem}-dark.png"), DARK)
        if exhibit.rows:
            looks: dict[str, Any] = {"title_justify": "left", "caption_justify": "left"}
            title, caption = escape(exhibit.title), escape(exhibit.caption)  # y[i, j] is no markup
            columns = (Column(escape(heading), overflow="fold") for heading in exhibit.headings)
            table = Table(*columns, title=title, caption=caption, **looks)
            for row in exhibit.rows:
                table.add_row(*map(escape, row))
            console.print(table)
        if picture:
            console.print(f"{exhibit.title}: {picture}", soft_wrap=True, markup=False)
        entries.append(
            {
                "title": exhibit.title,
                "headings": list(exhibit.headings),
                "rows": [list(row) for row in exhibit.rows],
                "picture": picture.name if picture else None,
                "caption": exhibit.caption,
            }
        )
    if entries:
        write_whole(folder / FILE, json.dumps({"exhibits": entries}, ensure_ascii=False, indent=1) + "\n")


def clear(folder: Path) -> None:
    """Remove what an earlier run showed."""
    for file in [folder / FILE, *folder.glob(PICTURES)]:
        file.unlink(missing_ok=True)
