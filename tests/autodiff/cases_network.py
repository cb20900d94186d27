"""Indexing, the primitives that NumPy has no name for, and what networks are made of."""

from typing import Any

import jax
import numpy as np
from hypothesis import strategies as st

from jaxdl import autodiff
from jaxdl import functional as F
from jaxdl.autodiff.primitives import indexing, shape, window
from tests.autodiff.case import Case, named
from tests.autodiff.draws import Draw, axis_of, filled, made, numbers, reduced, shapes


def _read(draw: Draw, negative: bool = True) -> tuple[list[Any], dict[str, Any]]:
    rows = draw(st.integers(1, 4))
    return [(rows, *shapes(draw, (0, 2))), numbers(draw, rows, shapes(draw, (0, 2)), negative)], {}


def _written(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    (x, i), _ = _read(draw, False)
    return [x, i, (*i.shape, *x[1:])], {}


def _scattered(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    x, i, y = _written(draw)[0]
    return [y, i], {"shape": x}


def _once(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    """As `_written`, no place twice: there JAX and PyTorch promise nothing."""
    rows = draw(st.integers(1, 4))
    i = np.array(draw(st.permutations(range(rows)))[: draw(st.integers(0, rows))], dtype=int)
    rest = shapes(draw, (0, 2))
    return [(rows, *rest), i, (len(i), *rest)], {}


def _taken(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (1, 3), (1, 3))
    axis = axis_of(draw, shape)
    return [shape, numbers(draw, shape[axis], shapes(draw, (0, 2)), False)], {"axis": axis}


def _along(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (1, 3), (1, 3))
    axis = axis_of(draw, shape)
    at = axis % len(shape)
    return [shape, numbers(draw, shape[at], (*shape[:at], draw(st.integers(1, 3)), *shape[at + 1 :]), False)], {
        "axis": axis
    }


def _cut(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    size = shapes(draw, (0, 3), (1, 6))
    starts = tuple(draw(st.integers(0, n - 1)) for n in size)
    steps = tuple(draw(st.integers(1, 3)) for _ in size)
    lengths = tuple(draw(st.integers(0, (n - a - 1) // s + 1)) for n, a, s in zip(size, starts, steps, strict=True))
    return [size], {"starts": starts, "lengths": lengths, "steps": steps}


def _sliced(xp: Any, x: Any, starts: Any, lengths: Any, steps: Any) -> Any:
    return x[tuple(slice(a, a + max(0, n * s - s + 1), s) for a, n, s in zip(starts, lengths, steps, strict=True))]


def _dilated(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    (size,), cut = _cut(draw)
    return [cut["lengths"]], {"starts": cut["starts"], "steps": cut["steps"], "shape": size}


def _torch_dilated(torch: Any, x: Any, starts: Any, steps: Any, shape: Any) -> Any:
    y = torch.zeros(shape, dtype=x.dtype)
    there = tuple(slice(a, a + max(0, n * s - s + 1), s) for a, n, s in zip(starts, x.shape, steps, strict=True))
    y[there if there else ...] = x
    return y


def _jax_dilated(jnp: Any, x: Any, starts: Any, steps: Any, shape: Any) -> Any:
    there = tuple(slice(a, a + max(0, n * s - s + 1), s) for a, n, s in zip(starts, x.shape, steps, strict=True))
    return jnp.zeros(shape, x.dtype).at[there].set(x)


def _seen(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    size = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    dilation = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    lengths = tuple((k - 1) * d + 1 + draw(st.integers(0, 3)) for k, d in zip(size, dilation, strict=True))
    return [(*shapes(draw, (0, 1), (1, 2)), *lengths)], {"size": size, "stride": stride, "dilation": dilation}


def _grid(x: Any, size: Any, stride: Any, dilation: Any) -> list[np.ndarray]:
    """The rows and columns that the windows read."""
    places = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(x.shape[-2:], size, stride, dilation, strict=True)]
    reach = [
        np.arange(p)[:, None] * s + np.arange(k) * d for p, k, s, d in zip(places, size, stride, dilation, strict=True)
    ]
    return [reach[0][:, None, :, None], reach[1][None, :, None, :]]


def _overlapped(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    (size,), settings = _seen(draw)
    i, j = _grid(np.zeros(size), **settings)
    pieces = (*size[:-2], i.shape[0], j.shape[1], *settings["size"])
    return [pieces], {"lengths": size[-2:], "stride": settings["stride"], "dilation": settings["dilation"]}


def _added_up(zeros: Any, x: Any, lengths: Any, stride: Any, dilation: Any) -> Any:
    y = zeros((*x.shape[:-4], *lengths), dtype=x.dtype)
    rows, columns = _grid(y, x.shape[-2:], stride, dilation)
    lead = (slice(None),) * (x.ndim - 4)
    if hasattr(y, "at"):
        return y.at[(*lead, rows, columns)].add(x)
    for p, q, i, j in np.ndindex(*x.shape[-4:]):
        y[(..., rows[p, 0, i, 0], columns[0, q, 0, j])] += x[..., p, q, i, j]
    return y


def _convolved(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    groups, kernel = draw(st.integers(1, 2)), (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    x = (draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)), draw(st.integers(5, 6)), draw(st.integers(3, 4)))
    weight = (groups * draw(st.integers(1, 2)), x[1] // groups, *kernel)
    each = {name: draw(st.integers(1, 2)) for name in ("stride", "dilation")}
    return [x, weight, weight[:1]], {"padding": draw(st.integers(0, 2)), "groups": groups, **each}


def _pooled(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    size = (draw(st.integers(1, 3)), draw(st.integers(2, 3)))
    settings = {
        "kernel_size": size,
        "stride": draw(st.none() | st.integers(1, 3)),
        "padding": draw(st.integers(0, size[0] // 2)),
    }
    return [(*shapes(draw, (2, 2), (1, 2)), *(k + draw(st.integers(0, 4)) for k in size))], settings


def _classified(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    logits = shapes(draw, (2, 4), (1, 3))
    return [logits, numbers(draw, logits[1], (logits[0], *logits[2:]), False)], {}


def _normed(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    size = shapes(draw, (1, 3), (2, 4))
    return [size, size[-1:], size[-1:]], {}


def _masked(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    size = shapes(draw)
    return [size, np.asarray(filled(draw, size, which=1) > 0)], {"p": draw(st.sampled_from([0.0, 0.25, 0.5]))}


def _affine(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    out, given = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return [(*shapes(draw, (0, 2)), given), (out, given), (out,)], {}


def network(name: str, inputs: Any, jax_: Any = None, torch: Any = None) -> Case:
    """The engine's function; JAX's counterpart is `jaxdl.functional`'s unless one is given."""
    return Case(
        name,
        inputs,
        lambda np, *arrays, **settings: getattr(autodiff, name)(*arrays, **settings),
        jax_ or (lambda jnp, *arrays, **settings: getattr(F, name)(*arrays, **settings)),
        torch or (lambda torch, *arrays, **settings: getattr(torch.nn.functional, name)(*arrays, **settings)),
    )


def _called(x: Any, y: Any) -> Any:
    return x * x * y + y / (2.0 + x * x)


def _all_axes(x: Any, axis: Any) -> Any:
    return tuple(range(x.ndim)) if axis is None else axis


def _norm(F: Any) -> Any:
    return lambda x, weight, bias: F.layer_norm(x, x.shape[-1:], weight, bias)


CASES = [
    Case(
        "gather", made(_read), lambda np, x, i: indexing.gather(x, i), lambda jnp, x, i: x[i], lambda torch, x, i: x[i]
    ),
    Case(
        "scatter_add",
        made(_scattered),
        lambda np, y, i, shape: indexing.scatter_add(y, i, shape=shape),
        lambda jnp, y, i, shape: jnp.zeros(shape, y.dtype).at[i].add(y),
        lambda torch, y, i, shape: torch.zeros(shape, dtype=y.dtype).index_put((i,), y, accumulate=True),
    ),
    Case(
        "slice",
        made(_cut),
        lambda np, x, **settings: shape.cut(x, **settings),
        _sliced,
        lambda torch, x, **s: _sliced(torch, x, **s) if x.ndim else x,
    ),
    Case("dilate", made(_dilated), lambda np, x, **settings: shape.dilate(x, **settings), _jax_dilated, _torch_dilated),
    Case(
        "windows",
        made(_seen),
        lambda np, x, **settings: window.windows(x, **settings),
        *(lambda xp, x, **settings: x[(..., *_grid(x, **settings))],) * 2,
    ),
    Case(
        "overlap_add",
        made(_overlapped),
        lambda np, x, **settings: window.overlap_add(x, **settings),
        *(lambda xp, x, **settings: _added_up(xp.zeros, x, **settings),) * 2,
    ),
    Case(
        "np.take",
        made(_taken),
        lambda xp, x, i, axis: xp.take(x, i, axis=axis),
        torch=lambda torch, x, i, axis: (
            torch.index_select(x, axis, i.ravel()).unflatten(axis, i.shape) if i.ndim else x.select(axis, int(i))
        ),
        first=True,
    ),
    named("take_along_axis", made(_along), lambda torch, x, i, axis: torch.take_along_dim(x, i, axis)),
    Case(
        "at.add",
        made(_written),
        lambda np, x, i, y: autodiff.at(x)[i].add(y),
        lambda jnp, x, i, y: x.at[i].add(y),
        lambda torch, x, i, y: x.index_put((i,), y, accumulate=True),
    ),
    Case(
        "scatter_last",
        made(_once),
        lambda np, x, i, y: autodiff.at(x)[i].set(y),
        lambda jnp, x, i, y: x.at[i].set(y),
        lambda torch, x, i, y: x.index_put((i,), y),
    ),
    *(
        Case(
            name,
            made(lambda draw: ([shapes(draw, (1, 3), (1, 3))] * 2, {})),
            lambda np, x, y: autodiff.checkpoint(_called)(x, y),
            lambda jnp, x, y: _called(x, y),
            lambda torch, x, y: _called(x, y),
        )
        for name in ("call", "transposable")
    ),
    network("relu", made(lambda draw: ([shapes(draw)], {}))),
    network("gelu", made(lambda draw: ([shapes(draw)], {}))),
    *(
        network(
            name,
            reduced(empty=False, axes="one", keepdims=False),
            lambda jnp, x, axis, name=name: getattr(F, name)(x, axis),
            lambda torch, x, axis, name=name: getattr(torch, name)(x, axis),
        )
        for name in ("softmax", "log_softmax")
    ),
    network(
        "logsumexp",
        reduced(empty=False),
        lambda jnp, x, axis, keepdims: jax.nn.logsumexp(x, axis, keepdims=keepdims),
        lambda torch, x, axis, keepdims: (
            torch.logsumexp(x, _all_axes(x, axis), keepdims) if _all_axes(x, axis) != () else x
        ),
    ),
    network("cross_entropy", made(_classified)),
    network("mse_loss", made(lambda draw: ([shapes(draw, (0, 3), (1, 3))] * 2, {}))),
    network("linear", made(_affine)),
    network("dropout", made(_masked), *(lambda xp, x, mask, p: xp.where(mask, x / (1 - p), 0.0),) * 2),
    network(
        "embedding",
        made(lambda draw: (_read(draw, False)[0][::-1], {})),
        lambda jnp, i, w: w[i],
        lambda torch, i, w: w[i],
    ),
    network(
        "layer_norm",
        made(_normed),
        lambda jnp, *args: _norm(F)(*args),
        lambda torch, *args: _norm(torch.nn.functional)(*args),
    ),
    network("conv2d", made(_convolved)),
    network(
        "convolution",
        made(_convolved),
        lambda jnp, *args, **settings: F.conv2d(*args, **settings),
        lambda torch, *args, **settings: torch.nn.functional.conv2d(*args, **settings),
    ),
    network(
        "conv1d",
        made(
            lambda draw: (
                [(2, 2, 6), (3, 2, 2), (3,)],
                {"padding": draw(st.integers(0, 2)), "stride": draw(st.integers(1, 2))},
            )
        ),
    ),
    network("max_pool2d", made(_pooled)),
    network("avg_pool2d", made(_pooled)),
]
