"""Kinks, infinities, dtypes and empty inputs of the losses, which PyTorch's samples do not reach."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F
from jaxdl.functional.loss.linear_cross_entropy import LinearCrossEntropyOptions

pytestmark = pytest.mark.slow

INF, NAN = np.inf, np.nan
FAST_COMPILE = {"xla_backend_optimization_level": 0}
SPECIAL = np.array([1.0, -1.0, 0.0, INF, NAN, -INF, 0.3, -5.0])


def kinks(name: str, **options: Any) -> Callable[[Any, Any, Any], Any]:
    """`name`, of elements and targets."""
    return lambda functional, x, t: getattr(functional, name)(x, t, reduction="none", **options)


ELEMENTWISE = {
    "l1_loss": kinks("l1_loss"),
    "mse_loss": kinks("mse_loss"),
    "smooth_l1_loss": kinks("smooth_l1_loss"),
    "smooth_l1_loss, beta 0": kinks("smooth_l1_loss", beta=0.0),
    "smooth_l1_loss, beta 0.3": kinks("smooth_l1_loss", beta=0.3),
    "huber_loss": kinks("huber_loss"),
    "huber_loss, delta 5": kinks("huber_loss", delta=5.0),
    "hinge_embedding_loss": kinks("hinge_embedding_loss"),
    "margin_ranking_loss": lambda f, x, t: f.margin_ranking_loss(x, t * 0, t * 0 + 1, 0.0, reduction="none"),
    "poisson_nll_loss": kinks("poisson_nll_loss", full=True),
    "poisson_nll_loss, rate": kinks("poisson_nll_loss", log_input=False, full=True),
    "binary_cross_entropy_with_logits": kinks("binary_cross_entropy_with_logits"),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_kinks_and_infinities_as_in_torch(torch: ModuleType, name: str) -> None:
    special = SPECIAL[np.isfinite(SPECIAL)] if name == "binary_cross_entropy_with_logits" else SPECIAL
    x, t = (a.ravel() for a in np.meshgrid(special, [0.0, 1.0, -1.0]))
    loss, leaf = ELEMENTWISE[name], torch.tensor(x, requires_grad=True)
    theirs = loss(torch.nn.functional, leaf, torch.tensor(t))
    (slopes,) = torch.autograd.grad(theirs.sum(), leaf)
    with jax.enable_x64(True):
        elements = jax.vmap(jax.value_and_grad(lambda x, t: loss(F, x, t)))
        ours, found = jax.jit(elements, compiler_options=FAST_COMPILE)(x, t)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found, slopes.numpy(force=True), rtol=1e-12)


def test_a_probability_of_0_or_1() -> None:
    """The loss is 100 at most, and the gradient 1e12 where it is clamped."""
    x, t = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 0.0])
    with jax.enable_x64(True):
        value, pull = jax.vjp(lambda x, t: F.binary_cross_entropy(x, t, reduction="none"), x, t)
        of_input, of_target = pull(np.ones(4))
    assert value.tolist() == [0, 0, 100, 100]
    assert of_input.tolist() == [0, 0, -1e12, 1e12]
    assert of_target.tolist() == [100, -100, 100, -100]


def test_values_out_of_range_inside_jit_are_nan() -> None:
    x = np.array([0.5, 2.0, 0.5], np.float32)
    assert np.isnan(jax.jit(F.binary_cross_entropy)(x, x * 0 + 1))
    outside = jax.jit(lambda t: F.binary_cross_entropy(x * 0 + 0.5, t, reduction="none"))(x)
    assert np.isnan(outside).tolist() == [False, True, False]
    variances = jax.jit(lambda v: F.gaussian_nll_loss(x, x, v, reduction="none"))(np.array([1.0, -1.0, 0.0]))
    assert np.isnan(variances).tolist() == [False, True, False]
    classes = jax.jit(lambda t: F.multi_margin_loss(np.eye(3, dtype=np.float32), t, reduction="none"))
    assert np.isnan(classes(np.array([0, 3, -1]))).tolist() == [False, True, True]
    labels = jax.jit(lambda t: F.multilabel_margin_loss(np.eye(2, dtype=np.float32), t, reduction="none"))
    assert np.isnan(labels(np.array([[0, -1], [2, -1]]))).tolist() == [False, True]
    assert np.isnan(labels(np.array([[-1, -2], [0, 1]]))).tolist() == [True, False]


def test_a_margin_that_overflows_nowhere() -> None:
    x = np.array([-1e4, 1e4, -INF, INF], np.float32)
    value, gradient = jax.vmap(jax.value_and_grad(lambda x: F.soft_margin_loss(x, np.float32(1))))(x)
    assert value.tolist() == [1e4, 0, INF, 0]
    assert gradient.tolist() == [-1, 0, -1, 0]


def test_logits_whose_loss_is_tiny_keep_their_digits() -> None:
    x, t = np.array([-30.0, 30.0], np.float32), np.array([0.0, 1.0], np.float32)
    value, pull = jax.vjp(lambda x: F.binary_cross_entropy_with_logits(x, t, reduction="none"), x)
    np.testing.assert_allclose(value, np.exp(-30.0), rtol=1e-5)
    np.testing.assert_allclose(pull(np.ones(2, np.float32))[0], [np.exp(-30.0), -np.exp(-30.0)], rtol=1e-5)


def test_a_variance_below_eps_still_has_a_slope() -> None:
    with jax.enable_x64(True):
        slope = jax.grad(lambda v: F.gaussian_nll_loss(np.zeros(1), np.ones(1), v))(np.zeros(1))
    np.testing.assert_allclose(slope, 0.5 * (1e6 - 1e12), rtol=1e-12)


def test_small_counts_without_a_logarithm() -> None:
    """Stirling's term counts from above 1, and log 0 reaches neither value nor gradient."""
    t = np.array([0.0, 1.0, 2.0], np.float32)
    value, pull = jax.vjp(lambda t: F.poisson_nll_loss(t * 0, t, full=True, reduction="none"), t)
    np.testing.assert_allclose(value, [1, 1, 1 + 2 * np.log(2) - 2 + 0.5 * np.log(4 * np.pi)], rtol=1e-6)
    np.testing.assert_allclose(pull(np.ones(3, np.float32))[0], [0, 0, np.log(2) + 0.25], rtol=1e-6)


def test_a_label_named_twice_counts_twice() -> None:
    x = np.array([1.0, 0.5, 0.0], np.float32)
    once, twice = (F.multilabel_margin_loss(x, np.array(t)) for t in ([0, -1, 0], [0, 0, -1]))
    assert once == pytest.approx(0.5 / 3)
    assert twice == pytest.approx(1.0 / 3)


SHAPES: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = [
    ((3,), (), ()),
    ((3,), (1,), (1,)),
    ((1, 3), (), ()),
    ((2, 3), (2,), (2,)),
    ((), (), ()),
    ((0, 3), (0,), (0,)),
]


@pytest.mark.parametrize(("input", "target", "output"), SHAPES, ids=str)
def test_shapes_of_multi_margin(input: tuple[int, ...], target: tuple[int, ...], output: tuple[int, ...]) -> None:
    found = F.multi_margin_loss(np.zeros(input, np.float32), np.zeros(target, int), reduction="none")
    assert found.shape == output


def test_one_sample_may_have_a_target_with_an_axis() -> None:
    x = np.array([1.0, 2.0, 3.0], np.float32)
    for function in (F.cross_entropy, F.nll_loss):
        for how in ("none", "mean"):
            assert function(x, np.array([1]), reduction=how) == function(x, np.array(1), reduction=how)
            assert function(x, np.array([1]), reduction=how).shape == ()


PAIRS = (
    F.l1_loss,
    F.smooth_l1_loss,
    F.huber_loss,
    F.kl_div,
    F.poisson_nll_loss,
    F.soft_margin_loss,
    F.binary_cross_entropy,
    F.binary_cross_entropy_with_logits,
    F.multilabel_soft_margin_loss,
)


@pytest.mark.filterwarnings("ignore:kl_div")
def test_the_mean_of_nothing_is_nan() -> None:
    def means(x: Any, t: Any) -> list[Any]:
        pairs = [function(x, x) for function in PAIRS]
        return [*pairs, F.gaussian_nll_loss(x, x, x), F.multi_margin_loss(x, t), F.triplet_margin_loss(x, x, x)]

    found = jax.jit(means, compiler_options=FAST_COMPILE)(np.ones((0, 3), np.float32), np.ones(0, int))
    assert np.isnan(found).all()


HALF, SINGLE, DOUBLE, WHOLE = np.float16, np.float32, np.float64, np.int32
# (name, the arguments' dtypes, the result's): as PyTorch's, of which some follow the input and some promote.
DTYPES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("l1_loss", (SINGLE, DOUBLE), DOUBLE),
    ("l1_loss", (HALF, SINGLE), SINGLE),
    ("l1_loss", (WHOLE, WHOLE), WHOLE),
    ("l1_loss", (np.complex128, DOUBLE), DOUBLE),
    ("smooth_l1_loss", (SINGLE, WHOLE), SINGLE),
    ("mse_loss", (SINGLE, bool), SINGLE),
    ("huber_loss", (SINGLE, DOUBLE), SINGLE),
    ("huber_loss", (HALF, SINGLE), HALF),
    ("kl_div", (HALF, SINGLE), SINGLE),
    ("poisson_nll_loss", (WHOLE, WHOLE), SINGLE),
    ("gaussian_nll_loss", (WHOLE, WHOLE, SINGLE), SINGLE),
    ("gaussian_nll_loss", (SINGLE, SINGLE, DOUBLE), DOUBLE),
    ("binary_cross_entropy_with_logits", (SINGLE, DOUBLE), DOUBLE),
    ("binary_cross_entropy_with_logits", (DOUBLE, SINGLE), SINGLE),
    ("multilabel_soft_margin_loss", (HALF, SINGLE), SINGLE),
    ("soft_margin_loss", (SINGLE, DOUBLE), SINGLE),
    ("hinge_embedding_loss", (HALF, SINGLE), HALF),
    ("margin_ranking_loss", (WHOLE, WHOLE, WHOLE), SINGLE),
    ("margin_ranking_loss", (SINGLE, DOUBLE, WHOLE), DOUBLE),
    ("triplet_margin_loss", (WHOLE, WHOLE, WHOLE), SINGLE),
    ("triplet_margin_loss", (np.complex64, np.complex64, SINGLE), SINGLE),
]


@pytest.mark.torch
@pytest.mark.parametrize(("name", "given", "dtype"), DTYPES, ids=str)
def test_the_result_s_dtype(torch: ModuleType, name: str, given: tuple[Any, ...], dtype: Any) -> None:
    arrays = [np.ones((3, 4), kind) for kind in given]
    theirs = getattr(torch.nn.functional, name)(*map(torch.tensor, arrays), reduction="none")
    with jax.enable_x64(True):
        ours = jax.eval_shape(lambda *arrays: getattr(F, name)(*arrays, reduction="none"), *arrays)
    assert ours.dtype == dtype == theirs.numpy().dtype
    assert ours.shape == theirs.shape


def test_half_types_are_summed_in_float32() -> None:
    """float16 cannot count past 2,048 in ones."""
    x = jnp.ones((10_000,), jnp.float16)
    means = jax.jit(lambda x: [F.l1_loss(x * 2, x), F.huber_loss(x * 2, x), F.poisson_nll_loss(x, x)])
    np.testing.assert_allclose(means(x), means(x[:4]), rtol=1e-3)


DIFFERENTIATED: dict[str, Callable[[Any], Any]] = {
    "cross_entropy": lambda x: F.cross_entropy(x, LABELS, x[0], label_smoothing=0.1),
    "cross_entropy, probabilities": lambda x: F.cross_entropy(x, x, x[0]),
    "nll_loss": lambda x: F.nll_loss(x, LABELS, x[0]),
    "linear_cross_entropy": lambda x: F.linear_cross_entropy(x, x, LABELS, options=LinearCrossEntropyOptions(False, 2)),
    "l1_loss": lambda x: F.l1_loss(x, x * 2, weight=x),
    "mse_loss": lambda x: F.mse_loss(x, x * 2, weight=x),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, x * 2),
    "huber_loss": lambda x: F.huber_loss(x, x * 2, weight=x),
    "kl_div": lambda x: F.kl_div(x, x[0], reduction="batchmean"),
    "kl_div, logarithms": lambda x: F.kl_div(x, x[0], reduction="batchmean", log_target=True),
    "poisson_nll_loss": lambda x: F.poisson_nll_loss(x, x[0], full=True),
    "gaussian_nll_loss": lambda x: F.gaussian_nll_loss(x, x[0], x[:, 0], full=True),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(x, x, x[0]),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, x, x[0], pos_weight=x[0]),
    "multilabel_soft_margin_loss": lambda x: F.multilabel_soft_margin_loss(x, x[0], x[0]),
    "soft_margin_loss": lambda x: F.soft_margin_loss(x, x[0]),
    "margin_ranking_loss": lambda x: F.margin_ranking_loss(x, x[:1], x),
    "multi_margin_loss": lambda x: F.multi_margin_loss(x, LABELS, 2, weight=x[0]),
    "multilabel_margin_loss": lambda x: F.multilabel_margin_loss(x, np.stack([LABELS] * 4)),
    "hinge_embedding_loss": lambda x: F.hinge_embedding_loss(x, LABELS),
    "cosine_embedding_loss": lambda x: F.cosine_embedding_loss(x, x, LABELS),
    "triplet_margin_loss": lambda x: F.triplet_margin_loss(x, x, x, swap=True),
    "ctc_loss": lambda x: F.ctc_loss(x, LABELS[:2], (4,), (2,)),
}
LABELS = np.array([1, 0, 3, 2])


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_nothing_is_promoted_or_broadcast_in_silence(name: str) -> None:
    """Forward over reverse mode, mapped, traced while JAX forbids promotions of its own."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        found = jax.eval_shape(jax.hessian(DIFFERENTIATED[name]), np.ones((4, 4)))
    assert (found.shape, found.dtype) == ((4, 4, 4, 4), np.float64)


CHUNKED = [(1, "sum", "labels"), (3, "mean", "labels"), (3, "none", "smoothed"), (4, "mean", "chances")]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "how", "kind"), CHUNKED, ids=str)
def test_chunks_change_nothing(size: int, how: str, kind: str) -> None:
    draw = np.random.default_rng(0)
    x, w, b = draw.normal(size=(7, 5)), draw.normal(size=(4, 2, 5)), draw.normal(size=(4, 2))
    target: Any = np.array([[0, 1], [2, 3], [-100, 1], [1, 1], [0, -100], [3, 0], [2, 2]])
    if kind == "chances":
        target = draw.dirichlet(np.ones(4), (7, 2)).transpose(0, 2, 1)
    given = {"weight": draw.uniform(1, 2, 4), "reduction": how, "label_smoothing": 0.1 * (kind == "smoothed")}

    def loss(options: LinearCrossEntropyOptions | None) -> Any:
        def of(x: Any, w: Any, b: Any) -> Any:
            rows = F.linear_cross_entropy(x, w, target, linear_bias=b, options=options, **given)
            return jnp.sum(rows**2), rows

        return jax.jit(jax.value_and_grad(of, (0, 1, 2), has_aux=True), compiler_options=FAST_COMPILE)(x, w, b)

    with jax.enable_x64(True):
        chunked, whole = loss(LinearCrossEntropyOptions(batch_chunk_size=size)), loss(None)
    jax.tree.map(lambda a, c: np.testing.assert_allclose(a, c, rtol=1e-12, atol=1e-13), chunked, whole)


def test_chunks_never_hold_all_logits() -> None:
    """Of 512 x 4096 logits no array exists, forward or backward."""
    options = LinearCrossEntropyOptions(batch_chunk_size=32)

    def loss(x: Any, w: Any) -> Any:
        return F.linear_cross_entropy(x, w, np.zeros(512, int), options=options)

    program = jax.jit(jax.grad(loss, (0, 1))).lower(np.ones((512, 8), np.float32), np.ones((4096, 8), np.float32))
    used = program.compile().memory_analysis().temp_size_in_bytes
    assert used < 512 * 4096 * 4 / 2


@pytest.mark.torch
@pytest.mark.parametrize("sizes", [(10, 8, 100), (1000, 64, 50_000), (7, 3, 2), (1, 1, 1), (64, 512, 10)], ids=str)
@pytest.mark.parametrize("method", ["auto", "aspect_ratio", "aspect_ratio:3", None])
def test_the_chunk_s_length_is_torch_s(torch: ModuleType, sizes: tuple[int, ...], method: str | None) -> None:
    for word in ("float32", "float16"):
        theirs = torch.nn.LinearCrossEntropyOptions(chunking_method=method)._adjust(
            *sizes, getattr(torch, word), torch.device("cpu")
        )
        ours = LinearCrossEntropyOptions(chunking_method=method).chunk_size(*sizes, word)
        assert ours == theirs.batch_chunk_size
