"""What the tests of `jaxdl.functional` share."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import jax
import numpy as np
import pytest

from jaxdl import functional as F

FAST_COMPILE = {"xla_backend_optimization_level": 0}


@pytest.fixture(scope="session")
def assert_as_in_torch(torch: ModuleType) -> Callable[..., None]:
    """Asserts that a function's outputs, and their gradients by every array of floats, are PyTorch's in float64.

    Up to 1e-12 of the largest element. JAX's gradient by something complex is the conjugate of PyTorch's.
    """

    def check(name: str, arrays: Mapping[str, np.ndarray], **options: Any) -> None:
        trained = {key: array for key, array in arrays.items() if array.dtype.kind in "fc"}
        fixed = {key: array for key, array in arrays.items() if key not in trained}
        leaves = {key: torch.tensor(array, requires_grad=key in trained) for key, array in arrays.items()}
        theirs = _several(getattr(torch.nn.functional, name)(**leaves, **options))
        draw = np.random.default_rng(0)
        cotangents = [
            draw.normal(size=y.shape) + (1j * draw.normal(size=y.shape) if y.is_complex() else 0) for y in theirs
        ]
        expected = torch.autograd.grad(
            theirs, [leaves[key] for key in trained], [*map(torch.tensor, cotangents)], materialize_grads=True
        )

        def outputs_and_gradients(trained: Any, fixed: Any, cotangents: Any) -> Any:
            outputs, pull = jax.vjp(lambda t: _several(getattr(F, name)(**t, **fixed, **options)), trained)
            (gradients,) = pull([c.conj() for c in cotangents])
            return outputs, {key: gradient.conj() for key, gradient in gradients.items()}

        with jax.enable_x64(True):
            jitted = jax.jit(outputs_and_gradients, compiler_options=FAST_COMPILE)
            outputs, gradients = jitted(trained, fixed, cotangents)
        ours = [*outputs, *(gradients[key] for key in trained)]
        labels = [f"output {i}" for i in range(len(theirs))] + [f"gradient by {key}" for key in trained]
        for label, a, b in zip(labels, ours, [y.detach().numpy() for y in (*theirs, *expected)], strict=True):
            scale = np.abs(b[np.isfinite(b)]).max(initial=0)
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * scale, err_msg=f"{name}: {label}")

    return check


def _several(outputs: Any) -> list[Any]:
    """One output, or those of a tuple that are there."""
    return [y for y in (outputs if isinstance(outputs, tuple) else (outputs,)) if y is not None]
