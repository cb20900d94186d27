"""Elementwise functions."""

from typing import Any

import jax
from hypothesis import strategies as st

from jaxdl import autodiff
from tests.autodiff.case import Case, named
from tests.autodiff.draws import broadcast, shaped

ANY, POSITIVE = (-2.0, 2.0), (0.2, 3.0)


def _remainder(torch: Any, a: Any, b: Any) -> Any:
    """PyTorch's own has no derivative by b."""
    return a - torch.floor(a / b).detach() * b


DTYPES = {"dtype": st.sampled_from(["float64", "int64", "bool"])}

CASES = [
    *(named(name, broadcast(ANY)) for name in ("square", "exp2", "sinh", "cosh", "trunc")),
    named("tan", broadcast((-1.0, 1.0))),
    *(named(name, broadcast(POSITIVE)) for name in ("reciprocal", "log2", "log10")),
    named("fabs", broadcast(ANY), lambda torch, x: torch.abs(x)),
    named("rint", broadcast(ANY), lambda torch, x: torch.round(x)),
    named("logaddexp", broadcast(ANY, ANY)),
    *(named(name, broadcast(ANY)) for name in ("negative", "positive", "exp", "expm1", "sin", "cos", "tanh", "arctan")),
    *(named(name, broadcast(ANY)) for name in ("absolute", "sign", "floor", "ceil", "isnan", "isinf", "isfinite")),
    *(named(name, broadcast(POSITIVE)) for name in ("log", "log1p", "sqrt")),
    *(named(name, broadcast(ANY, ANY)) for name in ("add", "subtract", "multiply", "maximum", "minimum")),
    named("divide", broadcast(ANY, POSITIVE)),
    named("remainder", broadcast(ANY, POSITIVE), lambda torch, a, b: _remainder(torch, a, b)),
    named("floor_divide", broadcast(ANY, POSITIVE), lambda torch, a, b: torch.floor(a / b).detach()),
    named("power", broadcast(POSITIVE, ANY), lambda torch, a, b: torch.pow(a, b)),
    *(
        named(name, broadcast(ANY, ANY), torch)
        for name, torch in {
            "equal": lambda torch, a, b: a == b,
            **dict.fromkeys(("not_equal", "less", "less_equal", "greater", "greater_equal")),
        }.items()
    ),
    *(named(name, broadcast(bool, bool)) for name in ("logical_and", "logical_or", "bitwise_and", "bitwise_or")),
    named("logical_not", broadcast(bool)),
    named("invert", broadcast(bool), lambda torch, x: ~x),
    named("where", broadcast(bool, ANY, ANY)),
    Case(
        "erf",
        broadcast(ANY),
        lambda np, x: autodiff.erf(x),
        lambda jnp, x: jax.scipy.special.erf(x),
        lambda torch, x: torch.erf(x),
    ),
    Case(
        "sigmoid",
        broadcast((-30.0, 30.0)),
        lambda np, x: autodiff.sigmoid(x),
        lambda jnp, x: jax.nn.sigmoid(x),
        lambda torch, x: torch.sigmoid(x),
    ),
    Case(
        "stop_gradient",
        broadcast(ANY),
        lambda np, x: x * autodiff.stop_gradient(x * x),
        lambda jnp, x: x * jax.lax.stop_gradient(x * x),
        lambda torch, x: x * (x * x).detach(),
        differences=False,
    ),
    Case(
        "np.astype",
        shaped(lambda draw, shape: {"dtype": draw(DTYPES["dtype"])}),
        lambda xp, x, dtype: xp.astype(x, dtype),
        torch=lambda torch, x, dtype: x.to(getattr(torch, dtype)),
    ),
    Case(
        "np.clip",
        broadcast(ANY, (-1.0, -0.5), (0.5, 1.0)),
        lambda xp, x, low, high: xp.clip(x, low, high),
        torch=lambda torch, x, low, high: torch.minimum(torch.maximum(x, low), high),
    ),
    named("copy", broadcast(ANY), lambda torch, x: x.clone()),
    named("real", broadcast(ANY)),
    Case("powers", broadcast(ANY), lambda xp, x: x**3 + x**2 + x**1 + x**0 + 2.0**x),
    Case(
        "operators",
        broadcast(ANY, POSITIVE),
        lambda xp, a, b: 2 * a - b / 3 + (1 - a) * (1 / b) + abs(-a) + (a % b) + b**a + (3 // b) + (5 % b),
        torch=lambda torch, a, b: (
            2 * a
            - b / 3
            + (1 - a) * (1 / b)
            + abs(a)
            + _remainder(torch, a, b)
            + b**a
            + _remainder(torch, 5, b)
            + torch.floor(3 / b).detach()
        ),
    ),
]
