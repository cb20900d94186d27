"""The benchmark's page: one HTML file that needs nothing else, and its figures as PNG files beside it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxdl.report.result import Result, checked
from jaxdl.report.theme import DARK, LIGHT

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


def page(result: Result, folder: Path, growth: Result | None = None) -> Path:
    """Draw a benchmark's result.

    Args:
        result: as `compare.run` gives it or `load` reads it. Where parts are missing, the page lacks them.
        growth: as `compare.growth.run` gives it: how a step's time grows.
        folder: made if it is not there; `index.html` and the PNG files in it are replaced.

    Returns:
        The path of the page. Style and figures are inside it: it opens without a network.

    Raises:
        ValueError: that is no benchmark's result.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page({"experiments": []}, Path(folder)).name
    'index.html'
    """
    from jaxdl.report.growth import drawn_series
    from jaxdl.report.pictures import pictures, save
    from jaxdl.report.view import of_experiment, of_result

    checked(result)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sections: list[dict[str, Any]] = []
    for experiment in result["experiments"]:
        anchor = slug(experiment["name"], taken=[section["anchor"] for section in sections])
        drawn = pictures(experiment)
        save(drawn, folder, anchor)
        sections.append({"anchor": anchor, "pictures": drawn, **of_experiment(experiment)})
    text = (
        environment()
        .get_template("compare.html")
        .render(
            **of_result(result),
            sections=sections,
            growth=drawn_series(growth) if growth else [],
            light=LIGHT.variables(),
            dark=DARK.variables(),
        )
    )
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


def environment() -> "jinja2.Environment":
    """Where templates are found. Whatever they insert is escaped; a name they do not get is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def slug(name: str, taken: list[str]) -> str:
    """A name for files and anchors.

    >>> slug("vision/lenet", []), slug("vision/lenet", ["vision-lenet"]), slug("../../<b>", [])
    ('vision-lenet', 'vision-lenet-2', 'b')
    """
    plain = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:60] or "experiment"
    numbers = [plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 2))]
    return next(candidate for candidate in numbers if candidate not in taken)
