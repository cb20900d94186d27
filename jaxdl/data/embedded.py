"""Real data that comes with an installed package: no network, no download.

Each function gives NumPy arrays `(x_train, y_train, x_test, y_test)`; the split is a permutation that its seed fixes,
the same on every machine. Columns that are standardised use the training rows' mean and deviation.

The numbers are read from scikit-learn's files: to import it, and SciPy with it, takes longer than many a first step.
"""

import gzip

import numpy as np

from jaxdl.data.installed import found, installed
from jaxdl.random import TorchGenerator
from jaxdl.random.arguments import number

Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def digits(test_fraction: float = 0.2, seed: int = 0) -> Split:
    """1,797 handwritten digits of 8 × 8 pixels: x `[N, 8, 8]` float32 in [0, 1], y `[N]` int64 classes 0 to 9.

    Source: scikit-learn's `load_digits`, from the UCI repository (Alpaydin and Kaynak 1998).

    >>> x_train, y_train, x_test, y_test = digits()
    >>> x_train.shape, y_test.shape
    ((1438, 8, 8), (359,))
    """
    table = _table("digits.csv.gz")
    images = (table[:, :-1] / 16.0).astype(np.float32).reshape(-1, 8, 8)
    return _split(images, table[:, -1].astype(np.int64), test_fraction, seed)


def diabetes(test_fraction: float = 0.2, seed: int = 0) -> Split:
    """442 patients, ten measurements and the disease's progression a year later, all standardised: x `[N, 10]`, y
    `[N]` float64.

    Source: scikit-learn's `load_diabetes` (Efron et al. 2004, "Least Angle Regression").

    >>> [array.shape for array in diabetes()]
    [(354, 10), (354,), (88, 10), (88,)]
    """
    x = _table("diabetes_data_raw.csv.gz", " ")
    x = (x - x.mean(axis=0)) / x.std(axis=0) / len(x) ** 0.5  # as load_diabetes does, to the last bit
    y = _table("diabetes_target.csv.gz")
    x_train, y_train, x_test, y_test = _split(x, y, test_fraction, seed)
    return (
        _standardised(x_train, x_train),
        _standardised(y_train, y_train),
        _standardised(x_test, x_train),
        _standardised(y_test, y_train),
    )


def breast_cancer(test_fraction: float = 0.2, seed: int = 0) -> Split:
    """569 tumours, thirty standardised measurements: x `[N, 30]` float64; y `[N]` int64, 0 malignant and 1 benign.

    Source: scikit-learn's `load_breast_cancer`, from the UCI repository (Wolberg et al. 1995).

    >>> [array.shape for array in breast_cancer()]
    [(455, 30), (455,), (114, 30), (114,)]
    """
    return _classes(_table("breast_cancer.csv"), test_fraction, seed)


def iris(test_fraction: float = 0.2, seed: int = 0) -> Split:
    """150 irises: x `[N, 4]` float64, the length and width of sepal and petal, standardised; y `[N]` int64, the kind: 0
    setosa, 1 versicolor, 2 virginica, fifty of each.

    Source: scikit-learn's `load_iris` (Fisher 1936, "The Use of Multiple Measurements in Taxonomic Problems").

    >>> [array.shape for array in iris()]
    [(120, 4), (120,), (30, 4), (30,)]
    """
    return _classes(_table("iris.csv"), test_fraction, seed)


def wine(test_fraction: float = 0.2, seed: int = 0) -> Split:
    """178 Italian wines, thirteen standardised chemical measurements: x `[N, 13]` float64; y `[N]` int64, the grower, 0
    to 2.

    Source: scikit-learn's `load_wine`, from the UCI repository (Aeberhard and Forina 1991).

    >>> [array.shape for array in wine()]
    [(142, 13), (142,), (36, 13), (36,)]
    """
    return _classes(_table("wine_data.csv"), test_fraction, seed)


def _table(name: str, delimiter: str = ",") -> np.ndarray:
    """The numbers in one of scikit-learn's files, float64."""
    file = found(installed("sklearn") / "datasets" / "data" / name, "scikit-learn")
    lines = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode().splitlines()
    heading = file.suffix == ".csv"  # the numbers of rows and columns, and the classes' names
    return np.loadtxt(lines[heading:], delimiter=delimiter)


def _classes(table: np.ndarray, test_fraction: float, seed: int) -> Split:
    """Standardised measurements of things that have a class, which is the last column."""
    x_train, y_train, x_test, y_test = _split(table[:, :-1], table[:, -1].astype(np.int64), test_fraction, seed)
    return _standardised(x_train, x_train), y_train, _standardised(x_test, x_train), y_test


def _split(x: np.ndarray, y: np.ndarray, test_fraction: float, seed: int) -> Split:
    if not 0 < number(test_fraction, "test_fraction") < 1:
        raise ValueError(f"test_fraction must be between 0 and 1, given {test_fraction}")
    order = TorchGenerator(seed).randperm(len(x))
    test = order[: max(1, round(test_fraction * len(x)))]
    train = order[len(test) :]
    if not len(train):
        raise ValueError(f"test_fraction (={test_fraction}) must leave some of the {len(x)} rows to train on")
    return x[train], y[train], x[test], y[test]


def _standardised(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    spread = reference.std(axis=0)
    if not spread.all():
        raise ValueError(
            f"test_fraction must leave rows to train on that differ, and leaves {len(reference)} that do not"
        )
    return (values - reference.mean(axis=0)) / spread
