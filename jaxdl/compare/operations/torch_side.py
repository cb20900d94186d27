"""A case in PyTorch, eager: as it is, and with images in channels_last."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jaxdl.compare.operations.case import Operation, cotangents
from jaxdl.compare.operations.cases import AREA, CASES, IMAGES


def sides(name: str, kind: str) -> tuple[dict[str, Callable[[int], float]], dict[str, list[np.ndarray]]]:
    """What takes so many calls and says how many seconds one took, by side; and the results."""
    import torch

    case = CASES[name]
    given = [torch.from_numpy(a.astype(np.int64) if a.dtype == np.int32 else a) for a in case.draw()]
    layouts = {"torch": given}
    if AREA[name] in IMAGES and any(t.ndim == 4 for t in given):
        layouts["channels_last"] = [
            t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t for t in given
        ]
    programs = {side: _program(case, kind, inputs) for side, inputs in layouts.items()}
    results = {side: [t.detach().numpy() for t in program()] for side, program in programs.items()}
    return {side: _turn(program) for side, program in programs.items()}, results


def _program(case: Operation, kind: str, inputs: list[Any]) -> Callable[[], list[Any]]:
    """Of nothing, a list of tensors: the results, and after them the gradients."""
    import torch

    namespace, call = (torch, case.torch) if case.torch else (torch.nn.functional, case.call)
    if kind == "forward":

        def forward() -> list[Any]:
            with torch.inference_mode():
                return _flat(call(namespace, *inputs))

        return forward
    chosen = case.differentiated([np.empty(0, str(t.dtype).removeprefix("torch.")) for t in inputs])
    given = [t.detach().clone().requires_grad_(i in chosen) for i, t in enumerate(inputs)]
    results = _floating(call(namespace, *given))
    pulled = [
        torch.from_numpy(c).to(memory_format=torch.channels_last if _last(y) else torch.contiguous_format)
        for c, y in zip(cotangents([tuple(y.shape) for y in results]), results, strict=True)
    ]

    def gradient() -> list[Any]:
        results = _floating(call(namespace, *given))
        return results + list(torch.autograd.grad(results, [given[i] for i in chosen], pulled))

    return gradient


def _last(y: Any) -> bool:
    """Whether a tensor is in channels_last, and not in both layouts as one of a single channel is."""
    import torch

    return bool(y.ndim == 4 and y.is_contiguous(memory_format=torch.channels_last) and not y.is_contiguous())


def _flat(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


def _floating(result: Any) -> list[Any]:
    return [t for t in _flat(result) if t.is_floating_point()]


def _turn(program: Callable[[], Sequence[Any]]) -> Callable[[int], float]:
    """The first call of a turn is not timed: it wakes threads and fills caches."""

    def turn(calls: int) -> float:
        program()
        began = time.perf_counter()
        for _ in range(calls):
            program()
        return (time.perf_counter() - began) / calls

    return turn
