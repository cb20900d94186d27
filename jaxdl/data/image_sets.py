"""Four sets of labelled pictures in one form, so that a model of pictures takes any of them."""

from collections.abc import Callable

import numpy as np

from jaxdl.data import remote
from jaxdl.data.embedded import Split, digits

SIDE = 32  # pixels of what is downloaded
PIECE = 1000  # rows at a time: noise is drawn in float64, and all of it at once would take gigabytes
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # what red, green and blue add to brightness, as in ITU-R BT.601

_NUMERALS = tuple("0123456789")
_CLOTHES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
_PHOTOGRAPHED = ("aeroplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "lorry")
_SETS: dict[str, tuple[Callable[[], Split], tuple[str, ...]]] = {
    "digits": (digits, _NUMERALS),
    "mnist": (remote.mnist, _NUMERALS),
    "fashion_mnist": (remote.fashion_mnist, _CLOTHES),
    "cifar10": (remote.cifar10, _PHOTOGRAPHED),
}


def image_classes(name: str) -> tuple[str, ...]:
    """What the classes of a set are called, in the order of their numbers.

    Args:
        name: 'digits', 'mnist', 'fashion_mnist' or 'cifar10'.

    Raises:
        ValueError: another name.

    >>> image_classes("fashion_mnist")[7]
    'sneaker'
    """
    if name not in _SETS:
        raise ValueError(f"data must be one of {', '.join(_SETS)}, given {name!r}")
    return _SETS[name][1]


def images(
    name: str,
    part: str = "train",
    *,
    size: int = SIDE,
    channels: int = 1,
    noise: float = 0.0,
    dtype: str = "float32",
) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of a set and their classes, as a convolution takes them.

    The 8 × 8 digits are drawn larger, each pixel as a square. MNIST's and Fashion-MNIST's 28 × 28 get two black pixels
    on every side. CIFAR-10 is 32 × 32 as it is. A grey picture fills three channels with three copies, a photograph one
    with its brightness. What is not here is downloaded: `jaxdl.data.remote` says how, from where and to where.

    Args:
        name: 'digits', 'mnist', 'fashion_mnist' or 'cifar10'.
        part: 'train' or 'test'.
        size: pixels of a digit's side, a multiple of 8; all other pictures have 32.
        channels: 1 or 3.
        noise: the deviation of what is added to the grey sets' pixels, normal and always the same: on a flat background
            many a number of a network is a tie. Photographs are not flat, and stay as they are.
        dtype: of the pictures.

    Returns:
        Pictures `[N, channels, side, side]`, in [0, 1] before the noise, and classes `[N]`, int64.

    Raises:
        ValueError: another name, part or number of channels, or a size that is no multiple of 8.
        ConnectionError: the set is not on this machine and cannot be downloaded.

    >>> x, y = images("digits", "test", size=16, channels=3)
    >>> x.shape, y.shape
    ((359, 3, 16, 16), (359,))
    """
    image_classes(name)
    if part not in ("train", "test"):
        raise ValueError(f"part must be 'train' or 'test', given {part!r}")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, given {channels}")
    if size < 8 or size % 8:
        raise ValueError(f"size must be a multiple of 8, the digits' own, given {size}")
    x_train, y_train, x_test, y_test = _SETS[name][0]()
    x, y = (x_train, y_train) if part == "train" else (x_test, y_test)
    side = size if name == "digits" else SIDE
    drawn, normal = np.empty((len(x), channels, side, side), dtype), np.random.RandomState(0).standard_normal
    for start in range(0, len(x), PIECE):
        piece = _in_channels(_in_size(x[start : start + PIECE], side), channels)
        if noise and name != "cifar10":
            piece = piece + noise * normal(piece.shape)
        drawn[start : start + PIECE] = piece
    return drawn, y


def _in_size(x: np.ndarray, side: int) -> np.ndarray:
    """Pictures `[N, C, side, side]`."""
    if x.ndim == 3:
        return x.repeat(side // 8, axis=1).repeat(side // 8, axis=2)[:, None]
    edge = (side - x.shape[-1]) // 2
    return np.pad(x, ((0, 0), (0, 0), (edge, edge), (edge, edge)))


def _in_channels(x: np.ndarray, channels: int) -> np.ndarray:
    if x.shape[1] == channels:
        return x
    return x.repeat(3, axis=1) if channels == 3 else np.einsum("nchw,c->nhw", x, GREY)[:, None]
