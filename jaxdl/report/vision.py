"""What an experiment with images shows besides its curves, ready for its `exhibits`."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl import functional, nn, train
from jaxdl.data import image_classes
from jaxdl.experiment import Exhibit, precision
from jaxdl.report.canvas import png
from jaxdl.report.images import confusion, signed, spread, strips, thumbnails
from jaxdl.report.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOGETHER = 1000  # images that go through the model at once
MAPS = 8  # of a layer
WORST = 10  # mistakes


def exhibits(
    model: Any, state: train.State, test: tuple[np.ndarray, np.ndarray], data: str, layers: Sequence[str]
) -> list[Exhibit]:
    """An image on its way through the layers, the first filters, the confusion matrix, and the worst mistakes.

    Args:
        model: a `jaxdl.nn` module; its own numbers do not matter.
        state: the trained one.
        test: images `[N, C, H, W]` and their classes `[N]`.
        data: the set's name, as `jaxdl.data.images` has it.
        layers: names of modules whose outputs are shown.

    Raises:
        ValueError: a layer whose output is no picture, or another name of a set.

    >>> from jaxdl import data, optim, random
    >>> generator = random.TorchGenerator(0)
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3, rngs=generator), nn.Flatten(), nn.Linear(72, 10, rngs=generator))
    >>> state = train.supervised(model, functional.cross_entropy, optim.sgd(0.1)).init(generator)
    >>> shown = exhibits(model, state, data.images("digits", "test", size=8), "digits", ["0"])
    >>> [exhibit.title for exhibit in shown][2:]
    ['What is taken for what', 'The worst mistakes']
    """
    x, y = test
    classes, photographs = image_classes(data), data == "cifar10"
    with precision(str(x.dtype)):
        shares = probabilities(model, state, x)
        maps = feature_maps(model, state, x[:1], layers)
    name, filters = first_filters(model, state)
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (y, shares.argmax(axis=1)), 1)
    said = f"{classes[shares[0].argmax()]} ({shares[0].max():.1%})"
    return [
        _maps(pixels(x[:1], photographs)[0], maps, f"the first test image, {classes[y[0]]}, read as {said}"),
        _filters(name, filters, photographs),
        _confusion(counts, classes),
        _mistakes(pixels(x, photographs), y, shares, classes),
    ]


def probabilities(model: Any, state: train.State, x: np.ndarray) -> np.ndarray:
    """What a trained model gives each class of each image, in evaluation mode: `[N, classes]`.

    >>> from jaxdl import optim, random
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3, rngs=random.TorchGenerator(0)))
    >>> state = train.supervised(model, functional.cross_entropy, optim.sgd(0.1)).init(random.TorchGenerator(0))
    >>> probabilities(model, state, np.ones((2, 1, 2, 2), np.float32)).sum(axis=1).round(6).tolist()
    [1.0, 1.0]
    """
    apply = jax.jit(nn.functionalize(model)[0])
    parts = [
        functional.softmax(apply(state.params, state.buffers, x[start : start + TOGETHER])[0], -1)
        for start in range(0, len(x), TOGETHER)
    ]
    return np.concatenate([np.asarray(part) for part in parts])


def feature_maps(model: Any, state: train.State, x: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
    """The outputs `[C, H, W]` of some modules, by name, for the first of the images, in evaluation mode.

    Raises:
        ValueError: a module that is not called, or whose output is no picture.

    >>> from jaxdl import optim, random
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3, rngs=random.TorchGenerator(0)), nn.ReLU())
    >>> state = train.supervised(model, functional.mse_loss, optim.sgd(0.1)).init(random.TorchGenerator(0))
    >>> maps = feature_maps(model, state, np.ones((1, 1, 8, 8), np.float32), ["0", "1"])
    >>> maps["0"].shape, maps["1"].min() >= 0
    ((2, 6, 6), np.True_)
    """
    seen: dict[str, jax.Array] = {}
    apply, _, _ = nn.functionalize(nn.observed(model, seen.__setitem__))
    apply(state.params, state.buffers, jnp.asarray(x[:1]))
    for name in layers:
        if name not in seen or seen[name].ndim != 4:
            there = ", ".join(other for other, array in seen.items() if array.ndim == 4)
            raise ValueError(f"layers: {name!r} gives no pictures; {there} do")
    return {name: np.asarray(seen[name][0]) for name in layers}


def first_filters(model: Any, state: train.State) -> tuple[str, np.ndarray]:
    """Name and kernels `[out, in, height, width]` of the first convolution of a trained model.

    Raises:
        ValueError: it has none.
    """
    names = [name for name, array in nn.functionalize(model)[1].items() if array.ndim == 4]
    if not names:
        raise ValueError("the model has no convolution of pictures, whose filters could be shown")
    return names[0], np.asarray(state.params[names[0]])


def pixels(x: np.ndarray, photographs: bool) -> list[np.ndarray]:
    """Images as they are drawn: a photograph `[H, W, 3]`, in grey too; of all others the first channel."""
    if not photographs:
        return list(x[:, 0])
    return list(np.broadcast_to(x, (len(x), 3, *x.shape[2:])).transpose(0, 2, 3, 1))


def _maps(image: np.ndarray, maps: Mapping[str, np.ndarray], words: str) -> Exhibit:
    rows = {"the image": [image]}
    for name, found in maps.items():
        count, height, width = found.shape
        which = f"{count}" if count <= MAPS else f"{MAPS} of {count}"
        rows[f"{name}: {which} maps of {height} × {width}"] = list(spread(found[:MAPS]))
    return Exhibit(
        "An image on its way through the network",
        picture=_picture(partial(strips, rows)),
        caption=f"What layers give for {words}. Each layer has its own scale, from the paper's colour at its least "
        "value to the ink's at its greatest. The names are the modules'.",
    )


def _filters(name: str, filters: np.ndarray, photographs: bool) -> Exhibit:
    count, channels, height, width = filters.shape
    coloured = photographs and channels == 3
    drawn = filters.transpose(0, 2, 3, 1) if coloured else filters.sum(axis=1)
    over = (
        " Red, green and blue are the weights of these channels: grey is zero."
        if coloured
        else " The three channels hold the same picture, so that their weights add up, and their sum is shown."
        if channels == 3
        else ""
    )
    ink = "" if coloured else " Zero is half-way between paper and ink, and the ink's side is positive."
    return Exhibit(
        "The first layer's filters",
        picture=_picture(partial(strips, {f"{name}: {count} filters of {height} × {width}": list(signed(drawn))})),
        caption=f"What each map of the first layer answers to, after training.{ink}{over}",
    )


def _confusion(counts: np.ndarray, classes: Sequence[str]) -> Exhibit:
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    return Exhibit(
        "What is taken for what",
        headings=("class", "test images", "read right", "most often taken for"),
        rows=[
            [
                name,
                f"{counts[place].sum():,}",
                f"{counts[place, place] / max(counts[place].sum(), 1):.1%}",
                _taken(wrong[place], classes),
            ]
            for place, name in enumerate(classes)
        ],
        picture=_picture(partial(confusion, counts, classes)),
        caption=f"All {counts.sum():,} test images: {counts.trace():,} on the diagonal are read right, "
        f"{wrong.sum():,} beside it are not.",
    )


def _taken(wrong: np.ndarray, classes: Sequence[str]) -> str:
    """What a class is most often taken for, and how often; all of those that share the first place."""
    most = wrong.max()
    if not most:
        return ""
    first = ", ".join(classes[place] for place in np.flatnonzero(wrong == most).tolist())
    return f"{first} ({most}{' each' if ',' in first else ''})"


def _mistakes(images: Sequence[np.ndarray], y: np.ndarray, shares: np.ndarray, classes: Sequence[str]) -> Exhibit:
    title, said, sure = "The worst mistakes", shares.argmax(axis=1), shares.max(axis=1)
    wrong = np.flatnonzero(said != y)
    if not len(wrong):
        return Exhibit(title, caption=f"There is none: all {len(y):,} test images are read right.")
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:WORST]
    notes = [[f"✗ {classes[said[row]]}", f"{sure[row]:.1%} sure", f"is {classes[y[row]]}"] for row in worst]
    drawn = [images[row] for row in worst]
    shown = f"Here are the {WORST} of which it is surest" if len(wrong) > WORST else "Here is each"
    return Exhibit(
        title,
        picture=_picture(partial(thumbnails, drawn, notes, [True] * len(worst), columns=5)),
        caption=f"The network misreads {len(wrong):,} of {len(y):,} test images. {shown}, the surest first: what it "
        "says, how sure it is, and what is true.",
    )


def _picture(draw: Callable[..., "Figure"]) -> Callable[[Path, Theme], None]:
    """What an Exhibit calls to write its file, of what draws a figure in a theme."""

    def write(file: Path, theme: Theme) -> None:
        file.write_bytes(png(draw(theme=theme)))

    return write
