"""The tables that come with scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest

from jaxdl import data

TABLES = [
    (data.iris, "load_iris", (50, 50, 50)),
    (data.wine, "load_wine", (59, 71, 48)),
    (data.breast_cancer, "load_breast_cancer", (212, 357)),
]


@pytest.mark.parametrize(("load", "theirs", "classes"), TABLES)
def test_every_row_is_in_one_part(load, theirs, classes):
    import sklearn.datasets

    x, y = getattr(sklearn.datasets, theirs)(return_X_y=True)
    x_train, y_train, x_test, y_test = load(test_fraction=0.3, seed=4)
    assert len(x_test) == round(0.3 * len(x))
    assert tuple(np.bincount(np.concatenate([y_train, y_test]))) == classes
    # Standardising keeps the order of a column's values: ranks tell the rows again.
    both = np.concatenate([x_train, x_test])
    np.testing.assert_allclose(np.sort(both, axis=0), np.sort((x - _mean(x, load)) / _std(x, load), axis=0), atol=1e-9)
    for label in range(len(classes)):
        ours = both[np.concatenate([y_train, y_test]) == label].sum(axis=0)
        np.testing.assert_allclose(ours, ((x[y == label] - _mean(x, load)) / _std(x, load)).sum(axis=0), atol=1e-9)


def _rows(x, load):
    """The training rows, by the seed's permutation."""
    from jaxdl.random import TorchGenerator

    return x[TorchGenerator(4).randperm(len(x))[round(0.3 * len(x)) :]]


def _mean(x, load):
    return _rows(x, load).mean(axis=0)


def _std(x, load):
    return _rows(x, load).std(axis=0)


def test_the_numbers_are_scikit_learns_to_the_last_bit():
    import sklearn.datasets

    from jaxdl.data import embedded

    for load, file in (("digits", "digits.csv.gz"), ("breast_cancer", "breast_cancer.csv"), ("iris", "iris.csv")):
        x, y = getattr(sklearn.datasets, f"load_{load}")(return_X_y=True)
        np.testing.assert_array_equal(embedded._table(file), np.column_stack([x, y]))
    x, _ = sklearn.datasets.load_diabetes(return_X_y=True)
    ours, *_ = data.diabetes()
    np.testing.assert_array_equal(ours, embedded._standardised(*[embedded._split(x, x, 0.2, 0)[0]] * 2))


def test_no_file_is_read_by_importing_scikit_learn():
    code = "import sys; from jaxdl import data; data.digits(); data.diabetes(); print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("load", [data.iris, data.wine])
def test_standardised_by_the_training_rows(load):
    x_train, y_train, x_test, y_test = load()
    assert x_train.dtype == x_test.dtype == np.float64
    assert y_train.dtype == y_test.dtype == np.int64
    np.testing.assert_allclose(x_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(x_train.std(axis=0), 1, atol=1e-12)
    assert all(np.array_equal(a, b) for a, b in zip(load(), load(), strict=True))
    assert not np.array_equal(load(seed=1)[1], y_train)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan"), 0.9999])
def test_a_split_leaves_rows_to_train_on(fraction):
    with pytest.raises(ValueError, match="test_fraction"):
        data.iris(test_fraction=fraction)


@pytest.mark.parametrize("fraction", ["a fifth", None])
def test_a_fraction_is_a_number(fraction):
    with pytest.raises(TypeError, match=r"`test_fraction` .* must be one number"):
        data.iris(test_fraction=fraction)


def test_rows_that_do_not_differ_have_no_deviation():
    with pytest.raises(
        ValueError, match="test_fraction must leave rows to train on that differ, and leaves 1 that do not"
    ):
        data.breast_cancer(test_fraction=0.998)
