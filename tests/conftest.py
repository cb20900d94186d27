"""What every test may ask for."""

import gc
import importlib.util
import signal
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

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


@pytest.fixture
def uncached() -> Iterator[None]:
    """jax without a compilation cache, as it starts: whatever is asked for is compiled."""
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()
    yield
    jax.config.update("jax_compilation_cache_dir", before)
    compilation_cache.reset_cache()


# Files whose fixtures run for long: they run once, on one worker, and early. (Under pytest 9.2 pytest-xdist 3.8 does
# not see its own mark xdist_group.)
TOGETHER = (
    "test_activations_and_initialisation.py", "test_adam.py", "test_augmentation.py",
    "test_autodiff_from_scratch.py", "test_autograd.py", "test_benchmark.py", "test_calibration.py",
    "test_calls.py", "test_characters.py", "test_eeg.py", "test_fit.py", "test_forecasting.py",
    "test_gallery.py", "test_gpt.py", "test_gradient_descent.py", "test_layers.py", "test_linear_regression.py",
    "test_mesh.py", "test_mlp.py", "test_operations.py", "test_perceptron.py", "test_porting.py",
    "test_pytorch_to_jax.py", "test_regularisation.py", "test_resume.py", "test_same_seed.py", "test_sgd.py",
    "test_softmax_regression.py", "test_stream.py", "test_sweep.py",
)  # fmt: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests go to whichever worker is free, but those of the files above stay together."""
    from xdist.scheduler import LoadScopeScheduling

    class TogetherScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file.endswith(TOGETHER) else nodeid

    return TogetherScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `torch` where torch is absent, for one reason that is written once."""
    if importlib.util.find_spec("torch") is None:
        for item in items:
            if item.get_closest_marker("torch"):
                item.add_marker(pytest.mark.skip(reason=WITHOUT_TORCH))


def pytest_collection_finish() -> None:
    """What is imported stays: Python need not look through it whenever it looks for garbage, a tenth of the time."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C as from a terminal: started in the background, a process inherits SIGINT ignored. And what one worker has
    compiled the others read, and the next run: most of a test's time was compiling."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.pluginmanager.has_plugin("cacheprovider"):
        jax.config.update("jax_compilation_cache_dir", str(config.cache.mkdir("xla")))  # type: ignore[union-attr]
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
