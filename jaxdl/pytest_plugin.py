"""jaxdl in pytest: the fixture `assert_ladder`, in every test once jaxdl is installed.

pytest finds this file by jaxdl's entry point. It imports nothing but pytest until a test asks for the fixture.
"""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def assert_ladder(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`jaxdl.parity.assert_ladder` for a test: it fails in one line, and the report shows the whole table.

    A test of a training run beside its PyTorch twin, in float64 and then in float32:

        @pytest.mark.parametrize("dtype", ["float64", "float32"])
        def test_my_run_is_pytorchs(assert_ladder, dtype):
            assert_ladder(program(dtype), twin, source(dtype), dtype=dtype, steps=200)

    The test is skipped where PyTorch is not installed.
    """
    pytest.importorskip("torch", reason="PyTorch, the reference, is not installed (pip install 'jaxdl[torch]')")

    def check(program: Any, twin: Any, source: Any, **settings: Any) -> Any:
        __tracebackhide__ = True
        from jaxdl import parity

        settings.setdefault("name", request.node.name)
        result = parity.ladder(program, twin, source, **settings)
        if result.failures:
            request.node.add_report_section("call", "parity ladder", result.text())
        result.assert_agreement()
        return result

    return check
