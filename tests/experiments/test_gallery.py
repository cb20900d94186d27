"""The gallery shows what there is, says what is not, and does what is missing; shapes without numbers; devices."""

import dataclasses
import json
import re
from html import unescape

import jax
import pytest

from experiments import gallery
from experiments.__main__ import main
from jaxdl import experiment, report

EXPERIMENTS = dict(sorted(experiment.discover().items()))
ROW = {"dtype": "float64", "relative": 3e-14}


def called(*arguments):
    with pytest.raises(SystemExit) as done:
        main(arguments)
    return done.value.code


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder in which one experiment was run for two epochs."""
    place = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert called("run", "logistic_regression", "--epochs", "2") == 0
    return place


@pytest.fixture
def here(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    return workplace


def written(here, relative, content):
    file = here / relative
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def text_of(page):
    """The page without its style and tags."""
    bare = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(bare))


def test_every_experiment_has_a_card_and_what_was_run_has_its_page(here):
    assert called("report", "--all", "--as-is") == 0
    text, markup = text_of(gallery.PAGE), gallery.PAGE.read_text(encoding="utf-8")
    for name, found in EXPERIMENTS.items():
        assert found.summary.replace("`", "") in text
        assert (f"python -m experiments run {name} " in text) == (name != "supervised/logistic_regression")
    assert text.count("not run yet") == len(EXPERIMENTS) - 1
    assert re.search(r"test accuracy 0\.9\d+, at least 0\.95 was promised", text)
    links = re.findall(r'(?:href|src|srcset)="([^"#]+)"', markup)
    assert links
    for link in links:  # all that it opens or shows lies beside it
        assert (gallery.PAGE.parent / link).is_file(), link


def test_the_badge_is_the_largest_difference_of_the_float64_run(here):
    rows = [ROW, {"dtype": "float64", "relative": 1e-16}, {"dtype": "float32", "relative": 2e-4}]
    file = written(here, "reports/check/supervised/logistic_regression.json", {"agrees": True, "rows": rows})
    assert called("report", "--all", "--as-is") == 0
    assert "✓ PyTorch’s to 3 × 10⁻¹⁴" in text_of(gallery.PAGE)
    assert "1 agrees with PyTorch, to 3 × 10⁻¹⁴" in text_of(gallery.PAGE)
    file.write_text(json.dumps({"agrees": False, "rows": rows}))
    assert called("report", "--all", "--as-is") == 0
    assert "✗ differs from PyTorch" in text_of(gallery.PAGE)
    assert "agrees with PyTorch" not in text_of(gallery.PAGE)
    file.unlink()


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ([1.0, 1.0], [2.0, 2.0], "2.0× faster than PyTorch"),
        ([1.0, 2.0, 1.5], [1.1, 1.8, 1.5], "tie (equal) with PyTorch"),
    ],
)
def test_the_time_is_that_of_its_benchmark(here, ours, theirs, words):
    timing = [{"mode": "jax", "step_ms": ours}, {"mode": "eager", "step_ms": theirs}]
    one = {"name": "supervised/logistic_regression", "parity": {"agrees": True}, "timing": timing}
    file = written(here, "reports/compare/supervised/logistic_regression/results.json", {"experiments": [one]})
    assert called("report", "--all", "--as-is") == 0
    assert words in text_of(gallery.PAGE)
    file.unlink()


def test_what_is_missing_are_runs_then_proofs_then_times(here):
    few = {name: EXPERIMENTS[name] for name in ("supervised/logistic_regression", "vision/lenet")}
    tasks = list(gallery.missing(gallery.cards_of(few, {}), few))
    done = [task.arguments[:2] for task in tasks]
    both = [("check", name) for name in few] + [("compare", name) for name in few]
    assert done == [("run", "vision/lenet"), *both][: len(done)]
    assert len(done) in (3, 5)  # without PyTorch there are no times
    written(here, "reports/check/vision/lenet.json", {"agrees": True, "rows": [ROW]})
    assert len(list(gallery.missing(gallery.cards_of(few, {}), few))) == len(done) - 1
    (here / "reports/check/vision/lenet.json").unlink()


def test_what_fails_is_said_and_what_was_there_stays(here, monkeypatch, capsys):
    def missing(cards, experiments):
        yield gallery.Task("vision/lenet", "run vision/lenet", ("run", "vision/lenett"))

    monkeypatch.setattr(gallery, "missing", missing)
    assert called("report", "--all") == 1
    assert "did you mean 'vision/lenet'?" in capsys.readouterr().err
    assert "run vision/lenet: python -m experiments: there is no experiment 'vision/lenett'" in text_of(gallery.PAGE)
    assert "test accuracy 0.9" in text_of(gallery.PAGE)


def test_ctrl_c_leaves_a_page_of_what_there_is(here, monkeypatch):
    def interrupted(task):
        raise KeyboardInterrupt

    monkeypatch.setattr(gallery, "attempt", interrupted)
    gallery.PAGE.unlink(missing_ok=True)
    assert called("report", "--all") == 130
    assert "test accuracy 0.9" in text_of(gallery.PAGE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report"], "give NAMES or FOLDERS of runs, or --all without them"),
        (["report", "lenet", "--all"], "give NAMES or FOLDERS of runs, or --all without them"),
        (["report", "lenet", "--as-is"], "--as-is belongs to --all"),
        (["run", "mlp", "--device", "tpu"], "there is no device 'tpu'; jax sees cpu:0"),
        (["run", "mlp", "--device", "cpu:99"], "there is no device 'cpu:99'; jax sees cpu:0"),
        (["run", "mlp", "--device", "cpu:x"], "there is no device 'cpu:x'; jax sees cpu:0"),
        (["run", "mlp", "--dry-run", "--batch-size", "0"], "batch_size must be between 1 and the 1438 rows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_sentence(arguments, message, here, capsys):
    assert called(*arguments) not in (0, None)
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said


@pytest.mark.parametrize("name", ["vision/lenet", "sequence/characters"])
def test_a_dry_run_shows_shapes_and_leaves_nothing(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = EXPERIMENTS[name]
    size = found.source(found.config()).batch_size
    assert called("run", name, "--dry-run") == 0
    out = capsys.readouterr().out
    assert re.search(rf"batch\[0\] +│ {size} ×", out)
    assert "loss of a step" in out
    assert re.search(r"steps an epoch, [\d,]+ in all; [\d,]+ parameters", out)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_traces_its_step_and_computes_none(monkeypatch):
    found, traced = EXPERIMENTS["vision/lenet"], []
    whole = found.module.program

    def watched(config):
        program = whole(config)

        def step(state, batch):
            traced.extend(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves((state.params, batch)))
            return program.step(state, batch)

        return dataclasses.replace(program, step=step)

    monkeypatch.setattr(found.module, "program", watched)
    shapes = found.shapes(found.config(batch_size=7))
    assert traced
    assert all(traced)
    assert shapes.output.shape == (7, 10)
    assert shapes.steps == 206
    assert isinstance(jax.tree.leaves(shapes.state.params)[0], jax.ShapeDtypeStruct)


def test_the_device_computes(monkeypatch):
    assert jax.config.jax_default_device is None
    with experiment.on("cpu:0"):
        assert jax.config.jax_default_device == jax.devices("cpu")[0]
    assert jax.config.jax_default_device is None


@pytest.mark.slow
@pytest.mark.torch
def test_one_experiment_is_compared_in_the_configuration_that_is_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert called("compare", "logistic_regression", "--quick", "--rounds", "2", "--batch-size", "16") == 0
    result = report.load(tmp_path / "reports/compare/supervised/logistic_regression/results.json")
    assert [one["task"]["number"] for one in result["experiments"]] == [16]
    assert {row["mode"] for row in result["experiments"][0]["timing"]} >= {"jax", "eager"}
    assert (tmp_path / "reports/compare/supervised/logistic_regression/index.html").is_file()
