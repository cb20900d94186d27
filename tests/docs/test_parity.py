"""docs/parity.md: its snippets run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.torch
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_ladder_of_the_page_agrees(torch, assert_ladder, dtype):
    scope = {}
    exec(SNIPPETS[0], scope)
    scope["test_my_run_is_pytorchs"](assert_ladder, dtype)


@pytest.mark.torch
def test_the_loop_of_the_page_draws_as_pytorch_does(torch):
    scope = {"np": np}
    exec(SNIPPETS[1], scope)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        train_rows, _ = torch.utils.data.random_split(torch.arange(100), [0.8, 0.2])
        torch.nn.Linear(4, 2)
        loader = torch.utils.data.DataLoader(train_rows, 8, shuffle=True)
        for _ in range(3):
            batches = list(loader)
        np.testing.assert_array_equal(scope["batch"], batches[-1].numpy())
        np.testing.assert_array_equal(scope["generator"].state, torch.get_rng_state().numpy())


def test_the_table_is_that_of_the_tolerances():
    from jaxdl.parity.ladder import RUNGS
    from jaxdl.parity.tolerances import FLOAT32, LOSS_GROWTH, tolerance

    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)(?: \d+)?`", row[0])]
    assert list(dict.fromkeys(named)) == list(RUNGS)
    said = {re.findall(r"`([\w ]+)`", row[0])[0]: [cell.strip() for cell in row[2:]] for row in rows}
    for rung in ("forward", "gradient"):
        assert [float(cell) for cell in said[rung]] == [tolerance(rung, "float64"), FLOAT32[rung]]
    assert float(said["evaluation"][1]) == LOSS_GROWTH[2]
