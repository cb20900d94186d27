"""What every test may ask for."""

import importlib.util
import signal
from collections.abc import Iterator
from types import ModuleType

import jax
import pytest

import jaxdl  # noqa: F401  the runtime guard comes before jax starts

WITHOUT_TORCH = "PyTorch is not installed (pip install 'jaxdl[torch]' adds the reference)"


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """PyTorch, the reference; the test is skipped where it is not installed."""
    return pytest.importorskip("torch", reason=WITHOUT_TORCH)


@pytest.fixture(scope="module", autouse=True)
def _compiled_programs_are_let_go() -> Iterator[None]:
    """Each holds mapped memory: thousands of them run into the system's limit of mappings, and XLA crashes there."""
    yield
    jax.clear_caches()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `torch` where torch is absent, for one reason that is written once."""
    if importlib.util.find_spec("torch") is None:
        for item in items:
            if item.get_closest_marker("torch"):
                item.add_marker(pytest.mark.skip(reason=WITHOUT_TORCH))


def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C as from a terminal: started in the background, a process inherits SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
