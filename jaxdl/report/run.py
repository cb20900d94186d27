"""A run's page, or that of several runs: drawn from their folders, whether they have ended or not."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jaxdl.report import exhibits
from jaxdl.report.page import environment
from jaxdl.report.pictures import Picture
from jaxdl.report.theme import DARK, LIGHT
from jaxdl.report.trace import Trace, common, named_apart, read

PAGE = "report.html"


def run_page(folders: Sequence[str | Path], path: str | Path | None = None) -> Path:
    """Draw a run, or several over each other.

    Args:
        folders: each holds the `history.jsonl` that `train.fit(directory=...)` writes. A run that still goes on, or was
            killed, is drawn as far as it came. `run.json` beside it adds what was run; of a single run, `exhibits.json`
            adds what its experiment shows besides.
        path: of the page; None: `report.html` in the folder, or in the one that holds all of them.

    Returns:
        The page's path. It opens without a network. The curves over the steps are beside it, as `report-loss.png`.

    Raises:
        OSError: there is no such folder, no history in it, or the page cannot be written.
        ValueError: a line of the history is broken, or it is empty yet; another file of the folder is broken.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "history.jsonl").write_text('{"step": 0, "loss": 2.5}\\n')
    ...     run_page([folder]).name
    'report.html'
    """
    from jaxdl.report.story import of_run, of_runs

    places = [Path(folder) for folder in folders]
    if not places:
        raise ValueError("run_page needs the folder of a run, given none")
    traces = [read(place) for place in places]
    names = named_apart(traces)
    path = common(places) / PAGE if path is None else Path(path)
    sections = list(_sections(traces, names))
    view = of_run(traces[0]) if len(traces) == 1 else of_runs(traces, names)
    columns = [[section] for section in sections]
    if view["ends"]:  # under the first of two pictures, beside a single one
        table = {"heading": "Where each metric ended", "picture": None}
        columns = [[*columns[0], table], *columns[1:]] if len(columns) > 1 else [*columns, [table]]
    shown = exhibits.read(places[0]) if len(places) == 1 else []
    look = {"light": LIGHT.variables(), "dark": DARK.variables()}
    page = environment().get_template("run.html").render(**view, **look, columns=columns, exhibits=shown)
    _write(path, page, sections[0]["picture"].light if traces[0].length else None)
    return path


def _write(path: Path, page: str, curves: bytes | None) -> None:
    picture = path.with_name(f"{path.stem}-loss.png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.unlink(missing_ok=True)
        if curves is not None:
            picture.write_bytes(curves)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OSError(f"the page could not be written to {path} ({error.strerror}); --out names another") from error


def curves(traces: Sequence[Trace], names: Sequence[str]) -> Picture:
    """What was measured at each step, the loss first."""
    from jaxdl.report import course
    from jaxdl.report.pictures import picture
    from jaxdl.report.story import described

    measured = dict.fromkeys(name for trace in traces for name in trace.steps)
    steps = sorted(measured, key=lambda name: name != "loss")[: 1 + course.MORE]
    said = described(traces, names, steps)
    return picture("steps", said, lambda theme: course.step_figure(traces, names, steps, theme))


def _sections(traces: Sequence[Trace], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The pictures that there are numbers for, each with what is to be known of it."""
    from jaxdl.report import course
    from jaxdl.report.numerals import count
    from jaxdl.report.pictures import picture

    steps = [name for trace in traces for name in trace.steps]
    if steps:
        yield {"heading": "Step by step", "picture": curves(traces, names)}
    recorded = dict.fromkeys(name for trace in traces for name in trace.measures if name != "seconds")
    tested = [name.removeprefix("test_") for name in recorded if name.startswith("test_")]
    epochs = tested or [name for name in recorded if not steps]
    if epochs and max(len(trace.epochs) for trace in traces) > 1:
        chosen = sorted(dict.fromkeys(epochs), key=lambda name: name != "loss")[: 1 + course.MORE]
        where = " on test data" if tested else ""
        said = f"{', '.join(chosen)}{where} after each of {count(max(len(trace.epochs) for trace in traces), 'epoch')}."
        drawn = picture("epochs", said, lambda theme: course.epoch_figure(traces, names, chosen, theme))
        yield {"heading": "On test data, epoch by epoch" if tested else "Epoch by epoch", "picture": drawn}
