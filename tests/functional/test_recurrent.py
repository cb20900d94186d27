"""Recurrent layers and cells: packed sequences against PyTorch, derivatives, what the gradient's program holds."""

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxdl import functional as F

FAST_COMPILE = {"xla_backend_optimization_level": 0}
GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
T, B, FEATURES, HIDDEN = 6, 4, 3, 5
LENGTHS = [3, 6, 1, 5]

# mode, layers, bidirectional, biases, projection, batch_first, lengths
STACKS = [
    ("rnn_tanh", 2, True, True, 0, False, True),
    ("gru", 2, True, False, 0, True, True),
    ("lstm", 2, True, True, 2, True, True),
    ("lstm", 2, False, False, 0, False, False),
]
LAYERS = [
    ("rnn_tanh", 1, False, True, 0, False, False),
    ("rnn_relu", 1, False, True, 0, False, True),
    ("gru", 1, False, True, 0, False, True),
    ("lstm", 1, False, True, 2, False, True),
]


def draw(*shape: int, seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(0, 0.6, shape).astype(dtype)


def weights(mode: str, features: int = FEATURES, hidden: int = HIDDEN, dtype: Any = np.float64) -> list[np.ndarray]:
    rows = GATES[mode] * hidden
    return [draw(*shape, dtype=dtype) for shape in ((rows, features), (rows, hidden), (rows,), (rows,))]


def agree(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    for a, b in zip(ours, theirs, strict=True):
        a, b = np.asarray(a), b.detach().numpy()
        assert a.shape == b.shape
        assert np.abs(a - b).max(initial=0) <= tolerance * np.abs(b).max(initial=1e-3)


def in_torch(torch: ModuleType, case: tuple[Any, ...]) -> tuple[Any, list[Any], list[Any]]:
    """PyTorch's module on packed sequences: a function of (input, *states, *weights), those, and cotangents."""
    mode, layers, bidirectional, bias, projection, batch_first, packed = case
    kind = getattr(torch.nn, mode.partition("_")[0].upper())
    keywords = {"proj_size": projection} if projection else {}
    if mode == "rnn_relu":
        keywords["nonlinearity"] = "relu"
    torch.manual_seed(0)
    module = kind(FEATURES, HIDDEN, layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional, **keywords)
    module = module.double()
    x = torch.randn((B, T, FEATURES) if batch_first else (T, B, FEATURES), dtype=torch.float64)
    places = layers * (2 if bidirectional else 1)
    states = [torch.randn(places, B, projection or HIDDEN, dtype=torch.float64)]
    if mode == "lstm":
        states.append(torch.randn(places, B, HIDDEN, dtype=torch.float64))
    names = list(dict(module.named_parameters()))

    def run(x: Any, *rest: Any) -> list[Any]:
        state, params = rest[: len(states)], dict(zip(names, rest[len(states) :], strict=True))
        hx = state if mode == "lstm" else state[0]
        sequence = torch.nn.utils.rnn
        if packed:
            x = sequence.pack_padded_sequence(x, LENGTHS, batch_first=batch_first, enforce_sorted=False)
        output, last = torch.func.functional_call(module, params, (x, hx))
        if packed:
            output, _ = sequence.pad_packed_sequence(output, batch_first=batch_first, total_length=T)
        return [output, *(last if mode == "lstm" else [last])]

    arguments = [t.detach().requires_grad_() for t in (x, *states, *module.parameters())]
    return run, arguments, [torch.randn_like(t) for t in run(*arguments)]


def like(case: tuple[Any, ...]) -> Callable[..., Any]:
    """The same function of the same arguments here."""
    mode, layers, bidirectional, bias, _, batch_first, packed = case
    states = 2 if mode == "lstm" else 1

    def run(x: Any, *rest: Any) -> Any:
        hx = rest[:states] if states == 2 else rest[0]
        shape = (bias, layers, 0.0, False, bidirectional, batch_first)
        lengths = np.array(LENGTHS) if packed else None
        return getattr(F, mode)(x, hx, rest[states:], *shape, lengths=lengths)

    return run


def compiled(function: Callable[..., Any], *groups: Any) -> Any:
    with jax.enable_x64(True):
        arrays = (tuple(t.detach().numpy() for t in group) for group in groups)
        return jax.jit(function, compiler_options=FAST_COMPILE)(*arrays)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("case", STACKS, ids=lambda case: "-".join(map(str, case)))
def test_stacks_against_torch(torch: ModuleType, case: tuple[Any, ...]) -> None:
    run, arguments, cotangents = in_torch(torch, case)
    values = run(*arguments)

    def everything(a: Any, c: Any) -> Any:
        value, pull = jax.vjp(like(case), *a)
        return value, pull(c)

    value, gradient = compiled(everything, arguments, cotangents)
    agree(value, values)
    agree(gradient, torch.autograd.grad(values, arguments, cotangents))


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("case", LAYERS, ids=lambda case: "-".join(map(str, case)))
def test_derivatives_against_torch(torch: ModuleType, case: tuple[Any, ...]) -> None:
    """The gradient's derivative, and forward mode beside the gradient."""
    run, arguments, cotangents = in_torch(torch, case)
    gradient = torch.autograd.grad(run(*arguments), arguments, cotangents, create_graph=True)
    tangents = [torch.randn_like(g) for g in gradient]

    def everything(a: Any, c: Any, t: Any) -> Any:
        first, second = jax.jvp(lambda *a: jax.vjp(like(case), *a)[1](c), a, t)
        tangent = jax.jvp(like(case), a, t)[1]
        pairs = [sum(jnp.vdot(u, v) for u, v in zip(*p, strict=True)) for p in ((tangent, c), (t, first))]
        return first, second, pairs

    first, second, pairs = compiled(everything, arguments, cotangents, tangents)
    agree(first, gradient)
    agree(second, torch.autograd.grad(gradient, arguments, tangents))
    np.testing.assert_allclose(*pairs, rtol=1e-10)


@pytest.mark.torch
def test_reverse_over_reverse_against_torch(torch: ModuleType) -> None:
    case = LAYERS[2]
    run, arguments, cotangents = in_torch(torch, case)
    gradient = torch.autograd.grad(run(*arguments), arguments, cotangents, create_graph=True)
    others = [torch.randn_like(g) for g in gradient]

    def everything(a: Any, c: Any, t: Any) -> Any:
        return jax.vjp(lambda *a: jax.vjp(like(case), *a)[1](c), *a)[1](t)

    agree(compiled(everything, arguments, cotangents, others), torch.autograd.grad(gradient, arguments, others))


@pytest.mark.slow
@pytest.mark.parametrize("mode", GATES)
def test_what_lies_behind_an_end_is_never_read(mode: str) -> None:
    x = draw(T, B, FEATURES, dtype=np.float32)
    behind = np.arange(T)[:, None] >= np.array(LENGTHS)

    def total(x: Any, w: Any) -> Any:
        output, *last = getattr(F, mode)(x, None, w, bidirectional=True, lengths=jnp.array(LENGTHS))
        return jnp.sum(output**2) + sum(jnp.sum(h) for h in last), output

    w = 2 * weights(mode, dtype=np.float32)
    (clean, output), gradients = jax.value_and_grad(total, (0, 1), has_aux=True)(x, w)
    spoilt = np.where(behind[..., None], np.nan, x)
    (value, _), others = jax.value_and_grad(total, (0, 1), has_aux=True)(spoilt, w)
    assert value == clean
    assert not np.asarray(output)[behind].any()
    jax.tree.map(np.testing.assert_array_equal, gradients, others)
    assert not np.asarray(gradients[0])[behind].any()


@pytest.mark.slow
def test_lengths_may_be_traced_and_mapped() -> None:
    """Each sequence alone, cut at its end, gives the same."""
    x, w = draw(T, B, FEATURES, dtype=np.float32), weights("gru", dtype=np.float32)
    output, h = jax.jit(lambda n: F.gru(x, None, w, lengths=n))(jnp.array(LENGTHS))
    mapped, last = jax.vmap(lambda x, n: F.gru(x, None, w, lengths=n), (1, 0), (1, 1))(x, jnp.array(LENGTHS))
    np.testing.assert_allclose(mapped, output, atol=1e-6)
    np.testing.assert_allclose(last, h, atol=1e-6)
    for i, n in enumerate(LENGTHS):
        alone, end = F.gru(x[:n, i], None, w)
        np.testing.assert_allclose(alone, output[:n, i], atol=1e-6)
        np.testing.assert_allclose(end, h[:, i], atol=1e-6)


@pytest.mark.parametrize("mode", GATES)
def test_a_cell_is_one_step(mode: str) -> None:
    x, w = draw(B, FEATURES, dtype=np.float32), weights(mode, dtype=np.float32)
    output, *_ = getattr(F, mode)(x[None], None, w)
    state = getattr(F, f"{mode}_cell")(x, None, *w)
    np.testing.assert_allclose(state[0] if mode == "lstm" else state, output[0], atol=1e-6)
    one = getattr(F, f"{mode}_cell")(x[0], None, *w)
    np.testing.assert_allclose(one[0] if mode == "lstm" else one, output[0, 0], atol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("mode", GATES)
@pytest.mark.parametrize("biases", [(True, True), (True, False), (False, False)])
def test_cells_against_torch(torch: ModuleType, mode: str, biases: tuple[bool, bool]) -> None:
    w = [p if present else None for p, present in zip(weights(mode), (True, True, *biases), strict=True)]
    x, h = draw(B, FEATURES), [draw(B, HIDDEN, seed=s) for s in range(2 if mode == "lstm" else 1)]
    tensors = [None if p is None else torch.tensor(p, requires_grad=True) for p in (x, *h, *w)]
    call = lambda f, a: f(a[0], tuple(a[1:-4]) if mode == "lstm" else a[1], *a[-4:])  # noqa: E731
    theirs = call(getattr(torch, f"{mode}_cell"), tensors)
    theirs = theirs if mode == "lstm" else [theirs]
    trained = [t for t in tensors if t is not None]
    with jax.enable_x64(True):
        ours, pull = jax.vjp(lambda *a: call(getattr(F, f"{mode}_cell"), a), x, *h, *w)
        gradient = pull(jax.tree.map(jnp.ones_like, ours))
    agree(ours if mode == "lstm" else [ours], theirs)
    agree([g for g in gradient if g is not None], torch.autograd.grad(sum(t.sum() for t in theirs), trained))


@pytest.mark.parametrize("mode", GATES)
def test_the_gradient_runs_the_recurrence_and_nothing_else_step_by_step(mode: str) -> None:
    """Two loops; no weight is carried through them, as it is where its gradient is added up step by step."""
    x, w = draw(T, B, FEATURES, dtype=np.float32), weights(mode, dtype=np.float32)
    program = jax.make_jaxpr(jax.grad(lambda w: jnp.sum(getattr(F, mode)(x, None, w)[0])))(w)
    loops = [eqn for eqn in program.jaxpr.eqns if eqn.primitive.name == "scan"]
    assert len(loops) == 2
    for loop in loops:  # what is carried comes out of a loop
        assert not {v.aval.shape for v in loop.outvars} & {a.shape for a in w}


def test_dropout_between_layers() -> None:
    """The second layer shows what it is given: 0 or 1 / (1 - p), a new mask at every step."""
    p, size = 0.3, 64
    eye, none = np.eye(size, dtype=np.float32), np.zeros((size, size), np.float32)
    call = lambda **k: F.rnn_relu(np.ones((50, 8, size), np.float32), None, 2 * [eye, none], False, 2, p, **k)[0]  # noqa: E731
    kept = call(train=True, key=jax.random.key(0))
    assert set(np.unique(kept).tolist()) == {0.0, np.float32(1 / (1 - p)).item()}
    # 25,600 draws: beyond 6 standard deviations once in 5e8 keys
    assert abs(np.mean(np.asarray(kept) == 0) - p) < 6 * np.sqrt(p * (1 - p) / kept.size)
    assert (np.asarray(kept[0]) != np.asarray(kept[1])).any()
    assert (np.asarray(call()) == 1).all()
    assert not np.asarray(
        F.rnn_relu(np.ones((2, 1, size), np.float32), None, 2 * [eye, none], False, 2, 1.0, True)[0]
    ).any()


def test_half_types_are_computed_in_float32() -> None:
    x, w = draw(T, B, FEATURES), weights("lstm")
    half = [jnp.asarray(a, jnp.bfloat16) for a in (x, *w)]
    exact, *_ = F.lstm(half[0].astype(jnp.float32), None, [a.astype(jnp.float32) for a in half[1:]])
    output, h, c = F.lstm(half[0], None, half[1:])
    assert {a.dtype for a in (output, h, c)} == {jnp.dtype(jnp.bfloat16)}
    np.testing.assert_array_equal(output, exact.astype(jnp.bfloat16))


X, W = draw(T, B, FEATURES, dtype=np.float32), weights("lstm", dtype=np.float32)
ROW = X[0]
STATE = (draw(1, B, HIDDEN, dtype=np.float32),) * 2

REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.lstm(X[0, 0], None, W), ValueError, r"lstm: input has shape \(3,\); it must be \[T, B, features\]"),
    (lambda: F.lstm(X[:0], None, W), ValueError, "lstm: input has shape .* at least one step"),
    (lambda: F.lstm(X > 0, None, W), TypeError, "lstm: input has dtype bool"),
    (lambda: F.lstm(X, None, W[:3]), ValueError, "lstm: params holds 3 arrays; 1 layers .* need 4, or 5 with proj"),
    (lambda: F.gru(X, None, W[:2], False, 2), ValueError, "gru: params holds 2 arrays; .* without biases need 4"),
    (lambda: F.lstm(X[..., :2], None, W), ValueError, r"params\[0:\] weight_ih has shape \(20, 3\); .* be \(20, 2\)"),
    (lambda: F.lstm(X, None, [*W[:3], W[2][:4]]), ValueError, r"bias_hh has shape \(4,\); .* it must be \(20,\)"),
    (lambda: F.rnn_tanh(X, None, W), ValueError, r"rnn_tanh: params\[0:\] weight_hh has shape \(20, 5\)"),
    (lambda: F.lstm(X, None, [W[0].astype(np.float16), *W[1:]]), TypeError, "but weight_ih has dtype float16"),
    (lambda: F.lstm(X, STATE[:1], W), ValueError, r"lstm: hx holds 1 arrays; it must be \(h_0, c_0\)"),
    (lambda: F.lstm(X, (STATE[0], STATE[0][:, :2]), W), ValueError, r"lstm: c_0 has shape \(1, 2, 5\); .*\(1, 4, 5\)"),
    (lambda: F.lstm(X[:, 0], STATE, W), ValueError, r"lstm: h_0 has shape \(1, 4, 5\); it must be \(1, 5\)"),
    (lambda: F.lstm(X, STATE, W, num_layers=0), ValueError, "lstm: num_layers is 0; it must be at least 1"),
    (lambda: F.lstm(X, None, W, dropout=1.5), ValueError, r"lstm: dropout is 1\.5; a probability lies in \[0, 1\]"),
    (lambda: F.gru(X, None, 2 * W, True, 2, 0.5, True), ValueError, "gru: key is None but training with dropout=0.5"),
    (lambda: F.lstm(X, None, W, lengths=np.array([1, 2, 7, 3])), ValueError, "lengths holds 7 but input has 6 steps"),
    (lambda: F.lstm(X, None, W, lengths=np.array([1, 0, 2, 3])), ValueError, "lengths holds 0 but .*; use 1 to 6"),
    (lambda: F.lstm(X, None, W, lengths=np.array([1])), ValueError, r"lengths has shape \(1,\); it must be \(4,\)"),
    (lambda: F.lstm(X, None, W, lengths=np.ones(4)), TypeError, "lstm: lengths has dtype float"),
    (lambda: F.lstm_cell(X, None, *W), ValueError, r"lstm_cell: input has shape \(6, 4, 3\); .* \[B, features\]"),
    (lambda: F.lstm_cell(ROW[:, :2], None, *W), ValueError, r"lstm_cell: w_ih has shape \(20, 3\); .* be \(20, 2\)"),
    (lambda: F.gru_cell(ROW, None, *W), ValueError, r"gru_cell: w_hh has shape \(20, 5\); it must be \[3 · hidden"),
    (lambda: F.lstm_cell(ROW, (ROW, ROW), *W), ValueError, r"hx\[0\] has shape \(4, 3\); it must be \(4, 5\)"),
    (lambda: F.lstm_cell(ROW, STATE[:1], *W), ValueError, r"lstm_cell: hx holds 1 arrays; it must be \(h, c\)"),
    (lambda: F.lstm_cell(ROW, None, *W[:3], W[3].astype(np.float16)), TypeError, "but b_hh has dtype float16"),
]


@pytest.mark.parametrize(("call", "exception", "words"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_refused(call: Callable[[], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words) as caught:
        call()
    assert type(caught.value) is exception
    with warnings.catch_warnings(), pytest.raises(exception, match=words):
        jax.jit(lambda _: call())(0)  # nothing of it waits for a value
