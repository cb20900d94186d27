"""Streamed batches are an ArraySource's, whoever reads them and however many do; and reading leaves nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import grain
import jax
import numpy as np
import pytest

from jaxdl import data, functional, nn, optim, train
from jaxdl.random import TorchGenerator

RANDOM = np.random.RandomState(0)
ROWS = 44  # of 8 a batch: the last has 4
IMAGES = RANDOM.randint(0, 256, (ROWS, 3, 4, 4), np.uint8)
WEIGHTS = RANDOM.randn(ROWS)
LABELS = RANDOM.randint(0, 5, ROWS)
ARRAYS = IMAGES, WEIGHTS, LABELS


class Rows:
    """Rows of the arrays, as arrays and numbers; those that were read are remembered."""

    def __init__(self, arrays=ARRAYS):
        self.arrays, self.read = arrays, []

    def __len__(self):
        return len(self.arrays[0])

    def __getitem__(self, row):
        self.read.append(row)
        return tuple(array[row] if array.ndim > 1 else array[row].item() for array in self.arrays)


class AtOnce(Rows):
    """The same, a batch at a time."""

    def __getitems__(self, rows):
        return [super(AtOnce, self).__getitem__(row) for row in rows]

    def __getitem__(self, row):
        raise AssertionError("not needed")


def from_grain(arrays=ARRAYS):
    return grain.MapDataset.source(range(len(arrays[0]))).map(Rows(arrays).__getitem__)


def memory_mapped(folder, arrays=ARRAYS):
    for number, array in enumerate(arrays):
        np.save(folder / f"{number}.npy", array)
    return tuple(np.load(folder / f"{number}.npy", mmap_mode="r") for number in range(len(arrays)))


@pytest.fixture(params=["rows", "at once", "arrays", "mapped", "grain"])
def dataset(request, tmp_path):
    makers = {
        "rows": Rows,
        "at once": AtOnce,
        "arrays": lambda: ARRAYS,
        "mapped": lambda: memory_mapped(tmp_path),
        "grain": from_grain,
    }
    return makers[request.param]()


def readers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("grain")]


@pytest.fixture(autouse=True)
def _nobody_reads_any_more():
    yield
    until(lambda: not readers())


def until(true):
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.001)


def assert_same_batches(found, expected):
    found, expected = list(found), list(expected)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert isinstance(ours, tuple)
        for a, b in zip(ours, theirs, strict=True):
            assert isinstance(a, jax.Array)
            assert (a.dtype, a.committed) == (b.dtype, b.committed)
            np.testing.assert_array_equal(a, b)


SAMPLERS = {
    "in order": {},
    "shuffled": {"shuffle": True},
    "dropped": {"shuffle": True, "drop_last": True},
    "seeded": {"shuffle": True, "seed": 5},
    "replaced": {"sampler": data.RandomSampler(ROWS, True, 70, TorchGenerator(3))},
    "from the end": {"sampler": data.SubsetRandomSampler([3, -1, 17, 2, 2, 0, -44, 9, 9])},
    "weighted": {"sampler": data.WeightedRandomSampler(np.linspace(0.1, 1, ROWS), 33)},
    "shared": {"sampler": data.DistributedSampler(ROWS, 3, 1)},
}


@pytest.mark.parametrize("settings", SAMPLERS.values(), ids=SAMPLERS)
def test_the_batches_are_those_of_arrays(settings, dataset):
    """In every epoch and from every batch on; the generator stays where it is."""
    arrays, streamed = (
        make(8, **settings)
        for make in (
            lambda *a, **k: data.ArraySource(ARRAYS, *a, **k),
            lambda *a, **k: data.StreamSource(dataset, *a, **k),
        )
    )
    generator = TorchGenerator(1)
    assert (len(streamed), streamed.draws) == (len(arrays), arrays.draws)
    for epoch, start in ((0, 0), (2, 0), (1, 1), (0, len(arrays) - 1), (0, len(arrays)), (0, 99)):
        np.testing.assert_array_equal(streamed.order(epoch, generator), arrays.order(epoch, generator))
        assert_same_batches(streamed.batches(epoch, generator, start), arrays.batches(epoch, generator, start))
    np.testing.assert_array_equal(generator.get_state(), TorchGenerator(1).get_state())


@pytest.mark.parametrize(("threads", "prefetch"), [(0, 4), (1, 0), (1, 1), (1, 2), (3, 3), (16, 50)])
def test_how_many_read_ahead_changes_nothing(threads, prefetch, dataset):
    streamed = data.StreamSource(dataset, 3, shuffle=True, seed=0, threads=threads, prefetch=prefetch)
    arrays = data.ArraySource(ARRAYS, 3, shuffle=True, seed=0)
    for epoch in range(2):
        assert_same_batches(streamed.batches(epoch), arrays.batches(epoch))


@pytest.mark.torch
@pytest.mark.parametrize("drop_last", [False, True])
def test_the_batches_are_those_of_a_data_loader(torch, drop_last):
    class Digits(torch.utils.data.Dataset):
        def __len__(self):
            return ROWS

        def __getitem__(self, row):
            return torch.from_numpy(IMAGES[row]), float(WEIGHTS[row]), int(LABELS[row])

    for dataset in (Digits(), torch.utils.data.Subset(Digits(), range(3, 40))):  # the second has __getitems__
        streamed = data.StreamSource(dataset, 8, shuffle=True, drop_last=drop_last, seed=5)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            loader = torch.utils.data.DataLoader(dataset, 8, shuffle=True, drop_last=drop_last)
            for epoch in range(2):
                for ours, theirs in zip(streamed.batches(epoch), loader, strict=True):
                    for a, b in zip(ours, theirs, strict=True):
                        np.testing.assert_array_equal(a, b.numpy().astype(a.dtype))


@pytest.mark.parametrize("wide", [False, True])
def test_types_are_those_of_the_loop_that_asks(wide):
    """jax's switch and its default device are a thread's own; who reads is another thread."""
    arrays = (*ARRAYS, WEIGHTS > 0, WEIGHTS.astype(np.float16), LABELS + 1j)
    with jax.enable_x64(wide), jax.default_device(jax.devices()[0]):
        for dataset in (arrays, Rows(arrays[:4])):
            expected = data.ArraySource(arrays[: 6 if dataset is arrays else 4], 8).batches(0)
            assert_same_batches(data.StreamSource(dataset, 8).batches(0), expected)


def test_no_row_before_the_start_is_read():
    dataset = Rows()
    source = data.StreamSource(dataset, 8, shuffle=True, seed=0)
    list(source.batches(1, start=3))
    assert dataset.read == source.order(1)[24:].tolist()


def test_the_next_batches_are_there_before_they_are_asked_for():
    """So many as `prefetch` says, and nothing before the first is."""
    dataset = Rows()
    batches = data.StreamSource(dataset, 2, prefetch=3).batches(0)
    assert dataset.read == []
    for number in (1, 2):
        next(batches)
        until(lambda: len(dataset.read) == 2 * (number + 3))  # noqa: B023  called at once
        time.sleep(0.02)
        assert len(dataset.read) == 2 * (number + 3)
    batches.close()
    until(lambda: not readers())
    assert len(dataset.read) == 10


class Net(nn.Module):
    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(48, 16, rngs=rngs)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(16, 5, rngs=rngs)

    def __call__(self, x):
        x = x.reshape(len(x), -1).astype("float32") / 255
        return self.fc2(self.drop(functional.tanh(self.fc1(x))))


PROGRAM = train.supervised(Net, functional.cross_entropy, optim.adam(1e-2))
PAIRS = IMAGES, LABELS


class Halt(train.Callback):
    def __init__(self, step=10**9):
        self.step = step

    def call_ended(self, run):
        if run.step >= self.step:
            raise RuntimeError("crash")


def fit(source, epochs=2, **settings):
    return train.fit(PROGRAM, source, epochs, progress=False, **settings)


def assert_same_run(found, expected):
    np.testing.assert_array_equal(found[1]["loss"], expected[1]["loss"])
    for name, value in expected[0].params.items():
        np.testing.assert_array_equal(found[0].params[name], value, err_msg=name)


@pytest.fixture(scope="module")
def unbroken():
    source = data.ArraySource(PAIRS, 8, shuffle=True)
    return fit(source, evaluation=data.ArraySource(PAIRS, 10))


@pytest.mark.parametrize("steps_per_call", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (4, None))])
def test_a_run_is_that_of_arrays(steps_per_call, unbroken, tmp_path):
    """Losses and parameters bit for bit, a crash in the second epoch between (over a mesh: the next test)."""
    source = data.StreamSource(Rows(PAIRS), 8, shuffle=True)
    settings = {"evaluation": data.StreamSource(PAIRS, 10), "steps_per_call": steps_per_call}
    assert_same_run(fit(source, **settings), unbroken)
    settings |= {"directory": tmp_path, "checkpoints": train.Checkpoints(every_steps=3)}
    with pytest.raises(RuntimeError, match="crash"):
        fit(source, callbacks=[Halt(9)], **settings)
    until(lambda: not readers())
    assert_same_run(fit(source, resume=True, callbacks=[Halt()], **settings), unbroken)


MESH = """
import jaxdl, jax, numpy as np
from jaxdl import data, functional, nn, optim, train

program = train.supervised(lambda rngs: nn.Linear(48, 5, rngs=rngs), functional.cross_entropy, optim.adam(1e-2))
x, labels = np.random.RandomState(0).randn(44, 48).astype(np.float32), np.arange(44) % 5
mesh = jax.make_mesh((2, 2), ("data", "fsdp"))
expected, *found = [
    train.fit(program, source((x, labels), 8, shuffle=True), 2, progress=False, mesh=mesh, steps_per_call=steps)
    for source, steps in ((data.ArraySource, 1), (data.StreamSource, 1), (data.StreamSource, 4))
]
for _, history in found:
    np.testing.assert_array_equal(history["loss"], expected[1]["loss"])
"""


@pytest.mark.slow
def test_four_devices_share_its_batches():
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    done = subprocess.run([sys.executable, "-W", "error", "-c", MESH], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


class Failing(Rows):
    """Row 17 cannot be read."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def __getitem__(self, row):
        if row == 17:
            raise self.error
        return super().__getitem__(row)


class FailingAtOnce(Failing):
    def __getitems__(self, rows):
        return [self[row] for row in rows]


@pytest.mark.parametrize("prefetch", [0, 4])
@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: ValueError("torn"), ValueError, r"^torn \(in row 17 of the dataset\)$"),
        (lambda: ValueError(), ValueError, r"in row 17 of the dataset"),
        (lambda: KeyError("name"), KeyError, r"^'name'\nin row 17 of the dataset$"),
        (lambda: OSError(5, "torn"), OSError, r"^\[Errno 5\] torn\nin row 17 of the dataset$"),
        (lambda: StopIteration(), RuntimeError, "^the dataset raised StopIteration for row 17$"),
    ],
    ids=["message", "no message", "key", "code", "stop"],
)
def test_a_row_that_cannot_be_read(make, kind, message, prefetch):
    """The error is the dataset's own, the row is named, and all batches before it are there."""
    error = make()
    batches, got = data.StreamSource(Failing(error), 8, prefetch=prefetch).batches(0), []
    with pytest.raises(kind, match=message) as caught:
        got.extend(batches)
    assert len(got) == 2
    assert caught.value is error or isinstance(error, StopIteration)


@pytest.mark.parametrize("error", [ValueError("torn"), OSError(5, "torn")])
def test_the_row_is_named_once(error):
    """Also where the dataset has one exception for all times."""
    source = data.StreamSource(Failing(error), 8)
    for _ in range(3):
        with pytest.raises(type(error)):
            list(source.batches(0))
    words = " ".join([str(error), *getattr(error, "__notes__", ())])
    assert words.count("in row 17 of the dataset") == 1


def test_rows_that_cannot_be_read_together():
    with pytest.raises(ValueError, match=r"^torn \(in rows 16, 17, 18, 19, … 23 of the dataset\)$"):
        list(data.StreamSource(FailingAtOnce(ValueError("torn")), 8).batches(0))


class Given:
    """The rows given."""

    def __init__(self, *rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, row):
        return self.rows[row]


class Fewer(Given):
    def __getitems__(self, rows):
        return [self.rows[row] for row in rows[1:]]


ONE = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("dataset", "error", "message"),
    [
        (
            Given((ONE, 1), (ONE[:1], 1)),
            ValueError,
            r"alike, but array 0 of row 1 is float32\[1, 3\] and that of row 0 "
            r"float32\[2, 3\]; pad, crop or convert them in the dataset",
        ),
        (Given((ONE, 1), (ONE, 1.5)), ValueError, r"array 1 of row 1 is float64\[\] and that of row 0 int64\[\]"),
        (Given((ONE, 1), (ONE,)), ValueError, "row 1 has 1 arrays, and row 0 of its batch 2"),
        (
            Given((ONE,), ONE),
            TypeError,
            "row 1 must be a tuple of arrays and numbers, given ndarray; a dataset of arr",
        ),
        (Given({"x": 1}, {"x": 1}), TypeError, "row 0 must be a tuple of arrays and numbers, given dict"),
        (Given((), ()), TypeError, "row 0 must be a tuple"),
        (Given((1,), None), TypeError, "row 1 must be a tuple of arrays and numbers, given NoneType"),
        (Given((1, "a"), (2, "b")), TypeError, "row 0 must hold numbers or truth values, given an array of dtype <U1"),
        (Given((1,), ([[1], [2, 3]],)), ValueError, r"(?s)inhomogeneous.*in row 1 of the dataset"),
        (Fewer((1,), (2,)), ValueError, "__getitems__ gave 1 rows for 2: rows 0, 1"),
    ],
)
def test_rows_that_make_no_batch(dataset, error, message):
    with pytest.raises(error, match=message):
        list(data.StreamSource(dataset, 2).batches(0))


@pytest.mark.parametrize(
    ("dataset", "settings", "error", "message"),
    [
        (5, {}, TypeError, r"__len__ and __getitem__\(row\), or a tuple of arrays, given int"),
        (Given(), {}, ValueError, "with rows, given Given of length 0"),
        ((np.ones(4), np.ones(3)), {}, ValueError, r"StreamSource needs arrays of one length above 0, given shapes"),
        ((np.array(["a", "b"]),), {}, TypeError, "the data must hold numbers or truth values, given an array of dty"),
        (Rows(), {"batch_size": 45}, ValueError, "between 1 and the 44 rows of the data, given 45"),
        (Rows(), {"threads": -1}, ValueError, r"`threads` \(=-1\) must be"),
        (Rows(), {"prefetch": 1.5}, TypeError, r"`prefetch` \(=1.5\) must be"),
        (Rows(), {"sampler": 3}, TypeError, "must be a sampler of jaxdl.data"),
    ],
)
def test_mistakes(dataset, settings, error, message):
    with pytest.raises(error, match=message):
        data.StreamSource(dataset, **{"batch_size": 2, **settings})


def test_orders_that_cannot_be():
    with pytest.raises(ValueError, match=r"a shuffled StreamSource needs a seed: StreamSource\(..., seed=0\)"):
        data.StreamSource(Rows(), 2, shuffle=True).batches(0)
    beyond = data.StreamSource(Rows(), 2, sampler=data.SubsetRandomSampler([1, 44]), seed=0)
    with pytest.raises(IndexError, match="the sampler gives row 44 of a dataset that has 44 rows"):
        beyond.batches(0)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_loop_that_breaks_off_leaves_nobody_reading(threads):
    for _ in data.StreamSource(Rows(), 2, threads=threads).batches(0):
        assert 1 <= len(readers()) <= threads
        break
    until(lambda: not readers())


@pytest.mark.parametrize("threads", [1, 3])
def test_never_more_read_than_were_told_to(threads):
    """Also where a loop was broken off while a row was being read: by default one thread at a time has the dataset."""
    inside, most = [], []

    class Slow(Rows):
        def __getitem__(self, row):
            inside.append(row)
            most.append(len(inside))
            time.sleep(0.001)
            inside.pop()
            return super().__getitem__(row)

    source = data.StreamSource(Slow(), 2, threads=threads)
    for _ in range(20):
        next(source.batches(0))
    assert max(most) <= threads


def test_ctrl_c(tmp_path):
    class Pressed(Rows):
        def __getitem__(self, row):
            if len(self.read) == 30:
                os.kill(os.getpid(), signal.SIGINT)
            return super().__getitem__(row)

    with pytest.raises(train.Interrupted) as caught:
        fit(data.StreamSource(Pressed(PAIRS), 2, shuffle=True), 1000)
    until(lambda: not readers())
    assert 0 < caught.value.step < 50


def test_without_grain(monkeypatch):
    """It is not needed but for this, says how it is had, and is imported when the first batch is asked for."""
    code = "import sys; from jaxdl import data, train; s = data.StreamSource(range(1).__class__(3), 1); s.batches(0)"
    code += "; sys.exit('grain' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
    monkeypatch.setitem(sys.modules, "grain", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"reads with grain, .* pip install 'jaxdl\[stream\]' adds it"
    ) as caught:
        data.StreamSource(Rows(), 2)
    assert caught.value.name == "grain"
