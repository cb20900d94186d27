"""The gallery: a card an experiment, drawn from what runs, checks and benchmarks have left."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxdl.report import exhibits, run, story
from jaxdl.report.numerals import count, duration, scientific
from jaxdl.report.page import environment
from jaxdl.report.pictures import Picture
from jaxdl.report.result import load
from jaxdl.report.speed import Speed, of_jax
from jaxdl.report.theme import DARK, LIGHT
from jaxdl.report.trace import FACTS, Trace, read
from jaxdl.report.wording import compared, range_of

PAGES = "experiments"  # the folder of the experiments' own pages, beside the gallery's


@dataclass(frozen=True)
class Card:
    """An experiment, and where its results lie; what is not there yet, its card leaves out.

    Attributes:
        name: topic and file, as in 'vision/lenet'.
        summary: what it is, in a line.
        bound: what it must reach.
        run: the folder of its run.
        check: the JSON file of its comparison with PyTorch, as `Ladder.save` writes it.
        compare: the `results.json` of its benchmark.
        failure: why one of them could not be had; empty where all went well.
    """

    name: str
    summary: str
    bound: str
    run: Path
    check: Path
    compare: Path
    failure: str = ""

    @property
    def topic(self) -> str:
        """The folder of the experiment's file."""
        return self.name.partition("/")[0]

    @property
    def ended(self) -> bool:
        """Whether its run has come to its end."""
        return bool(_facts(self.run).get("finished"))


def gallery(cards: Sequence[Card], path: Path) -> Path:
    """Draw the gallery and, beside it, the page of each experiment that was run.

    Args:
        cards: what it shows, in this order; those of a topic must stand together.
        path: of the gallery's page.

    Returns:
        The page's path. Nothing in it needs a network.

    Raises:
        OSError: it cannot be written.
        ValueError: a file that a card names is broken.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     card = Card("vision/eye", "An eye sees.", "loss <= 1", folder / "run", folder / "c.json", folder / "r.json")
    ...     "An eye sees." in gallery([card], folder / "index.html").read_text()
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    views = [_view(card, path.parent) for card in cards]
    topics = [
        (topic, [view for view in views if view["topic"] == topic])
        for topic in dict.fromkeys(card.topic for card in cards)
    ]
    text = (
        environment()
        .get_template("gallery.html")
        .render(
            headline=headline(views),
            topics=[{"anchor": topic, "name": topic.replace("_", " "), "cards": shown} for topic, shown in topics],
            light=LIGHT.variables(),
            dark=DARK.variables(),
        )
    )
    path.write_text(text, encoding="utf-8")
    return path


def headline(views: Sequence[dict[str, Any]]) -> str:
    """What all cards come to, in a sentence.

    >>> headline([{"difference": 3e-14, "reached": True}, {"difference": None, "reached": None}])
    '2 experiments: 1 has reached its bound; 1 agrees with PyTorch, to 3 × 10⁻¹⁴ of each tensor’s scale.'
    """
    reached = sum(view["reached"] is True for view in views)
    agreeing = [view["difference"] for view in views if view["difference"] is not None]
    clauses = []
    if reached:
        clauses.append(f"{reached} {'has reached its bound' if reached == 1 else 'have reached their bounds'}")
    if agreeing:
        words = "agrees" if len(agreeing) == 1 else "agree"
        clauses.append(
            f"{len(agreeing)} {words} with PyTorch, to {scientific(max(agreeing), 1)} of each tensor’s scale"
        )
    return f"{count(len(views), 'experiment')}: {'; '.join(clauses) or 'none was run yet'}."


def named(name: str, summary: str = "") -> str:
    """An experiment's name as a heading, in the letters of its summary where it stands there.

    >>> named("fundamentals/gradient_descent"), named("sequence/gpt")
    ('Gradient descent', 'GPT')
    >>> named("vision/lenet", "LeNet-5 reads handwritten digits.")
    'LeNet'
    """
    short = name.rpartition("/")[2].replace("_", " ")
    found = re.search(rf"\b{re.escape(short)}\b", summary, re.IGNORECASE)
    written = found.group() if found else short.upper() if len(short) <= 3 else short
    return written[0].upper() + written[1:]


def _facts(folder: Path) -> dict[str, Any]:
    return _json(folder / FACTS)


def _json(file: Path) -> dict[str, Any]:
    from jaxdl.train.checkpoint.integrity import read_json

    return read_json(file) if file.is_file() else {}


def _view(card: Card, folder: Path) -> dict[str, Any]:
    """What a card says; its page and its picture are drawn on the way."""
    trace = read(card.run) if card.ended else None
    parity, speed = _json(card.check), _speed(card.compare)
    return {
        "topic": card.topic,
        "name": named(card.name, card.summary),
        "summary": card.summary,
        "failure": card.failure,
        "command": f"python -m experiments run {card.name}",
        **(
            _drawn(card, trace, folder)
            if trace
            else {"page": None, "picture": None, "score": None, "reached": None, "time": None}
        ),
        "difference": _largest(parity) if parity.get("agrees") else None,
        "parity": _parity(parity),
        "speed": speed
        and {
            "text": f"{compared(speed)}",
            "range": range_of(speed),
            "faster": not speed.tie and speed.ratio > 1,
            "slower": not speed.tie and speed.ratio < 1,
        },
    }


def _drawn(card: Card, trace: Trace, folder: Path) -> dict[str, Any]:
    """The run's own page and picture, where they are not drawn yet, and what the card says of it."""
    place = folder / PAGES / card.name
    page = place.with_suffix(".html")
    written = (card.run / FACTS).stat().st_mtime
    names = {theme: place.with_name(f"{place.name}{end}.png") for theme, end in (("light", ""), ("dark", "-dark"))}
    if not all(file.is_file() and file.stat().st_mtime > written for file in (page, *names.values())):
        run.run_page([card.run], page)
        picture = _picture(card.run, trace)
        for theme, file in names.items():
            file.write_bytes(getattr(picture, theme))
    metric, relation, limit = trace.bound or ("", "", 0.0)
    value = (trace.facts.get("final") or {}).get(metric)
    relations = {">=": "at least", "<=": "at most"}
    return {
        "page": page.relative_to(folder).as_posix(),
        "picture": {theme: file.relative_to(folder).as_posix() for theme, file in names.items()},
        "score": value is not None
        and f"{story.spoken(metric)} {story.beside(value, limit)}, {relations[relation]} {limit:g} was promised",
        "reached": trace.facts.get("reached"),
        "time": duration(trace.seconds) if trace.seconds else None,
    }


def _picture(folder: Path, trace: Trace) -> Picture:
    """The first that its experiment shows, else the curves of the run."""
    shown = (exhibit["picture"] for exhibit in exhibits.read(folder))
    return next((picture for picture in shown if picture), None) or run.curves([trace], [trace.name])


def _largest(parity: dict[str, Any]) -> float:
    return max((row["relative"] for row in parity["rows"] if row["dtype"] == "float64"), default=0.0)


def _parity(parity: dict[str, Any]) -> dict[str, Any] | None:
    """The badge: how far the whole float64 run is from PyTorch's at most."""
    if not parity:
        return None
    if not parity["agrees"]:
        return {"good": False, "text": "✗ differs from PyTorch"}
    most = _largest(parity)
    return {"good": True, "text": f"✓ PyTorch’s to {scientific(most, 1)}" if most else "✓ PyTorch’s, bit for bit"}


def _speed(file: Path) -> Speed | None:
    """jax beside the best PyTorch mode that was timed."""
    if not file.is_file():
        return None
    found: Iterator[Speed | None] = (of_jax(experiment) for experiment in load(file)["experiments"])
    return next(found, None)
