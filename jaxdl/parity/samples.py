"""PyTorch's sample inputs as arguments for either framework, and how far two results differ."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxdl.functional.loss.linear_cross_entropy import LinearCrossEntropyOptions

if TYPE_CHECKING:
    import torch

FAST_COMPILE = {"xla_backend_optimization_level": 0}  # thousands of small programs, each run once
FEW = 12  # samples of an entry that the commands run unless asked for all
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}  # of the tensor's largest magnitude


@dataclass
class Tally:
    """What the cases of one name came to.

    Attributes:
        name: the operator, module or optimiser.
        cases: how many were run.
        known: how many PyTorch has.
        worst: the largest difference in units of scale by (kind, dtype); a kind is 'value', 'gradient', 'second'...
        faults: what went beyond its limit, in words.
        notes: what PyTorch itself cannot do, and the like.
    """

    name: str
    cases: int = 0
    known: int = 0
    worst: dict[tuple[str, str], float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)

    def record(self, kind: str, dtype: str, found: float, limit: float, what: object) -> None:
        """Keep a difference, and its words if it is over the limit."""
        self.worst[kind, dtype] = max(self.worst.get((kind, dtype), 0.0), found)
        if not found <= limit:
            self.faults.append(f"{kind} · {found:.1e} > {limit:.0e} ({dtype}) · {what}")

    def __str__(self) -> str:
        figures = ", ".join(f"{kind} {dtype} {found:.1e}" for (kind, dtype), found in self.worst.items())
        verdict = "agrees" if not self.faults else f"{len(self.faults)} FAULTS"
        return f"{self.name}: {self.cases} cases, {verdict}; {figures or 'nothing compared'}"


class Arguments:
    """One call's arguments: what is differentiated, what else is an array, and all that is not.

    Args:
        args: positional arguments as PyTorch has them.
        kwargs: keyword arguments.
        static: positions and keywords that jax keeps as concrete arrays.
    """

    def __init__(self, args: Iterable[Any], kwargs: dict[str, Any], static: tuple[int | str, ...] = ()) -> None:
        import torch

        self.leaves, self.structure = jax.tree.flatten((list(args), kwargs), is_leaf=lambda x: x is None)
        paths = jax.tree_util.tree_flatten_with_path((list(args), kwargs), is_leaf=lambda x: x is None)[0]
        kept = [self._place(path) in static for path, _ in paths]
        tensors = [i for i, leaf in enumerate(self.leaves) if torch.is_tensor(leaf)]
        self.varied = [i for i in tensors if self.leaves[i].requires_grad]
        self.fixed = [i for i in tensors if i not in self.varied and not kept[i]]
        self.labels = [jax.tree_util.keystr(path[1:], simple=True, separator=".") for path, _ in paths]

    def call_torch(self, function: Callable[..., Any], varied: "list[torch.Tensor]") -> Any:
        """`function` of the arguments, with `varied` in the place of what is differentiated."""
        import torch

        leaves = [leaf.clone() if torch.is_tensor(leaf) else leaf for leaf in self.leaves]
        for place, tensor in zip(self.varied, varied, strict=True):
            leaves[place] = tensor
        args, kwargs = jax.tree.unflatten(self.structure, leaves)
        return function(*args, **kwargs)

    def call_jax(self, function: Callable[..., Any], fixed: list[Any], varied: list[Any]) -> Any:
        """The same in jax."""
        leaves = [to_jax(leaf) for leaf in self.leaves]
        for place, array in zip([*self.fixed, *self.varied], [*fixed, *varied], strict=True):
            leaves[place] = array
        args, kwargs = jax.tree.unflatten(self.structure, leaves)
        return function(*args, **kwargs)

    def tensors(self) -> "list[torch.Tensor]":
        """What is differentiated, as PyTorch has it."""
        return [self.leaves[i] for i in self.varied]

    def arrays(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """For jax: the arrays that are not differentiated, and those that are."""
        return [to_jax(self.leaves[i]) for i in self.fixed], [to_jax(self.leaves[i]) for i in self.varied]

    def __str__(self) -> str:
        """All that a compiled program depends on: shapes, dtypes, and the values of what is no array."""
        import torch

        traced = {*self.fixed, *self.varied}

        def word(index: int, leaf: Any) -> str:
            if torch.is_tensor(leaf):
                shape = f"{str(leaf.dtype).removeprefix('torch.')}{list(leaf.shape)}"
                return shape if index in traced else f"{shape} {leaf.tolist()}"
            return getattr(leaf, "__name__", None) or repr(leaf)

        return ", ".join(f"{label}={word(i, leaf)}" for i, (label, leaf) in enumerate(zip(self.labels, self.leaves)))  # noqa: B905

    @staticmethod
    def _place(path: tuple[Any, ...]) -> int | str:
        """The argument that a leaf belongs to: its position or keyword."""
        entry = path[1]
        place: int | str = entry.idx if hasattr(entry, "idx") else entry.key
        return place


def to_jax(value: Any) -> Any:
    """A tensor as a NumPy array, a dtype as NumPy's, a torch.nn.functional function as ours; all else as it is."""
    import torch

    if torch.is_tensor(value):
        return value.detach().resolve_conj().resolve_neg().numpy().copy()
    if isinstance(value, torch.dtype):
        return jnp.dtype(str(value).removeprefix("torch."))
    if isinstance(value, torch.nn.LinearCrossEntropyOptions):
        return LinearCrossEntropyOptions(**{f.name: to_jax(getattr(value, f.name)) for f in fields(value)})
    if inspect.isroutine(value) and (getattr(value, "__module__", None) or "").startswith("torch"):
        from jaxdl import functional

        return getattr(functional, value.__name__)
    return value


def outputs(tree: Any) -> list[Any]:
    """The arrays of a result, in order."""
    return jax.tree.leaves(tree)


def is_inexact(array: Any) -> bool:
    """Whether an array or tensor has derivatives."""
    return (
        bool(array.is_floating_point() or array.is_complex())
        if hasattr(array, "is_floating_point")
        else bool(jnp.issubdtype(array.dtype, jnp.inexact))
    )


def difference(ours: Any, reference: Any, least: float = 0.0) -> float:
    """The largest difference over the reference's largest finite magnitude, but at least `least`; inf where shape,
    kind, NaNs or infinities differ.

    >>> difference(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    0.5
    """
    ours, reference = np.asarray(ours), np.asarray(reference)
    inexact = np.issubdtype(reference.dtype, np.inexact)
    if ours.shape != reference.shape or (ours.dtype != reference.dtype if inexact else ours.dtype.kind not in "iub"):
        return np.inf
    if not inexact:
        return 0.0 if np.array_equal(ours, reference) else np.inf
    finite = np.isfinite(reference)
    if (np.isfinite(ours) != finite).any() or not np.array_equal(ours[~finite], reference[~finite], equal_nan=True):
        return np.inf
    if not finite.any():
        return 0.0
    scale = max(np.abs(reference[finite]).max(), least) or 1.0
    return float(np.abs(ours[finite] - reference[finite]).max() / scale)


def let_go(number: int) -> None:
    """Every twentieth time, of all that is compiled: it holds mapped memory, and Linux gives 65,530 pieces of that."""
    if number % 20 == 19:
        jax.clear_caches()


def given(value: Any, dtype: "torch.dtype") -> Any:
    """A value of our own cases for PyTorch: an array as a tensor, in `dtype` if it has a fraction."""
    import torch

    if callable(value):
        return value(torch).to(dtype)
    if not isinstance(value, np.ndarray):
        return value
    return torch.from_numpy(value).to(dtype if value.dtype.kind == "f" else None)


def drawn(value: Any, dtype: "torch.dtype") -> Any:
    """The same of an input: a tuple is the shape of one that is drawn."""
    import torch

    return torch.randn(value, dtype=dtype).requires_grad_() if isinstance(value, tuple) else given(value, dtype)


def spread(samples: Iterable[Any], limit: int | None) -> tuple[list[Any], int]:
    """All samples, or `limit` of them, evenly spaced from the first to the last; and how many there were."""
    found = list(samples)
    if limit is None or len(found) <= limit:
        return found, len(found)
    return [found[round(i * (len(found) - 1) / max(limit - 1, 1))] for i in range(limit)], len(found)
