"""A sweep: each of its runs is the run that `fit` makes alone, one program trains them all, a table tells of them."""

import csv
import inspect
import json
import threading

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxdl import data, functional, metrics, nn, optim, random, train
from jaxdl.train.sweeps import call, display, grouping, lockstep
from jaxdl.train.sweeps.orders import Orders

X = np.random.RandomState(0).randn(70, 3)
Y = (X.sum(axis=1) > 0).astype(np.int32)
EXACT = 1e-12  # float64: the largest difference seen is 6e-15 of a tensor's largest number


class Net(nn.Module):
    """Batch norm, whose buffers move, and dropout, which draws a mask a step.

    (A bias before batch norm would have a gradient of rounding alone, which Adam makes large.)
    """

    def __init__(self, *, rngs):
        self.fc1 = nn.Linear(3, 8, bias=False, rngs=rngs)
        self.bn = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(8, 2, rngs=rngs)

    def __call__(self, x):
        return self.fc2(self.drop(functional.relu(self.bn(self.fc1(x)))))


class Plain(nn.Sequential):
    def __init__(self, *, rngs):
        super().__init__(nn.Linear(3, 8, rngs=rngs), nn.Tanh(), nn.Linear(8, 2, rngs=rngs))


def program(learning_rate=1e-2, weight_decay=1e-2, model=Plain):
    tx = optim.adamw(learning_rate, weight_decay=weight_decay)
    measures = {"accuracy": metrics.accuracy}
    return train.supervised(model, functional.cross_entropy, tx, metrics=measures, dtype="float64")


def noisy(learning_rate):
    return program(learning_rate, model=Net)


def plain(tx, loss=functional.cross_entropy, dtype="float64", **settings):
    return train.supervised(Plain, loss, tx, dtype=dtype, **settings)


def wide(width, rngs):
    return nn.Linear(3, width, dtype="float64", rngs=rngs)


def source(batch_size=16, **settings):
    return data.ArraySource((X, Y), batch_size, **{"shuffle": True, **settings})


@pytest.fixture(autouse=True)
def _in_float64():
    with jax.enable_x64(True):
        yield


def apart(one, other):
    """The largest difference of two trees, each array's in units of its own largest number."""

    def gap(a, b):
        if jax.dtypes.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        assert a.shape == b.shape
        return float(np.abs(a - b).max(initial=0) / (np.abs(a).max(initial=0) or 1))

    return max(jax.tree.leaves(jax.tree.map(gap, one, other)))


def assert_as_fit(sweep, run, made, history, tolerance=EXACT):
    """A run of the sweep is the run that `fit` made: its state, every loss, its last epoch's record."""
    row = sweep.table[run]
    assert apart(made, sweep.state(run)) < tolerance
    np.testing.assert_allclose(sweep.losses[run], history["loss"], rtol=tolerance)
    final = {name: value for name, value in history.final.items() if name not in ("epoch", "seconds")}
    assert final == pytest.approx({name: row[name] for name in final}, rel=tolerance)
    assert row["diverged"] is None


RATES, SEEDS = [1e-3, 1e-2, 3e-2], [0, 5]
TESTS = {"batch_size": 16, "shuffle": True}  # such an evaluation moves the later orders


@pytest.fixture(scope="module")
def alone():
    """Every run of a sweep, made by `fit`."""
    with jax.enable_x64(True):
        programs = {rate: noisy(rate) for rate in RATES}
        settings = {"evaluation": source(**TESTS), "progress": False}
        return [train.fit(programs[rate], source(), 3, seed=seed, **settings) for rate in RATES for seed in SEEDS]


@pytest.mark.slow
@pytest.mark.parametrize("together", [None, 1, 2, 8])
def test_each_run_is_the_run_that_fit_makes_alone(alone, together):
    """Parameters, buffers, optimiser's state, key and step, the ragged batch of an epoch included; groups that share
    their batches, a last group that is not full, and groups that do not share them."""
    over = {"learning_rate": RATES, "seed": SEEDS}
    settings = {"evaluation": source(**TESTS), "together": together, "progress": False}
    sweep = train.sweep(noisy, source(), over, 3, **settings)
    for run, (state, history) in enumerate(alone):
        assert_as_fit(sweep, run, state, history)
    assert sweep.losses.shape == (6, 15)
    assert sweep.tests["accuracy"].shape == (6, 3)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"drop_last": True}, {"shuffle": False}, {"seed": 3}], ids=str)
def test_it_visits_rows_as_fit_does(settings):
    sweep = train.sweep(program(), source(**settings), {"seed": [0, 7]}, 2, progress=False)
    assert_as_fit(sweep, 1, *train.fit(program(), source(**settings), 2, seed=7, progress=False))


@pytest.mark.parametrize("skipped", [0, 2])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shuffle": False},
        {"seed": 3},
        {"shuffle": False, "sampler": data.RandomSampler(70, replacement=True)},
        {"shuffle": False, "sampler": data.RandomSampler(70, generator=random.TorchGenerator(4))},
        {"shuffle": False, "sampler": data.SubsetRandomSampler(range(-40, 20))},
        {"shuffle": False, "sampler": data.DistributedSampler(70, num_replicas=2, rank=1)},
    ],
    ids=lambda settings: str(settings)[:40],
)
def test_orders_go_on_as_a_source_begins_them_anew(settings, skipped):
    given, starts = source(**settings), [random.TorchGenerator(1), random.TorchGenerator(2)]
    orders = Orders(given, starts, skipped)
    for epoch in range(4):
        for start, order in zip(starts, orders.next(), strict=True):
            then = start.clone()
            then.skip(epoch * skipped)
            np.testing.assert_array_equal(order, given.resident(epoch, then).order)


def test_float32_runs_are_fit_s_as_well():
    def build(learning_rate):
        return plain(optim.adam(learning_rate), dtype="float32")

    given = data.ArraySource((X.astype(np.float32), Y), 16, shuffle=True)
    sweep = train.sweep(build, given, {"learning_rate": [1e-3, 1e-2]}, 3, progress=False)
    assert sweep.state(0).params["0.weight"].dtype == np.float32  # a float64 rate does not widen them
    assert_as_fit(sweep, 1, *train.fit(build(1e-2), given, 3, progress=False), tolerance=2e-5)


SWEPT = {  # two values of every keyword that an optimiser takes a number for
    "learning_rate": [0.01, 0.02],
    "momentum": [0.5, 0.9],
    "dampening": [0.1, 0.2],
    "weight_decay": [0.0, 0.1],
    "eps": [1e-8, 1e-3],
    "alpha": [0.9, 0.99],
    "lr_decay": [0.1, 0.2],
    "initial_accumulator_value": [0.1, 0.2],  # part of the first state
    "rho": [0.9, 0.8],
    "lambd": [1e-4, 1e-2],
    "t0": [2.0, 10.0],
    "momentum_decay": [0.004, 0.01],
    "beta2_decay": [-0.8, -0.5],
    "d": [1.0, 2.0],
    "beta1": [0.8, 0.9],
    "beta2": [0.9, 0.99],
}
OPTIMIZERS = ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam", "asgd", "rprop"]


def keywords(name):
    """The keywords that take a number; each beta by itself, and no pair."""
    known = inspect.signature(getattr(optim, name)).parameters
    pairs = {"betas": ("beta1", "beta2"), "eps": ()} if name == "adafactor" else {"betas": ("beta1", "beta2")}
    found = [part for keyword in known for part in pairs.get(keyword, (keyword,)) if part in SWEPT]
    return [keyword for keyword in found if (name, keyword) != ("adafactor", "eps")]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*OPTIMIZERS, "adafactor"])
def test_every_number_of_every_optimiser_can_be_swept(name):
    """All of them at once: every combination of two values each, of which the first and the last are compared."""
    over = {keyword: SWEPT[keyword] for keyword in keywords(name)}

    def build(beta1=None, beta2=None, **values):
        betas = {} if beta1 is None else {"betas": (beta1, beta2)}
        tx = getattr(optim, name)(**values, **betas)
        return train.supervised(lambda rngs: wide(2, rngs), functional.cross_entropy, tx)

    sweep = train.sweep(build, source(70), over, 3, together=4, progress=False)
    for run, place in ((0, 0), (len(sweep) - 1, 1)):
        values = {keyword: both[place] for keyword, both in over.items()}
        state, _ = train.fit(build(**values), source(70), 3, progress=False)
        assert apart(state.params, sweep.state(run).params) < EXACT


@pytest.mark.slow
@pytest.mark.parametrize(
    "build",
    [
        lambda value: plain(optax.chain(optim.clip_grad_norm(value), optim.sgd(0.1))),
        lambda value: plain(optim.adam(optim.schedules.cosine_annealing_lr(value, T_max=10))),
        lambda value: plain(optim.adjustable(optim.adam, value)),
        lambda value: plain(optim.param_groups(optim.adamw, {"*.bias": {"weight_decay": value}}, learning_rate=0.01)),
        lambda value: plain(optim.adam(), lambda output, target: functional.cross_entropy(output / value, target)),
    ],
    ids=["clipping", "schedule", "adjustable", "group", "loss"],
)
def test_numbers_elsewhere_can_be_swept(build):
    sweep = train.sweep(build, source(70), {"value": [0.05, 0.5]}, 2, progress=False)
    assert_as_fit(sweep, 1, *train.fit(build(0.5), source(70), 2, progress=False))


@pytest.mark.slow
def test_two_hyperparameters_make_every_combination():
    over = {"weight_decay": [0.0, 0.5], "seed": [1], "learning_rate": [1e-3, 1e-2]}
    sweep = train.sweep(program, source(), over, 1, progress=False)
    assert [(row["weight_decay"], row["learning_rate"]) for row in sweep.table] == [
        (0.0, 1e-3),
        (0.0, 1e-2),
        (0.5, 1e-3),
        (0.5, 1e-2),
    ]
    assert_as_fit(sweep, 3, *train.fit(program(1e-2, 0.5), source(), 1, seed=1, progress=False))


@pytest.fixture
def compilations(monkeypatch, uncached):
    """How many programs XLA has compiled, those of a single operation left out."""
    seen = []
    real = jax._src.compiler.backend_compile_and_load

    def compile_(backend, module, *rest, **settings):
        seen.append(module.operation.attributes["sym_name"].value)
        return real(backend, module, *rest, **settings)

    monkeypatch.setattr("jax._src.compiler.backend_compile_and_load", compile_)
    return seen


def test_one_program_trains_all_runs_and_one_evaluates_them(compilations):
    tests = data.ArraySource((X[:30], Y[:30]), 30)
    for rates, seeds, epochs in ((2, 1, 1), (3, 5, 2)):
        compilations.clear()
        over = {"learning_rate": np.logspace(-3, -1, rates), "seed": range(seeds)}
        train.sweep(program, source(), over, epochs, evaluation=tests, progress=False)
        assert compilations.count("jit_advance") == compilations.count("jit_evaluate") == 1
        assert not [name for name in compilations if "step" in name or "loop" in name]


@pytest.mark.slow
def test_a_run_that_diverges_does_not_stop_the_others():
    def build(learning_rate):
        return plain(optim.sgd(learning_rate), loss=lambda output, target: (output**4).mean())

    over = {"learning_rate": [1e-3, 1e6, 1e-2], "seed": range(2)}
    sweep = train.sweep(build, source(), over, 2, progress=False)
    with pytest.raises(train.NonFiniteLossError) as alone:
        train.fit(build(1e6), source(), 2, progress=False)
    assert [row["diverged"] is None for row in sweep.table] == [True, True, False, False, True, True]
    assert sweep.table[2]["diverged"] == alone.value.step
    assert sweep.best("loss", "min")["learning_rate"] != 1e6
    assert sweep.summary[1]["diverged"] == 2
    assert sweep.summary[1]["loss"] is None
    assert "2 of 2" in str(sweep)
    assert_as_fit(sweep, 5, *train.fit(build(1e-2), source(), 2, seed=1, progress=False))


def test_a_last_step_that_ruins_the_parameters_is_seen():
    def build(learning_rate):
        return plain(optim.sgd(learning_rate))

    sweep = train.sweep(build, source(70), {"learning_rate": [1e-3, 1e308 * 10]}, 1, progress=False)
    assert [row["diverged"] for row in sweep.table] == [None, 1]
    with pytest.raises(ValueError, match="no run has a finite loss: all 1 diverged"):
        train.sweep(build, source(70), {"learning_rate": [float("inf")]}, 1, progress=False).best("loss", "min")


@pytest.fixture(scope="module")
def small():
    with jax.enable_x64(True):
        over = {"learning_rate": [1e-3, 1e-2], "seed": range(3)}
        return train.sweep(program, source(), over, 2, evaluation=source(), progress=False)


def test_the_table_has_a_row_a_run(small):
    assert list(small.table[0]) == [
        "run",
        "learning_rate",
        "seed",
        "loss",
        "test_loss",
        "test_accuracy",
        "diverged",
    ] or (list(small.table[0]) == ["run", "learning_rate", "seed", "loss", "test_accuracy", "test_loss", "diverged"])
    assert [row["run"] for row in small.table] == list(range(6)) == list(range(len(small)))
    assert small.table[4]["loss"] == small.losses[4, -5:].mean()
    assert repr(small) == "Sweep(6 runs: 2 learning_rate × 3 seed)"


def test_the_summary_is_over_seeds(small):
    slow, fast = small.summary
    assert (slow["learning_rate"], slow["runs"], slow["diverged"]) == (1e-3, 3, 0)
    losses = [row["test_loss"] for row in small.table[3:]]
    assert fast["test_loss"] == pytest.approx(np.mean(losses))
    assert fast["test_loss_std"] == pytest.approx(np.std(losses, ddof=1))


def test_best_is_the_best_finite_row(small):
    assert small.best("test_loss", "min") == min(small.table, key=lambda row: row["test_loss"])
    assert small.best("test_accuracy", "max")["test_accuracy"] == max(row["test_accuracy"] for row in small.table)
    with pytest.raises(KeyError, match=r"measured loss, test_.*, not 'accuracy'"):
        small.best("accuracy", "max")
    with pytest.raises(ValueError, match="mode must be 'min' or 'max', given 'high'"):
        small.best("loss", "high")


def test_a_state_goes_with_its_program(small):
    for run in (0, 5, -1):
        measured = train.evaluate(small.program(run), small.state(run), source())
        assert measured["loss"] == pytest.approx(small.table[run]["test_loss"], rel=1e-12)
    assert apart(jax.tree.map(lambda a: a[4], small.states), small.state(4)) == 0
    with pytest.raises(IndexError, match="runs 0 to 5, given 6"):
        small.state(6)


def test_a_run_can_be_prolonged(small):
    """The state of a run is one that `fit` takes."""
    state, history = train.fit(small.program(2), source(), 1, state=small.state(2), progress=False)
    assert state.step == 15
    assert np.isfinite(history["loss"]).all()


def test_it_prints_means_over_seeds_or_every_seed(small, capsys):
    small.print()
    printed = capsys.readouterr().out
    assert "±" in printed
    assert "lowest test_loss: learning_rate 0.01" in printed
    assert "6 runs of 10 steps" in str(small)
    alone = train.sweep(program(), source(), {"seed": [3, 4]}, 1, progress=False)
    assert [line.split()[:2] for line in str(alone).splitlines()[2:4]] == [["0", "3"], ["1", "4"]]
    assert "mean" in str(alone)


def test_it_is_saved_as_csv_and_json_lines(small, tmp_path):
    small.save(tmp_path / "new" / "table.csv")
    small.save(tmp_path / "table.jsonl")
    with (tmp_path / "new" / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["test_loss"]) for row in rows] == [row["test_loss"] for row in small.table]
    assert rows[0]["diverged"] == ""
    lines = (tmp_path / "table.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == small.table
    with pytest.raises(ValueError, match=r"as \.csv or \.jsonl, given 'table.txt'"):
        small.save(tmp_path / "table.txt")


def sweeping(over, build=program, given=None, **settings):
    return lambda: train.sweep(build, given or source(), over, **{"epochs": 1, "progress": False, **settings})


RATE = {"learning_rate": [1e-3]}
REFUSED = [
    (sweeping({}), TypeError, "over must be a dict of names and lists"),
    (sweeping([1]), TypeError, "over must be a dict"),
    (sweeping({"learning_rate": []}), ValueError, r"over\['learning_rate'\] is empty"),
    (sweeping({"learning_rate": 1e-3}), TypeError, "must be a list of numbers, given 0.001"),
    (sweeping({"learning_rate": "1e-3"}), TypeError, "must be a list of numbers, given '1e-3'"),
    (sweeping({"learning_rate": [1e-3, "high"]}), TypeError, "must hold numbers, given 'high'.*a sweep of its own"),
    (sweeping({"learning_rate": [True]}), TypeError, "must hold numbers, given True"),
    (sweeping({"learning_rate": [float("nan")]}), TypeError, "must hold numbers, given nan"),
    (sweeping({"learning_rate": [1e-3, 1e-2, 1e-3]}), ValueError, "holds 0.001 twice"),
    (sweeping({**RATE, "seed": [0, 0]}), ValueError, r"over\['seed'\] holds 0 twice"),
    (sweeping({"learning_rate": range(2000), "seed": range(2000)}), ValueError, "at most 1,000,000 runs, given 2000 ×"),
    (sweeping({**RATE, "seed": [0.5]}), TypeError, "must hold integers, such as range.*given 0.5"),
    (sweeping({**RATE, "seed": [2**70]}), ValueError, "seed"),
    (sweeping({"rate": [1e-3]}), TypeError, "must have an argument 'rate'.*it has learning_rate, weight_decay"),
    (
        sweeping({"seed": [0]}, lambda rate: program(rate)),
        TypeError,
        "needs an argument 'rate', and over does not name it",
    ),
    (sweeping(RATE, lambda learning_rate, seed: program()), TypeError, "needs an argument 'seed', and it is not given"),
    (sweeping(RATE, program()), TypeError, "names 'learning_rate', and a Program has it built in"),
    (sweeping(RATE, "adam"), TypeError, "program must be a function of the swept hyperparameters.*given 'adam'"),
    (sweeping(RATE, lambda learning_rate: None), TypeError, "program must return a Program.*given None"),
    (sweeping({"loss": [1.0]}, lambda loss: program(loss)), ValueError, "'loss' is a column of the table"),
    (sweeping({"learning_rate": [1e-3, -1.0]}), ValueError, "adamw: learning_rate must be at least 0, given -1"),
    (
        sweeping(RATE, given=data.DataLoader((X, Y), 8, default_generator=random.TorchGenerator(0))),
        TypeError,
        "source must be a data.ArraySource.*DataLoader",
    ),
    (sweeping(RATE, epochs=0), ValueError, "epochs must be an integer, at least 1, given 0"),
    (sweeping(RATE, together=0), ValueError, "together must be at least 1, or None to choose, given 0"),
]


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED, ids=[case[2] for case in REFUSED])
def test_wrong_calls_say_what_would_do(call, error, sentence):
    with pytest.raises(error, match=f"(?s){sentence}"):
        call()


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("weight_decay", lambda weight_decay: plain(optim.adamw() if weight_decay > 0 else optim.adam())),
        ("history", lambda history: plain(optim.lbfgs(history_size=history))),
        (
            "width",
            lambda width: train.supervised(lambda rngs: wide(width, rngs), functional.cross_entropy, optim.adam()),
        ),
        ("accumulate", lambda accumulate: plain(optim.adam(), accumulate=accumulate)),
    ],
)
def test_what_decides_in_python_is_named(name, build):
    """Beside one that can be swept: the guilty one is found."""

    def both(temperature, **values):
        return build(**values) if temperature is not None else None

    with pytest.raises(TypeError, match=f"{name!r} cannot be swept.*a run or a sweep of its own"):
        train.sweep(both, source(), {"temperature": [1.0, 2.0], name: [2, 3]}, 1, progress=False)


def test_an_error_of_the_program_itself_stays_what_it_is():
    def build(learning_rate):
        return plain(optim.sgd(learning_rate), loss=lambda output, target: output)

    with pytest.raises(ValueError, match="loss must give one number, gave shape"):
        train.sweep(build, source(), RATE, 1, progress=False)


def test_more_states_than_memory_are_refused_before_training(monkeypatch):
    monkeypatch.setattr("jaxdl.train.sweeps.sweep.available_memory", lambda: 1000)
    with pytest.raises(train.OutOfMemoryError, match=r"2 runs with a state of .* MiB each need more than the .* MiB"):
        train.sweep(program, source(), {"learning_rate": [1e-3, 1e-2]}, 1, progress=False)


def test_groups_fill_the_processors_and_share_batches():
    assert grouping.planned(list("aabb"), 8) == ([[0, 1, 2, 3]], 4, False)
    assert grouping.planned(list("aaabbb"), 2) == ([[0, 1], [2], [3, 4], [5]], 2, True)
    assert grouping.planned([None] * 5, 3) == ([[0, 1, 2], [3, 4]], 3, True)
    assert grouping.chosen_together(64, convolves=True) == 1
    assert grouping.chosen_together(1, convolves=False) == 1
    assert grouping.available_memory() is None or grouping.available_memory() > 2**20


@pytest.mark.slow
def test_convolutions_go_run_by_run(monkeypatch):
    planned = []
    # As float32 has it: in float64 this one is a product.
    monkeypatch.setattr("jaxdl.functional.convolution._rules.form", lambda x, kernel, groups: "canonical")
    monkeypatch.setattr(
        "jaxdl.train.sweeps.sweep.planned", lambda *given: planned.append(given[1]) or grouping.planned(*given)
    )
    images = data.ArraySource((np.random.RandomState(0).randn(20, 1, 4, 4), Y[:20]), 8, shuffle=True)

    class Conv(nn.Module):
        def __init__(self, *, rngs):
            self.conv = nn.Conv2d(1, 2, 3, rngs=rngs)

        def __call__(self, x):
            return self.conv(x).mean(axis=(2, 3))

    def build(learning_rate):
        return train.supervised(Conv, functional.cross_entropy, optim.adam(learning_rate), dtype="float64")

    over = {"learning_rate": [1e-3, 1e-2], "seed": range(2)}
    made = train.fit(build(1e-2), images, 2, seed=1, progress=False)
    assert_as_fit(train.sweep(build, images, over, 2, progress=False), 3, *made)
    assert_as_fit(train.sweep(build, images, over, 2, progress=False, together=4), 3, *made)
    assert planned == [1, 4]


@pytest.mark.parametrize("capacity", [1, 2, 512])
def test_how_many_steps_share_a_call_changes_nothing(small, capacity, monkeypatch):
    """Several epochs, where nothing happens between them; parts of one, the ragged batch with its last."""
    for module in (call, lockstep):
        monkeypatch.setattr(module, "CAPACITY", capacity)
    over, windows = {"learning_rate": [1e-3, 1e-2], "seed": range(3)}, []
    monkeypatch.setattr(lockstep, "window", lambda *given: windows.append(given[1:]) or call.window(*given))
    tested = train.sweep(program, source(), over, 2, evaluation=source(), progress=False)
    np.testing.assert_array_equal(tested.losses, small.losses)
    assert max(count for _, _, count in windows) == min(capacity, 4)
    alone = train.sweep(program, source(), over, 2, progress=False)
    assert (max(epochs for epochs, *_ in windows) > 1) == (capacity == 512)
    np.testing.assert_array_equal(alone.losses[:, :5], small.losses[:, :5])  # the evaluation moves the second order


def test_progress_is_shown_after_a_while(capsys, monkeypatch):
    with display.SweepDisplay(10, show=True) as shown:
        shown.show(4, 0.5)
        assert not capsys.readouterr().err
        shown._next = 0.0
        shown.show(4, 0.5)
        assert "step 4/10 of all runs" in capsys.readouterr().err
    monkeypatch.setattr(display, "SECONDS_OF_SILENCE", 0)
    train.sweep(program, source(), {"seed": [0]}, 1)
    assert "step 5/5 of all runs" in capsys.readouterr().err
    train.sweep(program, source(), {"seed": [0]}, 1, progress=False)
    assert not capsys.readouterr().err


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(display, "SECONDS_OF_SILENCE", 0)
    with display.SweepDisplay(10, show=True) as shown:
        shown.show(4, 0.5)
        shown.show(10, 0.25)
    assert "10/10" in capsys.readouterr().err


def test_what_stops_one_group_stops_all(monkeypatch):
    """Ctrl-C, here in the display; no thread is left behind."""

    def show(self, done, loss):
        raise KeyboardInterrupt

    monkeypatch.setattr(display.SweepDisplay, "show", show)
    with pytest.raises(KeyboardInterrupt):
        train.sweep(program, source(), {"seed": range(4)}, 200, together=1)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sweep")]


def test_metrics_beyond_the_loss_are_kept():
    def step(state, batch):
        return state._replace(step=state.step + 1), {"loss": jnp.mean(batch[0]), "rows": jnp.int32(len(batch[0]))}

    made = program()
    sweep = train.sweep(train.Program(made.init, step, made.evaluate), source(), {"seed": range(2)}, 1, progress=False)
    assert sweep.steps["rows"].tolist() == [[16, 16, 16, 16, 6]] * 2
    assert sweep.table[0]["rows"] == 14

    def wrong(state, batch):
        return state, {"loss": batch[0]}

    with pytest.raises(TypeError, match="metrics must be scalars, 'loss' among them"):
        train.sweep(train.Program(made.init, wrong, made.evaluate), source(), {"seed": range(2)}, 1, progress=False)
