"""A primitive: a function that the engine knows by its rules.

For y = f(x₀, x₁, …; params), the table of a primitive has, each given by a decorator:

    evaluate       y = f(x₀, x₁, …)                      on NumPy arrays
    result         the shape and dtype of y               from those of x, nothing computed
    jvp(i)         ẏ = ∂f/∂xᵢ · ẋᵢ                       linear in ẋᵢ
    transpose(i)   x̄ᵢ = (∂f/∂xᵢ)ᵀ · ȳ                   where f is linear in xᵢ, the other arguments held fixed
    batch          batch(X)ₙ = f(Xₙ)                     n the first axis

Each derivative is written once: a primitive that is linear in xᵢ gives its transpose, and its jvp follows, for
∂f/∂xᵢ · ẋᵢ = f(…, ẋᵢ, …); any other gives its jvp, made of primitives that are linear in ẋᵢ, and its transpose
follows from theirs. Rules are written with NumPy's functions, which work on tracers too, so every derivative has
derivatives itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxdl.autodiff.engine.trace import innermost

Rule = Callable[..., Any]
Shape = tuple[int, ...]
PRIMITIVES: dict[str, "Primitive"] = {}


class Hollow:
    """A shape and a dtype, for a result that is not computed."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Shape, dtype: Any) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)


class Primitive:
    """A function with rules; called, it is bound to the innermost trace of its arguments.

    Args:
        name: what a recorded program calls it.
        flat: its derivative is zero everywhere, as that of a comparison.

    >>> import numpy as np
    >>> from jaxdl import autodiff
    >>> cube = autodiff.Primitive("my_cube")
    >>> @cube.evaluate
    ... def _(x):  # y = x³
    ...     return x**3
    >>> @cube.jvp(0)
    ... def _(t, y, x):  # ẏ = 3x² ẋ
    ...     return t * (3 * x**2)
    >>> autodiff.grad(cube)(2.0).item(), autodiff.grad(autodiff.grad(cube))(2.0).item()
    (12.0, 12.0)
    """

    def __init__(self, name: str, *, flat: bool = False) -> None:
        self.name, self.flat = name, flat
        self.rules: dict[str, Rule] = {}
        self.jvps: dict[int, Rule] = {}
        self.transposes: dict[int, Rule] = {}
        PRIMITIVES[name] = self

    def __repr__(self) -> str:
        return self.name

    def __call__(self, *args: Any, **params: Any) -> Any:
        """The function of any arguments that fit; some primitives bring them into one form first."""
        return self.bind(*args, **params)

    def bind(self, *args: Any, **params: Any) -> Any:
        """Evaluate on plain arrays; otherwise the innermost trace of the arguments processes it."""
        trace = innermost(args)
        return self.rule("evaluate")(*args, **params) if trace is None else trace.process(self, args, params)

    def rule(self, name: str) -> Rule:
        """A rule of the table.

        Raises:
            NotImplementedError: it has not been given.
        """
        if name not in self.rules:
            raise NotImplementedError(f"primitive {self.name!r} has no {name} rule; give it one: @{self.name}.{name}")
        return self.rules[name]

    def evaluate(self, rule: Rule) -> Rule:
        """Declare `evaluate(*x, **params) -> y`."""
        return self.rules.setdefault("evaluate", rule)

    def result(self, rule: Rule) -> Rule:
        """Declare `result(*x, **params) -> Hollow(shape, dtype)`."""
        return self.rules.setdefault("result", rule)

    def batch(self, rule: Rule) -> Rule:
        """Declare `batch(size, batched, *x, **params) -> y`: `batched[i]` says whether x[i] has the first axis n."""
        return self.rules.setdefault("batch", rule)

    def jvp(self, *positions: int) -> Callable[[Rule], Rule]:
        """Declare `jvp(ẋᵢ, y, *x, **params) -> ẏ` for the arguments at these positions."""

        def declare(rule: Rule) -> Rule:
            self.jvps.update(dict.fromkeys(positions, rule))
            return rule

        return declare

    def transpose(self, *positions: int) -> Callable[[Rule], Rule]:
        """Declare `transpose(ȳ, *x, **params) -> x̄ᵢ`; of x[i] itself only shape and dtype may be used."""

        def declare(rule: Rule) -> Rule:
            self.transposes.update(dict.fromkeys(positions, rule))
            return rule

        return declare

    def push(self, primals: list[Any], tangents: list[Any], params: dict[str, Any]) -> tuple[Any, Any]:
        """The result and its tangent, ẏ = Σᵢ ∂f/∂xᵢ · ẋᵢ; None stands for a tangent that is zero.

        Raises:
            NotImplementedError: there is neither a jvp nor a transpose for an argument that is differentiated.
        """
        y, total = self.bind(*primals, **params), None
        if self.flat:
            return y, None
        for i, t in enumerate(tangents):
            if t is None:
                continue
            if i in self.jvps:
                part = self.jvps[i](t, y, *primals, **params)
            elif i in self.transposes:
                part = self.bind(*primals[:i], t, *primals[i + 1 :], **params)
            else:
                raise NotImplementedError(
                    f"primitive {self.name!r} has no derivative rule for argument {i}; give it one: "
                    f"@{self.name}.jvp({i}), or @{self.name}.transpose({i}) where it is linear in it"
                )
            total = part if total is None or part is None else np.add(total, part)
        return y, total

    def pull(
        self, cotangents: list[Any], args: tuple[Any, ...], wanted: list[int], params: dict[str, Any]
    ) -> list[Any]:
        """The cotangents of the wanted arguments, x̄ᵢ = (∂f/∂xᵢ)ᵀ · ȳ.

        Raises:
            NotImplementedError: the primitive is not linear in one.
        """
        for i in wanted:
            if i not in self.transposes:
                raise NotImplementedError(
                    f"primitive {self.name!r} has no transpose for argument {i}: a jvp rule is made of primitives that "
                    "are linear in the tangent"
                )
        return [self.transposes[i](cotangents[0], *args, **params) for i in wanted]
