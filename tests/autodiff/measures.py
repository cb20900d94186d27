"""The derivatives that every library is asked for, and how near they must be."""

from typing import Any, NamedTuple

import numpy as np

from jaxdl import autodiff
from tests.autodiff.case import Case
from tests.autodiff.draws import Drawn

PARITY = 1e-10  # of the largest number, or of 1


class Problem(NamedTuple):
    """A case with its arguments: the function of the floats alone, directions for them and a weight for the value."""

    case: Case
    arrays: list[np.ndarray]
    settings: dict[str, Any]

    def applied(self, function: Any, namespace: Any, floats: Any, convert: Any = lambda x: x) -> Any:
        """The function of these floats, the other arguments as they are."""
        given = iter(floats)
        arrays = [next(given) if x.dtype.kind == "f" else convert(x) for x in self.arrays]
        return function(namespace, *arrays, **self.settings)

    def ours(self, *floats: Any) -> Any:
        """By the engine, or by NumPy where the arrays are plain."""
        return self.applied(self.case.function, np, floats)

    @property
    def floats(self) -> list[np.ndarray]:
        """What is differentiated."""
        return [x for x in self.arrays if x.dtype.kind == "f"]

    @property
    def directions(self) -> tuple[np.ndarray, ...]:
        """A tangent for each."""
        return tuple(
            np.cos(3.0 * np.arange(1, x.size + 1) + i).reshape(x.shape).astype(x.dtype)
            for i, x in enumerate(self.floats)
        )

    @property
    def value(self) -> np.ndarray:
        """NumPy's."""
        return np.asarray(self.ours(*self.floats))

    @property
    def smooth(self) -> bool:
        """There is something to differentiate."""
        return bool(self.floats) and self.value.dtype.kind == "f"


def problem(case: Case, drawn: Drawn) -> Problem:
    return Problem(case, drawn.arrays, drawn.settings)


def weights(value: np.ndarray) -> np.ndarray:
    """A cotangent."""
    return np.sin(2.0 * np.arange(1, value.size + 1)).reshape(value.shape)


def energy(y: Any, weight: Any) -> Any:
    """½ Σ w y²: its Hessian is Jᵀ diag(w) J + Σ w y ∇²y, so that linear functions have one, too."""
    return (0.5 * weight * y * y).sum()


def derivatives(one: Problem) -> dict[str, Any]:
    """The engine's: ẏ, x̄, and the Hessian of the energy times the directions."""
    weight = weights(one.value)
    floats, directions = tuple(one.floats), one.directions
    value, tangent = autodiff.jvp(one.ours, floats, directions)
    again, pull = autodiff.vjp(one.ours, *floats)
    np.testing.assert_array_equal(value, again)
    loss = lambda *x: energy(one.ours(*x), weight)  # noqa: E731
    return {
        "value": value,
        "jvp": tangent,
        "vjp": pull(weight),
        "hvp": autodiff.hvp(loss, floats, directions),
    }


def assert_near(actual: Any, expected: Any, what: str, tolerance: float = PARITY) -> None:
    """Arrays, or tuples of them, equal up to a part of the largest number."""
    pairs = zip(actual, expected, strict=True) if isinstance(actual, tuple) else [(actual, expected)]
    for a, b in pairs:
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape, f"{what}: {a.shape} beside {b.shape}"
        scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0))) if b.dtype.kind == "f" else 0
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale, err_msg=what)
