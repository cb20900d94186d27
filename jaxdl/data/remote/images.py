"""Images and their classes: MNIST and those made in its likeness, CIFAR-10 and CIFAR-100."""

from typing import Any

import numpy as np

from jaxdl.data.embedded import Split
from jaxdl.data.remote import archive, idx, pickled
from jaxdl.data.remote.download import Checksums, Fetched, Folder, Mirrors, fetch

BATCH = 3 * 32 * 32  # bytes an image of CIFAR


def mnist(*, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None) -> Split:
    """70,000 handwritten digits: x `[N, 1, 28, 28]` float32 in [0, 1], y `[N]` int64 classes 0 to 9.

    60,000 to train with and 10,000 to test with, as published: LeCun, Cortes and Burges, "The MNIST database of
    handwritten digits". 12 MB; the arguments are those of every data set of `jaxdl.data.remote`.

    >>> import tempfile
    >>> mnist(folder=tempfile.mkdtemp(), mirrors=[])  # nothing there, and nowhere to look  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ConnectionError: ...train-images-idx3-ubyte.gz is not here, and could not be downloaded; ...
    """
    return _in_mnist_form(fetch("mnist", folder, mirrors, checksums))


def fashion_mnist(*, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None) -> Split:
    """70,000 pieces of clothing in MNIST's form: 0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt,
    7 sneaker, 8 bag, 9 ankle boot.

    60,000 to train with and 10,000 to test with, as published: Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747. 31 MB.
    """
    return _in_mnist_form(fetch("fashion_mnist", folder, mirrors, checksums))


def kmnist(*, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None) -> Split:
    """70,000 handwritten characters of old Japanese in MNIST's form: お, き, す, つ, な, は, ま, や, れ and を.

    60,000 to train with and 10,000 to test with, as published: Clanuwat et al. 2018, arXiv:1812.01718. 21 MB.
    """
    return _in_mnist_form(fetch("kmnist", folder, mirrors, checksums))


def cifar10(*, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None) -> Split:
    """60,000 photographs of ten kinds: x `[N, 3, 32, 32]` float32 in [0, 1], red, green and blue; y `[N]` int64.

    The classes: 0 aeroplane, 1 car, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship, 9 lorry. 50,000 to train
    with and 10,000 to test with, as published: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny
    Images". 170 MB.
    """
    train = [f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)]
    (fetched,) = fetch("cifar10", folder, mirrors, checksums)
    return _in_cifar_form(fetched, train, ["cifar-10-batches-py/test_batch"], "labels", 10)


def cifar100(
    labels: str = "fine", *, folder: Folder = None, mirrors: Mirrors = None, checksums: Checksums = None
) -> Split:
    """60,000 photographs of a hundred kinds in CIFAR-10's form; Krizhevsky 2009. 169 MB.

    Args:
        labels: "fine", the hundred kinds, or "coarse", the twenty groups of five that they form; both in alphabetical
            order.
        folder: of the cache.
        mirrors: addresses to try.
        checksums: of files that stand in for the official ones.

    Raises:
        ValueError: other labels.
    """
    classes = {"fine": 100, "coarse": 20}
    if labels not in classes:
        raise ValueError(f"`labels` (={labels!r}) must be 'fine' or 'coarse'")
    (fetched,) = fetch("cifar100", folder, mirrors, checksums)
    train, test = ["cifar-100-python/train"], ["cifar-100-python/test"]
    return _in_cifar_form(fetched, train, test, f"{labels}_labels", classes[labels])


def _in_mnist_form(fetched: list[Fetched]) -> Split:
    train_images, train_labels, test_images, test_labels = fetched
    return *_labelled(train_images, train_labels), *_labelled(test_images, test_labels)


def _labelled(images: Fetched, labels: Fetched) -> tuple[np.ndarray, np.ndarray]:
    x, y = idx.read(images, dimensions=3), idx.read(labels, dimensions=1)
    if x.shape[1:] != (28, 28):
        raise ValueError(f"{images.path} holds images of {x.shape[1]} × {x.shape[2]} pixels, and 28 × 28 would do")
    if len(x) != len(y):
        raise ValueError(f"{images.path} holds {len(x)} images and {labels.path.name} {len(y)} labels for them")
    _check_classes(y, 10, labels)
    return _scaled(x[:, None]), y.astype(np.int64)


def _in_cifar_form(fetched: Fetched, train: list[str], test: list[str], key: str, classes: int) -> Split:
    batches = dict(archive.contents(fetched, {*train, *test}.__contains__))
    missing = [name for name in (*train, *test) if name not in batches]
    if missing:
        raise ValueError(f"{fetched.path} does not hold {', '.join(missing)}")
    parts = []
    for names in (train, test):
        pairs = [_batch(fetched, name, batches.pop(name), key) for name in names]
        x, y = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
        _check_classes(y, classes, fetched)
        parts += [_scaled(x), y]
    x_train, y_train, x_test, y_test = parts
    return x_train, y_train, x_test, y_test


def _batch(fetched: Fetched, name: str, content: bytes, key: str) -> tuple[np.ndarray, np.ndarray]:
    place = f"{fetched.path}, {name},"
    batch = pickled.loads(content, place)
    held = batch if isinstance(batch, dict) else {}
    if not isinstance(held.get("data"), np.ndarray) or not _are_integers(held.get(key)):
        raise ValueError(f"{place} does not hold an array `data` and a list of numbers `{key}`")
    images, labels = held["data"], held[key]
    if images.shape != (len(labels), BATCH):
        raise ValueError(f"{place} holds images of shape {images.shape}, and {(len(labels), BATCH)} would do")
    return images.reshape(-1, 3, 32, 32), np.array(labels, np.int64)


def _are_integers(labels: Any) -> bool:
    return isinstance(labels, list) and bool(labels) and all(type(label) is int for label in labels)


def _check_classes(labels: np.ndarray, classes: int, fetched: Fetched) -> None:
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise ValueError(f"{fetched.path} has an image of class {wrong[0]}, and 0 to {classes - 1} would do")


def _scaled(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / np.float32(255)
