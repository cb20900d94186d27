"""The pictures of one experiment: which there are, what each shows in words, and its files."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report import canvas, figures
from jaxdl.report.numerals import count, listed, scientific, significant
from jaxdl.report.speed import Row, label, median, rounds, timing
from jaxdl.report.theme import DARK, LIGHT, Theme
from jaxdl.report.wording import verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MISREAD = 12  # mistakes named in a picture's description


@dataclass(frozen=True)
class Picture:
    """A figure by day and by night.

    Attributes:
        kind: 'curves', 'bars', 'digits' or 'scatter'.
        alt: what it shows, for who cannot see it.
        light, dark: PNG files' contents.
        width, height: on the page, in pixels.
    """

    kind: str
    alt: str
    light: bytes
    dark: bytes
    width: int
    height: int

    def save(self, folder: Path, prefix: str) -> None:
        """Write both PNG files: `<prefix>-<kind>.png` and, for dark pages, `<prefix>-<kind>-dark.png`."""
        (folder / f"{prefix}-{self.kind}.png").write_bytes(self.light)
        (folder / f"{prefix}-{self.kind}-dark.png").write_bytes(self.dark)

    @property
    def uris(self) -> dict[str, str]:
        """Both as data URIs, by theme."""
        both = {"light": self.light, "dark": self.dark}
        return {name: f"data:image/png;base64,{base64.b64encode(content).decode()}" for name, content in both.items()}


def pictures(experiment: Mapping[str, Any]) -> dict[str, Picture]:
    """Every picture that an experiment's result has the numbers for, by kind."""
    return {picture.kind: picture for picture in _drawn(experiment)}


def _drawn(experiment: Mapping[str, Any]) -> Iterator[Picture]:
    parity = experiment["parity"]
    losses = {dtype: both for dtype, both in (parity.get("curves") or {}).items() if both.get("jax") and both.get("torch")}
    if losses:
        allowed = {
            row["dtype"]: row["tolerance"] * row["scale"] for row in parity.get("rungs") or [] if row["rung"] == "loss curve"
        }
        yield _picture("curves", _of_curves(losses), lambda theme: figures.curves(losses, allowed, theme))
    rows = timing(experiment)
    if rows:
        yield _picture("bars", _of_bars(rows), lambda theme: figures.bars(rows, theme))
    samples = experiment.get("samples") or {}
    shown = (samples.get("target") or [], samples.get("prediction") or [])
    if samples.get("kind") == "classes" and samples.get("images"):
        yield _picture("digits", _of_digits(*shown), lambda theme: figures.digits(samples["images"], *shown, theme))
    elif samples.get("kind") == "numbers" and shown[0] and np.size(shown[0]) == np.size(shown[1]):
        yield _picture("scatter", _of_scatter(*shown), lambda theme: figures.scatter(*shown, theme))


def _picture(kind: str, alt: str, draw: "Callable[[Theme], Figure]") -> Picture:
    light, dark = draw(LIGHT), draw(DARK)
    width, height = (round(100 * inches) for inches in light.get_size_inches())
    return Picture(kind, alt, canvas.png(light), canvas.png(dark), width, height)


def _of_curves(losses: Mapping[str, figures.Losses]) -> str:
    both = losses.get("float64") or next(iter(losses.values()))
    apart = []
    for dtype, pair in losses.items():
        gap = figures.differences(pair)
        finite = gap[np.isfinite(gap)]
        apart.append(f"{dtype} {'nowhere finite' if not finite.size else f'at most {scientific(float(finite.max()))}'}")
    return (
        f"Two panels over {count(len(both['torch']), 'step')}. Above, the training loss: JAX goes from "
        f"{significant(both['jax'][0])} to {significant(both['jax'][-1])}, PyTorch from {significant(both['torch'][0])} to "
        f"{significant(both['torch'][-1])}. Below, the difference between the two at each step, on a log axis: "
        f"in {listed(apart)}."
    )


def _of_bars(rows: list[Row]) -> str:
    said = []
    for row in rows:
        spread = f" ({significant(min(rounds(row)))} to {significant(max(rounds(row)))})" if rounds(row) else ""
        time = f"{significant(median(row))} ms{spread}, " if rounds(row) else ""
        said.append(f"{label(row)}: {time}{verdict(row, rows)}")
    return f"Bars of the time for one step, with the spread of the rounds. {'; '.join(said)}."


def _of_digits(target: list[int], prediction: list[int]) -> str:
    wrong = [f"a {true} read as {said}" for true, said in zip(target, prediction, strict=True) if true != said]
    more = f" and {len(wrong) - MISREAD} more" if len(wrong) > MISREAD else ""
    mistakes = f"the mistakes first: {', '.join(wrong[:MISREAD])}{more}" if wrong else "all of them right"
    return f"{count(len(target), 'test picture')} with what the model takes each for, {mistakes}."


def _of_scatter(target: Any, prediction: Any) -> str:
    true, said = (np.ravel(values).astype(float) for values in (target, prediction))
    known = np.isfinite(true) & np.isfinite(said)
    error = f", off by {significant(float(np.abs(true - said)[known].mean()))} on average" if known.any() else ""
    return f"{count(len(true), 'test row')}: the predicted value over the true one, with the diagonal of equality{error}."
