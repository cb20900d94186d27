"""The buffers after a run in training mode, and what moves them otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from jaxdl.parity.divergence import causes
from jaxdl.parity.divergence.counterparts import Counterparts
from jaxdl.parity.divergence.original import Original
from jaxdl.parity.divergence.recording import Change, Run
from jaxdl.parity.divergence.training import Tensor, beside


def compared(original: Original, run: Run, ours: Mapping[str, np.ndarray], pairs: Counterparts) -> list[Tensor]:
    """Every buffer, with the cause where it differs."""
    found = []
    for name, theirs in run.buffers.items():
        tensor = beside(name, pairs.tensor(name, ours), ours, theirs)
        if not tensor.agrees:
            kind, text = _cause(name, original, run, ours, pairs)
            tensor = replace(tensor, kind=kind, text=text)
        found.append(tensor)
    return found


def _cause(
    name: str, original: Original, run: Run, ours: Mapping[str, np.ndarray], pairs: Counterparts
) -> tuple[str, str]:
    """What moves a module's buffers as the port's were moved: all of them, if there is such a change."""
    owner = name.rpartition(".")[0]
    siblings = [other for other in run.buffers if other.rpartition(".")[0] == owner]
    partial = ("", "")
    for change in _changes(run, owner):
        try:
            moved = original.run([change], train=True).buffers
        except Exception:  # a guess that does not fit this call, whatever PyTorch says about it
            continue
        tensors = [beside(other, pairs.tensor(other, ours), ours, moved[other]) for other in siblings]
        agree = {tensor.name: tensor.agrees for tensor in tensors if tensor.gap is not None}
        found = (change.kind, f"{change.text} makes it agree")
        if all(agree.values()):
            return found
        if agree.get(name) and not partial[0]:
            partial = found
    return partial


def _changes(run: Run, owner: str) -> Iterator[Change]:
    for op in run.ops:
        if run.module_of(op) == owner:
            yield from causes.candidates(op, owner, tuple(other.index for other in run.ops if other.site == op.site))
