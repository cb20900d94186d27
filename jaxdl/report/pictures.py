"""The pictures of one experiment: which there are, what each shows in words, and its files."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxdl.report import canvas, figures
from jaxdl.report.numerals import count, listed, scientific, significant
from jaxdl.report.speed import Row, is_jax, label, median, rounds, timing, unit
from jaxdl.report.theme import DARK, LIGHT, Theme
from jaxdl.report.wording import verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("curves", "bars", "digits", "scatter")
MISREAD = 12  # mistakes named in a picture's description


@dataclass(frozen=True)
class Picture:
    """A figure by day and by night.

    Attributes:
        kind: one of KINDS.
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

    @property
    def uris(self) -> dict[str, str]:
        """Both as data URIs, by theme."""
        both = {"light": self.light, "dark": self.dark}
        texts = {name: base64.b64encode(content).decode() for name, content in both.items()}
        return {name: f"data:image/png;base64,{text}" for name, text in texts.items()}


def save(drawn: Mapping[str, Picture], folder: Path, prefix: str) -> None:
    """Write each picture as `<prefix>-<kind>.png` and, for dark pages, `<prefix>-<kind>-dark.png`.

    What an earlier result left of other kinds goes: a time that stands no more must not stay beside the page.
    """
    for kind in KINDS:
        for theme, name in (("light", f"{prefix}-{kind}.png"), ("dark", f"{prefix}-{kind}-dark.png")):
            if kind in drawn:
                (folder / name).write_bytes(getattr(drawn[kind], theme))
            else:
                (folder / name).unlink(missing_ok=True)


def pictures(experiment: Mapping[str, Any]) -> dict[str, Picture]:
    """Every picture that an experiment's result has the numbers for, by kind."""
    return {picture.kind: picture for picture in _drawn(experiment)}


def _drawn(experiment: Mapping[str, Any]) -> Iterator[Picture]:
    parity = experiment["parity"]
    recorded = (parity.get("curves") or {}).items()
    losses = {dtype: both for dtype, both in recorded if both.get("jax") and both.get("torch")}
    if losses:
        allowed, spread = parity.get("allowed") or {}, parity.get("spread") or {}
        said = _of_curves(losses, spread)
        yield picture("curves", said, lambda theme: figures.curves(losses, allowed, theme, spread))
    modes = timing(experiment)
    if any(rounds(mode) for mode in modes):
        what = unit(experiment)
        yield picture("bars", _of_bars(modes, what), lambda theme: figures.bars(modes, theme, what))
    trained = next((row.get("after") or {} for row in modes if is_jax(row)), {})
    samples = trained.get("samples") or {}
    shown = (samples.get("target") or [], samples.get("prediction") or [])
    if samples.get("kind") == "classes" and samples.get("images"):
        images = samples["images"]
        yield picture("digits", _of_digits(*shown), lambda theme: figures.digits(images, *shown, theme))
    elif samples.get("kind") == "numbers" and shown[0] and np.size(shown[0]) == np.size(shown[1]):
        yield picture("scatter", _of_scatter(*shown), lambda theme: figures.scatter(*shown, theme))


def picture(kind: str, alt: str, draw: "Callable[[Theme], Figure]") -> Picture:
    """A figure drawn in both themes."""
    light, dark = draw(LIGHT), draw(DARK)
    width, height = (round(100 * inches) for inches in light.get_size_inches())
    return Picture(kind, alt, canvas.png(light), canvas.png(dark), width, height)


def _of_curves(losses: Mapping[str, figures.Losses], spread: Mapping[str, Sequence[float]]) -> str:
    both = losses.get("float64") or next(iter(losses.values()))
    apart = []
    for dtype, pair in losses.items():
        gap = figures.differences(pair)
        finite = gap[np.isfinite(gap)]
        most = f"at most {scientific(float(finite.max()))}" if finite.size else "nowhere finite"
        apart.append(f"{dtype} {most}")
    return (
        f"Two panels over {count(len(both['torch']), 'step')}. Above, the training loss: JAX goes from "
        f"{significant(both['jax'][0])} to {significant(both['jax'][-1])}, PyTorch from "
        f"{significant(both['torch'][0])} to {significant(both['torch'][-1])}. Below, the difference between "
        f"the two at each step, on a log axis: in {listed(apart)}.{_of_spread(losses, spread)}"
    )


def _of_spread(losses: Mapping[str, figures.Losses], spread: Mapping[str, Sequence[float]]) -> str:
    if not spread or "float32" not in losses:
        return ""
    said = []
    for name, curve in spread.items():
        gap = figures.differences({"jax": curve, "torch": losses["float32"]["torch"]})
        said.append(f"{scientific(float(np.nanmax(gap)))} ({name})")
    return f" PyTorch's own float32 runs, with their sums in other orders, differ from it by at most {listed(said)}."


def _of_bars(rows: list[Row], what: str) -> str:
    said = []
    for row in rows:
        times, time = rounds(row), ""
        if times:
            time = f"{significant(median(row))} ms ({significant(min(times))} to {significant(max(times))}), "
        said.append(f"{label(row)}: {time}{verdict(row, rows)}")
    return f"Bars of the time for one {what}, with the spread of the rounds. {'; '.join(said)}."


def _of_digits(target: list[int], prediction: list[int]) -> str:
    pairs = zip(target, prediction, strict=True)
    wrong = [f"a {true} read as {said}" for true, said in pairs if true != said]
    more = f" and {len(wrong) - MISREAD} more" if len(wrong) > MISREAD else ""
    mistakes = f"the mistakes first: {', '.join(wrong[:MISREAD])}{more}" if wrong else "all of them right"
    return f"{count(len(target), 'test picture')} with what the model takes each for, {mistakes}."


def _of_scatter(target: Any, prediction: Any) -> str:
    true, said = (np.ravel(values).astype(float) for values in (target, prediction))
    known = np.isfinite(true) & np.isfinite(said)
    error = ""
    if known.any():
        error = f", off by {significant(float(np.abs(true - said)[known].mean()))} on average"
    rows = count(len(true), "test row")
    return f"{rows}: the predicted value over the true one, with the diagonal of equality{error}."
