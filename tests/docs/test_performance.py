"""docs/performance.md: it is drawn from the data beside it, and says what they say."""

import importlib

import pytest

page = importlib.import_module("docs.performance.__main__")


@pytest.fixture(scope="module")
def data():
    return page.load()


def test_the_page_is_drawn_from_the_data(data):
    assert page.PAGE.read_text(encoding="utf-8") == page.render(data)
    for number, _ in enumerate(data["growth"]["series"], start=1):
        assert (page.HERE / f"growth-{number}.png").stat().st_size > 5_000


def test_every_workload_of_the_suite_is_in_it_and_agrees(data):
    from jaxdl.compare import workload

    found = {(entry["label"], entry["task"]["kind"]) for entry in data["results"]["experiments"]}
    wanted = {(work.label, kind) for work in workload.suite() for kind, _ in work.tasks}
    assert found == wanted
    assert all(entry["parity"]["agrees"] for entry in data["results"]["experiments"])


def test_fit_is_within_a_twentieth_of_the_better_loop(data):
    """Beyond noise: the interval of the ratio begins above 1.05."""
    from jaxdl.report.intervals import interval

    late = [one["label"] for one in data["loops"]["loops"] if interval(one["ratios"])[0] > 1.05]
    assert late == []
