"""The ladder: it agrees where it should, and each kind of mistake is found on its rung, by name."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from jaxdl import data, experiment, functional, metrics, nn, optim, parity, train
from jaxdl.parity.ladder import Ladder, Row, compare
from jaxdl.parity.record import Record
from jaxdl.random import TorchGenerator

pytestmark = pytest.mark.torch

X = np.random.RandomState(0).randn(96, 5)
Y = np.random.RandomState(1).randint(0, 3, 96)


class Net(nn.Module):
    def __init__(self, *, rngs, momentum=0.1):
        self.fc1 = nn.Linear(5, 8, bias=False, rngs=rngs)
        self.bn1 = nn.BatchNorm1d(8, momentum=momentum)
        self.fc2 = nn.Linear(8, 3, rngs=rngs)

    def __call__(self, x):
        return self.fc2(functional.relu(self.bn1(self.fc1(x))))


def program(optimizer=None, **settings):
    return train.supervised(
        lambda rngs: Net(rngs=rngs, **settings),
        functional.cross_entropy,
        optimizer or optim.adam(1e-2),
        metrics={"accuracy": metrics.accuracy},
        dtype="float64",
    )


@pytest.fixture(scope="module")
def twin(torch):
    class TorchNet(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = torch.nn.Linear(5, 8, bias=False)
            self.bn1 = torch.nn.BatchNorm1d(8)
            self.fc2 = torch.nn.Linear(8, 3)

        def forward(self, x):
            return self.fc2(torch.relu(self.bn1(self.fc1(x))))

    return parity.Twin(
        TorchNet,
        torch.nn.functional.cross_entropy,
        lambda model: torch.optim.Adam(model.parameters(), lr=1e-2),
        {"accuracy": lambda output, target: (output.argmax(1) == target).double().mean()},
    )


def climb(program, twin, source=None, **settings):
    source = source or data.ArraySource((X, Y), 20, shuffle=True)
    return parity.ladder(program, twin, source, steps=30, **settings)


def test_a_right_port_agrees_on_every_rung(twin, torch):
    before = torch.random.get_rng_state()
    result = climb(program(), twin, evaluation=data.ArraySource((X[:30], Y[:30]), 13))
    result.assert_agreement()
    assert torch.equal(before, torch.random.get_rng_state())
    seen = {row.rung for row in result.rows}
    assert {
        "initial",
        "batches",
        "forward",
        "loss",
        "gradient",
        "step 1",
        "step 10",
        "step 30",
        "losses 1 to 10",
        "losses 11 to 30",
        "evaluation",
    } <= seen
    assert {row.weights for row in result.rows} == {"seed", "copied"}
    assert {row.tensor for row in result.rows if row.rung == "evaluation"} == {"loss", "accuracy"}
    names = {row.tensor for row in result.rows if row.rung == "step 30"}
    assert {"fc1.weight", "bn1.running_var", "bn1.num_batches_tracked"} <= names
    assert {"fc1.weight.exp_avg", "fc2.bias.exp_avg_sq"} <= {row.tensor for row in result.rows if "30" in row.rung}
    assert len(result.curves["float64"]["jax"]) == len(result.curves["float64"]["torch"]) == 30


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_run_may_end_within_an_epoch(twin, shuffle):
    """23 steps of 4 an epoch: five evaluations, whose loader's draws move the later orders; the last batches are left
    out on both sides."""
    source = data.ArraySource((X, Y), 20, shuffle=True, drop_last=True)
    test = data.ArraySource((X[:30], Y[:30]), 30, shuffle=shuffle)
    result = parity.assert_ladder(program(), twin, source, steps=23, evaluation=test)
    assert [row.tensor for row in result.rows if row.rung == "batches" and row.weights == "seed"] == [
        f"epoch {epoch}" for epoch in range(1, 7)
    ]
    alone = climb(program(), twin, source)
    assert alone.rungs[-1].startswith("losses")
    assert alone.curves["float64"]["jax"][4] != result.curves["float64"]["jax"][4]


def test_draws_between_two_epochs_are_not_forgotten(twin):
    class Forgetful(data.ArraySource):
        draws = 0

    test = Forgetful((X[:30], Y[:30]), 30)
    assert str(climb(program(), twin, evaluation=test).failures[0]).startswith("batches · epoch 2")


def slip(kind, torch_free=nn):
    """A port with one mistake: (program, the rung and tensor where it must be found)."""
    match kind:
        case "momentum":
            return program(momentum=0.9), "step 1 · bn1.running_mean"
        case "eps":
            return program(optim.adam(1e-2, eps=1e-3)), "step 1 · fc1.weight"
        case "betas":
            return program(optim.adam(1e-2, betas=(0.9, 0.99))), "fc1.weight.exp_avg_sq"
        case "loss":
            wrong = train.supervised(
                Net,
                lambda output, target: functional.cross_entropy(output, target, reduction="sum"),
                optim.adam(1e-2),
                dtype="float64",
            )
            return wrong, "loss · loss"


@pytest.mark.parametrize("kind", ["momentum", "eps", "betas", "loss"])
def test_a_mistake_is_found_on_its_rung(twin, kind):
    wrong, place = slip(kind)
    result = climb(wrong, twin, weights=["seed"])
    assert place in str(result.failures[0])
    with pytest.raises(parity.ParityError, match=r"\(float64, weights seed\) \(and \d+ more\)"):
        result.assert_agreement()


def test_another_order_of_batches_is_found(twin):
    shuffled = data.ArraySource((X, Y), 20, shuffle=True, seed=123)
    assert str(climb(program(), twin, shuffled, weights=["seed"]).failures[0]).startswith("batches · epoch 1")


@pytest.mark.parametrize(
    "sampler",
    [
        data.RandomSampler(96, num_samples=150),
        data.RandomSampler(96, replacement=True, generator=TorchGenerator(5)),
        data.SubsetRandomSampler(range(3, 70)),
        data.WeightedRandomSampler(np.arange(1.0, 97.0), 60),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_a_sampler_has_its_twin(twin, sampler):
    """Both draw the same rows, epoch after epoch, and so the runs agree."""
    climb(program(), twin, data.ArraySource((X, Y), 20, sampler=sampler), weights=["seed"]).assert_agreement()


def biased(torch):
    """A bias in front of batch norm, which cancels its gradient: (jax model, PyTorch model)."""
    ours = lambda rngs: nn.Sequential(  # noqa: E731
        nn.Linear(5, 4, rngs=rngs), nn.BatchNorm1d(4), nn.Linear(4, 3, rngs=rngs)
    )
    layers = torch.nn.Linear, torch.nn.BatchNorm1d
    return ours, lambda: torch.nn.Sequential(layers[0](5, 4), layers[1](4), layers[0](4, 3))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gradient_that_cancels_is_measured_beside_the_others(torch, dtype):
    ours, theirs = biased(torch)
    run = train.supervised(ours, functional.cross_entropy, optim.sgd(0.1, momentum=0.9), dtype=dtype)
    momentum = lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)  # noqa: E731
    twin = parity.Twin(theirs, torch.nn.functional.cross_entropy, momentum)
    source = data.ArraySource((X.astype(dtype), Y), 20, shuffle=True)
    result = parity.assert_ladder(run, twin, source, steps=12, dtype=dtype)
    (row,) = [row for row in result.rows if (row.rung, row.tensor, row.weights) == ("gradient", "0.bias", "seed")]
    assert row.difference < 1e-6 * row.scale


def test_adam_makes_steps_of_rounding_and_the_failure_says_so(torch):
    ours, theirs = biased(torch)
    run = train.supervised(ours, functional.cross_entropy, optim.adam(0.1), dtype="float64")
    twin = parity.Twin(
        theirs, torch.nn.functional.cross_entropy, lambda model: torch.optim.Adam(model.parameters(), lr=0.1)
    )
    with pytest.raises(
        parity.ParityError, match=r"step 1 · 0\.bias .*its gradient is rounding alone, as that of a bias"
    ):
        parity.assert_ladder(run, twin, data.ArraySource((X, Y), 20, shuffle=True), steps=3)


@pytest.mark.parametrize("weights", ["seed", "copied"])
def test_another_model_fails_at_its_first_tensor(torch, twin, weights):
    """Names and shapes that are not PyTorch's: no run is tried from its parameters."""
    other = train.supervised(
        lambda rngs: nn.Sequential(nn.Linear(5, 3, rngs=rngs)),
        functional.cross_entropy,
        optim.sgd(0.1),
        dtype="float64",
    )
    failures = climb(other, twin, weights=weights).failures
    assert failures[0].rung == "initial"
    assert str(failures[0]).endswith(f"(float64, weights {weights}): only PyTorch has it")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, given 0"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, given 'float16'"),
        ({"dtype": "float32"}, r"the source holds float64 and dtype is 'float32'; give it array.astype\('float32'\)"),
        ({"weights": "mine"}, "weights must be 'seed', 'copied' or both, given 'mine'"),
        ({"evaluation": 3}, "evaluation must be a data.ArraySource, given a int"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_bad_arguments_are_one_clear_sentence(twin, given, said):
    with pytest.raises((TypeError, ValueError), match=said):
        parity.ladder(program(), twin, data.ArraySource((X, Y), 20), **given)


def test_a_twin_is_made_of_functions():
    with pytest.raises(TypeError, match="Twin: model must be a function, given a int"):
        parity.Twin(3, functional.mse_loss, optim.sgd)


def test_another_seed_is_found(twin):
    wrong = program()
    other = replace(wrong, init=lambda generator: wrong.init(type(generator)(99)))
    assert str(climb(other, twin, weights=["seed"]).failures[0]).startswith("initial · fc1.weight")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": np.ones(2)}, {}),
        ({}, {"a": np.ones(2)}),
        ({"a": np.ones(2)}, {"a": np.ones(3)}),
        ({"a": np.array([1.0, np.nan])}, {"a": np.ones(2)}),
        ({"a": np.array([np.nan])}, {"a": np.array([np.nan])}),
        ({"a": np.array([1e-300])}, {"a": np.zeros(1)}),
    ],
    ids=["unexpected", "missing", "shape", "nan", "both nan", "scale zero"],
)
def test_what_cannot_be_compared_differs(ours, theirs):
    rows = compare(Record({"gradient": ours}), Record({"gradient": theirs}), dtype="float64", weights="seed")
    assert [row.agrees for row in rows] == [False]


def test_the_table_fits_a_terminal_and_names_the_worst():
    ours = {"conv1.weight": np.array([1.0]), "a_module.with_a_long_name.weight": np.array([2.0])}
    theirs = {"conv1.weight": np.array([1.0]), "a_module.with_a_long_name.weight": np.array([1.0])}
    rows = compare(Record({"gradient": ours}), Record({"gradient": theirs}), dtype="float64", weights="seed")
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(Ladder("vision/lenet", tuple(rows)).table())
    (line,) = [line for line in console.export_text().splitlines() if line.strip().startswith("gradient")]
    assert line.split()[:6] == ["gradient", "2", "1.0e+00", "1.0e+00", "1e-10", "DIFFERS"]
    assert line.split()[6].startswith("a_module")


def test_a_failure_reads_as_the_design_has_it():
    rows = compare(
        Record({"step 1": {"bn1.running_var": np.array([1.0031])}}),
        Record({"step 1": {"bn1.running_var": np.array([1.0])}}),
        dtype="float64",
        weights="seed",
    )
    assert str(rows[0]) == "step 1 · bn1.running_var · 3.1e-03 > 1e-10 (float64, weights seed)"


def test_every_tensor_of_a_rung_has_its_line():
    ours, theirs = {"a": np.array([1.0]), "b": np.array([2.0])}, {"a": np.array([1.0]), "b": np.array([1.0])}
    rows = compare(Record({"step 1": ours}), Record({"step 1": theirs}), dtype="float64", weights="seed")
    result = Ladder("x", tuple(rows))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(result.table("step 1"))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["0.0e+00", "0.0e+00", "1e-10", "agrees", "a"] in lines
    assert ["1.0e+00", "1.0e+00", "1e-10", "DIFFERS", "b"] in lines
    assert result.rungs_of("step") == ["step 1"]
    with pytest.raises(ValueError, match="x has no rung 'step 2'; there are step 1"):
        result.table("step 2")


def test_a_result_is_saved_as_data(tmp_path):
    rows = (Row("seed", "float64", "loss", "loss", float("inf"), 0.0, 1e-10),)
    curves = {"float64": {"jax": np.array([0.1, 0.2])}}
    Ladder("x", rows, curves, parity.Reference("live", "2.13.0")).save(tmp_path / "x.json")
    saved = json.loads((tmp_path / "x.json").read_text())
    assert saved["rows"][0]["difference"] is None
    assert not saved["rows"][0]["agrees"]
    assert saved["curves"]["float64"]["jax"] == [0.1, 0.2]
    assert (saved["reference"]["kind"], saved["agrees"]) == ("live", False)


# Whole runs in both frameworks and dtypes: the others' take up to a minute each.
BRIEF = {"supervised/logistic_regression"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name not in BRIEF)) for name in sorted(experiment.discover())],
)
def test_every_experiment_climbs_the_whole_ladder(torch, name):
    """float64 and float32, weights from the seed and copied, over the whole run, at least 200 steps."""
    result = parity.check(experiment.find(name))
    result.assert_agreement()
    lengths = {dtype: len(curves["jax"]) for dtype, curves in result.curves.items()}
    assert min(lengths.values()) >= 200
    assert lengths.keys() == {"float64", "float32"}


def test_float32_keeps_the_law_of_growth_and_so_does_pytorch_beside_itself(torch):
    """The curves of PyTorch's own runs are compared as jax's are, by the same law, and are truly other runs."""
    mlp = experiment.find("mlp")
    result = parity.check(mlp, mlp.config(epochs=3), dtypes=["float32"], spread=True)
    result.assert_agreement()
    single = result.curves["float32"]["torch"]
    assert list(result.spread) == ["rows reversed"]
    for curve in result.spread.values():
        assert (curve != single).any()
        rows = compare(Record({"loss curve": {"loss": curve}}), Record({"loss curve": {"loss": single}}),
                       dtype="float32", weights="seed")  # fmt: skip
        assert [str(row) for row in rows if not row.agrees] == []
    departures = result.departures()
    assert departures.keys() == {"jax", "rows reversed"}
    assert 0 < departures["jax"] < 1e-5


def test_a_float32_run_that_parts_too_early_fails_by_the_law():
    """The same difference is rounding's growth at step 200 and a mistake at step 20."""
    theirs = np.linspace(2.0, 1.0, 200)
    for step, agrees in ((20, False), (190, True)):
        ours = theirs.copy()
        ours[step] += 1e-3
        rows = compare(Record({"loss curve": {"loss": ours}}), Record({"loss curve": {"loss": theirs}}),
                       dtype="float32", weights="seed")  # fmt: skip
        assert all(row.agrees for row in rows) == agrees
    assert [row.rung for row in rows] == ["losses 1 to 10", "losses 11 to 30", "losses 31 to 100", "losses 101 to 200"]


@pytest.mark.slow
def test_the_batch_norm_variant_climbs_it_in_float64(torch):
    lenet = experiment.find("lenet")
    parity.check(lenet, lenet.config(batch_norm=True), dtypes=["float64"]).assert_agreement()


def test_an_experiment_without_a_twin_says_so():
    lone = replace(experiment.find("lenet"), twin=None)
    with pytest.raises(LookupError, match=r"vision/lenet has no twin: lenet_torch\.py is not beside it"):
        parity.check(lone)
