"""Frozen numbers: they are PyTorch's, they stand in for it, and a mistake is found against them on its rung."""

import dataclasses
import importlib.util
import json
import sys
from types import SimpleNamespace

import pytest

from jaxdl import data, experiment, parity, random
from jaxdl.parity import document, frozen
from jaxdl.parity.ladder import compare

EXPERIMENTS = experiment.discover()
SAME_SEED = EXPERIMENTS["fundamentals/same_seed"]


def altered(folder=None, **parts):
    """The smallest experiment with other parts, and in another folder: its numbers are looked for there."""
    module = SAME_SEED.module
    names = ("__name__", "__file__", "__doc__", "Config", "source", "evaluation", "program")
    own = SimpleNamespace(**{name: getattr(module, name) for name in names} | parts)
    if folder is not None:
        own.__file__ = str(folder / "same_seed.py")
    return dataclasses.replace(SAME_SEED, module=own)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_they_are_those_of_the_pytorch_that_is_here(torch, name):
    found = EXPERIMENTS[name]
    written, now = json.loads(frozen.path(found).read_text()), frozen.freeze(found)
    assert {k: written[k] for k in ("format", "config", "steps")} == {k: now[k] for k in ("format", "config", "steps")}
    rows = []
    for dtype in ("float64", "float32"):
        live, kept = frozen._record(now, dtype), frozen.load(found).records[dtype]
        rows += compare(live, kept, dtype=dtype, weights="seed")
    assert [str(row) for row in rows if not row.agrees] == []
    assert frozen.path(found).stat().st_size < 100_000


# Where PyTorch is installed, tests/parity/test_ladder.py trains all of them beside it: one is enough here.
ALONE = sorted(EXPERIMENTS) if importlib.util.find_spec("torch") is None else ["fundamentals/same_seed"]


LONG = {"fundamentals/autodiff_from_scratch", "sequence/characters", "sequence/gpt", "vision/resnet", "vision/vgg"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in ALONE])
def test_jax_alone_agrees_with_them(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    dtypes = ["float64"] if name == "vision/lenet" else ["float64", "float32"]
    result = parity.check(EXPERIMENTS[name], dtypes=dtypes)
    result.assert_agreement()
    assert result.reference.kind == "frozen"
    assert result.rungs[:5] == ["initial", "batches", "forward", "loss", "gradient"]
    assert {"step 1", "step 10", "losses 1 to 10", "losses 31 to 100", "evaluation"} <= set(result.rungs)


def other_seed(config):
    right = SAME_SEED.program(config)
    return dataclasses.replace(right, init=lambda generator: right.init(random.TorchGenerator(99)))


def other_order(config):
    whole = SAME_SEED.source(config)
    return data.ArraySource(whole.arrays, whole.batch_size, shuffle=True, seed=99)


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"program": lambda c: SAME_SEED.program(dataclasses.replace(c, learning_rate=0.1))}, "step 1 · layers.0.weig"),
        ({"program": other_seed}, "initial · layers.0.weight · inf > 0e+00 (float64"),
        ({"source": other_order}, "batches · epoch 1 · inf"),
        ({"evaluation": SAME_SEED.source}, "batches · epoch 2 · inf"),  # it shuffles, which takes four draws for two
    ],
    ids=["learning rate", "seed", "order", "test data"],
)
def test_a_mistake_is_found_on_its_rung(parts, place):
    result = parity.check(altered(**parts), dtypes=["float64"], reference="frozen")
    assert str(result.failures[0]).startswith(place)
    with pytest.raises(parity.ParityError, match="fundamentals/same_seed: "):
        result.assert_agreement()


@pytest.mark.torch
def test_the_title_says_what_it_was_compared_with(torch):
    kept = frozen.load(SAME_SEED).reference
    assert str(kept).startswith("frozen numbers of PyTorch 2.13.0")
    assert f"written {kept.written} on {kept.processor}" in str(kept)
    live = parity.check(SAME_SEED, dtypes=["float64"])
    assert live.table().title.endswith(f"\nagainst PyTorch {torch.__version__}, live")


@dataclasses.dataclass(frozen=True)
class Changed(SAME_SEED.module.Config):
    learning_rate: float = 0.25


def numbers():
    return json.loads(frozen.path(SAME_SEED).read_text())


def with_rung(rung, tensors):
    """The file's text with one rung of its float64 run replaced."""
    whole = numbers()
    return json.dumps(whole | {"float64": whole["float64"] | {rung: tensors}})


@pytest.mark.parametrize(
    ("content", "parts", "error", "message"),
    [
        (None, {}, FileNotFoundError, r"same_seed\.reference\.json is missing; with PyTorch installed, `python -m "),
        ("{", {}, ValueError, r"is damaged \(Expecting .*freeze fundamentals/same_seed` writes it anew"),
        ("[]", {}, ValueError, "is damaged"),
        (json.dumps(numbers() | {"float64": {}}), {}, ValueError, r"damaged \(float64 has no forward, loss, gradient"),
        (with_rung("loss curve", {"loss": [1.0]}), {}, ValueError, r"damaged \(float64 has not 225 losses\)"),
        (with_rung("banana", {"x": 1}), {}, ValueError, r"damaged \(there is no rung 'banana'\)"),
        (
            with_rung("gradient", {"x": None}),
            {},
            ValueError,
            r"damaged \(float64 gradient holds what is no finite number",
        ),
        (
            json.dumps(numbers() | {"experiment": "supervised/mlp"}),
            {},
            ValueError,
            r"damaged \(it is of supervised/mlp\)",
        ),
        (json.dumps({k: v for k, v in numbers().items() if k != "batches"}), {}, ValueError, "no 'batches'"),
        (json.dumps(numbers() | {"float32": {"loss": {"loss": "x"}}}), {}, ValueError, "damaged .could not convert"),
        (json.dumps(numbers() | {"format": 0}), {}, ValueError, r"out of date \(format was 0 and is 1\)"),
        (json.dumps(numbers()), {"Config": Changed}, ValueError, "out of date .learning_rate was 0.3 and is 0.25"),
        (json.dumps(numbers()), {"source": SAME_SEED.evaluation}, ValueError, "out of date .steps was 225 and is 204"),
    ],
    ids=[
        "missing",
        "cut off",
        "a list",
        "empty",
        "short",
        "unknown rung",
        "null",
        "another's",
        "no batches",
        "text",
        "format",
        "config",
        "steps",
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(content, parts, error, message, tmp_path):
    if content is not None:
        (tmp_path / "same_seed.reference.json").write_text(content)
    with pytest.raises(error, match=message) as caught:
        parity.check(altered(tmp_path, **parts), reference="frozen")
    assert "python -m experiments freeze" in str(caught.value)


@pytest.mark.parametrize(
    ("found", "settings", "error", "message"),
    [
        (SAME_SEED, {"learning_rate": 0.1, "seed": 3}, ValueError, "default Config alone, given seed=3, learning_rate"),
        (dataclasses.replace(SAME_SEED, twin=None), {}, LookupError, r"no twin: same_seed_torch\.py is not beside it"),
    ],
    ids=["config", "twin"],
)
def test_what_was_never_frozen_is_refused(found, settings, error, message):
    with pytest.raises(error, match=message):
        parity.check(found, found.config(**settings), reference="frozen")


def test_another_word_for_the_reference_is_refused():
    with pytest.raises(ValueError, match="reference must be one of live, frozen, given 'torch'"):
        parity.check(SAME_SEED, reference="torch")


def test_a_dtype_alone_is_the_default_config():
    given = SAME_SEED.config(dtype="float64")
    parity.check(SAME_SEED, given, dtypes=["float64"], reference="frozen").assert_agreement()


@pytest.mark.torch
def test_numbers_that_are_not_finite_are_not_frozen(torch, tmp_path):
    wild = dataclasses.make_dataclass("Wild", [("learning_rate", float, 1e300)], bases=(Changed,), frozen=True)
    with pytest.raises(ValueError, match="same_seed: PyTorch's own loss became NaN or infinite in float64"):
        frozen.save(altered(tmp_path, Config=wild))
    assert not list(tmp_path.iterdir())


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "numbers.json"
    document.save(path, {"a": [0.1, float("nan")], "rows": [{"x": 1}, {"x": 2}], "none": {}})
    assert path.read_text() == '{\n "a": [0.1, null],\n "rows": [\n  {"x": 1},\n  {"x": 2}\n ],\n "none": {}\n}\n'
    with pytest.raises(TypeError, match="not JSON serializable"):
        document.save(path, {"a": object()})
    assert json.loads(path.read_text())["a"] == [0.1, None]
    assert [file.name for file in path.parent.iterdir()] == ["numbers.json"]
