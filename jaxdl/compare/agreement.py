"""Whether a mode computes what PyTorch eager computes: a figure, and what is wrong where it is too large."""

from collections.abc import Mapping

import numpy as np

from jaxdl.parity import tolerance

Difference = tuple[float, str | None]


def losses_differ(
    mine: np.ndarray, reference: np.ndarray, steps: int | None = None, dtype: str = "float32"
) -> Difference:
    """The first losses: the largest difference relative to PyTorch's; and the first that is too far away.

    Args:
        mine: `[steps]`.
        reference: PyTorch eager's.
        steps: how many of them must agree; None: all.
        dtype: in which both were computed.

    >>> losses_differ(np.array([1.0, 0.5]), np.array([1.0, 0.5]))
    (0.0, None)
    """
    if mine.shape != reference.shape:
        return float("inf"), f"it gave {mine.size} losses, and PyTorch eager {reference.size}"
    mine, reference = mine[:steps], reference[:steps]
    gaps = np.abs(mine - reference) / np.maximum(np.abs(reference), np.finfo(np.float32).tiny)
    gaps = np.where(np.isfinite(gaps), gaps, np.inf)
    allowed = np.array([tolerance("loss", dtype)] + [tolerance("first losses", dtype)] * (len(gaps) - 1))
    beyond = np.flatnonzero(~(gaps <= allowed))
    largest = float(gaps.max(initial=0.0))
    if not beyond.size:
        return largest, None
    return largest, f"its loss at step {beyond[0] + 1} differs from PyTorch eager's by {gaps[beyond[0]]:.1e} of it"


def outputs_differ(mine: np.ndarray, reference: np.ndarray, dtype: str = "float32") -> Difference:
    """A model's answers, in units of the largest one."""
    gap = _apart(mine, reference)
    if gap <= tolerance("forward", dtype):
        return gap, None
    return gap, f"its answers differ from PyTorch eager's by {gap:.1e} of the largest"


def proof_fails(mine: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]) -> Difference:
    """Output, loss and gradients in float64: the largest difference in units of a tensor's scale, and the first too
    large.

    >>> proof_fails({"loss": np.ones(1)}, {"loss": np.ones(1), "fc.weight": np.ones(2)})
    (inf, "it lacks PyTorch's fc.weight")
    """
    missing = [name for name in reference if name not in mine]
    if missing:
        return float("inf"), f"it lacks PyTorch's {', '.join(missing)}"
    scale = max(
        (float(np.abs(g).max(initial=0)) for n, g in reference.items() if n not in ("output", "loss")), default=0
    )
    gaps = {
        name: _apart(mine[name], value, 0.0 if name in ("output", "loss") else 1e-3 * scale)
        for name, value in reference.items()
    }
    allowed = tolerance("gradient", "float64")
    beyond = [name for name, gap in gaps.items() if not gap <= allowed]
    largest = max(gaps.values())
    if not beyond:
        return largest, None
    return largest, f"in float64 its {beyond[0]} differs from PyTorch's by {gaps[beyond[0]]:.1e} of its scale"


def _apart(mine: np.ndarray, reference: np.ndarray, least: float = 0.0) -> float:
    """The largest difference in units of the reference's largest value, which counts as `least` at least: of a
    gradient that cancels nothing but rounding is left."""
    if mine.shape != reference.shape:
        return float("inf")
    gap, scale = float(np.abs(mine - reference).max(initial=0.0)), float(np.abs(reference).max(initial=0.0))
    if not np.isfinite(gap):
        return float("inf")
    return gap / max(scale, least, np.finfo(np.float64).tiny) if gap else 0.0
