"""Every function under jit, vmap, forward mode, Hessians and scan, with JAX's own promotions forbidden."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxdl import functional as F

CLASSES = np.array([2, 0, -100, 1])
WEIGHT = np.array([0.5, 2.0, 1.0])
KEY = jax.random.key(0)


class Case(NamedTuple):
    function: Callable[..., jax.Array]
    shapes: list[tuple[int, ...]]


CASES = {
    "linear": Case(F.linear, [(3, 4), (5, 4), (5,)]),
    "conv2d": Case(lambda x, w, b: F.conv2d(x, w, b, 2, 1), [(2, 2, 5, 4), (3, 2, 3, 2), (3,)]),
    "conv2d, unbatched": Case(lambda x, w: F.conv2d(x, w, padding="same", dilation=2), [(2, 5, 4), (3, 2, 2, 2)]),
    "conv2d, groups": Case(lambda x, w: F.conv2d(x, w, groups=2), [(2, 4, 4, 4), (2, 2, 3, 3)]),
    "max_pool2d, tiles": Case(lambda x: F.max_pool2d(x, 2), [(2, 2, 4, 5)]),
    "max_pool2d, overlaps": Case(lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), [(1, 2, 5, 6)]),
    "relu": Case(F.relu, [(3, 4)]),
    "softmax": Case(lambda x: F.softmax(x, 1), [(3, 4, 2)]),
    "log_softmax": Case(lambda x: F.log_softmax(x, -1), [(3, 4)]),
    "batch_norm, training": Case(
        lambda x, w, b: F.batch_norm(x, jnp.zeros(2), jnp.ones(2), w, b, training=True)[0],
        [(3, 2, 2, 2), (2,), (2,)],
    ),
    "batch_norm, evaluation": Case(
        lambda x, m, w, b: F.batch_norm(x, m, jnp.ones(2), w, b), [(3, 2, 4), (2,), (2,), (2,)]
    ),
    "dropout": Case(lambda x: F.dropout(x, 0.4, key=KEY), [(4, 5)]),
    "cross_entropy, indices": Case(lambda x: F.cross_entropy(x, CLASSES, WEIGHT, label_smoothing=0.1), [(4, 3)]),
    "cross_entropy, probabilities": Case(
        lambda x, p: F.cross_entropy(x, p, WEIGHT, reduction="none"), [(4, 3, 2), (4, 3, 2)]
    ),
    "nll_loss": Case(lambda x: F.nll_loss(x, CLASSES, WEIGHT), [(4, 3)]),
    "mse_loss": Case(lambda x, t, w: F.mse_loss(x, t, weight=w), [(3, 4), (3, 4), (3, 4)]),
}


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """float64, and nothing promoted or broadcast across ranks in silence."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield


FAST_COMPILE = {"xla_backend_optimization_level": 0}


def draw(case: Case, seed: int) -> list[Any]:
    generator = np.random.default_rng(seed)
    return [jnp.asarray(generator.normal(size=shape)) for shape in case.shapes]


def close(left: Any, right: Any, tolerance: float) -> None:
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_derivative_is_the_slope_of_the_one_before(case: Case) -> None:
    """Forward mode against a central difference, reverse against forward, and the Hessian against both."""
    x, v = draw(case, 0), draw(case, 1)

    def energy(*inputs: Any) -> Any:
        return jnp.sum(jnp.sin(case.function(*inputs)))

    def slopes(x: list[Any], v: list[Any]) -> Any:
        gradient = jax.grad(energy, tuple(range(len(x))))
        value, forward = jax.jvp(energy, tuple(x), tuple(v))
        slope, curvature = jax.jvp(gradient, tuple(x), tuple(v))
        backward = jax.vjp(gradient, *x)[1](tuple(v))
        return value, forward, slope, curvature, backward

    compiled = jax.jit(slopes, compiler_options=FAST_COMPILE)
    h = 1e-5
    ahead, behind = (compiled([a + s * h * b for a, b in zip(x, v, strict=True)], v) for s in (1, -1))
    _, forward, gradient, curvature, backward = compiled(x, v)
    close(forward, (ahead[0] - behind[0]) / (2 * h), 1e-7)
    close(forward, _dot(gradient, v), 1e-12)
    differences = jax.tree.map(lambda a, b: (a - b) / (2 * h), ahead[2], behind[2])
    close(curvature, differences, 1e-7)
    close(curvature, backward, 1e-12)


def _dot(left: Any, right: Any) -> Any:
    return sum(jnp.vdot(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_vmap_is_a_loop(case: Case) -> None:
    """Over every argument at once and over the first alone: value and gradients."""
    first, second = draw(case, 0), draw(case, 1)
    count = len(first)

    def value_and_gradient(*inputs: Any) -> Any:
        return jax.value_and_grad(lambda *x: jnp.sum(case.function(*x) ** 2), tuple(range(count)))(*inputs)

    single = jax.jit(value_and_gradient, compiler_options=FAST_COMPILE)
    for mapped in {tuple(range(count)), (0,)}:
        inputs = [jnp.stack([a, b]) if i in mapped else a for i, (a, b) in enumerate(zip(first, second, strict=True))]
        axes = tuple(0 if i in mapped else None for i in range(count))
        batched = jax.jit(jax.vmap(value_and_gradient, axes), compiler_options=FAST_COMPILE)(*inputs)
        for row in range(2):
            one = [a[row] if i in mapped else a for i, a in enumerate(inputs)]
            close(jax.tree.map(lambda a: a[row], batched), single(*one), 1e-12)  # noqa: B023  called within this turn of the loop


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d, overlaps", "batch_norm, training", "cross_entropy, indices"])
def test_a_scanned_gradient_is_the_gradient(name: str) -> None:
    case = CASES[name]
    x = draw(case, 0)
    gradient = jax.grad(lambda *x: jnp.sum(case.function(*x) ** 2), tuple(range(len(x))))

    def step(inputs: Any, _: None) -> tuple[Any, None]:
        return jax.tree.map(lambda a, b: a - 0.01 * b, inputs, gradient(*inputs)), None

    scan = jax.jit(lambda x: lax.scan(step, x, None, length=3)[0], compiler_options=FAST_COMPILE)
    once = jax.jit(step, compiler_options=FAST_COMPILE)
    looped = tuple(x)
    for _ in range(3):
        looped, _ = once(looped, None)
    close(scan(tuple(x)), looped, 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_jit_changes_nothing_and_needs_no_values(case: Case) -> None:
    inputs = draw(case, 0)
    eager, jitted = case.function(*inputs), jax.jit(case.function)(*inputs)
    close(eager, jitted, 1e-14)
    abstract = jax.eval_shape(case.function, *inputs)
    assert (abstract.shape, abstract.dtype) == (eager.shape, np.float64)
