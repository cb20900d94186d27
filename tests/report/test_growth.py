"""How a step's time grows: a picture a series by day and by night, and a table."""

import io

from rich.console import Console

from jaxdl import report


def row(mode, time):
    return {"mode": mode, "step_ms": [time, 1.1 * time, 0.9 * time]}


def series(title, *points):
    return {"title": title, "field": "batch_size", "label": "MLP", "name": "supervised/mlp", "points": list(points)}


RESULT = {
    "ceiling": {"jax": 400.0, "eager": 200.0},
    "series": [
        series(
            "MLP: batch size",
            {"value": 16, "flops": 2e6, "timing": [row("jax", 0.1), row("eager", 0.5)]},
            {"value": 64, "flops": 8e6, "timing": [row("jax", 0.2), row("eager", 0.6)]},
        ),
        series(
            "LSTM: length",
            {"value": 16, "flops": None, "timing": [row("jax", 1.0), {"mode": "eager", "reason": "out of memory"}]},
        ),
    ],
}


def test_the_table_has_a_row_a_point_and_says_what_is_reached():
    file = io.StringIO()
    Console(file=file, width=100).print(report.growth_table(RESULT))
    lines = [line.split() for line in file.getvalue().splitlines()]
    assert ["MLP:", "batch", "size", "16", "0.100", "0.500", "5.0×", "faster", "5.00–5.00", "20.0", "4.00"] in lines
    assert ["LSTM:", "length", "16", "1.00", "–", "–", "–", "–"] in lines
    assert "GFLOP/s: JAX 400, PyTorch 200." in " ".join(file.getvalue().split())


def test_pictures_replace_the_earlier_ones(tmp_path):
    (tmp_path / "growth-7.png").touch()
    paths = report.growth_pictures(RESULT, tmp_path)
    assert [path.name for path in paths] == ["growth-1.png", "growth-2.png"]
    names = {"growth-1.png", "growth-1-dark.png", "growth-2.png", "growth-2-dark.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())
