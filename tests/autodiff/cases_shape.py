"""Functions that move numbers: shapes, joining and cutting."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.autodiff.case import Case, named
from tests.autodiff.draws import Draw, axis_of, made, order_of, shaped, shapes


def _reshaped(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    size = int(np.prod(shape))
    choices = [(size,), (1, size), (size, 1, 1)] + ([(-1,), (1, -1)] if size else [(0, 3)])
    return {"shape": draw(st.sampled_from([*choices, shape[::-1]]))}


def _order(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"axes": draw(st.none() | st.just(order_of(draw, shape)))}


def _two_axes(first: str, second: str) -> Any:
    return lambda draw, shape: {first: axis_of(draw, shape), second: axis_of(draw, shape)}


def _moved(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    count = draw(st.integers(1, len(shape)))
    return {"source": order_of(draw, shape)[:count], "destination": order_of(draw, shape)[:count]}


def _wider(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw)
    wide = tuple(draw(st.integers(0, 3)) if n == 1 else n for n in shape)
    return [shape], {"shape": (*shapes(draw, (0, 2)), *wide)}


def _flipped(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"axis": draw(st.none() | hnp.valid_tuple_axes(len(shape)))}


def _torch_flip(torch: Any, x: Any, axis: Any) -> Any:
    return torch.flip(x, tuple(range(x.ndim)) if axis is None else axis)


def _joined(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (1, 3))
    axis = axis_of(draw, shape)
    sizes = [draw(st.integers(0, 3)) for _ in range(draw(st.integers(1, 3)))]
    at = axis % len(shape)
    return [(*shape[:at], n, *shape[at + 1 :]) for n in sizes], {"axis": draw(st.sampled_from([axis, None]))}


def _stacked(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw)
    count = draw(st.integers(1, 3))
    return [shape] * count, {"axis": draw(st.integers(-len(shape) - 1, len(shape)))}


def _parts(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (1, 3))
    axis = axis_of(draw, shape)
    length = shape[axis]
    even = [n for n in (1, 2, 3) if length % n == 0]
    return [shape], {"parts": draw(st.sampled_from([*even, [1], [0, 2], [1, -1]])), "axis": axis}


def _scaled_parts(name: str) -> Any:
    def function(xp: Any, x: Any, parts: Any, axis: int) -> Any:
        pieces = getattr(xp, name)(x, parts, axis=axis)
        return xp.concatenate([xp.ravel((i + 1.0) * piece) for i, piece in enumerate(pieces)], axis=0)

    return function


def _torch_parts(torch: Any, x: Any, parts: Any, axis: int) -> Any:
    pieces = torch.tensor_split(x, parts if isinstance(parts, int) else tuple(parts), dim=axis)
    return torch.cat([((i + 1.0) * piece).ravel() for i, piece in enumerate(pieces)])


def _uneven(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (1, 2))
    return [shape], {"parts": draw(st.integers(1, 4)), "axis": axis_of(draw, shape)}


def _padded(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    widths = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in shape)
    return {"pad_width": widths or ((0, 0),), "constant_values": draw(st.sampled_from([0, 1.5]))}


def _torch_pad(torch: Any, x: Any, pad_width: Any, constant_values: float) -> Any:
    flat = [n for pair in reversed(pad_width) for n in pair]
    return torch.nn.functional.pad(x, flat, value=constant_values) if x.ndim else x


def _rolled(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"shift": draw(st.integers(-4, 4)), "axis": draw(st.none() | st.just(axis_of(draw, shape)))}


def _repeated(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"repeats": draw(st.integers(0, 3)), "axis": draw(st.none() | st.just(axis_of(draw, shape)))}


def _added(draw: Draw, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"axis": draw(hnp.valid_tuple_axes(len(shape) + 2, min_size=2, max_size=2))}


def _torch_expand(torch: Any, x: Any, axis: Any) -> Any:
    for each in sorted(a % (x.ndim + 2) for a in axis):
        x = x.unsqueeze(each)
    return x


def _ones(draw: Draw) -> tuple[list[Any], dict[str, Any]]:
    shape = shapes(draw, (0, 3), (1, 2))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and draw(st.booleans()))
    return [shape], {"axis": draw(st.sampled_from([None, axes]))}


def _weighted(xp: Any, arrays: Any) -> Any:
    total = 0.0
    for i, x in enumerate(arrays):
        total = total + (i + 1.0) * x
    return total


CASES = [
    named("reshape", shaped(_reshaped)),
    named("ravel", shaped()),
    named(
        "transpose",
        shaped(_order),
        lambda torch, x, axes: x.permute(tuple(range(x.ndim))[::-1] if axes is None else axes),
    ),
    named("matrix_transpose", shaped(dims=(2, 3)), lambda torch, x: x.mT),
    named(
        "swapaxes",
        shaped(_two_axes("axis1", "axis2"), (1, 3)),
        lambda torch, x, axis1, axis2: x.transpose(axis1, axis2),
    ),
    named("moveaxis", shaped(_moved, (1, 3))),
    named("expand_dims", shaped(_added, (0, 2)), _torch_expand),
    named("squeeze", made(_ones), lambda torch, x, axis: torch.squeeze(x) if axis is None else torch.squeeze(x, axis)),
    named("broadcast_to", made(_wider), lambda torch, x, shape: torch.broadcast_to(x, shape)),
    named("flip", shaped(_flipped), _torch_flip),
    Case(
        "np.concatenate",
        made(_joined),
        lambda xp, *xs, axis: xp.concatenate(xs, axis=axis),
        torch=lambda torch, *xs, axis: torch.cat(xs, axis) if axis is not None else torch.cat([x.ravel() for x in xs]),
    ),
    Case("np.stack", made(_stacked), lambda xp, *xs, axis: xp.stack(xs, axis)),
    *(
        Case(
            f"np.{name}", made(lambda draw: ([shapes(draw)] * 2, {})), lambda xp, *xs, name=name: getattr(xp, name)(xs)
        )
        for name in ("vstack", "hstack")
    ),
    *(named(name, shaped()) for name in ("atleast_1d", "atleast_2d")),
    Case("np.split", made(_parts), _scaled_parts("split"), torch=_torch_parts),
    Case("np.array_split", made(_uneven), _scaled_parts("array_split"), torch=_torch_parts),
    named("pad", shaped(_padded), _torch_pad),
    named(
        "tile",
        shaped(lambda draw, shape: {"reps": draw(st.integers(0, 3) | st.tuples(st.integers(0, 2), st.integers(0, 2)))}),
        lambda torch, x, reps: torch.tile(x, reps if isinstance(reps, tuple) else (reps,)),
    ),
    named(
        "repeat", shaped(_repeated, (1, 3)), lambda torch, x, repeats, axis: torch.repeat_interleave(x, repeats, axis)
    ),
    named("roll", shaped(_rolled, (1, 3)), lambda torch, x, shift, axis: torch.roll(x, shift, axis)),
    Case(
        "np.broadcast_arrays",
        made(
            lambda draw: (
                list(draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes),
                {},
            )
        ),
        lambda xp, *xs: _weighted(xp, xp.broadcast_arrays(*xs)),
        torch=lambda torch, *xs: _weighted(torch, torch.broadcast_tensors(*xs)),
    ),
    Case("np.zeros_like", shaped(), lambda xp, x: xp.zeros_like(x) + x),
    Case("np.ones_like", shaped(), lambda xp, x: xp.ones_like(x) * x),
    Case("np.full_like", shaped(), lambda xp, x: xp.full_like(x, 3.0) * x),
    Case("np.shape", shaped(), lambda xp, x: x * len(xp.shape(x)), torch=lambda torch, x: x * x.ndim),
    Case("np.ndim", shaped(), lambda xp, x: x * xp.ndim(x), torch=lambda torch, x: x * x.ndim),
    Case("np.size", shaped(), lambda xp, x: x * xp.size(x), torch=lambda torch, x: x * x.numel()),
]
