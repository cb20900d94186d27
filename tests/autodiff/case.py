"""One function of the engine beside its counterparts in JAX and PyTorch."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from tests.autodiff.draws import Drawn


class Case(NamedTuple):
    """A function, written once for all where the three have it under one name.

    Args:
        name: of the primitive, or of NumPy's or the engine's function that it shows.
        inputs: what it is called with.
        function: of a namespace (numpy) and the arrays, written for the engine.
        jax: the same with `jax.numpy`; by default `function`.
        torch: the same with `torch`; by default `function`.
        first: NumPy asks the first argument alone whether it is traced.
        differences: its derivative is that of its differences.
    """

    name: str
    inputs: SearchStrategy[Drawn]
    function: Callable[..., Any]
    jax: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    differences: bool = True
    first: bool = False


def named(name: str, inputs: SearchStrategy[Drawn], torch: Callable[..., Any] | None = None) -> Case:
    """NumPy's function, which JAX has under the same name, and PyTorch too if nothing is given for it."""

    def function(xp: Any, *arrays: Any, **settings: Any) -> Any:
        return getattr(xp, name)(*arrays, **settings)

    return Case(f"np.{name}", inputs, function, torch=torch)
